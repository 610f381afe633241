"""The enrolled cards, found by what a charger reports of them."""

from collections.abc import Iterable, Iterator

from ..model.id_token import Card, IdToken


class CardList:
    """Enrolled cards. Letter case and blanks around a number make no difference (OCPP CiString)."""

    def __init__(self, cards: Iterable[Card] = ()) -> None:
        """Begin with the cards that were enrolled before."""
        self._cards = {card.id_token.key: card for card in cards}

    def __iter__(self) -> Iterator[Card]:
        """All cards, by holder."""
        return iter(sorted(self._cards.values(), key=lambda card: (card.name.casefold(), card.id_token.key)))

    def find(self, id_token: IdToken) -> Card | None:
        """Return the card with this number, if it is enrolled."""
        return self._cards.get(id_token.key)

    def enrol(self, card: Card) -> None:
        """Enrol a card, or replace what was known of it."""
        self._cards[card.id_token.key] = card

    def remove(self, id_token: IdToken) -> Card | None:
        """Forget a card; returns what was known of it."""
        return self._cards.pop(id_token.key, None)
