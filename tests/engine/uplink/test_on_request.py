"""What a backend asks for with TriggerMessage, and what it hears when a charger restarts."""

from datetime import timedelta

import pytest

from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.transaction import Transaction
from custom_components.offline_evse.engine.model.upstream.config import Traffic

from .test_line import Rig, rigged


def measured(rig: Rig, evse_id: int = 1, wh: int = 5000) -> None:
    """Let the meter of a socket have said something a while ago."""
    at = rig.clock.now() - timedelta(minutes=5)
    rig.site.grounds.samples[evse_id] = EvseSample(timestamp=at, energy_import_wh=wh, power_w=11_000.0)


def run(rig: Rig, evse_id: int = 1) -> None:
    """Let a session run."""
    rig.site.grounds.running[evse_id] = Transaction(
        transaction_id="1",
        session_id="01SESSION",
        station_id="CP1",
        evse_id=evse_id,
        connector_id=1,
        started_at=rig.clock.now(),
        ended_at=None,
        energy_wh=0,
        register_start_wh=0,
        register_last_wh=0,
        id_token=None,
        name=None,
    )


@pytest.mark.parametrize(("version", "place"), [(OcppVersion.V16, "connectorId"), (OcppVersion.V201, "evseId")])
async def test_values_of_a_socket_at_which_nothing_runs_are_told_without_a_session(
    version: OcppVersion, place: str
) -> None:
    async with rigged(version) as rig:
        await rig.online()
        assert not rig.line.trigger("values", None), "no meter has said anything"
        measured(rig, 2)
        assert not rig.line.trigger("values", 1)
        assert rig.line.trigger("values", None)
        await rig.clock.advance(1)
        (told,) = [payload for _, action, payload in rig.backend.heard if action == "MeterValues"]
        assert told[place] == 2
        assert "transactionId" not in told
        (value,) = told["meterValue"]
        assert value["timestamp"] < rig.clock.now().isoformat()
        registers = [each for each in value["sampledValue"] if each["measurand"] == "Energy.Active.Import.Register"]
        assert [float(each["value"]) for each in registers] == [5000.0]


async def test_values_can_be_asked_for_as_soon_as_a_charger_is_accepted() -> None:
    async with rigged() as rig:
        measured(rig)
        assert not rig.line.trigger("values", None), "nobody is there to be told"
        await rig.clock.advance(2)
        assert rig.line.trigger("values", None)
        await rig.clock.advance(1)
        assert "MeterValues" in rig.backend.actions


async def test_an_event_is_only_told_of_what_runs() -> None:
    async with rigged() as rig:
        await rig.online()
        measured(rig)
        assert not rig.line.trigger("event", None)
        run(rig)
        assert not rig.line.trigger("event", 2)
        assert rig.line.trigger("event", 1)


async def test_values_are_not_promised_when_the_days_bytes_are_used_up() -> None:
    async with rigged(traffic=Traffic(daily_bytes=500)) as rig:
        measured(rig)
        await rig.clock.advance(30)
        assert rig.budget.spent(rig.clock.now())
        assert not rig.line.trigger("values", None)
        assert rig.line.trigger("heartbeat", None)
        await rig.clock.advance(1)
        assert "MeterValues" not in rig.backend.actions


async def test_a_value_that_cannot_be_worded_ends_nothing() -> None:
    async with rigged() as rig:
        await rig.online()
        # OCPP 2.0.1 has no word for it, and a message without any value is none.
        rig.site.grounds.samples[1] = EvseSample(timestamp=rig.clock.now(), temperature_c=40.0)
        measured(rig, 2)
        assert rig.line.trigger("values", None)
        await rig.clock.advance(1)
        told = [payload["evseId"] for _, action, payload in rig.backend.heard if action == "MeterValues"]
        assert told == [2]
        assert len(rig.backend.sockets) == 1


async def test_a_charger_that_restarts_is_introduced_anew_over_the_same_connection() -> None:
    async with rigged() as rig:
        await rig.online()
        before = len(rig.backend.heard)
        rig.line.booted("RemoteReset")
        await rig.clock.advance(1)
        said = rig.backend.heard[before:]
        assert [action for _, action, _ in said] == ["BootNotification", "StatusNotification", "StatusNotification"]
        assert said[0][2]["reason"] == "RemoteReset"
        assert len(rig.backend.sockets) == 1
        for _ in range(20):
            rig.line.booted("Watchdog")
            await rig.clock.advance(1)
        assert rig.backend.actions.count("BootNotification") == 2, "one that boots again and again is told now and then"
        await rig.clock.advance(60)
        rig.line.booted("Watchdog")
        number = rig.add()
        await rig.clock.advance(2)
        assert rig.backend.actions.count("BootNotification") == 3
        assert rig.backend.told == [number]


async def test_a_restart_while_nobody_can_be_told_is_told_with_the_next_connection() -> None:
    async with rigged() as rig:
        await rig.online()
        rig.wire.up = False
        rig.backend.sockets[-1].end(None)
        await rig.clock.advance(30)
        rig.line.booted("RemoteReset")
        rig.wire.up = True
        await rig.clock.advance(330)
        boots = [payload for _, action, payload in rig.backend.heard if action == "BootNotification"]
        assert boots[-1]["reason"] == "RemoteReset"
