"""Cards that nobody knows: for each there is a repair that asks whose it is."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..devices import charger_subentry
from ..engine.model.decision import Decision, DecisionBasis
from ..engine.model.id_token import IdToken
from ..engine.site.announcement import Announcement, CardPresented
from ..engine.site.site import Site
from ..people.access_config import asks_whose
from ..people.card_list import is_held, masked

UNKNOWN_CARD: Final = "unknown_card"
MOST: Final = 5
"""Cards that are asked about at a time: somebody with a bag of cards fills no screen."""


class Newcomers:
    """Asks whose an unknown card is, until it is enrolled. Numbers are kept in memory, and nowhere else."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site) -> None:
        """Begin with none."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._cards: OrderedDict[str, IdToken] = OrderedDict()
        """By the id of the issue, longest known first."""
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._looked_after = 0

    @callback
    def start(self) -> None:
        """Listen to the site."""
        self._unsubscribe = [self._site.announce_to(self._announced), self._site.state.listen(self._look)]

    @callback
    def stop(self, *, forget: bool) -> None:
        """Listen no longer. `forget`: leave no question behind that nobody could answer any more."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        if forget:
            for issue_id in tuple(self._cards):
                self._drop(issue_id)

    @contextmanager
    def looked_after(self) -> Iterator[None]:
        """Ask nothing meanwhile: somebody is waiting for the card already."""
        self._looked_after += 1
        try:
            yield
        finally:
            self._looked_after -= 1

    def card(self, issue_id: str) -> IdToken | None:
        """Return the card that an issue asks about; None: it has been forgotten since."""
        return self._cards.get(issue_id)

    @callback
    def set_up_changed(self) -> None:
        """Ask no more if nobody wants to be asked."""
        if not asks_whose(self._entry):
            for issue_id in tuple(self._cards):
                self._drop(issue_id)

    @callback
    def _announced(self, news: Announcement) -> None:
        if not isinstance(news, CardPresented) or self._looked_after or not is_newcomer(news.decision):
            return
        subentry = charger_subentry(self._entry, news.station_id)
        if subentry is None or not asks_whose(self._entry):
            return
        token = news.decision.id_token
        issue_id = f"{UNKNOWN_CARD}_{self._site.subject_of(token)}"
        self._cards[issue_id] = token
        self._cards.move_to_end(issue_id)
        while len(self._cards) > MOST:
            self._drop(next(iter(self._cards)))
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            is_fixable=True,
            is_persistent=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=UNKNOWN_CARD,
            translation_placeholders={
                "charger": subentry.title,
                "card": masked(token.value),
                "time": f"{dt_util.as_local(news.decision.decided_at):%H:%M}",
            },
            data={"entry_id": self._entry.entry_id, "unknown_card": issue_id},
        )

    @callback
    def _look(self) -> None:
        """Drop the question about every card that has been enrolled."""
        for issue_id, token in tuple(self._cards.items()):
            if self._site.credential(token) is not None:
                self._drop(issue_id)

    @callback
    def _drop(self, issue_id: str) -> None:
        self._cards.pop(issue_id, None)
        ir.async_delete_issue(self._hass, DOMAIN, issue_id)


def is_newcomer(decision: Decision) -> bool:
    """Tell whether somebody was turned away only because nobody knows the card."""
    return decision.basis is DecisionBasis.UNKNOWN_CARD and not decision.accepted and is_held(decision.id_token)
