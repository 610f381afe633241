"""The cards that every charger should know by itself, and getting them there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import hashlib
from math import ceil

from ...authorization.credential_list import CredentialList
from ...ledger.ledger import Ledger
from ...model.clock import Clock, Timer
from ...model.command import CommandResult, Priority, ReadLocalListVersion, ReadVariables, SendLocalList, WriteVariable
from ...model.credential import Credential, CredentialKind, Terms
from ...model.local_list import LocalListEntry, LocalListState
from ...model.station import OcppVersion
from ..background import Background
from ..memory import SiteMemory
from ..register import SiteRegister
from ..state import StationState
from ..steering.dispatch import Send

SETTLED_AFTER_S = 10.0
"""Changes are gathered for so long before they are sent."""
AT_ONCE = 20
"""Entries in one message, where a charger does not say how many it takes."""

_SWITCHES = {
    OcppVersion.V16: ("LocalAuthListEnabled", "LocalAuthorizeOffline"),
    OcppVersion.V201: ("LocalAuthListCtrlr.Enabled", "AuthCtrlr.LocalAuthorizeOffline"),
}
_LIMITS = {
    OcppVersion.V16: ("LocalAuthListMaxLength", "SendLocalListMaxLength"),
    OcppVersion.V201: ("LocalAuthListCtrlr.Storage", "LocalAuthListCtrlr.ItemsPerMessage"),
}


@dataclass(slots=True)
class _Known:
    """What a charger was sent, as long as we are running."""

    version: int
    entries: dict[str, LocalListEntry]


class LocalLists:
    """Brings the list of each charger in line with what is enrolled. A charger that has no list is left in peace."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        credentials: CredentialList,
        memory: SiteMemory,
        send: Send,
        clock: Clock,
        background: Background,
    ) -> None:
        """Begin with no charger seen."""
        self._register = register
        self._ledger = ledger
        self._credentials = credentials
        self._memory = memory
        self._send = send
        self._clock = clock
        self._background = background
        self._known: dict[str, _Known] = {}
        self._timers: dict[str, Timer] = {}
        self._at_work: set[str] = set()
        self._closed = False

    def close(self) -> None:
        """Send nothing any more."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def ready(self, station_id: str) -> None:
        """A charger has connected: nobody knows what it still has."""
        self._known.pop(station_id, None)
        self._soon(station_id)

    def changed(self) -> None:
        """What is enrolled, or the set-up, has changed."""
        for station_id in self._register.stations:
            self._soon(station_id)

    def _soon(self, station_id: str) -> None:
        if (timer := self._timers.pop(station_id, None)) is not None:
            timer.cancel()
        if self._register.config.access.charger_lists and not self._closed:
            self._timers[station_id] = self._clock.call_later(SETTLED_AFTER_S, lambda: self._begin(station_id))

    def _begin(self, station_id: str) -> None:
        self._timers.pop(station_id, None)
        station = self._register.stations.get(station_id)
        if station is None or not station.connected:
            return
        if station_id in self._at_work:
            self._soon(station_id)
            return
        self._background.run(self._reconcile(station), "list of cards for a charger")

    async def _reconcile(self, station: StationState) -> None:
        station_id = station.station_id
        self._at_work.add(station_id)
        try:
            await self._bring_in_line(station)
        finally:
            self._at_work.discard(station_id)

    async def _bring_in_line(self, station: StationState) -> None:
        station_id = station.station_id
        wanted = {entry.id_token.key: entry for entry in self._wanted(station_id)}
        at = await self._ask(station_id, ReadLocalListVersion())
        if at.list_version is None or at.list_version < 0:
            # It has no list (-1), or does not know what that is.
            self._show(station, 0, len(wanted))
            return
        fact, digest = f"local_list/{station_id}", self._digest(wanted.values())
        kept = self._memory.mapping(fact)
        if at.list_version == kept.get("version") and digest == kept.get("digest"):
            self._known.setdefault(station_id, _Known(at.list_version, dict(wanted)))
            count = kept.get("count")
            self._show(station, count if isinstance(count, int) else 0, len(wanted))
            return
        most, at_once = await self._limits(station)
        chosen = dict(list(wanted.items())[:most])
        known = self._known.get(station_id)
        version = max(at.list_version, int(str(kept.get("version", 0)))) + 1
        changes = None
        if known is not None and known.version == at.list_version:
            changes = _changes(known.entries, chosen)
        if changes is None or len(changes) > max(1, len(chosen) // 2):
            sent = await self._send_all(station_id, version, list(chosen.values()), at_once, full=True)
        else:
            sent = await self._send_all(station_id, version, changes, at_once, full=False)
            if sent is None:
                sent = await self._send_all(station_id, version, list(chosen.values()), at_once, full=True)
        if sent is None:
            self._known.pop(station_id, None)
            self._show(station, 0, len(wanted))
            return
        self._known[station_id] = _Known(sent, chosen)
        await self._memory.keep(fact, {"version": sent, "digest": digest, "count": len(chosen)})
        self._show(station, len(chosen), len(wanted))

    async def _send_all(
        self, station_id: str, version: int, entries: list[LocalListEntry], at_once: int, *, full: bool
    ) -> int | None:
        """Send entries, a part at a time; returns the version that the charger has then, None: it did not take it."""
        for part in range(max(1, ceil(len(entries) / at_once))):
            command = SendLocalList(
                version=version + part,
                entries=tuple(entries[part * at_once : (part + 1) * at_once]),
                full=full and part == 0,
            )
            if not (await self._ask(station_id, command)).done:
                return None
        return version + max(1, ceil(len(entries) / at_once)) - 1

    async def _limits(self, station: StationState) -> tuple[int | None, int]:
        """Switch the list on, and read how much a charger takes: in all, and in one message."""
        version = OcppVersion.V16 if station.version is OcppVersion.V16 else OcppVersion.V201
        names = _LIMITS[version]
        told = (await self._ask(station.station_id, ReadVariables((*names, *_SWITCHES[version])))).variables or {}
        for switch in _SWITCHES[version]:
            if (told.get(switch) or "").casefold() != "true":
                await self._ask(station.station_id, WriteVariable(switch, "true"))
        most = _number(told.get(names[0])) if version is OcppVersion.V16 else None
        return most, _number(told.get(names[1])) or AT_ONCE

    async def _ask(
        self, station_id: str, command: ReadLocalListVersion | SendLocalList | ReadVariables | WriteVariable
    ) -> CommandResult:
        return await self._send(station_id, command, Priority.CONFIGURATION)

    def _wanted(self, station_id: str) -> Iterable[LocalListEntry]:
        """Give what a charger may let in by itself: those for good first, those that change often last."""
        now = self._clock.now()
        good = [known for known in self._credentials if _is_for_charger(known, station_id)]
        good = [known for known in good if known.terms.valid_until is None or known.terms.valid_until > now]
        good.sort(key=lambda known: (known.terms.valid_until is not None, known.pass_form is not None))
        for known in good:
            yield LocalListEntry(known.id_token, expires_at=known.terms.valid_until, group=known.group)

    def _digest(self, entries: Iterable[LocalListEntry]) -> str:
        told = ";".join(
            f"{self._ledger.subject_of(entry.id_token)},{entry.expires_at},"
            f"{'' if entry.group is None else self._ledger.hash_of('group', entry.group)}"
            for entry in entries
        )
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def _show(self, station: StationState, known_count: int, wanted_count: int) -> None:
        state = LocalListState(known_count, wanted_count)
        if station.local_list != state:
            station.local_list = state
            station.changed()


def _is_for_charger(known: Credential, station_id: str) -> bool:
    """Whether a charger can judge it by itself: it knows numbers and ends, but neither hours nor what was used."""
    terms = known.terms
    plain = Terms(
        valid_from=terms.valid_from if terms.valid_from is None else None,
        valid_until=terms.valid_until,
        station_ids=terms.station_ids,
        priority=terms.priority,
        tariff=terms.tariff,
        session_count=None if known.pass_form is None else terms.session_count,
    )
    here = not terms.station_ids or station_id in terms.station_ids
    return known.kind is CredentialKind.CARD and not known.blocked and here and plain == terms


def _changes(before: Mapping[str, LocalListEntry], after: Mapping[str, LocalListEntry]) -> list[LocalListEntry]:
    gone = [LocalListEntry(entry.id_token, accepted=False) for key, entry in before.items() if key not in after]
    return gone + [entry for key, entry in after.items() if before.get(key) != entry]


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdecimal() and int(text) > 0 else None
