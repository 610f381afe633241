"""What the site draws at one moment, as far as its chargers and its meter have told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ...model.grid import GridConfig, GridMode
from ...model.shared_limit import LimitBasis
from ...model.station import EvseKey
from ..register import SiteRegister
from ..state import EvseState

NOMINAL_V = 230.0


@dataclass(frozen=True, slots=True)
class EvseReading:
    """One EVSE at one moment."""

    power_w: float
    register_wh: int | None
    offered_a: float
    estimated: bool
    """Whether the power is what it may draw, because it tells none."""


@dataclass(frozen=True, slots=True)
class GridSample:
    """All EVSEs that the grid may limit, and the grid connection where it is measured."""

    at: datetime
    at_s: float
    evses: Mapping[EvseKey, EvseReading]
    grid_w: float | None
    """At the grid connection, in W at nominal voltage; None where no meter tells."""
    own_generation_w: float = 0.0
    """What the site generates itself; it comes on top of a limit on charging."""

    @property
    def charging_w(self) -> float:
        """What all of them draw, in W."""
        return sum(reading.power_w for reading in self.evses.values())

    def excess_w(self, limit_w: float, basis: LimitBasis, config: GridConfig) -> float:
        """Return how far a limit is exceeded, in W; negative for what is left of it."""
        if basis is LimitBasis.TOTAL:
            return (self.charging_w if self.grid_w is None else self.grid_w) - limit_w
        if config.mode is GridMode.GROUP:
            return self.charging_w - limit_w - self.own_generation_w
        stations: dict[str, float] = {}
        for key, reading in self.evses.items():
            stations[key.station_id] = stations.get(key.station_id, 0.0) + reading.power_w
        share_w = self.own_generation_w / len(stations) if stations else 0.0
        return max(stations.values(), default=0.0) - limit_w - share_w


def take_sample(
    register: SiteRegister,
    config: GridConfig,
    circuit_id: str | None,
    at: datetime,
    at_s: float,
    own_generation_w: float = 0.0,
) -> GridSample:
    """Read the live state."""
    measured = None if circuit_id is None else register.state.circuits.get(circuit_id)
    currents_a = measured.measured_a if measured else None
    return GridSample(
        at=at,
        at_s=at_s,
        evses={evse.key: _reading(evse) for evse in limited(register, config)},
        grid_w=None if currents_a is None else currents_a.total * NOMINAL_V,
        own_generation_w=own_generation_w,
    )


def limited(register: SiteRegister, config: GridConfig) -> list[EvseState]:
    """Return the EVSEs of the devices that the grid may limit."""
    return [
        evse
        for key, evse in sorted(register.evses.items())
        if config.devices is None or key.station_id in config.devices
    ]


def _reading(evse: EvseState) -> EvseReading:
    register_wh = evse.sample.energy_import_wh if evse.sample else None
    told_w = evse.power_w
    if evse.has_transaction and (told_w is None or not evse.connected):
        # Nobody tells, or not any more: it is taken to use all it has been given.
        offered_w = evse.offer.current_a * evse.terminals * NOMINAL_V
        return EvseReading(max(offered_w, told_w or 0.0), register_wh, evse.offer.current_a, estimated=True)
    return EvseReading(told_w or 0.0, register_wh, evse.offer.current_a, estimated=False)
