"""Cars that are recognised by what their own integrations tell."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.credential import Credential, CredentialKind
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.inputs import vehicles
from tests.integration.home import STATION, home, wall_charger
from tests.integration.waiting import state_is, until
from tests.integration.wallbox import Wallbox

ONE = EvseKey(STATION, 1)
TWO = EvseKey("CP-2", 1)
PLUG, PLUG_2 = "binary_sensor.ida_plugged", "binary_sensor.zoe_plugged"
SOC = "sensor.ida_battery"
IDA = {"name": "Ida", "plugged_entity": PLUG, "soc_entity": SOC, "capacity": 60, "least_current": 8, "priority": 7}
CARD = "04A2B3C4D5E6F7"

type Dial = Callable[[int, str], Awaitable[Wallbox]]


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A home with two chargers and no meter."""
    return home(wall_charger("CP-2", "Yard"))


async def options(hass: HomeAssistant, entry: MockConfigEntry, *answers: str | dict[str, Any]) -> Any:
    """Follow the options step by step."""
    shown: Any = await hass.config_entries.options.async_init(entry.entry_id)
    for answer in answers:
        user_input = {"next_step_id": answer} if isinstance(answer, str) else answer
        shown = await hass.config_entries.options.async_configure(shown["flow_id"], user_input)
    await hass.async_block_till_done()
    return shown


@pytest.fixture
async def ida(hass: HomeAssistant, site: Site, site_entry: MockConfigEntry) -> None:
    """A car that tells of itself, at first not plugged in."""
    hass.states.async_set(PLUG, "off")
    hass.states.async_set(SOC, "40", {"device_class": "battery", "unit_of_measurement": "%"})
    assert (await options(hass, site_entry, "cars", IDA))["type"] is FlowResultType.CREATE_ENTRY


@pytest.fixture
async def yard(hass: HomeAssistant, site: Site, dial: Dial) -> Wallbox:
    """The charger CP-2, with one free connector."""
    point = await dial(site.port, "CP-2")
    await point.boot()
    await point.status("Available")
    await hass.async_block_till_done()
    return point


@pytest.mark.usefixtures("ida")
async def test_a_car_that_comes_with_a_cable_is_recognised(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    await charger.status("Preparing")
    assert hass.states.get("sensor.garage_connector_1_car") is None, "nothing is shown before there was one"
    hass.states.async_set(PLUG, "on")
    shown = await state_is(hass, "sensor.garage_connector_1_car", "Ida")
    assert shown.attributes["recognised_by"] == "vehicle_integration"
    goal = site.evses[ONE].goal
    assert goal.car is not None
    car = goal.car
    assert (car.soc_percent, car.capacity_wh) == (40, 60_000)
    assert site.evses[ONE].vehicle_minimum_a == 8
    hass.states.async_set(SOC, "41")
    await hass.async_block_till_done()
    goal = site.evses[ONE].goal
    assert goal.car == replace(car, soc_percent=41)
    await charger.status("Available")
    await state_is(hass, "sensor.garage_connector_1_car", "no_car")
    assert site.evses[ONE].goal.car is None
    assert site.evses[ONE].vehicle_minimum_a is None


@pytest.mark.usefixtures("ida")
async def test_a_target_in_percent_goes_by_the_car_that_is_there(
    hass: HomeAssistant, site: Site, charger: Wallbox
) -> None:
    await charger.status("Preparing")
    hass.states.async_set(PLUG, "on")
    await until(site.evses[ONE], lambda: site.evses[ONE].goal.car is not None)
    assert site.goals.knows_soc(site.evses[ONE])
    await site.goals.set_target(ONE, soc_percent=70)
    assert site.goals._departures.needed_wh(site.evses[ONE]) == pytest.approx(0.3 * 60_000 / 0.9)  # noqa: SLF001


@pytest.mark.usefixtures("ida")
async def test_the_car_may_tell_first(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    hass.states.async_set(PLUG, "on")
    await hass.async_block_till_done()
    await charger.status("Preparing")
    await state_is(hass, "sensor.garage_connector_1_car", "Ida")


@pytest.mark.usefixtures("ida")
async def test_where_two_places_could_be_meant_none_is(
    hass: HomeAssistant, site: Site, charger: Wallbox, yard: Wallbox
) -> None:
    await charger.status("Preparing")
    await yard.status("Preparing")
    hass.states.async_set(PLUG, "on")
    await hass.async_block_till_done()
    assert site.evses[ONE].vehicle is None
    assert site.evses[TWO].vehicle is None


@pytest.mark.usefixtures("ida")
async def test_where_two_cars_could_be_meant_none_is(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, charger: Wallbox
) -> None:
    hass.states.async_set(PLUG_2, "off")
    await options(hass, site_entry, "cars", "new_car", {"name": "Zoe", "plugged_entity": PLUG_2})
    hass.states.async_set(PLUG, "on")
    hass.states.async_set(PLUG_2, "on")
    await hass.async_block_till_done()
    await charger.status("Preparing")
    await until(site.evses[ONE], lambda: site.evses[ONE].plugged_at is not None)
    assert site.evses[ONE].vehicle is None


@pytest.mark.usefixtures("ida")
async def test_a_car_that_was_plugged_in_elsewhere_is_not_taken_for_this_one(
    hass: HomeAssistant, site: Site, charger: Wallbox
) -> None:
    with patch.object(vehicles, "CHARGER_LATE", timedelta(0)):
        hass.states.async_set(PLUG, "on")
        await hass.async_block_till_done()
        await charger.status("Preparing")
        await until(site.evses[ONE], lambda: site.evses[ONE].plugged_at is not None)
    assert site.evses[ONE].vehicle is None


@pytest.mark.usefixtures("ida")
async def test_what_comes_back_tells_no_time(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    hass.states.async_set(PLUG, "unavailable")
    await charger.status("Preparing")
    hass.states.async_set(PLUG, "on")
    await hass.async_block_till_done()
    assert site.evses[ONE].vehicle is None


@pytest.mark.usefixtures("ida")
async def test_a_car_lets_nobody_charge_and_gives_its_priority(
    hass: HomeAssistant, site: Site, charger: Wallbox
) -> None:
    (car,) = site.cards()
    assert (car.kind, car.name, car.terms.priority) == (CredentialKind.VEHICLE, "Ida", 7)
    answer = await charger.say("Authorize", {"idTag": car.id_token.value})
    assert answer["idTagInfo"]["status"] != "Accepted"
    await charger.status("Preparing")
    hass.states.async_set(PLUG, "on")
    await state_is(hass, "sensor.garage_connector_1_car", "Ida")
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    await charger.start(CARD, meter_wh=0)
    rank = site._access.vehicles.rank(site.evses[ONE])  # noqa: SLF001
    assert rank is not None
    assert rank.priority == 7


async def test_cars_are_changed_and_forgotten(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, ida: None
) -> None:
    (car_id,) = site_entry.options["cars"]
    await options(hass, site_entry, "cars", "choose_car", {"car": car_id}, {"name": "Ida II", "number": "02:00:5e:10"})
    (car,) = site.cards()
    assert (car.name, car.id_token.value) == ("Ida II", "02005E10")
    twin = {"name": "Twin", "number": "02005E10"}
    assert (await options(hass, site_entry, "cars", "new_car", twin))["errors"] == {"number": "number_taken"}
    assert (await options(hass, site_entry, "cars", "new_car", {"name": "Ghost"}))["errors"] == {
        "base": "nothing_tells"
    }
    await options(hass, site_entry, "cars", "choose_car", {"car": car_id}, {"name": "Ida II", "remove": True})
    assert site_entry.options["cars"] == {}
    assert site.cards() == ()


async def test_an_entity_is_followed_when_it_is_renamed(
    hass: HomeAssistant, site_entry: MockConfigEntry, ida: None
) -> None:
    registry = er.async_get(hass)
    hass.states.async_remove(PLUG)
    registered = registry.async_get_or_create("binary_sensor", "test", "ida", suggested_object_id="ida_plugged")
    assert registered.entity_id == PLUG
    registry.async_update_entity(PLUG, new_entity_id="binary_sensor.car_in")
    await hass.async_block_till_done()
    (car,) = site_entry.options["cars"].values()
    assert car["plugged_entity"] == "binary_sensor.car_in"
