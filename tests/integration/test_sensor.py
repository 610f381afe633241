"""Sensors, from the charger's socket to the state machine."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.site import Site

from .home import STATION, fuse, home, wall_charger
from .waiting import state_is, state_when
from .wallbox import Wallbox

type Dial = Callable[[int, str], Awaitable[Wallbox]]

CARD = "04A2B3C4D5E6F7"
CONNECTOR = "sensor.garage_connector_1"


@pytest.fixture
def site_entry() -> MockConfigEntry:
    """A home with one charger and no meter."""
    return home()


@pytest.fixture
async def ann(site: Site) -> None:
    """Enrol a card."""
    await site.enrol_card(Credential(id_token=IdToken(CARD), name="Ann"))


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare registry entries and states without what differs from run to run."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def noon(freezer: FrozenDateTimeFactory) -> None:
    """Stop the clock, so that times can be compared."""
    freezer.move_to("2026-11-21T12:00:00Z")


@pytest.fixture
def all_enabled() -> Iterator[None]:
    """Enable the entities that are disabled at first."""
    with patch.object(Entity, "entity_registry_enabled_default", True):
        yield


@contextmanager
def counted_writes(hass: HomeAssistant) -> Iterator[Counter[str]]:
    """Count the state writes of every entity."""
    writes: Counter[str] = Counter()

    @callback
    def written(event: Event[EventStateChangedData]) -> None:
        writes[event.data["entity_id"]] += 1

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, written)
    yield writes
    stop()


@pytest.mark.usefixtures("noon", "all_enabled", "ann")
async def test_all_sensors(
    hass: HomeAssistant,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    site_entry: MockConfigEntry,
    charger: Wallbox,
) -> None:
    """A charging car, as everything there is to show."""
    transaction = await charger.start(CARD, meter_wh=1_000)
    await charger.status("Charging")
    await state_is(hass, f"{CONNECTOR}_offered_current", "16.0")
    await charger.measure(
        transaction,
        energy_wh=1_250,
        power_w=11_040.4,
        current_l1_a=16.02,
        current_l2_a=15.96,
        current_l3_a=16.0,
        voltage_l1_v=230.4,
        voltage_l2_v=229.8,
        voltage_l3_v=231.0,
        soc=55,
        temperature=31.26,
    )
    await state_is(hass, f"{CONNECTOR}_temperature", "31.3")
    await state_is(hass, "sensor.home_charging_power", "11.04")
    await hass.async_block_till_done()

    sensors = [it for it in er.async_entries_for_config_entry(entity_registry, "site") if it.domain == Platform.SENSOR]
    assert len(sensors) >= 32
    for entry in sorted(sensors, key=lambda entry: entry.entity_id):
        assert entry == snapshot(name=f"{entry.entity_id}-entry")
        if not entry.unique_id.startswith("site_if_home_assistant_stops"):
            # Looked at again every few seconds, so its state may be of before or after the car.
            assert hass.states.get(entry.entity_id) == snapshot(name=f"{entry.entity_id}-state")


@pytest.mark.usefixtures("ann")
async def test_only_what_changed_is_written(hass: HomeAssistant, charger: Wallbox) -> None:
    """MeterValues write the sensors whose value they change, once each, and nothing else."""
    transaction = await charger.start(CARD, meter_wh=1_000)
    await charger.status("Charging")
    await charger.measure(transaction, energy_wh=1_500, power_w=7_000)
    await state_is(hass, f"{CONNECTOR}_offered_current", "16.0")
    await state_is(hass, "sensor.home_charging_power", "7.0")
    await hass.async_block_till_done()

    with counted_writes(hass) as writes:
        await charger.measure(transaction, energy_wh=1_600, power_w=7_000)
        await hass.async_block_till_done()
    assert writes == {f"{CONNECTOR}_session_energy": 1, f"{CONNECTOR}_lifetime_energy": 1}

    with counted_writes(hass) as writes:
        await charger.measure(transaction, energy_wh=1_600, power_w=7_100)
        await state_is(hass, "sensor.home_charging_power", "7.1")
    assert writes == {f"{CONNECTOR}_power": 1, "sensor.home_charging_power": 1}

    with counted_writes(hass) as writes:
        for _ in range(3):
            await charger.measure(transaction, energy_wh=1_600, power_w=7_100)
        await hass.async_block_till_done()
    assert writes == {}


@pytest.mark.usefixtures("ann")
async def test_offline(hass: HomeAssistant, charger: Wallbox) -> None:
    """What is measured becomes unavailable with the charger; what is in the ledger, or ours, stays."""
    transaction = await charger.start(CARD, meter_wh=1_000)
    await charger.measure(transaction, energy_wh=1_500, power_w=7_000)
    await state_is(hass, f"{CONNECTOR}_power", "7.0")

    await charger.hang_up()

    for key in ("power", "status", "error"):
        await state_is(hass, f"{CONNECTOR}_{key}", STATE_UNAVAILABLE)
    assert hass.states.get(f"{CONNECTOR}_lifetime_energy").state == "1.5"
    assert hass.states.get(f"{CONNECTOR}_session_energy").state == "0.5"
    assert hass.states.get(f"{CONNECTOR}_card").state == "Ann"
    await state_is(hass, f"{CONNECTOR}_limit_reason", "offline")
    await state_is(hass, "sensor.home_connected_chargers", "0")


async def test_missing_value(hass: HomeAssistant, charger: Wallbox) -> None:
    """A value that a connected charger has not told is unknown."""
    assert hass.states.get(f"{CONNECTOR}_status").state == "available"
    assert hass.states.get(f"{CONNECTOR}_power").state == STATE_UNKNOWN
    assert hass.states.get(f"{CONNECTOR}_lifetime_energy").state == STATE_UNKNOWN
    assert hass.states.get(f"{CONNECTOR}_card").state == "no_card"


@pytest.mark.usefixtures("ann")
async def test_rare_values(hass: HomeAssistant, site_entry: MockConfigEntry, charger: Wallbox, dial: Dial) -> None:
    """State of charge and temperature appear once a charger tells them, and stay through a restart."""
    assert hass.states.get(f"{CONNECTOR}_state_of_charge") is None
    transaction = await charger.start(CARD, meter_wh=1_000)
    await charger.measure(transaction, soc=55)
    await state_is(hass, f"{CONNECTOR}_state_of_charge", "55")
    assert hass.states.get(f"{CONNECTOR}_temperature") is None

    assert await hass.config_entries.async_unload(site_entry.entry_id)
    assert await hass.config_entries.async_setup(site_entry.entry_id)
    again = await dial(site_entry.runtime_data.site.port, STATION)
    await again.status("Charging")

    await state_is(hass, f"{CONNECTOR}_state_of_charge", STATE_UNKNOWN)


@pytest.mark.usefixtures("ann")
async def test_restart(hass: HomeAssistant, site_entry: MockConfigEntry, charger: Wallbox) -> None:
    """After a restart the ledger speaks before the charger does."""
    transaction = await charger.start(CARD, meter_wh=1_000)
    await charger.measure(transaction, energy_wh=1_500, power_w=7_000)
    start = (await state_when(hass, f"{CONNECTOR}_session_energy", lambda state: state.state == "0.5")).attributes

    assert await hass.config_entries.async_unload(site_entry.entry_id)
    assert await hass.config_entries.async_setup(site_entry.entry_id)

    session = hass.states.get(f"{CONNECTOR}_session_energy")
    assert session.state == "0.5"
    assert session.attributes["last_reset"] == start["last_reset"]
    assert hass.states.get(f"{CONNECTOR}_lifetime_energy").state == "1.5"
    assert hass.states.get(f"{CONNECTOR}_card").state == "Ann"
    assert hass.states.get(f"{CONNECTOR}_status").state == STATE_UNAVAILABLE


class TestTightFuse:
    """A main fuse of 10 A."""

    @pytest.fixture
    def site_entry(self) -> MockConfigEntry:
        """A home with a small fuse."""
        return home(fuse_a=10.0)

    @pytest.mark.usefixtures("ann")
    async def test_limit_reason(self, hass: HomeAssistant, charger: Wallbox) -> None:
        """The reason names the fuse and the phase that bind."""
        assert hass.states.get(f"{CONNECTOR}_limit_reason").state == "not_charging"
        await charger.start(CARD, meter_wh=1_000)
        await charger.status("Charging")
        reason = await state_is(hass, f"{CONNECTOR}_limit_reason", "circuit")
        assert reason.attributes["circuit"] == "Main fuse"
        assert reason.attributes["phase"] in ("L1", "L2", "L3")
        await state_is(hass, f"{CONNECTOR}_offered_current", "10.0")
        await state_is(hass, "sensor.home_available_current_l1", "0")


async def test_strange_card(hass: HomeAssistant, charger: Wallbox) -> None:
    """A card that nobody knows is called that; its number is shown nowhere."""
    await charger.start("DEADBEEF99", meter_wh=1_000)
    await state_is(hass, f"{CONNECTOR}_card", "unknown_card")
    assert not [state for state in hass.states.async_all() if "DEADBEEF99" in str(state.as_dict())]


async def test_remote_start(hass: HomeAssistant, site: Site, charger: Wallbox) -> None:
    """A session that was started from here is not put down to a card."""
    await charger.status("Preparing")
    await state_is(hass, f"{CONNECTOR}_status", "preparing")
    await hass.services.async_call(
        "switch", "turn_on", {"entity_id": "switch.garage_connector_1_charging"}, blocking=True
    )
    tag = (await charger.hear("RemoteStartTransaction"))["idTag"]
    await charger.start(tag, meter_wh=1_000)
    await state_is(hass, f"{CONNECTOR}_card", "remote_start")


@pytest.mark.usefixtures("ann")
async def test_session_duration(hass: HomeAssistant, charger: Wallbox) -> None:
    """The duration grows by itself with every full minute, until the session ends."""
    transaction = await charger.start(CARD, meter_wh=1_000, ago_s=59)
    await state_is(hass, f"{CONNECTOR}_session_duration", "0")
    await state_is(hass, f"{CONNECTOR}_session_duration", "1")
    await charger.stop(transaction, meter_wh=2_000)
    await state_is(hass, f"{CONNECTOR}_card", "no_card")
    assert hass.states.get(f"{CONNECTOR}_session_duration").state == "1"
    assert hass.states.get(f"{CONNECTOR}_session_energy").state == "1.0"


async def test_out_of_service(hass: HomeAssistant, charger: Wallbox) -> None:
    """A connector that is out of service is not mistaken for one that is offline."""
    await charger.status("Unavailable")
    await state_is(hass, f"{CONNECTOR}_status", "out_of_service")


async def test_error(hass: HomeAssistant, charger: Wallbox) -> None:
    """An error is shown with what the charger says about it."""
    assert hass.states.get(f"{CONNECTOR}_error").state == "no_error"
    await charger.status("Faulted", error="GroundFailure", info="RCD tripped")
    error = await state_is(hass, f"{CONNECTOR}_error", "GroundFailure")
    assert error.attributes["info"] == "RCD tripped"


async def test_second_connector(hass: HomeAssistant, charger: Wallbox) -> None:
    """A connector appears with its first status, without a reload."""
    assert hass.states.get("sensor.garage_connector_2_status") is None
    await charger.status("Preparing", connector=2)
    await state_is(hass, "sensor.garage_connector_2_status", "preparing")
    assert hass.states.get(f"{CONNECTOR}_status").state == "available"


class TestSinglePhase:
    """A charger wired to one phase."""

    @pytest.fixture
    def site_entry(self) -> MockConfigEntry:
        """A home with a single-phase charger."""
        return home(wiring="s")

    @pytest.mark.usefixtures("charger")
    async def test_one_phase(self, entity_registry: er.EntityRegistry) -> None:
        """There are no sensors for phases the charger does not have."""
        find = entity_registry.async_get_entity_id
        assert find("sensor", "offline_evse", "site_CP-1/1_current_l1") is not None
        assert find("sensor", "offline_evse", "site_CP-1/1_current_l2") is None
        assert find("sensor", "offline_evse", "site_CP-1/1_voltage_l3") is None


async def test_circuit_comes_and_goes(
    hass: HomeAssistant, entity_registry: er.EntityRegistry, site_entry: MockConfigEntry, site: Site
) -> None:
    """A circuit that is added is shown on the phases it has; removed, it leaves nothing behind."""
    added = fuse("barn", "Barn", fuse_a=16.0, phases="l2", parent="main")
    subentry = ConfigSubentry(
        data=MappingProxyType(added["data"]), subentry_type="circuit", title=added["title"], unique_id=None
    )
    hass.config_entries.async_add_subentry(site_entry, subentry)
    await state_is(hass, "sensor.barn_available_current_l2", "16")
    assert hass.states.get("sensor.barn_available_current_l1") is None

    hass.config_entries.async_remove_subentry(site_entry, subentry.subentry_id)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.barn_available_current_l2") is None
    assert entity_registry.async_get("sensor.barn_available_current_l2") is None


async def test_charger_is_adopted(hass: HomeAssistant, site_entry: MockConfigEntry, site: Site, dial: Dial) -> None:
    """A charger that is added shows up, and is counted, without a reload."""
    await state_is(hass, "sensor.home_connected_chargers", "0")
    added = wall_charger("CP-2", "Yard")
    subentry = ConfigSubentry(
        data=MappingProxyType(added["data"]), subentry_type="charger", title=added["title"], unique_id="CP-2"
    )
    hass.config_entries.async_add_subentry(site_entry, subentry)
    await hass.async_block_till_done()
    yard = await dial(site.port, "CP-2")
    await yard.boot()
    await yard.status("Available")
    await state_is(hass, "sensor.home_connected_chargers", "1")
    await state_is(hass, "sensor.yard_connector_1_status", "available")
    await state_is(hass, "sensor.yard_ocpp_version", "1.6")

    hass.config_entries.async_remove_subentry(site_entry, subentry.subentry_id)
    await state_is(hass, "sensor.home_connected_chargers", "0")
    assert hass.states.get("sensor.yard_connector_1_status") is None
