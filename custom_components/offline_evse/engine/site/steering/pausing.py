"""How each charger is brought to stop the flow of energy, and what was learned when it minded."""

from datetime import datetime, timedelta

from ...model.clock import Clock
from ...model.command import CommandResult, Outcome
from ...model.station import EvseKey, StationIdentity
from ..background import Background
from ..config import PauseWay
from ..memory import SiteMemory
from ..register import SiteRegister
from ..state import EvseState

DIED_WITHIN = timedelta(seconds=60)
"""A session that ends by itself this soon after it was given 0 A has died of it."""
_DEATHS = frozenset({"other", "stoppedbyev", "timeout", "timelimitreached", "suspendedbyev", "evsefault"})
"""Reasons for an end that no person, card or power cut has brought about, in lower case."""


class Pausing:
    """Knows which way a charger is paused.

    Where it is left to us, 0 A is used until a charger of that make has refused it, or has let a session die of it.
    From then on all chargers of that make are left at their minimum current instead.
    """

    def __init__(self, register: SiteRegister, memory: SiteMemory, clock: Clock, background: Background) -> None:
        """Keep what is learned in `memory`."""
        self._register = register
        self._memory = memory
        self._clock = clock
        self._background = background
        self._zero_since: dict[EvseKey, tuple[str, datetime]] = {}
        """Since when an EVSE has had 0 A, and in which session."""

    def way(self, evse: EvseState) -> PauseWay:
        """Return how an EVSE is paused; never AUTO."""
        config = self._register.configs.get(evse.key.station_id)
        if config is None or config.pause_way is PauseWay.AUTO:
            minds = self._memory.text(self._fact(evse.key.station_id)) == PauseWay.MINIMUM
            return PauseWay.MINIMUM if minds else PauseWay.ZERO
        return config.pause_way

    def refresh(self, evse: EvseState) -> None:
        """Note at the EVSE whether it can be paused, and see whether a session has died of it."""
        evse.pausable = self.way(evse) is not PauseWay.MINIMUM
        zero = self._zero_since.get(evse.key)
        if zero is None or evse.transaction is None or evse.has_transaction:
            return
        del self._zero_since[evse.key]
        session_id, since = zero
        reason = (evse.transaction.stop_reason or "").lower()
        if session_id != evse.transaction.session_id or reason not in _DEATHS:
            return
        if self._clock.now() - since <= DIED_WITHIN:
            self._minds(evse)

    def told(self, evse: EvseState, current_a: float, result: CommandResult) -> None:
        """Take in how a limit was taken."""
        if current_a > 0:
            self._zero_since.pop(evse.key, None)
        elif result.done and evse.transaction is not None:
            self._zero_since.setdefault(evse.key, (evse.transaction.session_id, self._clock.now()))
        elif result.outcome in (Outcome.REJECTED, Outcome.UNSUPPORTED) and evse.has_transaction:
            self._minds(evse)

    def _minds(self, evse: EvseState) -> None:
        config = self._register.configs.get(evse.key.station_id)
        if config is None or config.pause_way is not PauseWay.AUTO:
            return
        fact = self._fact(evse.key.station_id)
        self._background.run(self._memory.keep(fact, PauseWay.MINIMUM.value), "memory of how a charger is paused")
        evse.pausable = False

    def _fact(self, station_id: str) -> str:
        station = self._register.stations.get(station_id)
        identity = station.identity if station is not None else StationIdentity()
        if identity.vendor is None and identity.model is None:
            return f"pause/{station_id}"
        return f"pause/{identity.vendor}/{identity.model}"
