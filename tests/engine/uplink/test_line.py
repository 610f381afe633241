"""One line over a wire on paper, second by second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
import logging

import pytest

from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.station import EvseStatus, OcppVersion
from custom_components.offline_evse.engine.model.upstream.config import (
    LineConfig,
    Traffic,
    UpstreamConfig,
    UpstreamRole,
)
from custom_components.offline_evse.engine.model.upstream.link import LinkTrouble
from custom_components.offline_evse.engine.uplink.line import Line
from custom_components.offline_evse.engine.uplink.link.budget import Budget
from custom_components.offline_evse.engine.uplink.outbox.outgoing import Told

from ..clock import ManualClock, settle
from .doubles import PaperBackend, PaperSite, Wire

CONFIG = UpstreamConfig(
    upstream_id="csms", name="Monta", url="ws://127.0.0.1/ocpp", lines=(LineConfig(station_id="CP1", identity="CP1"),)
)


class Rig:
    """A line with everything around it in sight."""

    def __init__(self, version: OcppVersion = OcppVersion.V201, traffic: Traffic | None = None) -> None:
        self.clock = ManualClock()
        self.wire = Wire()
        self.site = PaperSite(self.clock, self.wire, version=version)
        self.backend: PaperBackend = self.site.dialler.backend()
        self.lane = self.site.lane()
        self.told: list[Told] = []
        config = replace(CONFIG, traffic=traffic or Traffic())
        self.budget = Budget(config.traffic, self.site.equipment.zone)
        self.line = Line(config, config.lines[0], self.site.equipment, self.budget, lambda: None, self.told.append)

    async def online(self) -> None:
        """Wait until the line is online."""
        await self.until(LinkState.ONLINE, 120)

    async def until(self, state: LinkState, seconds: float) -> None:
        """Wait for a state, not longer than this."""
        for _ in range(int(seconds / 2)):
            if self.line.link is state:
                return
            await self.clock.advance(2)
        assert self.line.link is state

    def add(self, money: bool = True) -> int:
        """Let something happen at the charger."""
        number = self.lane.add(money)
        self.line.look()
        return number


async def stop(rig: Rig) -> None:
    """Close the line as Home Assistant would, with a second at most."""
    closing = asyncio.create_task(rig.line.close())
    await rig.clock.advance(1.0)
    assert closing.done()
    await closing


@asynccontextmanager
async def rigged(version: OcppVersion = OcppVersion.V201, traffic: Traffic | None = None) -> AsyncIterator[Rig]:
    rig = Rig(version, traffic)
    rig.line.start(1)
    try:
        yield rig
    finally:
        await stop(rig)
        assert rig.clock.pending == 0, "a timer was left behind"
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert left == [], "a task was left behind"


async def test_introduces_itself_before_anything_else() -> None:
    async with rigged() as rig:
        rig.add()
        await rig.clock.advance(3)
        assert rig.backend.actions == ["BootNotification", "StatusNotification", "StatusNotification"]
        assert rig.line.link is LinkState.OFFLINE, "a line is believed when it has shown that it works"
        await rig.until(LinkState.RECOVERING, 40)
        await rig.clock.advance(1)
        assert rig.backend.told == [0]
        await rig.online()
        assert rig.line.view.version == "ocpp2.0.1"


async def test_sixteen_speaks_of_the_charger_as_a_whole_too() -> None:
    async with rigged(OcppVersion.V16) as rig:
        await rig.clock.advance(3)
        told = [payload["connectorId"] for _, action, payload in rig.backend.heard if action == "StatusNotification"]
        assert told == [0, 1, 2]


async def test_money_first_after_an_outage_then_the_rest() -> None:
    async with rigged() as rig:
        rig.add(money=False)
        rig.add()
        rig.add(money=False)
        rig.add()
        await rig.online()
        assert rig.backend.told == [1, 3, 0, 2]
        assert [told.money for told in rig.told] == [True, True, False, False]


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_is_accepted_when_the_backend_says_so(status: str) -> None:
    async with rigged() as rig:
        rig.backend.boots = [{"status": status, "interval": 40, "currentTime": "2026-06-01T12:00:00Z"}] * 2
        rig.add()
        await rig.clock.advance(5)
        assert (rig.line.link, rig.line.view.trouble) == (LinkState.OFFLINE, LinkTrouble.NOT_ACCEPTED)
        await rig.clock.advance(34)
        assert rig.backend.actions == ["BootNotification"], "nothing is said to somebody who has not accepted it"
        await rig.clock.advance(60)
        assert rig.backend.actions[:3] == ["BootNotification"] * 3
        first, second, third = [at_s for at_s, action, _ in rig.backend.heard if action == "BootNotification"]
        assert 40 <= second - first <= 44
        assert 40 <= third - second <= 44
        await rig.online()
        assert rig.backend.told == [0]
        assert len(rig.backend.sockets) == 1


async def test_boots_at_once_when_triggered() -> None:
    async with rigged() as rig:
        rig.backend.boots = [{"status": "Pending", "interval": 3600, "currentTime": "2026-06-01T12:00:00Z"}]
        await rig.clock.advance(5)
        rig.line.trigger("boot", None)
        await rig.clock.advance(1)
        assert [payload["reason"] for _, action, payload in rig.backend.heard if action == "BootNotification"] == [
            "PowerUp",
            "Triggered",
        ]
        await rig.online()


async def test_says_what_a_backend_asks_for() -> None:
    async with rigged() as rig:
        await rig.online()
        before = len(rig.backend.heard)
        rig.line.trigger("status", 2)
        rig.line.trigger("heartbeat", None)
        rig.line.follow_up("NotifyReport", {"requestId": 1, "generatedAt": "2026-06-01T12:00:00Z", "seqNo": 0})
        await rig.clock.advance(2)
        assert sorted(rig.backend.actions[before:]) == ["Heartbeat", "NotifyReport", "StatusNotification"]


async def test_only_the_newest_status_of_each_connector_goes_up() -> None:
    async with rigged() as rig:
        await rig.online()
        before = len(rig.backend.heard)
        for status in (EvseStatus.PREPARING, EvseStatus.CHARGING, EvseStatus.SUSPENDED_EV):
            rig.site.grounds.set_status(2, status)
        rig.line.look()
        await rig.clock.advance(3)
        told = [payload for _, action, payload in rig.backend.heard[before:] if action == "StatusNotification"]
        assert [(payload["evseId"], payload["connectorStatus"]) for payload in told] == [(2, "Occupied")]


async def test_a_quiet_line_shows_signs_of_life() -> None:
    async with rigged() as rig:
        await rig.online()
        await rig.clock.advance(600)
        beats = [at_s for at_s, action, _ in rig.backend.heard if action == "Heartbeat"]
        pauses = [after - before for before, after in zip(beats[-30:], beats[-29:], strict=False)]
        assert all(12.0 <= pause <= 18.1 for pause in pauses)


async def test_a_line_that_talks_needs_no_heartbeat() -> None:
    async with rigged() as rig:
        await rig.online()
        before = len(rig.backend.heard)
        for _ in range(60):
            rig.add(money=False)
            await rig.clock.advance(10)
        assert "Heartbeat" not in rig.backend.actions[before:]


async def test_a_backend_may_want_heartbeats_more_often() -> None:
    async with rigged() as rig:
        await rig.online()
        rig.line.set_heartbeat(6)
        await rig.clock.advance(20)
        before = len(rig.backend.heard)
        await rig.clock.advance(60)
        assert 8 <= rig.backend.actions[before:].count("Heartbeat") <= 13


async def test_silence_is_offline_and_dialled_again() -> None:
    async with rigged() as rig:
        await rig.online()
        rig.wire.up = False
        await rig.until(LinkState.OFFLINE, 91)
        assert rig.line.view.trouble is LinkTrouble.SILENT
        assert rig.line.view.latency_s == 0.05
        rig.add()
        await rig.clock.advance(600)
        assert rig.backend.told == []
        rig.wire.up = True
        await rig.until(LinkState.ONLINE, 400)
        assert rig.backend.told == [0]
        assert rig.line.view.since is not None


async def test_attempts_are_few_and_far_between() -> None:
    async with rigged() as rig:
        rig.wire.up = False
        await rig.clock.advance(3600)
        assert rig.line.view.trouble is LinkTrouble.UNREACHABLE
        assert 15 <= len(rig.backend.dialled_s) <= 60


async def test_a_wrong_password_is_no_storm() -> None:
    async with rigged() as rig:
        rig.backend.refusal = LinkTrouble.CREDENTIALS
        await rig.clock.advance(4 * 3600)
        assert rig.line.view.trouble is LinkTrouble.CREDENTIALS
        assert 13 <= len(rig.backend.dialled_s) <= 21
        rig.backend.refusal = None
        attempts = len(rig.backend.dialled_s)
        rig.line.reconnect()
        await rig.clock.advance(1)
        assert len(rig.backend.dialled_s) == attempts + 1, "a person says that it will work now"
        await rig.online()


async def test_money_is_not_risked_on_a_line_that_may_be_dead() -> None:
    async with rigged() as rig:
        await rig.online()
        rig.backend.mute = {"TransactionEvent", "Heartbeat"}
        rig.add()
        await rig.clock.advance(44)
        assert rig.backend.actions.count("TransactionEvent") == 1
        rig.backend.mute = set()
        await rig.clock.advance(20)
        assert rig.lane.waiting == []
        assert rig.backend.actions.count("TransactionEvent") == 2
        assert rig.lane.told_again == 1


async def test_a_poor_line_carries_money_only() -> None:
    async with rigged() as rig:
        await rig.online()
        rig.wire.trip_s = 4.0
        await rig.until(LinkState.DEGRADED, 300)
        rig.add(money=False)
        rig.add()
        await rig.clock.advance(30)
        assert rig.backend.told == [1]
        rig.wire.trip_s = 0.05
        await rig.until(LinkState.ONLINE, 900)
        await rig.clock.advance(20)
        assert rig.backend.told == [1, 0]


async def test_a_short_break_is_no_outage() -> None:
    async with rigged() as rig:
        await rig.online()
        rig.backend.sockets[-1].end(None)
        await rig.clock.advance(3)
        assert rig.line.link is LinkState.ONLINE
        assert len(rig.backend.sockets) == 2
        assert rig.backend.actions[-3:] == ["BootNotification", "StatusNotification", "StatusNotification"]


async def test_a_backend_that_hangs_up_on_everybody_is_left_alone_more_and_more() -> None:
    async with rigged() as rig:
        ends = 0
        for _ in range(720):
            await rig.clock.advance(5)
            for socket in rig.backend.sockets:
                if not socket.closed.done():
                    socket.end(None)
                    ends += 1
        assert 10 <= ends <= 60


async def test_a_spent_budget_and_a_metered_way_hold_back_what_is_not_money() -> None:
    async with rigged(traffic=Traffic(daily_bytes=60_000)) as rig:
        await rig.online()
        rig.add(money=False)
        await rig.clock.advance(5)
        assert rig.backend.told == [0]
        rig.budget.metered = True
        rig.add(money=False)
        rig.add()
        await rig.clock.advance(20)
        assert rig.backend.told == [0, 2]
        rig.budget.metered = False
        rig.line.look()
        await rig.clock.advance(2)
        assert rig.backend.told == [0, 2, 1]
        rig.budget.used(60_000, rig.clock.now())
        rig.add(money=False)
        rig.add()
        rig.site.grounds.set_status(1, EvseStatus.CHARGING)
        before = len(rig.backend.heard)
        await rig.clock.advance(60)
        assert rig.backend.told == [0, 2, 1, 4]
        assert "StatusNotification" not in rig.backend.actions[before:]


async def test_bytes_are_counted_both_ways() -> None:
    async with rigged() as rig:
        await rig.online()
        before = rig.budget.today_bytes(rig.clock.now())
        assert before > 500
        rig.add()
        await rig.clock.advance(2)
        assert rig.budget.today_bytes(rig.clock.now()) > before + 50


async def test_asks_about_a_card_ahead_of_what_waits() -> None:
    async with rigged() as rig:
        await rig.online()
        rig.backend.answers["Authorize"] = {"idTokenInfo": {"status": "Accepted"}}
        rig.wire.trip_s = 1.0
        for _ in range(5):
            rig.add()
        await settle()
        asking = asyncio.create_task(rig.line.ask(IdToken("CARD1")))
        await rig.clock.advance(2.5)
        assert (await asking).accepted
        assert len(rig.backend.told) <= 3


async def test_no_answer_about_a_card_is_said_at_once_without_a_connection() -> None:
    async with rigged() as rig:
        rig.wire.up = False
        await rig.clock.advance(10)
        with pytest.raises(ConnectionError):
            await rig.line.ask(IdToken("CARD1"))


async def test_somebody_who_stops_waiting_for_an_answer_breaks_nothing() -> None:
    async with rigged() as rig:
        await rig.online()
        rig.wire.trip_s = 3.0
        rig.backend.answers["Authorize"] = {"idTokenInfo": {"status": "Accepted"}}
        asking = asyncio.create_task(rig.line.ask(IdToken("CARD1")))
        await rig.clock.advance(2)
        asking.cancel()
        number = rig.add()
        await rig.clock.advance(10)
        assert rig.backend.told == [number]
        assert rig.backend.most_at_once == 1


async def test_goes_on_after_something_inside_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    async with rigged() as rig:
        await rig.online()

        def fail() -> None:
            raise RuntimeError("disk on fire")

        rig.lane.on_next = fail
        with caplog.at_level(logging.ERROR):
            await rig.clock.advance(600)
        assert sum("failed and goes on" in record.message for record in caplog.records) == 1
        assert len(rig.backend.dialled_s) < 40
        rig.lane.on_next = lambda: None
        number = rig.add()
        await rig.until(LinkState.ONLINE, 700)
        assert rig.backend.told == [number]


async def test_a_restart_in_the_middle_of_recovery_loses_nothing() -> None:
    rig = Rig()
    rig.wire.trip_s = 2.0
    for _ in range(6):
        rig.lane.add()
    rig.line.start(1)
    await rig.until(LinkState.RECOVERING, 60)
    await rig.clock.advance(5)
    assert 0 < len(rig.backend.told) < 6
    await stop(rig)
    again = Line(CONFIG, CONFIG.lines[0], rig.site.equipment, rig.budget, lambda: None, rig.told.append)
    again.start(1)
    await rig.clock.advance(90)
    assert rig.backend.told == list(range(6))
    await again.close()
    assert rig.clock.pending == 0


async def test_stops_within_a_second_whatever_it_is_doing() -> None:
    for moment_s in (0.0, 0.02, 0.1, 5.0, 31.0, 70.0):
        rig = Rig()
        rig.wire.trip_s = None if moment_s == 5.0 else 0.05
        rig.lane.add()
        rig.line.start(1)
        await rig.clock.advance(moment_s)
        closing = asyncio.create_task(rig.line.close())
        await rig.clock.advance(1.0)
        assert closing.done()
        await closing
        assert rig.clock.pending == 0


async def test_a_backend_that_does_not_say_goodbye_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    rig.line.start(1)
    await rig.clock.advance(5)

    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(rig.backend.sockets[-1], "close", never)
    closing = asyncio.create_task(rig.line.close())
    await rig.clock.advance(1.0)
    assert closing.done()
    await closing


async def test_another_role_keeps_the_socket_and_another_address_does_not() -> None:
    async with rigged() as rig:
        await rig.online()
        config = replace(rig.line.config, role=UpstreamRole.CONTROL, name="Other", traffic=Traffic(live_interval_s=300))
        rig.line.configure(config, config.lines[0])
        await rig.clock.advance(30)
        assert len(rig.backend.sockets) == 1
        assert rig.line.link is LinkState.ONLINE
        assert rig.site.made_lanes == 2
        number = rig.add()
        await rig.clock.advance(1)
        assert rig.backend.told == [number]
        line = replace(config.lines[0], password="correct horse battery")
        rig.line.configure(replace(config, lines=(line,)), line)
        await rig.clock.advance(3)
        assert len(rig.backend.sockets) == 2


async def test_a_changed_password_is_tried_at_once() -> None:
    async with rigged() as rig:
        rig.backend.refusal = LinkTrouble.CREDENTIALS
        await rig.clock.advance(10)
        assert len(rig.backend.dialled_s) == 1
        rig.backend.refusal = None
        line = replace(CONFIG.lines[0], password="correct horse battery")
        rig.line.configure(replace(CONFIG, lines=(line,)), line)
        await rig.clock.advance(1)
        assert len(rig.backend.dialled_s) == 2
        await rig.online()


async def test_requests_of_a_backend_are_answered_at_the_desk() -> None:
    async with rigged() as rig:
        await rig.online()
        answer = await rig.backend.sockets[-1].on_call("ClearCache", {})
        assert answer == {"status": "Accepted"}
        assert rig.site.desks["csms", "CP1"].asked == ["ClearCache"]
        rig.line.forget_answers()
        assert rig.site.grounds.forgotten == ["csms"]
        rig.line.set_interval(300)
        assert rig.lane.interval_s == 300


async def test_a_permitted_reset_dials_again() -> None:
    async with rigged() as rig:
        await rig.online()
        rig.line.reconnect()
        await rig.clock.advance(1)
        assert len(rig.backend.sockets) == 2
        assert rig.line.link is LinkState.ONLINE
