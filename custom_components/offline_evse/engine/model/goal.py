"""What people want of charging beyond the fuse: how, by when, how much and at what price."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class ChargingMode(StrEnum):
    """How an EVSE charges, as people know it. A mode can only lower an offer."""

    FAST = "fast"
    """As much as the fuses allow."""
    SOLAR = "solar"
    """Only what would flow into the grid otherwise."""
    SOLAR_MINIMUM = "solar_minimum"
    """The minimum always, and the sun on top of it."""
    SCHEDULED = "scheduled"
    """When power is cheap, in the hours for it, or as a plan for the departure has it."""
    PAUSED = "paused"
    """Not at all, for now."""


@dataclass(frozen=True, slots=True)
class PriceSlot:
    """What energy costs for a while."""

    start: datetime
    end: datetime
    price: Decimal
    """Per kWh, in the unit of whoever tells it."""


class PlanState(StrEnum):
    """How a plan for a departure stands."""

    NO_PLAN = "no_plan"
    WAITING = "waiting"
    """It is on time, and charges later."""
    CHARGING = "charging"
    WILL_MISS = "will_miss"
    """Not even all the time that is left is enough."""
    REACHED = "reached"
    """The car has what was wanted."""


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """A while in which a plan charges."""

    start: datetime
    end: datetime
    current_a: float
    energy_wh: float
    price: Decimal | None = None
    """Per kWh; None: not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingPlan:
    """When a car charges, so that it has its energy by its departure as cheaply as may be."""

    state: PlanState = PlanState.NO_PLAN
    ready_by: datetime | None = None
    slots: tuple[PlannedSlot, ...] = ()
    needed_wh: float | None = None
    """What it still has to get, in Wh."""
    missing_wh: float = 0.0
    """What it will lack at its departure, in Wh."""
    ends_at: datetime | None = None
    """When it has what was wanted."""
    cost: Decimal | None = None
    """Of what is planned; None where a price is not known."""
    laxity_s: float | None = None
    """How long it could still wait at full power and be ready in time."""

    @property
    def planned_wh(self) -> float:
        """What the slots add up to, in Wh."""
        return sum(slot.energy_wh for slot in self.slots)


NO_PLAN = ChargingPlan()
