"""Everything that keeps the site safe without being asked, in one hand."""

from typing import Final

from ...balancing.control import Balancer
from ...model.clock import Clock
from ...model.offer import BalancingDecision
from ..background import Background
from ..memory import SiteMemory
from ..register import SiteRegister
from ..steering.dispatch import Send
from ..steering.steering import Steering
from .derating import Derating, ceiling_of_error
from .escalation import Escalations
from .evidence import Evidence, Forms
from .global_stop import GlobalStop
from .outlook import OutlookWatch
from .self_test import SelfTests
from .session_caps import SessionCaps

LOOK_EVERY_S: Final = 5.0
"""How often what changes without any event is looked at: time that passes, and values outside a transaction."""


class SafetyWatch:
    """Puts its ceilings on every demand, and follows every decision."""

    def __init__(
        self,
        register: SiteRegister,
        balancer: Balancer,
        steering: Steering,
        memory: SiteMemory,
        forms: Forms,
        send: Send,
        clock: Clock,
        background: Background,
    ) -> None:
        """Join what steers and what watches."""
        self._register = register
        self._steering = steering
        self._clock = clock
        self._next_s = 0.0
        self.stop = GlobalStop(register, memory, steering)
        self.self_tests = SelfTests(register, memory, steering, clock, background)
        self.escalations = Escalations(register, memory, send, clock, background)
        self._evidence = Evidence(register, steering, forms, clock)
        self._outlook = OutlookWatch(register, balancer, steering, clock)
        ceilings = (self.stop.ceiling, SessionCaps(register, clock).ceiling, Derating(register).ceiling)
        for source in (*ceilings, ceiling_of_error):
            steering.demands.add_ceiling(source)
        steering.follow(self._look)

    def restore(self, station_id: str) -> None:
        """Give a station back what was known of it before a restart."""
        self.self_tests.restore(station_id)
        self.escalations.restore(station_id)

    def _look(self, decision: BalancingDecision) -> None:
        self.self_tests.look(decision)
        self.escalations.look(decision)
        if not self._register.config.shadow:
            self._evidence.look(decision)
        self._outlook.look(decision)
        now_s = self._clock.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + LOOK_EVERY_S
            self._look_at_time()

    def _look_at_time(self) -> None:
        for evse in self._register.evses.values():
            config = self._register.configs.get(evse.key.station_id)
            if config is None or not evse.has_transaction:
                continue
            if any(cap is not None for cap in (config.session_time_s, config.session_energy_wh, config.derate_from_c)):
                self._steering.demand_changed(evse)
