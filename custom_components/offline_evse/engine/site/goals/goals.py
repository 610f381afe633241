"""The goals of a site: what people want beyond the fuse. Each can only lower an offer, or rank those who wait."""

from datetime import datetime, time
from decimal import Decimal

from ...balancing.goals.plan import price_at
from ...model.clock import Clock, Timer
from ...model.goal import ChargingMode, ChargingPlan, PlanState, PriceSlot
from ...model.offer import LimitReason
from ...model.phases import PhaseAmperes
from ...model.station import EvseKey
from ..background import Background
from ..memory import SiteMemory
from ..people import People
from ..register import SiteRegister
from ..state import EvseState
from ..steering.demands import Ceiling, Rank
from ..steering.steering import Steering
from .config import GoalsConfig, SolarGoal
from .departures import Departures
from .goal_memory import keep_goal, keep_peak, kept_peak, restore_goal
from .goal_state import CarTold
from .limits import GoalLimits
from .sunshine import SOLAR_MODES, VOLTAGE_V, Sunshine, root_circuit

LOOK_EVERY_S = 5.0
PRICE_PATIENCE_S = 900.0
"""A price that is not told any more is taken to go on for this long. After that, price keeps nobody waiting."""
_LAXITY_STEP_S = 300.0
_NOTHING = Ceiling(0.0, LimitReason.MODE)


class Goals:
    """Takes in what people want and what the house tells, and has its say in every demand.

    Where something is not known: without the sun's power, solar charging waits, and solar with a minimum has its
    minimum; without the battery's state of charge, the battery is first; without a price or the hours for it,
    scheduled charging goes on as if it were time; a circuit whose hours are not known is limited.
    """

    def __init__(
        self,
        register: SiteRegister,
        steering: Steering,
        people: People,
        memory: SiteMemory,
        clock: Clock,
        background: Background,
    ) -> None:
        """Join them."""
        self._register = register
        self._steering = steering
        self._people = people
        self._memory = memory
        self._clock = clock
        self._background = background
        self._state = register.state.goals
        self._config = GoalsConfig()
        self._sunshine = Sunshine(register)
        self._departures = Departures(self._state)
        self._limits = GoalLimits(self._state, steering.set_shared_limits)
        self._timer: Timer | None = None
        self._price: Decimal | None = None
        """Price that goes on until another is told."""
        self._price_lost_s: float | None = None
        """Since when nobody tells it any more."""
        self._peak_kept: tuple[str, float] | None = None
        steering.demands.add_ceiling(self._ceiling)
        steering.demands.add_rank(self._rank)

    @property
    def config(self) -> GoalsConfig:
        """The goals that are set up."""
        return self._config

    @property
    def modes(self) -> tuple[ChargingMode, ...]:
        """The modes that there are here."""
        config = self._config
        scheduled = config.prices or config.hours
        return (
            ChargingMode.FAST,
            *(SOLAR_MODES if config.solar is not None else ()),
            *((ChargingMode.SCHEDULED,) if scheduled else ()),
            ChargingMode.PAUSED,
        )

    @property
    def has_modes(self) -> bool:
        """Whether there is anything to choose beside fast and paused."""
        return len(self.modes) > 2

    def knows_soc(self, evse: EvseState) -> bool:
        """Whether the state of charge of the car at an EVSE is told, and the size of its battery is known."""
        return self._departures.capacity_wh(evse) is not None and self._departures.soc(evse) is not None

    def priority(self, evse: EvseState) -> int:
        """Return the class that an EVSE is served in."""
        if evse.goal.priority is not None:
            return evse.goal.priority
        return self._register.configs[evse.key.station_id].priority

    def mode(self, evse: EvseState) -> ChargingMode:
        """Return the mode that an EVSE is in. One that is not set up any more is as fast."""
        if evse.paused:
            return ChargingMode.PAUSED
        return evse.goal.mode if evse.goal.mode in self.modes else ChargingMode.FAST

    def start(self) -> None:
        """Begin to look at the site."""
        self._limits.restore(*kept_peak(self._memory))
        self.configure()
        self._tick()

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def configure(self) -> None:
        """Take over the goals of the site's present set-up."""
        self._config = self._register.config.goals
        self._sunshine.configure(self._config.solar or SolarGoal())
        self._departures.configure(self._config)
        self._limits.configure(self._config)
        for evse in self._register.evses.values():
            self._departures.renew(evse, self._clock.now())
            self._steering.demand_changed(evse)
            evse.changed()
        self._register.state.changed()

    def restore(self, evse: EvseState) -> None:
        """Give an EVSE back what people wanted of it."""
        restore_goal(self._memory, evse)

    async def set_mode(self, key: EvseKey, mode: ChargingMode) -> None:
        """Choose how an EVSE charges. Being paused is the same as its pause: any other mode lifts it."""
        evse = self._register.evses[key]
        if mode is ChargingMode.PAUSED:
            await self._people.pause(key, paused=True)
            return
        evse.goal.mode = mode
        await self._wanted(evse)
        if evse.paused:
            await self._people.pause(key, paused=False)

    async def set_priority(self, key: EvseKey, priority: int | None) -> None:
        """Set the class of whoever charges here; None: as it is set up."""
        self._register.evses[key].goal.priority = priority
        await self._wanted(self._register.evses[key])

    async def set_departure(self, key: EvseKey, *, ready_by: time | None = None, at: datetime | None = None) -> None:
        """Say when the car leaves: every day by the clock of the place, or once; neither: nobody knows."""
        goal = self._register.evses[key].goal
        if ready_by is not None or at is None:
            goal.ready_by = ready_by
        goal.departs_at = at
        await self._wanted(self._register.evses[key])

    async def set_target(
        self, key: EvseKey, *, energy_wh: float | None = None, soc_percent: float | None = None
    ) -> None:
        """Say what a session is to bring: energy, or a state of charge where it can be known; neither: nothing."""
        goal = self._register.evses[key].goal
        goal.energy_target_wh, goal.soc_target = energy_wh or None, soc_percent or None
        await self._wanted(self._register.evses[key])

    def plan(self, key: EvseKey) -> ChargingPlan:
        """Return the plan of an EVSE, made anew."""
        evse = self._register.evses[key]
        self._plan(evse)
        return evse.goal.plan

    def prices_reported(self, slots: tuple[PriceSlot, ...]) -> None:
        """Take in all prices that are known ahead."""
        self._state.prices = slots
        self._look()

    def price_reported(self, price: Decimal | None) -> None:
        """Take in the price that goes on from now until another is told; None: nobody knows any more."""
        if price is not None:
            self._price, self._price_lost_s = price, None
        elif self._price_lost_s is None:
            self._price_lost_s = self._clock.monotonic()
        self._look()

    def hours_reported(self, on: bool | None) -> None:
        """Take in whether scheduled charging may go on by the hour; None: nobody knows."""
        self._state.hours_on = on
        self._look()

    def meter_reported(self, circuit_id: str, currents_a: PhaseAmperes) -> None:
        """Take in a report of a circuit's meter; only that of the grid connection matters here."""
        if (self._config.solar or self._config.peak) and circuit_id == root_circuit(self._register):
            self._sunshine.meter_reported(self._clock.monotonic(), currents_a.total * VOLTAGE_V)
            self._follow_grid()

    def grid_power_reported(self, power_w: float | None) -> None:
        """Take in the power at the grid connection, in W, export negative, where it is told besides the currents."""
        self._sunshine.power_reported(self._clock.monotonic(), power_w)
        self._follow_grid()

    def battery_reported(self, power_w: float | None, soc_percent: float | None) -> None:
        """Take in what charges the house's battery, in W, and how full it is, in %."""
        self._sunshine.battery_reported(power_w, soc_percent)

    def quarter_reported(self, mean_w: float) -> None:
        """Take in the running mean of the quarter of an hour from the meter that is billed by, in W."""
        self._limits.told_mean(self._clock.now(), mean_w)

    def month_peak_reported(self, peak_w: float) -> None:
        """Take in the month's peak from the meter that is billed by, in W."""
        self._limits.told_peak(self._clock.now(), peak_w)

    def circuit_hours_reported(self, circuit_id: str, limited: bool) -> None:
        """Take in whether the chargers of a circuit are limited at this time."""
        self._limits.circuit_hours(circuit_id, limited)
        self._register.state.changed()

    def vehicle_reported(self, station_id: str, soc_percent: float | None) -> None:
        """Take in the state of charge of the car at a station, in %, as its maker tells it."""
        for evse in self._register.of_station(station_id):
            evse.goal.vehicle_soc = soc_percent
            self._renew(evse)
            evse.changed()

    def car_reported(self, key: EvseKey, car: CarTold | None) -> None:
        """Take in what is told of the car that was recognised at an EVSE; None: it has left, or none was."""
        evse = self._register.evses.get(key)
        if evse is None or evse.goal.car == car:
            return
        before, evse.goal.car = evse.goal.car, car
        if (car and car.minimum_a) != (before and before.minimum_a):
            evse.vehicle_minimum_a = None if car is None else car.minimum_a
            self._steering.demand_changed(evse)
        self._renew(evse)
        evse.changed()

    async def _wanted(self, evse: EvseState) -> None:
        """Act on what somebody has set, and keep it."""
        self._plan(evse)
        self._follow_grid()
        self._steering.demand_changed(evse)
        evse.changed()
        await keep_goal(self._memory, evse)

    def _tick(self) -> None:
        self._timer = self._clock.call_later(LOOK_EVERY_S, self._tick)
        self._follow_grid()
        self._look()

    def _follow_grid(self) -> None:
        """Share the sun out and keep the quarter of an hour below its peak."""
        at_s, now = self._clock.monotonic(), self._clock.now()
        if self._config.solar is not None:
            for key in self._sunshine.share(at_s, self._waits_for_sun):
                if (evse := self._register.evses.get(key)) is not None:
                    self._steering.demand_changed(evse)
        if self._config.peak is not None:
            self._limits.grid_power(now, self._sunshine.grid_w(at_s), root_circuit(self._register))
            peak = self._limits.month_peak
            if peak is not None and peak != self._peak_kept:
                self._peak_kept = peak
                self._background.run(keep_peak(self._memory, *peak), "month peak")
        if self._config.solar is not None or self._config.peak is not None:
            self._state.surplus_w = self._sunshine.surplus_w if self._config.solar is not None else None
            self._register.state.changed()

    def _look(self) -> None:
        """Look at prices, hours and plans."""
        price = self._price_now()
        if price != self._state.price:
            self._state.price = price
            self._register.state.changed()
        for evse in self._register.evses.values():
            if evse.goal.wants_anything:
                self._renew(evse)

    def _renew(self, evse: EvseState) -> None:
        changed = self._plan(evse)
        self._steering.demand_changed(evse)
        if changed:
            evse.changed()

    def _plan(self, evse: EvseState) -> bool:
        return self._departures.renew(evse, self._clock.now())

    def _price_now(self) -> Decimal | None:
        slot = price_at(self._state.prices, self._clock.now())
        if slot is not None:
            return slot.price
        if self._price_lost_s is not None and self._clock.monotonic() - self._price_lost_s > PRICE_PATIENCE_S:
            return None
        return self._price

    def _waits_for_sun(self, evse: EvseState) -> bool:
        return self.mode(evse) in SOLAR_MODES and not self._departures.is_urgent(evse)

    def _ceiling(self, evse: EvseState) -> Ceiling | None:
        transaction = evse.transaction
        if transaction is not None and evse.has_transaction and transaction.transaction_id != evse.goal.planned_for:
            # It has just begun; without a plan it would charge for a moment.
            self._plan(evse)
        mode = self.mode(evse)
        if mode in (ChargingMode.FAST, ChargingMode.PAUSED) or self._departures.is_urgent(evse):
            return None
        if mode in SOLAR_MODES:
            sun = self._sunshine.ceiling(evse)
            return Ceiling(sun.current_a, sun.reason)
        return self._scheduled(evse)

    def _scheduled(self, evse: EvseState) -> Ceiling | None:
        """Whether it is time to charge: by plan, by price or by the hour; any of them is enough."""
        config, state = self._config, evse.goal.plan.state
        if state is PlanState.CHARGING:
            return None
        if state is PlanState.REACHED:
            return _NOTHING._replace(reason=LimitReason.PLAN)
        reason: LimitReason | None = None
        if config.hours:
            if self._state.hours_on is not False:
                return None
            reason = LimitReason.SCHEDULE
        if config.price_limit is not None:
            if self._state.price is None or self._state.price <= config.price_limit:
                return None
            reason = LimitReason.PRICE
        if state is PlanState.WAITING:
            reason = LimitReason.PLAN
        return None if reason is None else _NOTHING._replace(reason=reason)

    def _rank(self, evse: EvseState) -> Rank | None:
        laxity_s = evse.goal.plan.laxity_s
        if laxity_s is not None:
            laxity_s = laxity_s // _LAXITY_STEP_S * _LAXITY_STEP_S
        if laxity_s is None and evse.goal.priority is None:
            return None
        return Rank(priority=evse.goal.priority, laxity_s=laxity_s)
