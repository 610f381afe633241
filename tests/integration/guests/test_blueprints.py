"""Blueprints: Home Assistant takes each of them, and each does what it says."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
import shutil
from typing import Any, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service

from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.waiting import state_is
from tests.integration.wallbox import Wallbox

FOLDER = Path(__file__).parents[3] / "blueprints" / "automation" / "offline_evse"
FILES = sorted(FOLDER.glob("*.yaml"))

TELL: list[dict[str, Any]] = [
    {"action": "test.tell", "data": {"name": "{{ guest_pass.name }}", "code": "{{ guest_pass.code }}"}}
]


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """What is handed to somebody."""
    return async_mock_service(hass, "test", "tell")


type Use = Callable[..., Awaitable[None]]


@pytest.fixture
async def use(hass: HomeAssistant, hotel: Site, own_folder: Path) -> AsyncIterator[Use]:
    """Make an automation of a blueprint, as people do: `await use("staff_shift", shift=…)`."""

    async def make(name: str, **inputs: Any) -> None:
        target = own_folder / "blueprints" / "automation" / "offline_evse"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(FOLDER / f"{name}.yaml", target)
        config = {"id": name, "alias": name, "use_blueprint": {"path": f"offline_evse/{name}.yaml", "input": inputs}}
        assert await async_setup_component(hass, "automation", {"automation": [config]})
        await hass.async_block_till_done()
        state = hass.states.get(f"automation.{name}")
        assert state is not None
        assert state.state == "on"

    yield make
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


def test_there_is_one_for_every_purpose() -> None:
    assert [file.stem for file in FILES] == [
        "check_before_evening",
        "energy_used_up",
        "hotel_calendar",
        "hotel_room_switch",
        "staff_shift",
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_home_assistant_takes_it(file: Path) -> None:
    blueprint = Blueprint(
        load_yaml_dict(str(file)), path=file.name, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA
    )
    assert blueprint.validate() is None
    assert blueprint.name.startswith("Offline EVSE: ")
    assert blueprint.inputs


async def test_check_in_and_check_out_by_a_switch(
    hass: HomeAssistant, hotel: Site, use: Use, told: list[ServiceCall]
) -> None:
    hass.states.async_set("input_boolean.room_12", "off")
    await use("hotel_room_switch", occupied="input_boolean.room_12", room="12", total_energy=40, delivered=TELL)
    hass.states.async_set("input_boolean.room_12", "on")
    await hass.async_block_till_done()
    (call,) = told
    assert str(call.data["name"]) == "12"
    found = hotel.passes.by_code(str(call.data["code"]), "test")
    assert found is not None
    assert found.terms.total_wh == 40_000
    hass.states.async_set("input_boolean.room_12", "off")
    await hass.async_block_till_done()
    assert hotel.passes.all() == ()


async def test_a_card_is_good_during_the_shift_only(
    hass: HomeAssistant, hotel: Site, garage: Wallbox, use: Use
) -> None:
    async def accepted() -> bool:
        answer = await garage.say("Authorize", {"idTag": "STAFF-1"})
        return answer["idTagInfo"]["status"] == "Accepted"

    hass.states.async_set("schedule.night", "off")
    await use("staff_shift", shift="schedule.night", person="Nora", card="STAFF-1")
    assert not await accepted()
    for _ in range(2):
        hass.states.async_set("schedule.night", "on")
        await hass.async_block_till_done()
        assert await accepted()
        hass.states.async_set("schedule.night", "off")
        await hass.async_block_till_done()
        assert not await accepted()


class Stays(CalendarEntity):
    """A calendar with one stay."""

    def __init__(self, stay: CalendarEvent) -> None:
        self.entity_id = "calendar.stays"
        self._attr_name = "Stays"
        self._stay = stay

    @property
    @override
    def event(self) -> CalendarEvent:
        return self._stay

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        stay = self._stay
        return [stay] if stay.start_datetime_local < end_date and stay.end_datetime_local > start_date else []


async def travel(hass: HomeAssistant, freezer: FrozenDateTimeFactory, to: datetime) -> None:
    """Let the time pass in steps as small as the calendar looks ahead."""
    while dt_util.utcnow() < to:
        freezer.tick(min(timedelta(minutes=10), to - dt_util.utcnow()))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()


@pytest.mark.parametrize("whole_days", [False, True])
async def test_a_stay_in_a_calendar(
    hass: HomeAssistant,
    hotel: Site,
    use: Use,
    told: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
    whole_days: bool,
) -> None:
    assert await async_setup_component(hass, "calendar", {})
    morning = dt_util.start_of_local_day() + timedelta(days=1)
    begins, ends = (
        (morning, morning + timedelta(days=2))
        if whole_days
        else (
            dt_util.now().replace(microsecond=0) + timedelta(hours=1),
            dt_util.now().replace(microsecond=0) + timedelta(hours=3),
        )
    )
    stay = (
        CalendarEvent(summary="Room 12", start=begins.date(), end=ends.date())
        if whole_days
        else CalendarEvent(summary="Room 12", start=begins, end=ends)
    )
    await hass.data["calendar"].async_add_entities([Stays(stay)])
    await use("hotel_calendar", calendar="calendar.stays", check_out="10:00:00", delivered=TELL)
    await travel(hass, freezer, begins + timedelta(minutes=20))
    (call,) = told
    found = hotel.passes.by_code(str(call.data["code"]), "test")
    assert found is not None
    assert found.name == "Room 12"
    if whole_days:
        assert found.terms.valid_from == dt_util.as_utc(begins + timedelta(hours=15))
        assert found.terms.valid_until == dt_util.as_utc(ends + timedelta(hours=10))
    else:
        assert found.terms.valid_until == dt_util.as_utc(ends)
        await travel(hass, freezer, ends + timedelta(minutes=20))
        assert hotel.passes.all() == ()
    await hass.data["calendar"].async_remove_entity("calendar.stays")


async def test_somebody_is_told_when_the_energy_is_used_up(
    hass: HomeAssistant, hotel: Site, garage: Wallbox, use: Use
) -> None:
    told = async_mock_service(hass, "test", "tell")
    sensor = "sensor.garage_connector_1_limit_reason"
    tell = [{"action": "test.tell", "data": {"connector": "{{ connector }}", "who": "{{ pass_name }}"}}]
    await use("energy_used_up", connectors=[sensor], told=tell)
    await hass.services.async_call(
        "offline_evse",
        "issue_pass",
        {
            "name": "Room 12",
            "to": dt_util.utcnow() + timedelta(days=1),
            "form": "card",
            "card": "GUEST-7",
            "total_energy": 1,
        },
        blocking=True,
        return_response=True,
    )
    await garage.status("Preparing")
    transaction = await garage.start("GUEST-7", meter_wh=0, ago_s=3600)
    await garage.status("Charging")
    await garage.measure(transaction, energy_wh=1200, power_w=3000)
    await state_is(hass, sensor, "used_up")
    await hass.async_block_till_done()
    (call,) = told
    assert "Connector 1" in call.data["connector"]
    assert call.data["who"] == "Room 12"
    assert hotel.evses[EvseKey("CP-1", 1)].offer.current_a == 0
