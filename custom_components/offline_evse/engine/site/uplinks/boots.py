"""Restarts of chargers, as far as backends should hear of them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ...model.clock import Clock
from ..announcement import Announcement, StationBooted
from ..register import SiteRegister

REBOOTS_WITHIN: Final = timedelta(minutes=30)
"""So long after a Reset that was accepted a charger may take until it boots: it may let sessions end first."""
_SAYING_NOTHING: Final = frozenset({"triggered", "unknown"})

type OnBoot = Callable[[str, str | None, frozenset[str]], None]
"""Hears of a charger why it has booted (OCPP 2.x BootReasonEnumType; None: that is nobody's business), and which
backends have ordered it."""


class BootWatch:
    """Tells boots from the introductions that many chargers repeat on every connection.

    Backends may close what is open when a charger boots. So a boot without a reason, which is all that 1.6 tells,
    counts as one only where nothing is running; one that a backend has ordered always does, for that backend.
    """

    def __init__(self, register: SiteRegister, clock: Clock) -> None:
        """Begin with nothing ordered."""
        self._register = register
        self._clock = clock
        self._ordered: dict[str, dict[str, datetime]] = {}
        """By station, when each backend has ordered a reset."""
        self._audience: list[OnBoot] = []
        self._unhear = register.announce_to(self._heard)

    def ordered(self, upstream_id: str, station_id: str) -> None:
        """A backend's Reset was accepted."""
        self._ordered.setdefault(station_id, {})[upstream_id] = self._clock.now()

    def listen(self, callback: OnBoot) -> Callable[[], None]:
        """Call back after boots; returns the call that ends it."""
        self._audience.append(callback)
        return lambda: self._audience.remove(callback)

    def close(self) -> None:
        """Listen to nothing any more."""
        self._unhear()
        self._audience.clear()

    def _heard(self, news: Announcement) -> None:
        if not isinstance(news, StationBooted):
            return
        now, orders = self._clock.now(), self._ordered.pop(news.station_id, {})
        ordered = frozenset(who for who, at in orders.items() if now - at <= REBOOTS_WITHIN)
        reason = self._reason(news)
        if reason is not None or ordered:
            for callback in tuple(self._audience):
                callback(news.station_id, reason, ordered)

    def _reason(self, news: StationBooted) -> str | None:
        if news.reason is not None:
            return None if news.reason.casefold() in _SAYING_NOTHING else news.reason
        running = any(evse.has_transaction for evse in self._register.of_station(news.station_id))
        return None if running else "PowerUp"
