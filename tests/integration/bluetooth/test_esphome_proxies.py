"""The whole way over ESPHome proxies on loopback: Home Assistant's own esphome integration carries every byte."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
import sys
import time

from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest

from custom_components.offline_evse.engine.authorization.ble.states import DEADLINES_S, ExchangeState
from custom_components.offline_evse.engine.model.station import EvseKey
from simulator.clock import SystemClock
from simulator.esphome.proxy import BluetoothProxy
from simulator.harbour_house import HARBOUR_HOUSE
from simulator.holder.air import Air
from simulator.holder.holder import Holder, HolderLink
from simulator.live import LiveSite
from simulator.simulator import Simulator
from tests.integration.conftest import Dial, open_entry
from tests.integration.waiting import until

from .conftest import open_site
from .surroundings import SOURCES, STATIONS, Surroundings, bluetooth_home, eventually

STAND_INS = Path(__file__).parents[3] / "scripts" / "stand_ins"
GRANTED = 0
SHORT_S = 1.0


class ProxiedSurroundings(Surroundings):
    """The same home, heard through proxies on the network."""

    proxies: dict[str, BluetoothProxy]

    def links_in_use(self) -> int:
        return sum(proxy.links for proxy in self.proxies.values())


@pytest.fixture
async def esphome(
    hass: HomeAssistant,
    own_folder: Path,
    mock_bleak_scanner_start: object,
    mock_bluetooth_adapters: None,
    mock_async_zeroconf: object,
    quick: None,
    nothing_else_discovered: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A Home Assistant to which ESPHome nodes can be added."""
    # The esphome integration needs Assist, which needs two sound libraries that nothing here makes a sound with.
    monkeypatch.setattr(sys, "path", [str(STAND_INS), *sys.path])
    monkeypatch.setattr("homeassistant.components.ffmpeg.FFmpegManager.async_get_version", _no_version)
    assert await async_setup_component(hass, "homeassistant", {})


@asynccontextmanager
async def with_proxies(hass: HomeAssistant, sources: Mapping[str, str]) -> AsyncIterator[ProxiedSurroundings]:
    """Put proxies up and add them in the UI as people do."""
    async with Air() as air, AsyncExitStack() as stack:
        around = ProxiedSurroundings(hass, air, sources)
        await around.put_up_antennas()
        around.proxies = {}
        for source, station in sources.items():
            proxy = BluetoothProxy(around.antennas[station], f"proxy-{station.lower()}", source)
            around.proxies[station] = await stack.enter_async_context(proxy)
            flow = await hass.config_entries.flow.async_init(
                "esphome", context={"source": "user"}, data={"host": "127.0.0.1", "port": proxy.port}
            )
            assert flow["type"] is FlowResultType.CREATE_ENTRY
        await eventually(
            lambda: {scanner.source for scanner in bluetooth.async_current_scanners(hass)} >= sources.keys()
        )
        yield around
        await hass.config_entries.async_unload(around.entry.entry_id)
        for entry in hass.config_entries.async_entries("esphome"):
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def proxied(
    hass: HomeAssistant, esphome: None, minimum_level: str, dial: Dial
) -> AsyncIterator[ProxiedSurroundings]:
    """The open site, its chargers, and a proxy at each."""
    async with with_proxies(hass, SOURCES) as around:
        await open_site(hass, around, dial, minimum_level)
        yield around


@pytest.fixture
async def demo(hass: HomeAssistant, esphome: None) -> AsyncIterator[tuple[ProxiedSurroundings, Simulator]]:
    """The chargers of the demo site with their physics, and a proxy at three of them."""
    sources = dict(zip(SOURCES, ("driveway", "guest-bays", "boathouse"), strict=True))
    async with with_proxies(hass, sources) as around:
        around.entry = bluetooth_home(sources=sources)
        site = await open_entry(hass, around.entry)
        simulator = Simulator(replace(HARBOUR_HOUSE, script=()), 1, SystemClock())
        live = LiveSite(simulator, f"ws://127.0.0.1:{site.port}")
        await live.start()
        await eventually(lambda: all(site.stations[station].connected for station in sources.values()))
        yield around, simulator
        await live.stop()


async def _no_version(self: object) -> tuple[str, int]:
    return "7.1", 7


async def test_the_nearest_of_three_chargers_starts(proxied: ProxiedSurroundings) -> None:
    holder = Holder()
    enrolled = await proxied.enrol(holder)
    phone = await proxied.phone(holder, at="CP-3")
    began_s = time.monotonic()
    await proxied.advertise(phone)
    told = await proxied.wallboxes["CP-3"].hear("RemoteStartTransaction")
    assert told["idTag"] == enrolled.id_token.value
    assert await proxied.result(phone) == GRANTED
    assert time.monotonic() - began_s < 3.0
    await proxied.wallboxes["CP-3"].start(told["idTag"], meter_wh=0)
    evse = proxied.evse("CP-3")
    await until(evse, lambda: evse.has_transaction)
    assert evse.transaction is not None
    assert evse.transaction.name == "Anna"
    assert not proxied.told_to_start("CP-1", "CP-2")
    await eventually(lambda: proxied.links_in_use() == 0)
    assert proxied.proxies["CP-3"].received["BluetoothGATTWriteRequest"] > 0


async def test_a_cable_in_the_demo_site(demo: tuple[ProxiedSurroundings, Simulator]) -> None:
    around, simulator = demo
    holder = Holder()
    await around.enrol(holder)
    phone = await around.phone(holder, at="boathouse")
    await around.advertise(phone, pressed=False)
    await eventually(lambda: EvseKey("boathouse", 1) in around.site.evses)
    simulator.perform("plug", {"charger": "boathouse", "car": "tern"})
    assert await around.result(phone) == GRANTED
    evse = around.evse("boathouse")
    await until(evse, lambda: evse.has_transaction)
    assert evse.transaction is not None
    assert evse.transaction.name == "Anna"
    running = [
        station for station, each in simulator.stations.items() for point in each.points.values() if point.transaction
    ]
    assert running == ["boathouse"]


async def test_a_replay_over_a_proxy(proxied: ProxiedSurroundings) -> None:
    holder = Holder()
    await proxied.enrol(holder)
    phone = await proxied.phone(holder, mtu=65)
    recorded: list[list[bytes]] = []

    def record_then_replay(link: HolderLink, answer: list[bytes]) -> list[bytes]:
        if answer:
            recorded.append(answer)
        return recorded[0] if answer else []

    phone.tamper = record_then_replay
    await proxied.advertise(phone)
    assert await proxied.result(phone) == GRANTED
    await proxied.wallboxes["CP-1"].hear("RemoteStartTransaction")
    await proxied.forget_press()
    await proxied.advertise(phone)
    await proxied.ended("protocol")
    assert not proxied.told_to_start(*STATIONS)
    await eventually(lambda: proxied.links_in_use() == 0)


async def test_no_slot_and_then_a_vanished_phone(proxied: ProxiedSurroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEADLINES_S, ExchangeState.CONNECTING, SHORT_S)
    holder = Holder()
    await proxied.enrol(holder)
    for proxy in proxied.proxies.values():
        proxy.slots = 0
    phone = await proxied.phone(holder)
    began_s = time.monotonic()
    await proxied.advertise(phone)
    await proxied.ended("timeout")
    assert time.monotonic() - began_s < 3 * SHORT_S
    assert phone.links == []

    await phone.fall_silent()
    await eventually(lambda: not proxied.bluetooth.central.meetings)
    for proxy in proxied.proxies.values():
        proxy.slots = 3
    antenna = proxied.antennas["CP-1"]
    connect, vanished = antenna.connect, asyncio.Event()

    async def too_late(address: str, timeout_s: float) -> object:
        await phone.fall_silent()
        vanished.set()
        return await connect(address, timeout_s)

    monkeypatch.setattr(antenna, "connect", too_late)
    await proxied.forget_press()
    ended = proxied.bluetooth.central.endings["timeout"]
    await proxied.advertise(phone)
    await asyncio.wait_for(vanished.wait(), 5.0)
    began_s = time.monotonic()
    await proxied.ended("timeout", ended + 1)
    assert time.monotonic() - began_s < 2 * SHORT_S
    assert not proxied.told_to_start(*STATIONS)
    await eventually(lambda: proxied.links_in_use() == 0)
