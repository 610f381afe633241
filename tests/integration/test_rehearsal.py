"""The site is tried before it is trusted: with a bad evening, with a recorded day, as an action and as a form."""

from datetime import datetime, timedelta
import math
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
import voluptuous as vol

from custom_components.offline_evse.actions import rehearsal
from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.test_issues import SENSORS

SHORT = {"hours": 0.5, "cars": 1, "energy": 5}


async def play(hass: HomeAssistant, **asked: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(DOMAIN, "simulate", asked, blocking=True, return_response=True)
    assert isinstance(answer, dict)
    return answer


async def test_a_bad_evening_with_more_cars_than_chargers(hass: HomeAssistant, site: Site) -> None:
    played = await play(hass, hours=1, cars=3, energy=10)
    assert (played["house"], played["played_hours"], played["finished"], played["trips"]) == (
        "worst_evening",
        1.0,
        True,
        0,
    )
    assert [car["charger"] for car in played["cars"]] == ["Garage", "+2", "+3"]
    assert sum(car["energy_kwh"] for car in played["cars"]) > 3
    assert played["fuses"][0]["circuit"] == "Home"
    assert played["fuses"][0]["limit_a"] == 25
    assert 15 < played["fuses"][0]["highest_a"] < 50
    assert len(played["house_a"]) == 60
    assert "| Home | L" in played["report"]
    assert "| Garage | " in played["report"]


async def test_nothing_is_told_to_chargers(hass: HomeAssistant, site: Site) -> None:
    await play(hass, **SHORT)
    assert site.commands_sent == 0
    assert site.state.safe_mode


@pytest.mark.parametrize("asked", [{"cars": 0}, {"cars": 51}, {"hours": 25}, {"phases": 4}, {"day": "yesterday"}])
async def test_what_cannot_be_played_is_refused(hass: HomeAssistant, site: Site, asked: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        await play(hass, **asked)


async def test_without_a_recorder_no_day_can_be_played(hass: HomeAssistant, site: Site) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await play(hass, day="2026-03-01", **SHORT)
    assert refused.value.translation_key == "no_recorder"


@pytest.fixture
async def recorded_evening(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    site: Site,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> datetime:
    """An hour of 14 A on every phase, and then of 2 A; returns its beginning."""
    # Seen from another thread, time that stands still does not always do so.
    monkeypatch.setattr(rehearsal, "LONGEST_S", math.inf)
    begin = dt_util.now().replace(hour=17, minute=0, second=0, microsecond=0) - timedelta(days=1)
    for minute, current_a in ((1, 14), (60, 2), (119, 3)):
        freezer.move_to(begin + timedelta(minutes=minute))
        for entity_id in SENSORS:
            hass.states.async_set(entity_id, str(current_a), {"unit_of_measurement": "A", "device_class": "current"})
        await async_wait_recording_done(hass)
    freezer.move_to(begin + timedelta(days=1))
    return begin


async def test_a_recorded_day_is_played_again(hass: HomeAssistant, recorded_evening: datetime) -> None:
    played = await play(hass, day=recorded_evening.date().isoformat(), hours=1.5, cars=1, energy=50)
    assert played["house"] == "recorded"
    assert played["finished"], played["played_hours"]
    house_l1 = [phases[0] for phases in played["house_a"]]
    assert house_l1[10] == 14
    assert house_l1[-10] == 2
    (car,) = played["cars"]
    assert 8 <= car["offers_a"][30] <= 10.5
    assert car["offers_a"][-1] == 16


async def test_a_day_of_which_nothing_is_recorded(hass: HomeAssistant, recorded_evening: datetime) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await play(hass, day="2020-01-01", **SHORT)
    assert refused.value.translation_key == "nothing_recorded"


async def test_the_form_plays_and_shows_what_came_of_it(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    flow = await hass.config_entries.options.async_init(site_entry.entry_id)
    form = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "try_it"})
    assert form["step_id"] == "try_it"
    asked = {"start": "17:00:00", "hours": 0.5, "cars": 1, "energy": 5, "phases": "1", "meter_period": 1}
    refused = await hass.config_entries.options.async_configure(flow["flow_id"], {**asked, "day": "2026-03-01"})
    if refused["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        refused = await hass.config_entries.options.async_configure(flow["flow_id"])
    assert refused["errors"] == {"base": "no_recorder"}
    playing = await hass.config_entries.options.async_configure(flow["flow_id"], asked)
    assert playing["type"] is FlowResultType.SHOW_PROGRESS
    await hass.async_block_till_done()
    result = await hass.config_entries.options.async_configure(flow["flow_id"])
    assert result["step_id"] == "try_it_result"
    told = result["description_placeholders"]
    assert told is not None
    assert told["report"].startswith("In 0.5 h, no fuse would have tripped.")
    assert "| Charger | Got | Waited | Offered at most |\n|---|---:|---:|---:|\n| Garage |" in told["report"]
    done = await hass.config_entries.options.async_configure(flow["flow_id"], {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert dict(site_entry.options) == {}
