"""The whole way over ESPHome proxies on loopback: Home Assistant's own esphome integration carries every byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
import sys
import time

from homeassistant.components import bluetooth
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest

from custom_components.offline_evse.engine.authorization.ble.states import DEADLINES_S, ExchangeState
from simulator.esphome.proxy import BluetoothProxy
from simulator.holder.air import Air
from simulator.holder.holder import Holder, HolderLink
from tests.integration.conftest import Dial
from tests.integration.waiting import until

from .conftest import open_site
from .surroundings import SOURCES, STATIONS, Surroundings, eventually

STAND_INS = Path(__file__).parents[3] / "scripts" / "stand_ins"
GRANTED = 0
SHORT_S = 1.0


class ProxiedSurroundings(Surroundings):
    """The same home, heard through proxies on the network."""

    proxies: dict[str, BluetoothProxy]

    def links_in_use(self) -> int:
        return sum(proxy.links for proxy in self.proxies.values())


@pytest.fixture
async def proxied(
    hass: HomeAssistant,
    own_folder: Path,
    mock_bleak_scanner_start: object,
    mock_bluetooth_adapters: None,
    mock_async_zeroconf: object,
    quick: None,
    nothing_else_discovered: None,
    minimum_level: str,
    dial: Dial,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[ProxiedSurroundings]:
    """The open site, its chargers, and three proxies that were added in the UI as people add them."""
    # The esphome integration needs Assist, which needs two sound libraries that nothing here makes a sound with.
    monkeypatch.setattr(sys, "path", [str(STAND_INS), *sys.path])
    monkeypatch.setattr("homeassistant.components.ffmpeg.FFmpegManager.async_get_version", _no_version)
    assert await async_setup_component(hass, "homeassistant", {})
    async with Air() as air, AsyncExitStack() as stack:
        around = ProxiedSurroundings(hass, air)
        await around.put_up_antennas()
        around.proxies = {}
        for source, station in SOURCES.items():
            proxy = BluetoothProxy(around.antennas[station], f"proxy-{station.lower()}", source)
            around.proxies[station] = await stack.enter_async_context(proxy)
            flow = await hass.config_entries.flow.async_init(
                "esphome", context={"source": "user"}, data={"host": "127.0.0.1", "port": proxy.port}
            )
            assert flow["type"] is FlowResultType.CREATE_ENTRY
        await eventually(
            lambda: {scanner.source for scanner in bluetooth.async_current_scanners(hass)} >= SOURCES.keys()
        )
        await open_site(hass, around, dial, minimum_level)
        yield around
        await hass.config_entries.async_unload(around.entry.entry_id)
        for entry in hass.config_entries.async_entries("esphome"):
            await hass.config_entries.async_unload(entry.entry_id)


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
