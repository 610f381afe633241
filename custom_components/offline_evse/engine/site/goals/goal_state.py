"""What goals have been set, and how they stand: part of what the site knows right now."""

from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from ...model.goal import NO_PLAN, ChargingMode, ChargingPlan, PriceSlot


@dataclass(frozen=True, slots=True, kw_only=True)
class CarTold:
    """What is known of a car that was recognised, by what something outside tells."""

    soc_percent: float | None = None
    capacity_wh: float | None = None
    minimum_a: float | None = None
    """Lowest current at which it is to charge."""


class EvseGoal:
    """What people want of one EVSE."""

    __slots__ = (
        "car",
        "departs_at",
        "energy_target_wh",
        "mode",
        "plan",
        "planned_for",
        "power_w",
        "priority",
        "ready_by",
        "soc_target",
        "vehicle_soc",
    )

    def __init__(self) -> None:
        """Begin with nothing wanted."""
        self.mode = ChargingMode.FAST
        """Never `PAUSED`: what it goes back to when a pause is lifted."""
        self.priority: int | None = None
        """Its class, where somebody has set another than the set-up's."""
        self.ready_by: time | None = None
        """Departure on every day, by the clock of the place."""
        self.departs_at: datetime | None = None
        """One departure, which goes before the daily one until it has passed."""
        self.energy_target_wh: float | None = None
        """What a session is to bring."""
        self.soc_target: float | None = None
        """State of charge to be reached, in %."""
        self.vehicle_soc: float | None = None
        """State of charge as something other than the charger tells it, in %."""
        self.car: CarTold | None = None
        """The car that was recognised here; None: none was, and the one that usually hangs here is reckoned with."""
        self.plan: ChargingPlan = NO_PLAN
        self.planned_for: str | None = None
        """Transaction that the plan was made for."""
        self.power_w: float | None = None
        """What it really got while it could charge, where that is less than it could take."""

    @property
    def wants_anything(self) -> bool:
        """Whether anybody has set anything here that time or the house's power can change."""
        return (
            self.mode is not ChargingMode.FAST
            or self.plan is not NO_PLAN
            or self.ready_by is not None
            or self.departs_at is not None
        )


class SiteGoals:
    """How the goals of the whole site stand."""

    __slots__ = (
        "hours_on",
        "limited_circuits",
        "month_peak_w",
        "peak_limit_w",
        "price",
        "prices",
        "quarter_w",
        "surplus_w",
    )

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self.surplus_w: float | None = None
        """Sun that cars could use, in W; None while nobody knows."""
        self.quarter_w: float | None = None
        """What the present quarter of an hour comes to so far, in W."""
        self.month_peak_w: float | None = None
        self.peak_limit_w: float | None = None
        """What may be drawn from the grid now."""
        self.prices: tuple[PriceSlot, ...] = ()
        self.price: Decimal | None = None
        """Per kWh, now."""
        self.hours_on: bool | None = None
        """Whether scheduled charging may go on by the hour; None: nobody knows."""
        self.limited_circuits: frozenset[str] = frozenset()
        """Circuits whose chargers may have only so much together now."""
