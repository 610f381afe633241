"""Cards that backends list for our chargers: taken in, kept under pseudonyms, and gone with the backend."""

from datetime import datetime, timedelta

from ...authorization.backend_lists import BackendList, BackendLists
from ...ledger.ledger import Ledger
from ...model.access import BackendAnswer, LinkState, Whitelist
from ...model.clock import Clock
from ...model.id_token import AuthorizationStatus
from ...model.local_list import LocalListEntry
from ...model.upstream.link import UpstreamView
from ..background import Background
from ..memory import Json, SiteMemory

CONFIRMED_EVERY = timedelta(hours=12)
"""How often it is written down that a list is still good."""
_KEPT = "upstream_list/"


class UpstreamCards:
    """Every backend's list for every charger."""

    def __init__(
        self, lists: BackendLists, ledger: Ledger, memory: SiteMemory, clock: Clock, background: Background
    ) -> None:
        """Begin with what was listed before."""
        self._lists = lists
        self._ledger = ledger
        self._memory = memory
        self._clock = clock
        self._background = background
        self._written: dict[tuple[str, str], datetime] = {}
        for place, kept in memory.mappings(_KEPT).items():
            upstream_id, _, station_id = place.partition("/")
            if (told := _from_json(kept)) is not None:
                lists.keep(upstream_id, station_id, told)
                self._written[upstream_id, station_id] = told.confirmed_at

    async def take(self, upstream_id: str, station_id: str, entries: tuple[LocalListEntry, ...]) -> None:
        """Put a list in place of the one before; it is on the disk when this returns."""
        now = self._clock.now()
        answers = {
            self._ledger.subject_of(entry.id_token): BackendAnswer(
                accepted=entry.accepted,
                status=AuthorizationStatus.ACCEPTED if entry.accepted else AuthorizationStatus.INVALID,
                expires_at=entry.expires_at,
                whitelist=Whitelist.ALWAYS,
            )
            for entry in entries
        }
        await self._write(upstream_id, station_id, BackendList(answers, now, now) if answers else None)

    def shown(self, view: UpstreamView) -> None:
        """A list is as good as new as long as its backend can be reached: it would have changed it."""
        now = self._clock.now()
        for station_id, link in view.lines.items():
            told = self._lists.of(view.upstream_id, station_id)
            if told is None or link.state is not LinkState.ONLINE:
                continue
            told = BackendList(told.answers, told.received_at, now)
            self._lists.keep(view.upstream_id, station_id, told)
            written = self._written.get((view.upstream_id, station_id))
            if written is None or now - written >= CONFIRMED_EVERY:
                self._written[view.upstream_id, station_id] = now
                work = self._write(view.upstream_id, station_id, told)
                self._background.run(work, "list of a backend")

    async def keep_only(self, lines: frozenset[tuple[str, str]]) -> None:
        """Forget the lists of all other lines than these (backend, charger)."""
        for place in self._memory.facts(_KEPT):
            upstream_id, _, station_id = place.partition("/")
            if (upstream_id, station_id) not in lines:
                await self._write(upstream_id, station_id, None)

    async def _write(self, upstream_id: str, station_id: str, told: BackendList | None) -> None:
        self._lists.keep(upstream_id, station_id, told)
        if told is None:
            self._written.pop((upstream_id, station_id), None)
        else:
            self._written[upstream_id, station_id] = told.confirmed_at
        await self._memory.keep(f"{_KEPT}{upstream_id}/{station_id}", None if told is None else _as_json(told))


def _as_json(told: BackendList) -> dict[str, Json]:
    """Return a list as it is kept: no number, no group."""
    cards: dict[str, Json] = {
        subject: [answer.accepted, None if answer.expires_at is None else answer.expires_at.isoformat()]
        for subject, answer in told.answers.items()
    }
    return {"at": told.received_at.isoformat(), "confirmed": told.confirmed_at.isoformat(), "cards": cards}


def _from_json(kept: dict[str, Json]) -> BackendList | None:
    """Read what was kept; None where it cannot be read."""
    try:
        cards = kept["cards"]
        if not isinstance(cards, dict):
            return None
        answers = {subject: _answer(card) for subject, card in cards.items()}
        at, confirmed = str(kept["at"]), str(kept["confirmed"])
        return BackendList(answers, datetime.fromisoformat(at), datetime.fromisoformat(confirmed))
    except KeyError, TypeError, ValueError:
        return None


def _answer(card: Json) -> BackendAnswer:
    if not isinstance(card, list) or len(card) != 2:
        raise ValueError("a card is its answer and its end")
    accepted = card[0] is True
    return BackendAnswer(
        accepted=accepted,
        status=AuthorizationStatus.ACCEPTED if accepted else AuthorizationStatus.INVALID,
        expires_at=None if card[1] is None else datetime.fromisoformat(str(card[1])),
        whitelist=Whitelist.ALWAYS,
    )
