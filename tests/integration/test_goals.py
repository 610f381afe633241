"""Goals in Home Assistant: set in the options, told by entities, chosen and seen on the connector."""

from datetime import timedelta
from typing import Any

from homeassistant.components.number import DOMAIN as NUMBER, SERVICE_SET_VALUE
from homeassistant.components.select import DOMAIN as SELECT, SERVICE_SELECT_OPTION
from homeassistant.components.time import DOMAIN as TIME
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site

from .home import STATION, home
from .waiting import state_is, state_when
from .wallbox import Wallbox

CARD = "04A2B3C4D5E6F7"
CONNECTOR = "garage_connector_1"
MODE = f"select.{CONNECTOR}_charging_mode"
OFFER = f"sensor.{CONNECTOR}_offered_current"
WHY = f"sensor.{CONNECTOR}_limit_reason"
PLAN = f"sensor.{CONNECTOR}_plan"
ONE = EvseKey(STATION, 1)


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A home with one charger and no meter."""
    return home()


async def options(hass: HomeAssistant, entry: MockConfigEntry, step: str, user_input: dict[str, Any]) -> None:
    """Fill in one form of the options, as a person does."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": step})
    assert form["type"] is FlowResultType.FORM
    assert not form["errors"]
    done = await hass.config_entries.options.async_configure(form["flow_id"], user_input)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def choose(hass: HomeAssistant, mode: str) -> None:
    """Choose a mode as a person does."""
    await hass.services.async_call(SELECT, SERVICE_SELECT_OPTION, {"entity_id": MODE, "option": mode}, blocking=True)


async def plug_in(site: Site, charger: Wallbox) -> None:
    """Begin a session with Ann's card."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))
    await charger.start(CARD, meter_wh=0)
    await charger.status("Charging")


def connector(hass: HomeAssistant) -> str:
    """Return the device id of the connector."""
    registered = er.async_get(hass).async_get(OFFER)
    assert registered is not None
    assert registered.device_id is not None
    return registered.device_id


@pytest.mark.usefixtures("charger")
async def test_nothing_is_shown_before_it_is_set(hass: HomeAssistant, site_entry: MockConfigEntry) -> None:
    assert hass.states.get(MODE) is None
    assert hass.states.get(PLAN) is None
    assert hass.states.get(f"time.{CONNECTOR}_ready_by") is None
    await options(hass, site_entry, "solar", {"enabled": True})
    assert hass.states.get(MODE).attributes["options"] == ["fast", "solar", "solar_minimum", "paused"]
    assert hass.states.get(MODE).state == "fast"
    assert hass.states.get(PLAN).state == "no_plan"


async def test_mode_and_switch_say_the_same(
    hass: HomeAssistant, site_entry: MockConfigEntry, site: Site, charger: Wallbox
) -> None:
    await options(hass, site_entry, "solar", {"enabled": True})
    await plug_in(site, charger)
    await state_is(hass, f"switch.{CONNECTOR}_charging", "on")
    await choose(hass, "solar_minimum")
    await state_is(hass, OFFER, "6.0")
    await state_is(hass, WHY, "solar")
    await choose(hass, "paused")
    await state_is(hass, f"switch.{CONNECTOR}_charging", "off")
    await hass.services.async_call("switch", "turn_on", {"entity_id": f"switch.{CONNECTOR}_charging"}, blocking=True)
    await state_is(hass, MODE, "solar_minimum")


async def test_the_mode_is_kept(hass: HomeAssistant, site_entry: MockConfigEntry, charger: Wallbox) -> None:
    await options(hass, site_entry, "solar", {"enabled": True})
    await choose(hass, "solar")
    await charger.hang_up()
    assert await hass.config_entries.async_unload(site_entry.entry_id)
    assert await hass.config_entries.async_setup(site_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(MODE).state == "solar"


async def test_a_price_keeps_a_car_waiting_until_it_falls(
    hass: HomeAssistant, site_entry: MockConfigEntry, site: Site, charger: Wallbox
) -> None:
    """The price is read per MWh where its unit says so; an entity that goes away leaves the last price for a while."""
    hass.states.async_set("sensor.price", "300", {"unit_of_measurement": "EUR/MWh"})
    await options(hass, site_entry, "prices", {"price": "sensor.price", "price_limit": 0.2})
    await choose(hass, "scheduled")
    await plug_in(site, charger)
    await state_is(hass, WHY, "price")
    await state_is(hass, OFFER, "0.0")
    hass.states.async_set("sensor.price", STATE_UNAVAILABLE)
    await hass.async_block_till_done()
    assert hass.states.get(WHY).state == "price"
    hass.states.async_set("sensor.price", "100", {"unit_of_measurement": "EUR/MWh"})
    await state_when(hass, WHY, lambda reason: reason.state != "price")


async def test_hours_and_their_entity_going_away(
    hass: HomeAssistant, site_entry: MockConfigEntry, site: Site, charger: Wallbox
) -> None:
    hass.states.async_set("schedule.night", "off")
    await options(hass, site_entry, "prices", {"hours": "schedule.night"})
    await choose(hass, "scheduled")
    await plug_in(site, charger)
    await state_is(hass, WHY, "schedule")
    hass.states.async_set("schedule.night", STATE_UNAVAILABLE)
    await state_when(hass, WHY, lambda reason: reason.state != "schedule")


async def test_a_circuit_with_hours_is_limited_while_nobody_knows(
    hass: HomeAssistant, site_entry: MockConfigEntry, site: Site, charger: Wallbox
) -> None:
    await plug_in(site, charger)
    await state_is(hass, OFFER, "16.0")
    await options(hass, site_entry, "hours", {"hours": "schedule.peak", "limit_current": 8})
    await state_when(hass, OFFER, lambda offer: 7.5 < float(offer.state) <= 8)
    await state_is(hass, WHY, "schedule")
    hass.states.async_set("schedule.peak", "off")
    await hass.async_block_till_done()
    assert site.state.goals.limited_circuits == frozenset()
    hass.states.async_set("schedule.peak", "on")
    await hass.async_block_till_done()
    assert site.state.goals.limited_circuits == {"main"}
    await options(hass, site_entry, "hours", {})
    assert site.goals.config.circuit_hours == ()


@pytest.mark.usefixtures("charger")
async def test_a_limit_is_needed_for_hours(hass: HomeAssistant, site_entry: MockConfigEntry) -> None:
    menu = await hass.config_entries.options.async_init(site_entry.entry_id)
    form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "hours"})
    again = await hass.config_entries.options.async_configure(form["flow_id"], {"hours": "schedule.peak"})
    assert again["errors"] == {"base": "limit_needed"}


async def test_a_plan_is_seen_and_returned(
    hass: HomeAssistant, site_entry: MockConfigEntry, site: Site, charger: Wallbox
) -> None:
    """Departure and energy are set on the connector; the cheap hour is waited for."""
    now = dt_util.now().replace(minute=0, second=0, microsecond=0)
    prices = [
        {
            "start": (now + timedelta(hours=n)).isoformat(),
            "end": (now + timedelta(hours=n + 1)).isoformat(),
            "value": it,
        }
        for n, it in enumerate([0.4, 0.4, 0.1, 0.2, 0.4, 0.4, 0.4, 0.4])
    ]
    hass.states.async_set("sensor.price", "0.4", {"raw_today": prices, "unit_of_measurement": "EUR/kWh"})
    await options(hass, site_entry, "prices", {"price": "sensor.price"})
    await choose(hass, "scheduled")
    await plug_in(site, charger)
    ready_by = dt_util.as_local(now + timedelta(hours=8)).time()
    await hass.services.async_call(
        TIME, "set_value", {"entity_id": f"time.{CONNECTOR}_ready_by", "time": ready_by}, blocking=True
    )
    await hass.services.async_call(
        NUMBER, SERVICE_SET_VALUE, {"entity_id": f"number.{CONNECTOR}_energy_target", "value": 11}, blocking=True
    )
    plan = await state_is(hass, PLAN, "waiting")
    (slot,) = plan.attributes["slots"]
    assert slot["price"] == 0.1
    assert slot["current"] == 16.0
    assert plan.attributes["energy"] == 11.0
    assert plan.attributes["cost"] == 1.1
    await state_is(hass, WHY, "plan")

    answer = await hass.services.async_call(
        DOMAIN, "get_plan", {"device_id": connector(hass)}, blocking=True, return_response=True
    )
    assert answer["state"] == "waiting"
    assert answer["slots"] == [slot]

    await hass.services.async_call(
        DOMAIN,
        "set_departure",
        {"device_id": connector(hass), "ready_by": now + timedelta(hours=2), "energy": 60},
        blocking=True,
    )
    await state_is(hass, PLAN, "will_miss")
    await state_when(hass, WHY, lambda reason: reason.state != "plan")
    await hass.services.async_call(DOMAIN, "set_departure", {"device_id": connector(hass)}, blocking=True)
    await state_is(hass, PLAN, "no_plan")
    assert hass.states.get(f"time.{CONNECTOR}_ready_by").state == "unknown"


@pytest.mark.usefixtures("charger")
async def test_prices_are_asked_for_where_an_integration_tells_them_by_action(
    hass: HomeAssistant, site_entry: MockConfigEntry, site: Site
) -> None:
    """Nord Pool's own sensor has no list; its action has, per MWh."""
    nord_pool = MockConfigEntry(domain="nordpool", entry_id="np")
    nord_pool.add_to_hass(hass)
    asked: list[dict[str, Any]] = []

    async def prices(call: ServiceCall) -> ServiceResponse:
        asked.append(dict(call.data))
        start = dt_util.start_of_local_day()
        if len(asked) > 1:
            start += timedelta(days=1)
        hours = [start + timedelta(hours=n) for n in range(25)]
        return {
            "SE3": [
                {"start": it.isoformat(), "end": (it + timedelta(hours=1)).isoformat(), "price": 210.0}
                for it in hours[:24]
            ]
        }

    hass.services.async_register("nordpool", "get_prices_for_date", prices, supports_response=SupportsResponse.ONLY)
    er.async_get(hass).async_get_or_create(
        "sensor", "nordpool", "SE3-current", config_entry=nord_pool, suggested_object_id="np_price"
    )
    hass.states.async_set("sensor.np_price", "0.21", {"unit_of_measurement": "SEK/kWh"})
    await options(hass, site_entry, "prices", {"price": "sensor.np_price"})
    await hass.async_block_till_done(wait_background_tasks=True)
    assert [it["config_entry"] for it in asked] == ["np", "np"]
    assert len(site.state.goals.prices) == 48
    assert str(site.state.goals.prices[0].price) == "0.2100"


@pytest.mark.usefixtures("charger")
async def test_sun_and_battery_are_handed_on(hass: HomeAssistant, site_entry: MockConfigEntry, site: Site) -> None:
    """Power in kW, a battery that counts discharging as positive; and an entity that is renamed is followed."""
    er.async_get(hass).async_get_or_create("sensor", "house", "grid", suggested_object_id="grid")
    hass.states.async_set("sensor.grid", "-3.5", {"unit_of_measurement": "kW"})
    hass.states.async_set("sensor.battery", "-1000", {"unit_of_measurement": "W"})
    hass.states.async_set("sensor.soc", "95")
    await options(
        hass,
        site_entry,
        "solar",
        {
            "enabled": True,
            "grid_power": "sensor.grid",
            "battery_power": "sensor.battery",
            "battery_sign": "discharging",
            "battery_soc": "sensor.soc",
        },
    )
    hass.states.async_set("sensor.grid", "-3.6", {"unit_of_measurement": "kW"})
    await hass.async_block_till_done()
    assert site.state.goals.surplus_w == pytest.approx(4600)
    assert hass.states.get("sensor.home_solar_surplus").state == "4.6"
    hass.states.async_set("sensor.soc", "50")
    hass.states.async_set("sensor.grid", "-3.7", {"unit_of_measurement": "kW"})
    await hass.async_block_till_done()
    assert site.state.goals.surplus_w == pytest.approx(3700), "the battery goes first"
    er.async_get(hass).async_update_entity("sensor.grid", new_entity_id="sensor.mains")
    await hass.async_block_till_done()
    assert site_entry.options["solar"]["grid_power"] == "sensor.mains"
    hass.states.async_set("sensor.mains", STATE_UNAVAILABLE)
    await hass.async_block_till_done()
    assert site.state.goals.surplus_w is None


@pytest.mark.usefixtures("charger")
async def test_the_quarter_of_an_hour(hass: HomeAssistant, site_entry: MockConfigEntry, site: Site) -> None:
    hass.states.async_set("sensor.grid", "1000", {"unit_of_measurement": "W"})
    hass.states.async_set("sensor.peak", "4.2", {"unit_of_measurement": "kW"})
    await options(
        hass,
        site_entry,
        "peak",
        {"enabled": True, "target": 2.5, "grid_power": "sensor.grid", "month_peak": "sensor.peak"},
    )
    hass.states.async_set("sensor.grid", "1100", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert hass.states.get("sensor.home_month_peak").state == "4.2"
    assert float(hass.states.get("sensor.home_quarter_hour_mean").state) >= 0
    assert site.state.goals.peak_limit_w is not None
    assert site.state.goals.peak_limit_w <= 4200 * 1.5
    await options(hass, site_entry, "peak", {"enabled": False, "target": 2.5})
    assert site.state.goals.peak_limit_w is None


@pytest.mark.usefixtures("charger")
async def test_a_target_in_percent_where_the_car_is_known(
    hass: HomeAssistant, site_entry: MockConfigEntry, site: Site
) -> None:
    hass.states.async_set("sensor.price", "0.3")
    hass.states.async_set("sensor.car", "40")
    await options(hass, site_entry, "prices", {"price": "sensor.price"})
    target = f"number.{CONNECTOR}_state_of_charge_target"
    assert hass.states.get(target) is None
    await options(hass, site_entry, "vehicle", {"capacity": 60, "vehicle_soc": "sensor.car"})
    assert hass.states.get(target).state == "0.0"
    await hass.services.async_call(NUMBER, SERVICE_SET_VALUE, {"entity_id": target, "value": 80}, blocking=True)
    assert site.evses[ONE].goal.soc_target == 80


@pytest.mark.usefixtures("charger")
async def test_priority_can_be_set_for_a_connector(hass: HomeAssistant, site: Site) -> None:
    """It is there for those who enable it, and begins as set up."""
    priority = er.async_get(hass).async_get(f"number.{CONNECTOR}_priority")
    assert priority is not None
    assert priority.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert site.goals.priority(site.evses[ONE]) == 0
    await site.goals.set_priority(ONE, 5)
    assert site.goals.priority(site.evses[ONE]) == 5
