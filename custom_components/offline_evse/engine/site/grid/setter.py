"""From the limits in force to the fuse tree: floor, own generation, the voltage in the street, and who is meant."""

from collections import deque
from collections.abc import Callable, Iterable
from math import floor, isfinite

from ...balancing.grid.sharing import NOMINAL_V, limit_after_floor, lowest, shared_limits
from ...model.clock import Clock
from ...model.grid import GridConfig
from ...model.shared_limit import LimitBasis, SharedLimit
from ...model.station import EvseKey
from ..register import SiteRegister
from .sample import GridSample, limited, take_sample

BEFORE_EVERY_S = 10.0
"""How often a sample is put by in case a command comes: it shows what was drawn a minute before."""
BEFORE_S = 60.0
GENERATION_BELIEVED_S = 120.0
"""A figure of own generation that is older is not counted on."""
GENERATION_STEP_W = 100.0
HIGHEST_V = 260.0
"""What a charger tells beyond is no voltage of this grid."""


class GridSetter:
    """Sets limits in the fuse tree, and reads from the site how they are kept."""

    def __init__(
        self, register: SiteRegister, apply: Callable[[str, tuple[SharedLimit, ...]], None], clock: Clock
    ) -> None:
        """Set limits with `apply`."""
        self._register = register
        self._apply = apply
        self._clock = clock
        self._before: deque[GridSample] = deque(maxlen=int(BEFORE_S / BEFORE_EVERY_S) + 1)
        self._generation: tuple[float, float] | None = None
        """Own generation in W, and when it was told."""
        self._highest_v = NOMINAL_V

    @property
    def config(self) -> GridConfig:
        """The set-up in force."""
        return self._register.config.grid

    def means(self, station_id: str) -> bool:
        """Whether a station is one of the devices that the grid may limit."""
        return self.config.devices is None or station_id in self.config.devices

    def own_generation_reported(self, power_w: float) -> None:
        """The site generates so much itself, in W."""
        if isfinite(power_w):
            self._generation = (max(0.0, power_w), self._clock.monotonic())

    def sample(self) -> GridSample:
        """Read from the site how things are now."""
        now, at_s = self._clock.now(), self._clock.monotonic()
        own_w = self._own_generation_w(at_s)
        return take_sample(self._register, self.config, self._circuit_id(), now, at_s, own_w)

    @property
    def put_by_s(self) -> float | None:
        """When a sample was put by last."""
        return self._before[-1].at_s if self._before else None

    def put_by(self, sample: GridSample) -> None:
        """Keep a sample, if it is time for one, in case a command comes."""
        if self.put_by_s is None or sample.at_s - self.put_by_s >= BEFORE_EVERY_S:
            self._before.append(sample)

    def minute_before(self, at_s: float) -> GridSample | None:
        """Return what was put by a minute ago, or the oldest there is."""
        older = [sample for sample in self._before if at_s - sample.at_s >= BEFORE_S - BEFORE_EVERY_S / 2]
        return older[-1] if older else (self._before[0] if self._before else None)

    def after_floor(self, basis: LimitBasis, stated_w: float, *, may_stop: bool) -> float:
        """Return what becomes of a limit that is stated, in W."""
        devices = sum(1 for station_id in self._register.configs if self.means(station_id))
        return limit_after_floor(self.config, basis, stated_w, max(devices, 1), may_stop=may_stop)

    def set(self, limits: Iterable[tuple[LimitBasis, float]], sample: GridSample) -> None:
        """Set the lowest of these limits, and no others; they are after the floor, in W."""
        limits = tuple(limits)
        members: dict[str, tuple[EvseKey, ...]] = {}
        starts_w: list[float] = []
        if not limits:
            self._highest_v = NOMINAL_V
        for evse in limited(self._register, self.config) if limits else ():
            members[evse.key.station_id] = (*members.get(evse.key.station_id, ()), evse.key)
            starts_w.append(evse.minimum_a * evse.terminals * NOMINAL_V)
            for volts in (evse.sample.voltages_v if evse.sample else None) or ():
                if self._highest_v < volts <= HIGHEST_V:
                    self._highest_v = volts
        circuit_id = self._circuit_id()
        if circuit_id is None:
            self._apply("grid", ())
            return
        self._apply(
            "grid",
            shared_limits(
                lowest(limits),
                self.config,
                circuit_id,
                members,
                own_generation_w=sample.own_generation_w,
                highest_v=self._highest_v,
                smallest_start_w=min(starts_w, default=0.0),
            ),
        )

    def _circuit_id(self) -> str | None:
        """Return where the grid connection is; None while there is neither a circuit nor, thus, a charger."""
        if (named := self.config.circuit_id) is not None and named in self._register.state.layout:
            return named
        circuits = self._register.config.circuits
        return next((circuit.circuit_id for circuit in circuits if circuit.parent_id is None), None)

    def _own_generation_w(self, at_s: float) -> float:
        if self._generation is None or at_s - self._generation[1] > GENERATION_BELIEVED_S:
            return 0.0
        # In steps: the fuse tree need not look again at every cloud.
        return floor(self._generation[0] / GENERATION_STEP_W) * GENERATION_STEP_W
