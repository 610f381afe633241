"""From all that is stated to the limits that the fuse tree takes: the lowest wins, and none falls through the floor."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...model.grid import GridConfig, GridMode
from ...model.offer import LimitReason
from ...model.shared_limit import LimitBasis, SharedLimit
from ...model.station import EvseKey
from .formula import group_floor_w, held_to_floor

NOMINAL_V = 230.0
"""The voltage by which the fuse tree turns watts into amperes."""


class InForce(NamedTuple):
    """The lowest limit of each basis, after the floor, in W; None: no limit."""

    charging_w: float | None = None
    total_w: float | None = None


def floor_w(config: GridConfig, basis: LimitBasis, devices: int) -> float:
    """Return what a limit of this basis is held up to, in W: by device, or for all of them together."""
    if basis is LimitBasis.CHARGING and config.mode is GridMode.PER_DEVICE:
        return config.floor_w
    return group_floor_w(devices, config.floor_w)


def limit_after_floor(config: GridConfig, basis: LimitBasis, stated_w: float, devices: int, *, may_stop: bool) -> float:
    """Return the limit that is really set for what was stated, in W."""
    return held_to_floor(stated_w, floor_w(config, basis, devices), may_stop=may_stop)


def lowest(limits: Iterable[tuple[LimitBasis, float]]) -> InForce:
    """Return the lowest limit of each basis; the limits are after the floor."""
    charging_w: float | None = None
    total_w: float | None = None
    for basis, limit_w in limits:
        if basis is LimitBasis.CHARGING:
            charging_w = limit_w if charging_w is None else min(charging_w, limit_w)
        else:
            total_w = limit_w if total_w is None else min(total_w, limit_w)
    return InForce(charging_w, total_w)


def at_voltage(limit_w: float, highest_v: float, smallest_start_w: float) -> float:
    """Return the limit to reckon with at the nominal voltage, so that it is kept at the real one, in W.

    It is not lowered so far that the one car that could charge could not any more: at the nominal voltage 6 A on three
    phases fit in 4.2 kW, and a volt more in the street must not take that away.
    """
    lowered_w = limit_w * min(1.0, NOMINAL_V / highest_v)
    return max(lowered_w, min(limit_w, smallest_start_w))


def shared_limits(
    in_force: InForce,
    config: GridConfig,
    circuit_id: str,
    members: Mapping[str, tuple[EvseKey, ...]],
    *,
    own_generation_w: float = 0.0,
    highest_v: float = NOMINAL_V,
    smallest_start_w: float = 0.0,
) -> tuple[SharedLimit, ...]:
    """Return the limits for the fuse tree. `members` are the EVSEs of the devices that the grid may limit, by station.

    Own generation, in W, comes on top of a limit on charging: it does not burden the grid.
    """
    found: list[SharedLimit] = []
    if in_force.charging_w is not None and members:
        limit_w = at_voltage(in_force.charging_w, highest_v, smallest_start_w)
        if config.mode is GridMode.PER_DEVICE:
            share_w = own_generation_w / len(members)
            found.extend(
                SharedLimit(
                    limit_id=f"grid/{station_id}",
                    reason=LimitReason.GRID,
                    circuit_id=circuit_id,
                    basis=LimitBasis.CHARGING,
                    limit_w=limit_w + share_w,
                    members=frozenset(evses),
                )
                for station_id, evses in sorted(members.items())
            )
        else:
            found.append(
                SharedLimit(
                    limit_id="grid",
                    reason=LimitReason.GRID,
                    circuit_id=circuit_id,
                    basis=LimitBasis.CHARGING,
                    limit_w=limit_w + own_generation_w,
                    members=frozenset(evse for evses in members.values() for evse in evses),
                )
            )
    if in_force.total_w is not None:
        found.append(
            SharedLimit(
                limit_id="grid/total",
                reason=LimitReason.GRID,
                circuit_id=circuit_id,
                basis=LimitBasis.TOTAL,
                limit_w=at_voltage(in_force.total_w, highest_v, smallest_start_w),
            )
        )
    return tuple(found)
