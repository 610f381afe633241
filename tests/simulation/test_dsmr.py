"""Home Assistant's own DSMR integration follows the simulated meter telegram by telegram."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from homeassistant.core import Event, EventStateReportedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event, async_track_state_report_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator.meter.server import MeterServer
from simulator.physics.phases import PerPhase
from simulator.physics.site import Branch, SimulatedSite

PATIENCE_S = 10.0
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SERIAL = b"VGM5000000042".hex().upper()


@pytest.fixture
def expected_lingering_timers() -> bool:
    """The DSMR parser leaves its watchdog behind when it is unloaded."""
    return True


@pytest.fixture
async def meter() -> AsyncIterator[MeterServer]:
    server = MeterServer(SimulatedSite((Branch(name="main", rating_a=25),), {}))
    await server.start()
    yield server
    await server.stop()


class Follower:
    """The states of one entity, one for every report."""

    def __init__(self, hass: HomeAssistant, entity_id: str) -> None:
        self.seen: asyncio.Queue[State] = asyncio.Queue()

        @callback
        def reported(event: Event[EventStateReportedData]) -> None:
            self.seen.put_nowait(event.data["new_state"])

        @callback
        def changed(event: Event) -> None:
            if event.data["new_state"] is not None:
                self.seen.put_nowait(event.data["new_state"])

        self.stops = [
            async_track_state_report_event(hass, [entity_id], reported),
            async_track_state_change_event(hass, [entity_id], changed),
        ]

    async def next(self) -> State:
        async with asyncio.timeout(PATIENCE_S):
            return await self.seen.get()


async def client(meter: MeterServer, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while meter.clients < count:
            await asyncio.sleep(0.01)


def set_up(hass: HomeAssistant, meter: MeterServer) -> MockConfigEntry:
    """Make the entry that the user's way leads to, with the option that lets every telegram through."""
    entry = MockConfigEntry(
        domain="dsmr",
        unique_id=SERIAL,
        data={
            "port": f"socket://127.0.0.1:{meter.port}",
            "dsmr_version": "5",
            "protocol": "dsmr_protocol",
            "serial_id": SERIAL,
            "serial_id_gas": None,
        },
        options={"time_between_update": 0},
    )
    entry.add_to_hass(hass)
    return entry


async def test_every_telegram_is_a_report(hass: HomeAssistant, meter: MeterServer) -> None:
    entry = set_up(hass, meter)
    registry = er.async_get(hass)
    for key in ("instantaneous_active_power_l1_positive", "instantaneous_voltage_l1", "instantaneous_current_l1"):
        registry.async_get_or_create(
            "sensor",
            "dsmr",
            f"{SERIAL}_{key}",
            suggested_object_id=f"meter_{key}",
            config_entry=entry,
            disabled_by=None,
        )
    power, volts, amperes = (
        f"sensor.meter_{key}"
        for key in ("instantaneous_active_power_l1_positive", "instantaneous_voltage_l1", "instantaneous_current_l1")
    )
    follower = Follower(hass, power)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await client(meter, 1)
    meter.publish(NOON)
    assert (await follower.next()).state == "0.0"

    reports = []
    for second in range(1, 4):
        meter.publish(NOON + timedelta(seconds=second))
        reports.append((await follower.next()).last_reported)
    assert reports == sorted(set(reports))

    site = meter._site  # noqa: SLF001
    site.active_w = PerPhase(4321.0, 0, 0)
    site.currents_a["main"] = PerPhase(18.7, 0, 0)
    meter.publish(NOON + timedelta(seconds=4))
    state = await follower.next()
    assert (state.state, state.attributes["unit_of_measurement"]) == ("4.321", "kW")
    assert hass.states.get(volts).state == "232.0"  # type: ignore[union-attr]
    assert hass.states.get(amperes).state == "19.0"  # type: ignore[union-attr]
    for stop in follower.stops:
        stop()
    await hass.config_entries.async_unload(entry.entry_id)


async def test_per_phase_sensors_are_there_but_disabled(hass: HomeAssistant, meter: MeterServer) -> None:
    entry = set_up(hass, meter)
    follower = Follower(hass, "sensor.electricity_meter_power_consumption")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await client(meter, 1)
    meter.publish(NOON)
    await follower.next()
    await hass.async_block_till_done()
    registry = er.async_get(hass)
    keys = [
        f"{what}_l{phase}{sign}"
        for what, sign in (
            ("instantaneous_active_power", "_positive"),
            ("instantaneous_active_power", "_negative"),
            ("instantaneous_voltage", ""),
            ("instantaneous_current", ""),
        )
        for phase in (1, 2, 3)
    ]
    for key in keys:
        entity_id = registry.async_get_entity_id("sensor", "dsmr", f"{SERIAL}_{key}")
        assert entity_id is not None
        assert registry.entities[entity_id].disabled_by is er.RegistryEntryDisabler.INTEGRATION
        registry.async_update_entity(entity_id, disabled_by=None)
    entity_id = registry.async_get_entity_id("sensor", "dsmr", f"{SERIAL}_instantaneous_voltage_l2")
    assert entity_id is not None
    enabled = Follower(hass, entity_id)
    assert await hass.config_entries.async_reload(entry.entry_id)
    async with asyncio.timeout(PATIENCE_S):
        while enabled.seen.empty():
            meter.publish(NOON + timedelta(seconds=1))
            await asyncio.sleep(0.05)
    assert (await enabled.next()).state == "231.0"
    meter.publish(NOON + timedelta(seconds=2))
    async with asyncio.timeout(PATIENCE_S):
        while (await follower.next()).state != "0.0":
            pass
    total = hass.states.get("sensor.electricity_meter_power_consumption")
    assert total is not None and total.state == "0.0"
    for stop in (*follower.stops, *enabled.stops):
        stop()
    await hass.config_entries.async_unload(entry.entry_id)
