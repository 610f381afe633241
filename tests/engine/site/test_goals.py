"""Goals at a real site: what people want reaches the charger, is explained, kept, and never above a fuse."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.goal import ChargingMode, PlanState, PriceSlot
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.site.config import SiteConfig
from custom_components.offline_evse.engine.site.goals import goals as goals_module
from custom_components.offline_evse.engine.site.goals.config import (
    CircuitHours,
    GoalsConfig,
    PeakGoal,
    SolarGoal,
    Vehicle,
)
from tests.engine.clock import ManualClock

from .place import ONE, Place, charger, until
from .wallbox import Wallbox

METERED = Circuit(circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(25, 25, 25), metered=True)


def site_with(**goals: Any) -> SiteConfig:
    return SiteConfig(
        name="Home",
        circuits=(METERED,),
        stations=(charger("ONE"), charger("TWO")),
        goals=GoalsConfig(**goals),
    )


@pytest.fixture
async def place(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Place]:
    """A site with a meter and panels."""
    place = Place(tmp_path, clock)
    await place.open(site_with(solar=SolarGoal()))
    await place.enrol()
    yield place
    await place.leave()


async def drive(place: Place, box: Wallbox, seconds: int, alone_a: float, running: int | None = None) -> None:
    """Let a house that takes `alone_a` per phase besides the car go on; the car takes what it is offered."""
    assert isinstance(place.clock, ManualClock)
    for second in range(0, seconds, 2):
        taken_a = place.evse().offer.current_a if place.evse().has_transaction else 0.0
        total_a = alone_a + taken_a
        place.site.meter_reported("main", PhaseAmperes(total_a, total_a, total_a))
        if second % 10 == 0:
            if running is not None:
                await box.measure(running, current_l1_a=taken_a, current_l2_a=taken_a, current_l3_a=taken_a)
            else:
                await box.say("Heartbeat", {})
        await place.clock.advance(2)


def offered(place: Place) -> float:
    return place.evse().offer.current_a


def why(place: Place) -> LimitReason:
    return place.evse().offer.binding.reason


def slots(start: datetime, *prices: str) -> tuple[PriceSlot, ...]:
    hour = timedelta(hours=1)
    return tuple(PriceSlot(start + n * hour, start + (n + 1) * hour, Decimal(it)) for n, it in enumerate(prices))


async def test_solar_waits_for_the_sun_and_follows_it(place: Place, box: Wallbox) -> None:
    await place.site.goals.set_mode(ONE, ChargingMode.SOLAR)
    running = await box.plug_in()
    await drive(place, box, 30, alone_a=2, running=running)
    assert (offered(place), why(place)) == (0, LimitReason.SOLAR)

    await drive(place, box, 180, alone_a=-10, running=running)
    assert offered(place) == pytest.approx(10, abs=1)
    assert why(place) is LimitReason.SOLAR
    assert place.site.state.goals.surplus_w == pytest.approx(6900, abs=700)

    await drive(place, box, 3, alone_a=-7, running=running)
    assert offered(place) == pytest.approx(7, abs=0.3)


async def test_solar_with_a_minimum_never_goes_below_it(place: Place, box: Wallbox) -> None:
    await place.site.goals.set_mode(ONE, ChargingMode.SOLAR_MINIMUM)
    running = await box.plug_in()
    await drive(place, box, 60, alone_a=2, running=running)
    assert (offered(place), why(place)) == (6, LimitReason.SOLAR)


async def test_a_silent_meter_shows_no_sun(place: Place, box: Wallbox) -> None:
    await place.site.goals.set_mode(ONE, ChargingMode.SOLAR)
    running = await box.plug_in()
    await drive(place, box, 180, alone_a=-10, running=running)
    assert offered(place) > 6
    await place.pass_time(250, box)
    assert offered(place) == 0
    assert place.site.state.goals.surplus_w is None


async def test_pause_and_mode_are_one(place: Place, box: Wallbox) -> None:
    goals, evse = place.site.goals, place.evse()
    await goals.set_mode(ONE, ChargingMode.SOLAR_MINIMUM)
    await goals.set_mode(ONE, ChargingMode.PAUSED)
    assert evse.paused
    await place.site.pause(ONE, paused=False)
    assert goals.mode(evse) is ChargingMode.SOLAR_MINIMUM
    await place.site.pause(ONE, paused=True)
    assert goals.mode(evse) is ChargingMode.PAUSED
    await goals.set_mode(ONE, ChargingMode.FAST)
    assert not evse.paused


async def test_goals_outlive_a_restart(place: Place, box: Wallbox) -> None:
    goals = place.site.goals
    await goals.set_mode(ONE, ChargingMode.SOLAR)
    await goals.set_priority(ONE, 7)
    await goals.set_departure(ONE, ready_by=time(7, 15))
    await goals.set_target(ONE, energy_wh=12_000, soc_percent=80)
    await place.reopen(site_with(solar=SolarGoal()))
    goal = place.evse().goal
    assert place.site.goals.mode(place.evse()) is ChargingMode.SOLAR
    assert (goal.priority, goal.ready_by, goal.energy_target_wh, goal.soc_target) == (7, time(7, 15), 12_000, 80)


async def test_a_mode_that_is_not_set_up_any_more_is_fast(place: Place, box: Wallbox) -> None:
    await place.site.goals.set_mode(ONE, ChargingMode.SOLAR)
    await place.reload(goals=GoalsConfig())
    assert place.site.goals.mode(place.evse()) is ChargingMode.FAST
    assert place.site.goals.modes == (ChargingMode.FAST, ChargingMode.PAUSED)


async def test_a_price_above_the_limit(place: Place, box: Wallbox) -> None:
    await place.reload(goals=GoalsConfig(prices=True, price_limit=Decimal("0.20")))
    goals = place.site.goals
    await goals.set_mode(ONE, ChargingMode.SCHEDULED)
    now = place.clock.now()
    goals.prices_reported(slots(now - timedelta(minutes=59), "0.30", "0.10"))
    running = await box.plug_in()
    await drive(place, box, 5, alone_a=1, running=running)
    assert (offered(place), why(place)) == (0, LimitReason.PRICE)
    assert place.site.state.goals.price == Decimal("0.30")
    await drive(place, box, 130, alone_a=1, running=running)
    assert offered(place) == 16


async def test_a_price_that_is_not_told_any_more_keeps_nobody_waiting(
    place: Place, box: Wallbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goals_module, "PRICE_PATIENCE_S", 20.0)
    await place.reload(goals=GoalsConfig(prices=True, price_limit=Decimal("0.20")))
    goals = place.site.goals
    await goals.set_mode(ONE, ChargingMode.SCHEDULED)
    goals.price_reported(Decimal("0.30"))
    running = await box.plug_in()
    await drive(place, box, 5, alone_a=1, running=running)
    assert why(place) is LimitReason.PRICE
    await drive(place, box, 25, alone_a=1, running=running)
    assert why(place) is LimitReason.PRICE, "a price that does not change is still the price"
    goals.price_reported(None)
    await drive(place, box, 110, alone_a=1, running=running)
    assert offered(place) == 16
    assert place.site.state.goals.price is None


async def test_hours_for_charging(place: Place, box: Wallbox) -> None:
    await place.reload(goals=GoalsConfig(hours=True))
    goals = place.site.goals
    await goals.set_mode(ONE, ChargingMode.SCHEDULED)
    goals.hours_reported(False)
    running = await box.plug_in()
    await drive(place, box, 5, alone_a=1, running=running)
    assert (offered(place), why(place)) == (0, LimitReason.SCHEDULE)
    goals.hours_reported(None)
    await drive(place, box, 150, alone_a=1, running=running)
    assert offered(place) == 16


async def test_a_plan_waits_for_the_cheap_hours_and_makes_the_departure(place: Place, box: Wallbox) -> None:
    await place.reload(goals=GoalsConfig(prices=True))
    goals, now = place.site.goals, place.clock.now()
    await goals.set_mode(ONE, ChargingMode.SCHEDULED)
    await goals.set_departure(ONE, at=now + timedelta(hours=4))
    await goals.set_target(ONE, energy_wh=11_040)
    goals.prices_reported(slots(now - timedelta(minutes=119), "0.40", "0.30", "0.10", "0.20", "0.35", "0.5"))
    running = await box.plug_in()
    await drive(place, box, 5, alone_a=1, running=running)
    assert (offered(place), why(place)) == (0, LimitReason.PLAN)
    plan = goals.plan(ONE)
    assert plan.state is PlanState.WAITING
    assert [slot.start for slot in plan.slots] == [now + timedelta(minutes=1)]
    assert plan.cost == Decimal("1.10")
    await drive(place, box, 130, alone_a=1, running=running)
    assert offered(place) == 16
    assert goals.plan(ONE).state is PlanState.CHARGING


async def test_a_late_departure_is_not_put_off_by_sun_or_price(place: Place, box: Wallbox) -> None:
    goals, now = place.site.goals, place.clock.now()
    await goals.set_mode(ONE, ChargingMode.SOLAR)
    await goals.set_departure(ONE, at=now + timedelta(hours=1))
    await goals.set_target(ONE, energy_wh=40_000)
    running = await box.plug_in()
    await drive(place, box, 60, alone_a=1, running=running)
    assert offered(place) == 16
    assert goals.plan(ONE).state is PlanState.WILL_MISS
    assert goals.plan(ONE).missing_wh > 20_000


async def test_what_was_wanted_is_not_exceeded(place: Place, box: Wallbox) -> None:
    await place.reload(goals=GoalsConfig(prices=True))
    goals, now = place.site.goals, place.clock.now()
    await goals.set_mode(ONE, ChargingMode.SCHEDULED)
    await goals.set_departure(ONE, at=now + timedelta(hours=6))
    await goals.set_target(ONE, energy_wh=1000)
    running = await box.plug_in(meter_wh=1000)
    await box.measure(running, energy_wh=2500)
    await drive(place, box, 6, alone_a=1)
    assert goals.plan(ONE).state is PlanState.REACHED
    assert (offered(place), why(place)) == (0, LimitReason.PLAN)


async def test_a_state_of_charge_is_a_target_where_it_is_known(place: Place, box: Wallbox) -> None:
    await place.reload(goals=GoalsConfig(prices=True, vehicles={"ONE": Vehicle(capacity_wh=60_000)}))
    goals, now = place.site.goals, place.clock.now()
    await goals.set_departure(ONE, at=now + timedelta(hours=10))
    await goals.set_target(ONE, energy_wh=1000, soc_percent=80)
    await box.plug_in()
    assert goals.plan(ONE).needed_wh == 1000
    goals.vehicle_reported("ONE", 50.0)
    assert goals.plan(ONE).needed_wh == pytest.approx(20_000)


async def test_the_daily_departure_is_by_the_clock_of_the_place(place: Place, box: Wallbox) -> None:
    goals = place.site.goals
    await goals.set_target(ONE, energy_wh=1000)
    await goals.set_departure(ONE, ready_by=time(7, 0))
    await box.plug_in()
    assert goals.plan(ONE).ready_by == datetime(2026, 6, 2, 7, 0, tzinfo=UTC)
    await goals.set_departure(ONE)
    assert goals.plan(ONE).state is PlanState.NO_PLAN


async def test_the_quarter_of_an_hour(place: Place, box: Wallbox) -> None:
    await place.reload(goals=GoalsConfig(peak=PeakGoal(target_w=6000)))
    running = await box.plug_in()
    await drive(place, box, 100, alone_a=1, running=running)
    assert why(place) is LimitReason.PEAK
    assert offered(place) * 690 + 690 <= 9000
    clock = place.clock
    assert isinstance(clock, ManualClock)
    clock.jump_wall(datetime(2026, 6, 1, 12, 14, tzinfo=UTC))
    place.site.goals.quarter_reported(5000)
    await drive(place, box, 90, alone_a=1, running=running)
    peak_w = place.site.state.goals.month_peak_w
    assert peak_w is not None
    assert 5000 < peak_w <= 6100
    await until(lambda: bool(place.site.goals.config.peak))
    await place.reopen(site_with(peak=PeakGoal(target_w=6000)))
    place.site.meter_reported("main", PhaseAmperes(0, 0, 0))
    assert place.site.state.goals.month_peak_w == pytest.approx(peak_w, abs=1)


async def test_hours_of_a_circuit_hold_for_what_charges_there(place: Place, box: Wallbox) -> None:
    """As long as nobody has said that the circuit is free, it is limited."""
    await place.reload(goals=GoalsConfig(circuit_hours=(CircuitHours(circuit_id="main", limit_a=8),)))
    running = await box.plug_in()
    await drive(place, box, 90, alone_a=1, running=running)
    assert (offered(place), why(place)) == (8, LimitReason.SCHEDULE)
    place.site.goals.circuit_hours_reported("main", limited=False)
    await drive(place, box, 90, alone_a=1, running=running)
    assert offered(place) == 16
    assert place.site.state.goals.limited_circuits == frozenset()


@pytest.mark.parametrize("mode", [mode for mode in ChargingMode if mode is not ChargingMode.PAUSED])
async def test_with_the_most_generous_goals_the_fuse_wins(place: Place, box: Wallbox, mode: ChargingMode) -> None:
    """Sun without end, power for nothing, nobody's hours, and a departure in no time: 25 A stay 25 A."""
    everything = GoalsConfig(
        solar=SolarGoal(reserve_w=-50_000),
        prices=True,
        price_limit=Decimal(10),
        hours=True,
        peak=PeakGoal(target_w=500_000),
        circuit_hours=(CircuitHours(circuit_id="main", limit_w=500_000),),
    )
    await place.reload(goals=everything)
    goals = place.site.goals
    goals.price_reported(Decimal(-1))
    goals.hours_reported(True)
    goals.battery_reported(50_000, 100)
    await box.status("Available", connector=2)
    keys = (ONE, ONE._replace(evse_id=2))
    for key in keys:
        await goals.set_mode(key, mode)
        await goals.set_departure(key, at=place.clock.now() + timedelta(minutes=5))
        await goals.set_target(key, energy_wh=90_000)
        await goals.set_priority(key, 9)
    await box.plug_in(connector=1)
    await place.enrol("OTHER", "Bob")
    await box.plug_in("OTHER", connector=2)
    for _ in range(150):
        offers = [place.evse(key).offer.current_a for key in keys if key in place.site.evses]
        house_a = 10.0
        total_a = house_a + sum(offers)
        place.site.meter_reported("main", PhaseAmperes(total_a, total_a, total_a))
        await place.pass_time(1, box)
        assert sum(place.evse(key).offer.current_a for key in keys) <= 25 - house_a
    assert sum(place.evse(key).offer.current_a for key in keys) >= 12
