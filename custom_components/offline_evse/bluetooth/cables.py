"""When a cable was plugged in, which shows that somebody is at a charger and wants something there."""

from collections.abc import Callable
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback

from ..engine.model.clock import Clock
from ..engine.model.station import EvseKey
from ..engine.site.announcement import Announcement, EvseFound
from ..engine.site.site import Site
from ..engine.site.state import EvseState

COUNTS_FOR_S: Final = 120.0

type CableListener = Callable[[EvseKey, bool], None]
"""Called with an EVSE and whether a cable is in it now."""


class Cables:
    """Follows every EVSE of the site."""

    def __init__(self, site: Site, clock: Clock) -> None:
        """Begin without knowing of any cable."""
        self._site = site
        self._clock = clock
        self._plugged_s: dict[EvseKey, float] = {}
        self._followed: dict[EvseKey, tuple[EvseState, CALLBACK_TYPE]] = {}
        self._listeners: list[CableListener] = []
        self._unsubscribe: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Follow the EVSEs that are there, and those that are found later."""
        self._unsubscribe = self._site.announce_to(self._announced)
        for evse in tuple(self._site.evses):
            self._follow(evse)

    @callback
    def stop(self) -> None:
        """Follow nobody."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for _, unsubscribe in self._followed.values():
            unsubscribe()
        self._followed.clear()

    def listen(self, listener: CableListener) -> None:
        """Call `listener` whenever a cable goes in or out."""
        self._listeners.append(listener)

    def just_plugged(self, station_id: str) -> tuple[EvseKey, float] | None:
        """Return the EVSE of a station into which a cable went last, and when, if that counts and nothing runs."""
        now_s = self._clock.monotonic()
        recent = [
            (plugged_s, evse)
            for evse, plugged_s in self._plugged_s.items()
            if evse.station_id == station_id and now_s - plugged_s <= COUNTS_FOR_S
        ]
        for plugged_s, evse in sorted(recent, key=lambda each: each[0], reverse=True):
            state = self._site.evses.get(evse)
            if state is not None and not state.has_transaction:
                return evse, plugged_s
        return None

    @callback
    def _announced(self, announcement: Announcement) -> None:
        if isinstance(announcement, EvseFound):
            self._follow(announcement.evse)

    @callback
    def _follow(self, evse: EvseKey) -> None:
        state = self._site.evses[evse]
        known = self._followed.get(evse)
        if known is not None and known[0] is state:
            return
        last = state.plugged_at
        if last is not None and 0 <= (ago_s := (self._clock.now() - last).total_seconds()) <= COUNTS_FOR_S:
            self._plugged_s[evse] = self._clock.monotonic() - ago_s

        @callback
        def changed() -> None:
            nonlocal last
            if state.plugged_at == last:
                return
            last = state.plugged_at
            if last is None:
                self._plugged_s.pop(evse, None)
            else:
                self._plugged_s[evse] = self._clock.monotonic()
            for listener in tuple(self._listeners):
                listener(evse, last is not None)

        self._followed[evse] = (state, state.listen(changed))
