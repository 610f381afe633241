"""Credentials as they are shown to people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.util import dt as dt_util

from ..engine.model.credential import Credential, CredentialKind, PassForm
from ..engine.model.id_token import IdToken, IdTokenType
from ..engine.site.site import Site
from ..sentences import Sentences
from .weekly_hours import format_hours

LOOKED_THROUGH = 1000
"""Sessions that are looked through for the last use of a card."""


def masked(number: str) -> str:
    """Leave so much of a card's number that its holder knows it: four characters, and never more than a quarter."""
    shown = min(4, len(number) // 4)
    return f"…{number[-shown:]}" if shown else "…"


def is_card(credential: Credential) -> bool:
    """Tell whether it is looked after here: passes, keys and cars have places of their own."""
    return credential.kind is CredentialKind.CARD and credential.pass_form in (None, PassForm.CARD)


def is_held(id_token: IdToken) -> bool:
    """Tell whether somebody can have held this to a reader: a car's own address nobody holds."""
    nobody = (IdTokenType.MAC_ADDRESS, IdTokenType.NO_AUTHORIZATION, IdTokenType.CENTRAL)
    return bool(id_token.key) and id_token.type not in nobody


def own_cards(site: Site) -> tuple[Credential, ...]:
    """Return the enrolled cards, by holder."""
    found = [credential for credential in site.cards() if is_card(credential)]
    return tuple(sorted(found, key=lambda it: (it.name.casefold(), it.id_token.key)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CardUse:
    """What a card has been used for."""

    card: Credential
    last_used: datetime | None
    left_wh: int | None
    """Least of what its total and its day leave; None: nothing limits it."""


async def uses(site: Site) -> tuple[CardUse, ...]:
    """Look up what is left of every card, and when it charged last."""
    last_used: dict[str, datetime] = {}
    for session in await site.transactions(limit=LOOKED_THROUGH):
        if session.id_token is not None:
            last_used.setdefault(session.id_token.key, session.started_at)
    found: list[CardUse] = []
    for card in own_cards(site):
        terms, left_wh = card.terms, None
        if terms.total_wh is not None or terms.day_wh is not None:
            used = await site.consumption(card.id_token)
            caps = ((terms.total_wh, used.total_wh), (terms.day_wh, used.day_wh))
            left_wh = min(max(0, cap_wh - used_wh) for cap_wh, used_wh in caps if cap_wh is not None)
        found.append(CardUse(card=card, last_used=last_used.get(card.id_token.key), left_wh=left_wh))
    return tuple(found)


def label(use: CardUse) -> str:
    """Name a card in a list to choose from."""
    return f"{use.card.name} · {masked(use.card.id_token.value)}"


def row(use: CardUse, sentences: Sentences) -> str:
    """Write a card as a row of a table: whose, what, left, last used."""
    card = use.card
    now = dt_util.utcnow()
    marks = [masked(card.id_token.value)]
    if card.blocked:
        marks.append(sentences.say("card_word_blocked"))
    elif card.terms.valid_until is not None and card.terms.valid_until <= now:
        marks.append(sentences.say("card_word_expired"))
    if card.master:
        marks.append(sentences.say("card_word_master"))
    whose = sentences.say(f"card_word_{card.holder}", name=_cell(card.name))
    left = "–" if use.left_wh is None else f"{use.left_wh / 1000:.1f} kWh"
    used = "–" if use.last_used is None else f"{dt_util.as_local(use.last_used):%Y-%m-%d}"
    return f"| {whose} | {', '.join(marks)} | {left} | {used} |"


def described(card: Credential) -> dict[str, Any]:
    """Describe a card for the response of an action, with its whole number: that is what was asked for."""
    terms = card.terms
    return {
        "card": card.id_token.value,
        "name": card.name,
        "holder": card.holder.value,
        "kind": card.kind.value,
        "expires": _time(terms.valid_until),
        "valid_from": _time(terms.valid_from),
        "hours": format_hours(terms.hours) or None,
        "chargers": sorted(terms.station_ids) or None,
        "session_energy": _kilo(terms.session_wh),
        "session_time": None if terms.session_s is None else terms.session_s / 3600,
        "day_energy": _kilo(terms.day_wh),
        "total_energy": _kilo(terms.total_wh),
        "money": None if terms.money is None else float(terms.money),
        "sessions": terms.session_count,
        "group": card.group,
        "master": card.master,
        "blocked": card.blocked,
        "priority": terms.priority,
    }


def _kilo(value: int | None) -> float | None:
    return None if value is None else value / 1000


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _cell(text: str) -> str:
    """Keep what people have typed from being read as the table's own signs."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
