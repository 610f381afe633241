"""A scenario: a site as it is and as it was configured, and what happens there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.site_model.household import Load
from benchmarks.site_model.meter import EVERY_SECOND, MeterModel
from benchmarks.site_model.vehicle import CarModel
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.phases import IN_ORDER, PhaseAmperes, Wiring
from custom_components.offline_evse.engine.model.station import EvseKey

MAIN = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What to simulate. Times are seconds since the begin; EVSEs go by their place in the layout."""

    name: str
    subject: str
    """What it is about, in a few words."""
    hours: float
    layout: SiteLayout
    """The site as it was configured, margins included."""
    cars: tuple[CarModel, ...]
    """One at each placement."""
    loads: Callable[[int, int], dict[str, Load]]
    """(seed, seconds) → what else each circuit feeds."""
    meters: dict[str, MeterModel] = field(default_factory=lambda: {MAIN: EVERY_SECOND})
    wirings: tuple[Wiring, ...] | None = None
    """How the EVSEs are truly wired, where that is not as configured."""
    events: tuple[tuple[int, Callable[..., None]], ...] = ()
    """(when, what is done to the run)."""
    every_second: Callable[..., None] | None = None
    """Somebody beside the law who acts on the run, second by second."""
    fair: bool = True
    """Whether all cars ought to get the same share of what they need."""
    grid_limited: bool = False
    """Whether the fuse is what keeps cars from more, and the house calm: energy is then judged against the optimum."""


def one_fuse(
    limit_a: float, cars: Sequence[CarModel], *, margin_a: float = 1.0, wirings: Sequence[Wiring] | None = None
) -> SiteLayout:
    """Return a site with one metered main fuse and one EVSE for each car."""
    main = Circuit(
        circuit_id=MAIN,
        name="Main",
        limit_a=PhaseAmperes(limit_a, limit_a, limit_a),
        metered=True,
        margin_a=margin_a,
    )
    return SiteLayout(
        circuits=(main,),
        placements=placements(MAIN, cars, wirings=wirings),
    )


def placements(
    circuit_id: str,
    cars: Sequence[CarModel],
    *,
    wirings: Sequence[Wiring] | None = None,
    first: int = 0,
    maximum_a: float | None = None,
) -> tuple[EvsePlacement, ...]:
    """Return one EVSE in this circuit for each car."""
    return tuple(
        EvsePlacement(
            evse=EvseKey(f"CP{first + number:03d}", 1),
            circuit_id=circuit_id,
            wiring=wirings[number] if wirings else IN_ORDER,
            maximum_a=car.maximum_a if maximum_a is None else maximum_a,
        )
        for number, car in enumerate(cars)
    )
