"""Every connection and every boot: status, limits, transactions, settings, each of them optional."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.model.command import ApplyFloor, Priority
from tests.engine.clock import ManualClock, settle

from .charger import AVAILABLE, BOOT, Charger
from .conftest import Dial
from .site_double import SiteDouble

MEASURANDS = (
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,Current.Offered,SoC",
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,Current.Offered",
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage",
)


class Firmware:
    """Answers whatever it is asked, from a table of settings."""

    def __init__(self, charger: Charger, **keys: str) -> None:
        """Begin with the given settings."""
        self.charger = charger
        self.keys = dict(keys)
        self.asked: list[tuple[str, Any]] = []
        self.silent_on: Callable[[list[Any]], bool] = lambda _: False
        self.rejects: set[str] = set()
        self.breaks_off_on: Callable[[list[Any]], bool] = lambda _: False

    async def run(self) -> None:
        """Serve until the socket ends."""
        while True:
            try:
                request = await self.charger.request()
            except TypeError:
                return
            action, payload = request[2:]
            self.asked.append((action, payload))
            if self.breaks_off_on(request):
                self.charger.drop()
                return
            if not self.silent_on(request):
                await self.charger.accept(request, self._answer(action, payload))

    def _answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        if action == "GetConfiguration":
            return {
                "configurationKey": [
                    {"key": key, "readonly": False, "value": self.keys[key]}
                    for key in payload["key"]
                    if key in self.keys
                ],
                "unknownKey": [key for key in payload["key"] if key not in self.keys],
            }
        if action == "ChangeConfiguration":
            if payload["value"] in self.rejects or payload["key"] in self.rejects:
                return {"status": "Rejected"}
            self.keys[payload["key"]] = payload["value"]
        return {"status": "Accepted"}

    def written(self) -> dict[str, str]:
        """The settings that were written, with their last values."""
        return {p["key"]: p["value"] for action, p in self.asked if action == "ChangeConfiguration"}

    def read(self) -> list[str]:
        """The settings that were read, in order."""
        return [key for action, p in self.asked if action == "GetConfiguration" for key in p["key"]]


FACTORY = {
    "HeartbeatInterval": "3600",
    "WebSocketPingInterval": "0",
    "MeterValueSampleInterval": "60",
    "ClockAlignedDataInterval": "0",
    "StopTransactionOnInvalidId": "false",
    "LocalPreAuthorize": "true",
    "AuthorizeRemoteTxRequests": "true",
    "MeterValuesSampledData": "Energy.Active.Import.Register",
}


@pytest.fixture
async def connect(dial: Dial) -> Any:
    """Connect a charger whose firmware answers by itself."""
    running: list[asyncio.Task[None]] = []

    async def connected(**keys: str) -> Firmware:
        firmware = Firmware(await dial(), **(keys or FACTORY))
        running.append(asyncio.create_task(firmware.run()))
        return firmware

    yield connected
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_order_is_status_limits_transactions_settings(
    site: SiteDouble, csms: CentralSystem, connect: Any, clock: ManualClock
) -> None:
    async def limits(station_id: str) -> None:
        await csms.send(station_id, ApplyFloor(evse_id=1, current_a=6, phases=3), priority=Priority.SAFETY)

    site.when_ready = limits
    firmware = await connect()
    await clock.advance(20)
    actions = [action for action, _ in firmware.asked]
    assert actions[:3] == ["TriggerMessage", "SetChargingProfile", "TriggerMessage"]
    assert firmware.asked[0][1] == {"requestedMessage": "StatusNotification"}
    assert firmware.asked[2][1] == {"requestedMessage": "MeterValues"}
    assert set(actions[3:]) == {"GetConfiguration", "ChangeConfiguration"}
    assert firmware.keys["MeterValueSampleInterval"] == "10"
    assert firmware.keys["LocalPreAuthorize"] == "false"
    assert firmware.keys["MeterValuesSampledData"] == MEASURANDS[0]


async def test_charger_that_reconnects_without_boot_is_onboarded(
    site: SiteDouble, connect: Any, clock: ManualClock
) -> None:
    for connection in (1, 2):
        firmware = await connect()
        await clock.advance(20)
        assert len(site.ready) == connection
        assert firmware.written()


async def test_charger_that_reboots_on_the_same_socket_is_configured_again(
    site: SiteDouble, connect: Any, clock: ManualClock
) -> None:
    firmware = await connect()
    await clock.advance(60)
    firmware.asked.clear()
    firmware.keys = dict(FACTORY)
    await firmware.charger.send([2, "boot", "BootNotification", BOOT])
    await clock.advance(20)
    assert site.ready == ["CP1", "CP1"]
    assert firmware.keys["MeterValueSampleInterval"] == "10"
    assert firmware.written().keys() >= {"HeartbeatInterval", "MeterValuesSampledData"}


async def test_status_told_unasked_is_not_asked_for(site: SiteDouble, connect: Any, clock: ManualClock) -> None:
    firmware = await connect()
    await firmware.charger.send([2, "b", "BootNotification", BOOT])
    await firmware.charger.send([2, "s", "StatusNotification", AVAILABLE])
    await site.until(lambda: site.ready)
    await clock.advance(1)
    assert ("TriggerMessage", {"requestedMessage": "StatusNotification"}) not in firmware.asked


async def test_only_what_differs_is_written(connect: Any, clock: ManualClock) -> None:
    first = await connect()
    await clock.advance(20)
    again = await connect(**first.keys)
    await clock.advance(20)
    assert first.written()
    assert again.read()
    assert again.written() == {}


async def test_differences_of_spelling_are_none(connect: Any, clock: ManualClock) -> None:
    first = await connect()
    await clock.advance(20)
    keys = first.keys | {
        "LocalPreAuthorize": "False",
        "HeartbeatInterval": " 30 ",
        "MeterValuesSampledData": f"[{MEASURANDS[0]}, RPM]",
    }
    again = await connect(**keys)
    await clock.advance(20)
    assert again.written() == {}


async def test_unanswered_get_configuration_harms_nothing(
    site: SiteDouble, csms: CentralSystem, connect: Any, clock: ManualClock
) -> None:
    firmware = await connect()
    firmware.silent_on = lambda request: request[2] == "GetConfiguration"
    await clock.advance(60)
    await settle(500)
    assert site.ready == ["CP1"]
    assert list(csms.connected) == ["CP1"]
    assert firmware.written()["MeterValueSampleInterval"] == "10"
    assert firmware.written()["MeterValuesSampledData"] == MEASURANDS[0]


async def test_silence_on_everything_harms_nothing(
    site: SiteDouble, csms: CentralSystem, connect: Any, clock: ManualClock
) -> None:
    firmware = await connect()
    firmware.silent_on = lambda _: True
    await clock.advance(120)
    assert site.ready == ["CP1"]
    assert list(csms.connected) == ["CP1"]


async def test_measurands_fall_back_to_a_shorter_list(csms: CentralSystem, connect: Any, clock: ManualClock) -> None:
    firmware = await connect()
    firmware.rejects = {MEASURANDS[0], MEASURANDS[1]}
    await clock.advance(20)
    assert firmware.keys["MeterValuesSampledData"] == MEASURANDS[2]
    again = await connect(**firmware.keys)
    again.rejects = firmware.rejects
    await clock.advance(20)
    assert again.written() == {}
    assert csms.memory("CP1")["refused"]["MeterValuesSampledData"] == [MEASURANDS[0], MEASURANDS[1]]


async def test_measurands_are_not_read_before_ours_are_written(connect: Any, clock: ManualClock) -> None:
    firmware = await connect()
    await clock.advance(20)
    assert "MeterValuesSampledData" not in firmware.read()
    assert "MeterValuesSampledData" in firmware.written()


async def test_reading_respects_the_station_limit_of_keys(connect: Any, clock: ManualClock) -> None:
    firmware = await connect(**FACTORY, GetConfigurationMaxKeys="1")
    await clock.advance(20)
    sizes = [len(payload["key"]) for action, payload in firmware.asked if action == "GetConfiguration"]
    assert set(sizes) == {1}
    assert len(sizes) > 7


async def test_boot_loop_is_broken_after_two_disconnects(
    site: SiteDouble, csms: CentralSystem, connect: Any, clock: ManualClock
) -> None:
    writes = []
    for _ in range(4):
        firmware = await connect()
        firmware.breaks_off_on = lambda request: (
            request[2] == "ChangeConfiguration" and request[3]["key"] == "MeterValuesSampledData"
        )
        await clock.advance(30)
        writes.append("MeterValuesSampledData" in firmware.written())
    assert writes == [True, True, False, False]
    assert list(csms.connected) == ["CP1"]
    assert csms.memory("CP1")["troubles"] == {"write:MeterValuesSampledData": 2}


async def test_memory_survives_a_restart(csms: CentralSystem, connect: Any, clock: ManualClock) -> None:
    csms.remember("CP1", {"troubles": {"write:HeartbeatInterval": 2}, "unsupported": ["read:A"], "from_the_future": 1})
    firmware = await connect()
    await clock.advance(20)
    assert "HeartbeatInterval" not in firmware.written()
    assert csms.memory("CP1")["unsupported"] == ["read:A"]


async def test_other_firmware_makes_a_fresh_start(csms: CentralSystem, connect: Any, clock: ManualClock) -> None:
    csms.remember("CP1", {"firmware": "1.0", "troubles": {"write:HeartbeatInterval": 2}})
    firmware = await connect()
    await firmware.charger.send([2, "b", "BootNotification", BOOT | {"firmwareVersion": "1.1"}])
    await clock.advance(20)
    assert "HeartbeatInterval" in firmware.written()
    assert csms.memory("CP1")["firmware"] == "1.1"


async def test_site_that_hangs_does_not_stop_onboarding(site: SiteDouble, connect: Any, clock: ManualClock) -> None:
    async def hang(_: str) -> None:
        await asyncio.Event().wait()

    site.when_ready = hang
    firmware = await connect()
    for _ in range(12):
        await firmware.charger.send([2, "h", "Heartbeat", {}])
        await clock.advance(10)
    assert firmware.written()
