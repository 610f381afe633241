"""Plays the site as it is set up, with loads of its past or of a bad evening, before anybody relies on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..balancing.rehearsal.rehearsal import Rehearsal
from ..balancing.rehearsal.scenario import CarPlan, own_loads, worst_evening
from ..model.circuit import EvsePlacement, SiteLayout
from ..model.phases import IN_ORDER, PhaseAmperes, on_building
from ..model.rehearsal import LoadSeries, RehearsalResult
from ..model.station import EvseKey
from .config import SiteConfig

ARRIVE_EVERY_S = 300.0
"""Cars come one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRequest:
    """What is to be played."""

    cars: int = 4
    energy_wh: float = 20_000.0
    """What each car wants."""
    terminals: int = 3
    """On how many phases cars charge."""
    hours: float = 6.0
    meter_every_s: float = 1.0


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """What was recorded: what each meter showed, and what chargers drew meanwhile. All series have the same step."""

    meters: Mapping[str, LoadSeries]
    draws: Mapping[EvseKey, tuple[tuple[float, ...], ...]]
    """Currents per terminal, step by step."""


def rehearse(
    config: SiteConfig,
    evses: tuple[EvseKey, ...],
    request: RehearsalRequest,
    recorded: RecordedDay | None,
    stop: Callable[[], bool],
) -> RehearsalResult:
    """Play it; takes seconds of computing time. `stop` is asked now and then whether to break off.

    Without a recorded day the built-in evening is played at the main circuit. Where there are more cars than
    connectors, chargers of 16 A at the main circuit are added. Raises LayoutError.
    """
    layout = _layout(config, evses, request.cars)
    if recorded is not None:
        loads = own_loads(layout, without_cars(layout, recorded))
    else:
        roots = [circuit for circuit in layout.circuits if circuit.parent_id is None]
        loads = {circuit.circuit_id: worst_evening(circuit, request.hours) for circuit in roots[:1]}
    cars = [
        CarPlan(
            evse=placement.evse,
            energy_wh=request.energy_wh,
            arrives_s=60 + number * ARRIVE_EVERY_S,
            terminals=min(request.terminals, len(placement.wiring)),
            maximum_a=placement.maximum_a,
        )
        for number, placement in enumerate(layout.placements[: request.cars])
    ]
    rehearsal = Rehearsal(layout, loads, cars, hours=request.hours, meter_every_s=request.meter_every_s)
    return rehearsal.run(stop)


def without_cars(layout: SiteLayout, recorded: RecordedDay) -> dict[str, LoadSeries]:
    """Take what chargers drew on the recorded day from what the meters above them showed."""
    parents = {circuit.circuit_id: circuit.parent_id for circuit in layout.circuits}
    left = {circuit_id: list(series.loads_a) for circuit_id, series in recorded.meters.items()}
    for placement in layout.placements:
        step: str | None = placement.circuit_id
        while step is not None:
            if step in left:
                drawn = recorded.draws.get(placement.evse, ())
                for number, terminals_a in enumerate(drawn[: len(left[step])]):
                    taken = on_building(terminals_a, placement.wiring)
                    load = left[step][number]
                    left[step][number] = PhaseAmperes(load.l1 - taken.l1, load.l2 - taken.l2, load.l3 - taken.l3)
            step = parents.get(step)
    return {
        circuit_id: LoadSeries(recorded.meters[circuit_id].step_s, tuple(loads)) for circuit_id, loads in left.items()
    }


def _layout(config: SiteConfig, evses: tuple[EvseKey, ...], cars: int) -> SiteLayout:
    placements: list[EvsePlacement] = []
    for station in config.stations:
        met = sorted(evse for evse in evses if evse.station_id == station.station_id)
        placements.extend(
            EvsePlacement(
                evse=evse,
                circuit_id=station.circuit_id,
                wiring=station.wiring,
                minimum_a=station.minimum_a,
                maximum_a=station.maximum_a,
                safe_a=station.safe_a,
                priority=station.priority,
                weight=station.weight,
            )
            for evse in met or [EvseKey(station.station_id, 1)]
        )
    root = next((circuit for circuit in config.circuits if circuit.parent_id is None), None)
    if root is None:
        return SiteLayout(circuits=config.circuits, placements=tuple(placements))
    there = tuple(phase for phase in IN_ORDER if root.limit_a[phase] > 0) or IN_ORDER
    placements.extend(
        EvsePlacement(evse=EvseKey(f"+{number + 1}", 1), circuit_id=root.circuit_id, wiring=there)
        for number in range(len(placements), cars)
    )
    return SiteLayout(circuits=config.circuits, placements=tuple(placements))
