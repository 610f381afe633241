"""What the site would do if nobody steered it any more, looked at again and again."""

from typing import Final

from ...balancing.control import Balancer
from ...balancing.outlook import Prospect, look_ahead
from ...model.clock import Clock
from ...model.offer import BalancingDecision
from ...model.outlook import Outlook
from ..register import SiteRegister
from ..state import EvseState
from ..steering.absence import GRACE_S, unbound_a
from ..steering.steering import Steering

LOOK_EVERY_S: Final = 5.0


class OutlookWatch:
    """Keeps `SiteState.outlook` up to date; tells of it when a person would read something else."""

    def __init__(self, register: SiteRegister, balancer: Balancer, steering: Steering, clock: Clock) -> None:
        """Look at what `steering` has told the chargers."""
        self._register = register
        self._balancer = balancer
        self._steering = steering
        self._clock = clock
        self._next_s = 0.0

    def look(self, decision: BalancingDecision) -> None:
        """Look ahead, now and then."""
        now_s = self._clock.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + LOOK_EVERY_S
        tree = self._balancer.tree
        prospects = [
            self._prospect(evse, now_s) for key, evse in self._register.evses.items() if key in tree.placements
        ]
        outlook = look_ahead(tree, decision.circuits, prospects)
        state = self._register.state
        if state.outlook is None or _words(outlook) != _words(state.outlook):
            state.outlook = outlook
            state.changed()

    def _prospect(self, evse: EvseState, now_s: float) -> Prospect:
        config = self._register.configs[evse.key.station_id]
        if not evse.has_transaction:
            then_a = unbound_a(config) if self._steering.absence.never_falls(config) else config.unseen_a
            return Prospect(evse=evse.key, running=False, now_a=0.0, then_a=then_a, falls_after_s=None)
        in_force = self._steering.dispatch.in_force(evse.key)
        now_a = max(evse.offer.current_a, in_force[0] if in_force else 0.0)
        if evse.escalation is not None:
            now_a = max(now_a, evse.escalation.drawn_a)
        left_a = self._steering.absence.left_with_a(config)
        falls_after_s = None
        if left_a is not None and config.expires_s is not None and not self._steering.absence.never_falls(config):
            told_s = self._steering.dispatch.told_s(evse.key)
            falls_after_s = max(0.0, (now_s if told_s is None else told_s) + config.expires_s + GRACE_S - now_s)
        return Prospect(
            evse=evse.key,
            running=True,
            now_a=now_a,
            then_a=now_a if left_a is None else left_a,
            falls_after_s=falls_after_s,
        )


def _words(outlook: Outlook) -> tuple[object, ...]:
    """Return what is told of an outlook, as exactly as it is told."""
    return (
        outlook.falling_count,
        outlook.holding_count,
        outlook.rising_count,
        outlook.to_a,
        outlook.circuit_id,
        outlook.phase,
        round(outlook.load) if outlook.phase is not None else round(outlook.load, -2),
        outlook.limit,
        outlook.safe,
        outlook.safe_when_full,
    )
