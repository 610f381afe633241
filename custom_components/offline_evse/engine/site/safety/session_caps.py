"""The most time and energy that a session gets at a charger."""

from ...model.clock import Clock
from ...model.offer import LimitReason
from ...model.station import EvseKey
from ..register import SiteRegister
from ..state import EvseState
from ..steering.demands import Ceiling


class SessionCaps:
    """Ends the current, not the session, once a session has had its share.

    Holds over restarts by itself: what counts is what the ledger says of the transaction.
    """

    def __init__(self, register: SiteRegister, clock: Clock) -> None:
        """Begin with no session seen."""
        self._register = register
        self._clock = clock
        self._began_s: dict[EvseKey, tuple[str, float]] = {}
        """When the present session began, by the monotonic clock: a wall clock that jumps ends no session."""

    def ceiling(self, evse: EvseState) -> Ceiling | None:
        """Return 0 A for a session that has had its time or its energy."""
        config = self._register.configs.get(evse.key.station_id)
        transaction = evse.transaction
        if config is None or transaction is None or not transaction.is_open:
            self._began_s.pop(evse.key, None)
            return None
        if config.session_energy_wh is not None and transaction.energy_wh >= config.session_energy_wh:
            return Ceiling(0.0, LimitReason.SESSION_ENERGY)
        if config.session_time_s is not None and self._lasted_s(evse) >= config.session_time_s:
            return Ceiling(0.0, LimitReason.SESSION_TIME)
        return None

    def _lasted_s(self, evse: EvseState) -> float:
        assert evse.transaction is not None
        now_s = self._clock.monotonic()
        seen = self._began_s.get(evse.key)
        if seen is None or seen[0] != evse.transaction.session_id:
            lasted_s = (self._clock.now() - evse.transaction.started_at).total_seconds()
            seen = self._began_s[evse.key] = (evse.transaction.session_id, now_s - max(0.0, lasted_s))
        return now_s - seen[1]
