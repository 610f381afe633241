"""The grid's word at a site with real chargers on real sockets: it steers at once, survives restarts, and is proven."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from custom_components.offline_evse.engine.model.grid import (
    GridConfig,
    GridLineConfig,
    GridMode,
    GridPhase,
    GridSource,
    GridTerms,
    GridView,
)
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.shared_limit import LimitBasis
from custom_components.offline_evse.engine.site.grid.events import GridEvent
from tests.engine.clock import ManualClock, settle

from .place import ONE, TWO, Place, until
from .wallbox import PATIENCE_S, Station201, Wallbox, is_live, limit_a

PHASE_W = 230.0


def view(place: Place) -> GridView:
    """What is shown of the grid's word."""
    shown = place.site.state.grid
    assert shown is not None
    return shown


async def drawn(box: Wallbox, transaction_id: int, current_a: float, energy_wh: int = 1000) -> None:
    """Let the charger tell that its car draws so much on each phase."""
    await box.measure(
        transaction_id,
        energy_wh=energy_wh,
        power_w=3 * PHASE_W * current_a,
        current_l1_a=current_a,
        current_l2_a=current_a,
        current_l3_a=current_a,
    )


async def only_event(place: Place) -> GridEvent:
    (event,) = await place.site.grid.events()
    return event


async def ended_event(place: Place) -> GridEvent:
    """Wait until the result of the one event has reached the disk."""
    async with asyncio.timeout(PATIENCE_S):
        while (event := await only_event(place)).ended_at is None:
            await settle()
    return event


def kinds(event: GridEvent) -> list[str]:
    return [str(it.body["when"]) if it.kind == "sample" else it.kind for it in event.records]


async def test_a_limit_reaches_the_charger_at_once_and_names_itself(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 16
    await place.site.grid.set_limit(9000)
    told = limit_a(await box.hear("SetChargingProfile", is_live))
    assert 9000 - 3 * PHASE_W < told * 3 * PHASE_W <= 9000
    assert place.evse().offer.binding.reason is LimitReason.GRID
    assert view(place).active
    assert view(place).binding is not None


async def test_a_limit_of_nothing_leaves_what_the_law_leaves(place: Place, box: Wallbox) -> None:
    await place.reload(grid=GridConfig(devices=frozenset({"ONE"})))
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await place.site.grid.set_limit(0)
    assert limit_a(await box.hear("SetChargingProfile", is_live)) >= 6
    binding = view(place).binding
    assert binding is not None
    assert (binding.stated_w, binding.limit_w) == (0, 4200)


async def test_only_who_is_allowed_to_may_stop_charging(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await place.site.grid.set_limit(0, may_stop=True)
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 0
    assert place.evse().offer.binding.reason is LimitReason.GRID


async def test_each_device_has_its_own_share_where_there_is_no_group(
    place: Place, box: Wallbox, station: Station201
) -> None:
    await place.reload(grid=GridConfig(mode=GridMode.PER_DEVICE))
    await box.plug_in()
    await station.event("Started", 0, card="CARD", meter_wh=1000)
    await place.site.grid.set_limit(1000)
    await until(lambda: all(place.evse(key).offer.current_a == 6 for key in (ONE, TWO)))
    assert {place.evse(key).offer.binding.limit_id for key in (ONE, TWO)} == {"grid/ONE", "grid/TWO"}


async def test_the_lowest_of_several_wins_and_each_is_shown(place: Place, box: Wallbox) -> None:
    grid = place.site.grid
    await grid.set_limit(9000, event_id="high", source=GridSource.OPENADR)
    await grid.set_limit(8000, event_id="low")
    assert {line.event_id for line in view(place).lines} == {"high", "low"}
    binding = view(place).binding
    assert binding is not None
    assert binding.event_id == "low"
    assert await grid.clear("low") == 1
    binding = view(place).binding
    assert binding is not None
    assert binding.event_id == "high"
    assert await grid.clear() == 1
    assert not view(place).active


async def test_an_event_leaves_all_that_proves_it(place: Place, clock: ManualClock, box: Wallbox) -> None:
    transaction_id = await box.plug_in()
    await drawn(box, transaction_id, 16)
    await place.pass_time(70, box)
    await place.site.grid.set_limit(4200, event_id="e", duration_s=150, name="Grid AG")
    await place.pass_time(20, box)
    await drawn(box, transaction_id, 6)
    await place.pass_time(130, box)
    assert not view(place).active
    await place.pass_time(70, box)
    event = await ended_event(place)
    assert kinds(event)[0] == "command"
    assert kinds(event)[-1] == "result"
    assert {"before", "command", "compliance", "minute", "release", "after", "applied"} <= set(kinds(event))
    assert (event.source, event.name, event.limit_w, event.end_reason) == ("action", "Grid AG", 4200, "expired")
    assert event.time_to_comply_s is not None
    assert 20 <= event.time_to_comply_s <= 21
    assert (event.max_over_w, event.over_s) == (0, 0)
    assert event.shed_wh is not None
    assert event.shed_wh > 200
    applied = next(it for it in event.records if it.kind == "applied")
    assert (applied.evse, applied.body["status"]) == ("ONE/1", "accepted")
    before = next(it for it in event.records if it.body.get("when") == "before")
    command = event.records[0]
    assert command.at - timedelta(seconds=75) <= _time(before.body["t"]) <= command.at - timedelta(seconds=50)


async def test_a_limit_that_is_not_kept_is_said_so(place: Place, box: Wallbox) -> None:
    transaction_id = await box.plug_in()
    await drawn(box, transaction_id, 16)
    await place.site.grid.set_limit(4200, duration_s=60)
    await place.pass_time(130, box)
    event = await ended_event(place)
    assert event.ended_at is not None
    assert event.time_to_comply_s is None


async def test_no_card_and_no_name_is_in_the_proof(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await place.site.grid.set_limit(4200, duration_s=5)
    await place.pass_time(70, box)
    text = repr((await ended_event(place)).records)
    assert "Ada" not in text
    assert "CARD" not in text


async def test_a_running_limit_is_taken_up_after_a_restart(place: Place, clock: ManualClock, box: Wallbox) -> None:
    await box.plug_in()
    await place.site.grid.set_limit(6000, event_id="e", duration_s=100)
    await box.hang_up()
    await place.reopen()
    assert view(place).binding is not None
    await clock.advance(101)
    assert not view(place).active
    await clock.advance(62)
    event = await ended_event(place)
    assert event.end_reason == "expired"
    assert [it.body["resumed"] for it in event.records if it.kind == "command"] == [False, True]


async def test_a_limit_that_ran_out_meanwhile_is_ended_at_its_time(place: Place, clock: ManualClock) -> None:
    await place.site.grid.set_limit(6000, event_id="e", duration_s=600)
    began = clock.now()
    await place.close()
    await clock.advance(3600)
    await place.open()
    await settle()
    event = await ended_event(place)
    assert (event.ended_at, event.end_reason) == (began + timedelta(seconds=600), "expired")
    await place.reopen()
    assert len((await only_event(place)).records) == len(event.records)


async def test_a_fail_safe_limit_outlives_a_restart(place: Place, clock: ManualClock) -> None:
    lines = [
        GridLineConfig(key="box", source=GridSource.ENTITY, terms=GridTerms(heartbeat_s=20, failsafe_minimum_s=100))
    ]
    place.site.grid.follow(lines)
    await clock.advance(22)
    assert view(place).failsafe
    await settle()
    await place.reopen()
    place.site.grid.follow(lines)
    assert view(place).failsafe
    await clock.advance(101)
    assert not view(place).active
    assert view(place).lines[0].phase is GridPhase.AUTONOMOUS
    await clock.advance(70)
    event = await ended_event(place)
    assert event.failsafe
    assert event.end_reason == "failsafe_over"


async def test_a_line_that_is_removed_ends_its_limit(place: Place, clock: ManualClock) -> None:
    grid = place.site.grid
    grid.follow([GridLineConfig(key="relay", source=GridSource.RELAY)])
    grid.state("relay", 0)
    assert view(place).active
    grid.follow([])
    assert not view(place).active
    await clock.advance(70)
    assert (await ended_event(place)).end_reason == "removed"


async def test_own_generation_comes_on_top(place: Place, clock: ManualClock, box: Wallbox) -> None:
    await box.plug_in()
    await place.site.grid.set_limit(8000)
    await box.hear("SetChargingProfile", lambda it: is_live(it) and limit_a(it) < 12)
    place.site.grid.setter.own_generation_reported(2000)
    for _ in range(3):
        await place.pass_time(40, box)
        place.site.grid.setter.own_generation_reported(2000)
    await until(lambda: place.evse().offer.current_a * 3 * PHASE_W > 9000)
    assert place.evse().offer.current_a * 3 * PHASE_W <= 10000
    await place.pass_time(130, box)
    assert place.evse().offer.current_a * 3 * PHASE_W <= 8000


async def test_a_limit_on_the_connection_counts_the_house_too(place: Place, clock: ManualClock) -> None:
    await place.site.grid.set_limit(5000, basis=LimitBasis.TOTAL)
    binding = view(place).binding
    assert binding is not None
    # Two devices keep 4.2 kW and 80 % of it, however low the limit at the connection.
    assert binding.limit_w == pytest.approx(7560)


@pytest.mark.parametrize("bad", [{"limit_w": -1}, {"limit_w": float("nan")}, {"limit_w": 1, "duration_s": 0}])
async def test_what_is_no_limit_is_refused(place: Place, bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="limit"):
        await place.site.grid.set_limit(**bad)
    assert place.site.state.grid is None


def _time(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text)
