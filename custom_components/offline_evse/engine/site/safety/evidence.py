"""Whether limits that were accepted are followed, for whoever chooses the form in which they are sent."""

from dataclasses import dataclass
from typing import Final, Protocol

from ...model.clock import Clock
from ...model.offer import BalancingDecision
from ...model.station import EvseKey
from ..register import SiteRegister
from ..steering.steering import Steering

IN_FLIGHT_S: Final = 20.0
"""How long a charger and its car are given to follow a limit."""
AGAIN_AFTER_S: Final = 30.0
"""A form is doubted this often at most, so that the next one gets its chance."""
CLEARLY_A: Final = 1.0
_CLEARLY: Final = 0.08
"""Meters of chargers and pilots of cars differ by so much, as a share of the limit."""


class Forms(Protocol):
    """Whoever chooses the form of limits."""

    def limit_ignored(self, station_id: str, evse_id: int, evidence: str) -> bool:
        """An accepted limit is not followed; returns whether the next one goes out in another form."""

    def confirm_followed(self, station_id: str, evse_id: int) -> None:
        """A limit is followed, by measurement."""


@dataclass(slots=True)
class _Case:
    """What is looked for after one limit."""

    since_s: float
    drawn_before_a: float
    confirmed: bool = False


class Evidence:
    """Compares what EVSEs draw with what they accepted."""

    def __init__(self, register: SiteRegister, steering: Steering, forms: Forms, clock: Clock) -> None:
        """Tell `forms`."""
        self._register = register
        self._steering = steering
        self._forms = forms
        self._clock = clock
        self._cases: dict[EvseKey, _Case] = {}
        self._doubted_s: dict[EvseKey, float] = {}

    def look(self, decision: BalancingDecision) -> None:
        """Look at all EVSEs that have been told a limit."""
        now_s = self._clock.monotonic()
        for key in decision.offers:
            in_force = self._steering.dispatch.in_force(key)
            drawn = self._steering.draws.get(key)
            if in_force is None or drawn is None:
                self._cases.pop(key, None)
                continue
            limit_a, since_s = in_force
            drawn_a, drawn_s = drawn
            case = self._cases.get(key)
            if case is None or case.since_s != since_s:
                case = self._cases[key] = _Case(since_s, drawn_a)
            if drawn_s - since_s >= IN_FLIGHT_S:
                self._judge(key, case, limit_a, drawn_a, now_s)

    def _judge(self, key: EvseKey, case: _Case, limit_a: float, drawn_a: float, now_s: float) -> None:
        if drawn_a <= limit_a + max(CLEARLY_A, _CLEARLY * limit_a):
            # Only a car that had to come down shows that the limit did it.
            if not case.confirmed and case.drawn_before_a > limit_a + 2 * CLEARLY_A:
                case.confirmed = True
                self._forms.confirm_followed(key.station_id, key.evse_id)
            return
        evse = self._register.evses[key]
        offered_a = evse.sample.offered_a if evse.sample is not None else None
        if offered_a is not None and limit_a > 0 and offered_a <= limit_a + 0.5 * CLEARLY_A:
            # The charger has understood; it is the car that takes more.
            return
        doubted_s = self._doubted_s.get(key)
        if doubted_s is None or now_s - doubted_s >= AGAIN_AFTER_S:
            self._doubted_s[key] = now_s
            said = "" if offered_a is None else f", and says that it offers {offered_a:.1f} A"
            evidence = f"{drawn_a:.1f} A are drawn where {limit_a:.1f} A were accepted{said}"
            if self._forms.limit_ignored(key.station_id, key.evse_id, evidence):
                self._steering.dispatch.repeat(key)
