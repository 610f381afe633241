"""Departures: what a car still needs, and the plan that gets it there."""

from datetime import UTC, datetime, timedelta

from ...balancing.goals.plan import SLACK, Need, make_plan
from ...model.goal import NO_PLAN, ChargingPlan, PlanState
from ..state import EvseState
from .config import GoalsConfig
from .goal_state import SiteGoals
from .sunshine import drawn_w, highest_a, lowest_a, watts_per_ampere

CHARGING_EFFICIENCY = 0.9
"""Share of what the charger delivers that gets into the battery."""
_FORGET = 0.02
"""Weight of a new look in the mean of what a car really gets: a few minutes with a look every few seconds."""


class Departures:
    """Makes and renews the plans of EVSEs."""

    def __init__(self, goals: SiteGoals) -> None:
        """Read prices from the site's goals."""
        self._goals = goals
        self._config = GoalsConfig()

    def configure(self, config: GoalsConfig) -> None:
        """Take over time zone and vehicles."""
        self._config = config

    def departure(self, evse: EvseState, now: datetime) -> datetime | None:
        """Return when the car leaves next; None: nobody said."""
        goal = evse.goal
        if goal.departs_at is not None and goal.departs_at > now:
            return goal.departs_at
        if goal.ready_by is None:
            return None
        here = now.astimezone(self._config.time_zone)
        day = here.date()
        for _ in range(3):
            at = datetime.combine(day, goal.ready_by, self._config.time_zone).astimezone(UTC)
            if at > now:
                return at
            day += timedelta(days=1)
        return None

    def soc(self, evse: EvseState) -> float | None:
        """Return the state of charge of the car, in %, as the charger or something else tells it."""
        told = evse.sample.soc_percent if evse.sample else None
        if told is not None:
            return told
        return evse.goal.vehicle_soc if evse.goal.car is None else evse.goal.car.soc_percent

    def capacity_wh(self, evse: EvseState) -> float | None:
        """Return the size of the car's battery, in Wh: of the one that was recognised, or of the usual one."""
        if (car := evse.goal.car) is not None and car.capacity_wh is not None:
            return car.capacity_wh
        usual = self._config.vehicles.get(evse.key.station_id) if car is None else None
        return None if usual is None else usual.capacity_wh

    def needed_wh(self, evse: EvseState) -> float | None:
        """Return what the car still has to get, in Wh; None: nobody wants anything."""
        goal = evse.goal
        capacity_wh, soc = self.capacity_wh(evse), self.soc(evse)
        if goal.soc_target and capacity_wh is not None and soc is not None:
            return max(0.0, (goal.soc_target - soc) / 100 * capacity_wh / CHARGING_EFFICIENCY)
        if not goal.energy_target_wh:
            return None
        had_wh = evse.transaction.energy_wh if evse.transaction is not None and evse.has_transaction else 0
        return max(0.0, goal.energy_target_wh - had_wh)

    def renew(self, evse: EvseState, now: datetime) -> bool:
        """Plan anew; returns whether the plan is another one."""
        goal, before = evse.goal, evse.goal.plan
        transaction = evse.transaction.transaction_id if evse.transaction and evse.has_transaction else None
        if transaction != goal.planned_for:
            goal.planned_for, goal.power_w = transaction, None
        self._learn(evse)
        goal.plan = self._plan(evse, now)
        return goal.plan != before

    def is_urgent(self, evse: EvseState) -> bool:
        """Whether the car would be late if it waited any longer."""
        laxity_s = evse.goal.plan.laxity_s
        if evse.goal.plan.state is PlanState.WILL_MISS:
            return True
        return laxity_s is not None and laxity_s <= SLACK.total_seconds()

    def _plan(self, evse: EvseState, now: datetime) -> ChargingPlan:
        ready_by = self.departure(evse, now)
        needed_wh = self.needed_wh(evse)
        if ready_by is None or needed_wh is None or not evse.plugged:
            return NO_PLAN
        current_a = highest_a(evse)
        could_w = current_a * watts_per_ampere(evse)
        power_w = min(could_w, evse.goal.power_w or could_w)
        return make_plan(now, Need(ready_by, needed_wh, power_w, current_a), self._goals.prices)

    def _learn(self, evse: EvseState) -> None:
        """Follow what a car gets while nothing of ours keeps it waiting: fuses and cars may give less than hoped."""
        goal = evse.goal
        drawn = drawn_w(evse)
        if drawn is None or not evse.charging or evse.offer.current_a < lowest_a(evse):
            return
        if goal.plan.state not in (PlanState.CHARGING, PlanState.WILL_MISS):
            return
        could_w = highest_a(evse) * watts_per_ampere(evse)
        least_w = lowest_a(evse) * watts_per_ampere(evse) / 2
        known_w = goal.power_w or could_w
        goal.power_w = min(could_w, max(least_w, known_w + _FORGET * (drawn - known_w)))
