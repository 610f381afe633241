"""One station, many sockets: the newest one counts, and nothing outlives its own."""

import asyncio
import socket as sockets

import aiohttp
import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.model.command import (
    ClearAuthorizationCache,
    Outcome,
    ReadVariables,
    StopTransaction,
)
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.station_event import HeartbeatReported, StationEvent
from tests.engine.clock import ManualClock, settle

from .charger import BOOT, BOOT_201, Charger
from .conftest import Dial
from .site_double import SiteDouble


async def test_redial_over_half_open_socket_keeps_the_new_one(
    site: SiteDouble, csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    old = await dial()
    await old.call("Heartbeat")
    new = await dial()
    assert (await new.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    assert await old.closed() == 1000
    await clock.advance(10)
    assert (await new.call("Heartbeat"))[0] == 3
    assert list(csms.connected) == ["CP1"]
    assert site.disconnected == []


async def test_new_socket_lives_although_the_old_one_never_says_goodbye(
    site: SiteDouble, csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", csms.port)
    writer.write(
        b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    new = await dial()
    await clock.advance(30)
    rest = await asyncio.wait_for(reader.read(), 10)
    assert rest.endswith(b"\x03\xe8Replaced by a newer connection")
    assert (await new.call("Heartbeat"))[0] == 3
    writer.close()


async def test_command_on_its_way_is_uncertain_the_moment_a_newer_socket_comes(csms: CentralSystem, dial: Dial) -> None:
    old = await dial()
    sent = asyncio.create_task(csms.send("CP1", StopTransaction("7")))
    queued = asyncio.create_task(csms.send("CP1", ClearAuthorizationCache()))
    assert (await old.request())[2] == "RemoteStopTransaction"
    new = await dial()
    assert (await sent).outcome is Outcome.UNCERTAIN
    assert (await queued).outcome is Outcome.OFFLINE
    again = asyncio.create_task(csms.send("CP1", StopTransaction("7")))
    await new.accept(await new.request())
    assert (await again).outcome is Outcome.ACCEPTED


async def test_command_in_flight_is_uncertain_when_the_socket_breaks(
    site: SiteDouble, csms: CentralSystem, dial: Dial
) -> None:
    charger = await dial()
    sent = asyncio.create_task(csms.send("CP1", StopTransaction("7")))
    await charger.request()
    charger.drop()
    assert (await sent).outcome is Outcome.UNCERTAIN
    await site.until(lambda: site.disconnected)
    assert (await csms.send("CP1", StopTransaction("7"))).outcome is Outcome.OFFLINE


async def test_version_belongs_to_the_connection(site: SiteDouble, dial: Dial) -> None:
    old = await dial("/CP1", ("ocpp1.6",))
    await old.call("BootNotification", BOOT)
    new = await dial("/CP1", ("ocpp2.0.1",))
    assert (await new.call("BootNotification", BOOT_201))[2]["status"] == "Accepted"
    assert [version for _, version, _ in site.connected] == [OcppVersion.V16, OcppVersion.V201]


async def test_messages_that_arrived_are_finished_after_the_socket_has_gone(site: SiteDouble, dial: Dial) -> None:
    proceed = asyncio.Event()

    async def slowly(_: str, __: StationEvent) -> None:
        await proceed.wait()

    site.before_answer = slowly
    charger = await dial()
    for number in range(3):
        await charger.send([2, str(number), "Authorize", {"idTag": f"TAG{number}"}])
    await site.until(lambda: site.events)
    await charger.hang_up()
    await settle()
    proceed.set()
    await site.until(lambda: site.disconnected)
    assert [event.id_token for _, event in site.events] == [IdToken(f"TAG{number}") for number in range(3)]  # type: ignore[union-attr]


async def test_work_that_hangs_ends_soon_after_its_socket(site: SiteDouble, dial: Dial, clock: ManualClock) -> None:
    ended = asyncio.Event()

    async def forever(_: str, __: StationEvent) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    site.before_answer = forever
    charger = await dial()
    await charger.send([2, "1", "Authorize", {"idTag": "TAG"}])
    await site.until(lambda: site.events)
    await charger.hang_up()
    await clock.advance(6)
    await site.until(lambda: site.disconnected)
    assert ended.is_set()


async def test_stop_leaves_no_task_and_no_timer(site: SiteDouble, csms: CentralSystem, clock: ManualClock) -> None:
    before = asyncio.all_tasks()
    chargers = [await Charger.dial(f"ws://127.0.0.1:{csms.port}/CP{number}") for number in range(5)]
    for charger in chargers[:3]:
        await charger.call("Heartbeat")
    commands = [asyncio.create_task(csms.send("CP1", ReadVariables(("A",)))) for _ in range(3)]
    await chargers[1].request()
    codes = asyncio.gather(*(charger.closed() for charger in chargers))
    await csms.stop()
    assert set(await codes) == {1001}
    assert {(await command).outcome for command in commands} == {Outcome.UNCERTAIN, Outcome.OFFLINE}
    for charger in chargers:
        await charger.hang_up()
    await settle()
    ours = {task.get_name() for task in asyncio.all_tasks() - before if task.get_name().startswith("ocpp")}
    assert ours == set()
    assert clock.pending == 0
    assert sorted(site.disconnected) == sorted(f"CP{number}" for number in range(5))


async def test_port_changes_without_dropping_a_charger(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    old_port = csms.port
    with sockets.socket() as free:
        free.bind(("127.0.0.1", 0))
        new_port = free.getsockname()[1]
    await csms.move(new_port)
    assert csms.port == new_port
    assert (await charger.call("Heartbeat"))[0] == 3
    assert (await (await dial("/CP2")).call("Heartbeat"))[0] == 4
    with pytest.raises(aiohttp.ClientConnectorError):
        await Charger.dial(f"ws://127.0.0.1:{old_port}/CP1")


async def test_taken_port_is_an_error_and_the_old_one_goes_on(csms: CentralSystem, dial: Dial) -> None:
    with sockets.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="address already in use"):
            await csms.move(taken.getsockname()[1])
    assert (await (await dial()).call("Heartbeat"))[0] == 3


async def test_taken_port_at_start_is_an_error(site: SiteDouble, clock: ManualClock, csms: CentralSystem) -> None:
    other = CentralSystem(site, clock)
    assert csms.port is not None
    with pytest.raises(OSError, match="address already in use"):
        await other.start(csms.port, "127.0.0.1")
    assert other.port is None
    await other.stop()


async def test_removed_station_is_hung_up_and_forgotten(site: SiteDouble, csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    other = await dial("/CP2")
    await charger.send("garbage")
    await charger.call("Heartbeat")
    site.adopted.discard("CP1")
    csms.dismiss("CP1")
    assert await charger.closed() == 1000
    assert site.disconnected == ["CP1"]
    assert csms.oddities("CP1") == {}
    assert (await other.call("Heartbeat"))[0] == 4


async def test_command_to_nobody_is_offline(csms: CentralSystem) -> None:
    assert (await csms.send("CP9", StopTransaction("7"))).outcome is Outcome.OFFLINE


async def test_fault_of_the_site_costs_no_connection(
    site: SiteDouble, dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(site, "station_connected", fail)
    charger = await dial()
    assert (await charger.call("Heartbeat"))[0] == 3
    assert site.told(HeartbeatReported)


async def test_devices_that_fight_for_a_name_are_told_of_once_a_minute(
    site: SiteDouble, csms: CentralSystem, dial: Dial, clock: ManualClock
) -> None:
    for number in range(6):
        dialling = asyncio.create_task(dial(local=f"127.0.0.{2 + number % 2}"))
        await settle()
        await clock.advance(3)
        newest = await dialling
        assert (await newest.call("Heartbeat"))[0] == 3
    assert site.refused == [("CP1", "duplicate")]
    assert csms.oddities("CP1")["duplicate_identity"] == 3
    assert list(csms.connected) == ["CP1"]


async def test_charger_that_changes_its_address_once_is_no_duplicate(site: SiteDouble, dial: Dial) -> None:
    await dial(local="127.0.0.2")
    newest = await dial(local="127.0.0.3")
    assert (await newest.call("Heartbeat"))[0] == 3
    assert site.refused == []
