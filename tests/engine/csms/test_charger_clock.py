"""A charger obeys absolute profiles by its own clock, so that clock has to be known, and nothing else taken for it."""

from datetime import datetime, timedelta

import pytest

from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
from custom_components.offline_evse.engine.csms.smart_charging.charger_clock import ChargerClock
from custom_components.offline_evse.engine.csms.station import OddityCounts
from custom_components.offline_evse.engine.model.command import ApplyLimit
from tests.engine.clock import NOON, ManualClock


def hear(clock: ChargerClock, *said: tuple[float, float]) -> timedelta:
    """Let messages come in: how far off each is, in s, and when it arrives, in s."""
    for off_s, at_s in said:
        received_at = NOON + timedelta(seconds=at_s)
        clock.heard(received_at + timedelta(seconds=off_s), received_at)
    return clock.offset


@pytest.mark.parametrize("off_s", [-600.0, 600.0, 7200.0, -1.7e9])
def test_two_times_that_are_off_alike_are_believed(off_s: float) -> None:
    assert hear(ChargerClock(), (off_s, 0), (off_s + 0.4, 10)) == timedelta(seconds=off_s + 0.4)


def test_one_time_is_not_enough() -> None:
    assert hear(ChargerClock(), (600, 0), (0, 10), (600, 20)) == timedelta()


def test_what_is_told_late_is_not_taken_for_a_slow_clock() -> None:
    replayed = [(-3600 + 10 * number, 0.02 * number) for number in range(300)]
    assert hear(ChargerClock(), *replayed, (-0.2, 10)) == timedelta()


def test_a_clock_that_is_put_right_is_believed_again() -> None:
    clock = ChargerClock()
    hear(clock, (600, 0), (600, 10))
    assert hear(clock, (0, 20), (0, 30)) == timedelta()


def test_whoever_depends_on_it_is_told_once() -> None:
    clock = ChargerClock()
    told: list[timedelta] = []
    clock.on_moved = lambda: told.append(clock.offset)
    hear(clock, (600, 0), (600, 10), (600, 20), (603, 30))
    assert told == [timedelta(seconds=600)]


def test_a_time_that_no_calendar_has_is_left_alone() -> None:
    clock = ChargerClock()
    clock.offset = timedelta(days=3_000_000)
    assert clock.at(NOON) == NOON


async def test_limits_begin_a_minute_ago_by_the_chargers_clock() -> None:
    time = ManualClock()
    codec = Ocpp16Codec("CP1", time, OddityCounts())
    slow = timedelta(minutes=-10)
    for _ in range(2):
        said = {"connectorId": 1, "status": "Charging", "errorCode": "NoError"}
        codec.decode_call("StatusNotification", {**said, "timestamp": (time.now() + slow).isoformat()})
        await time.advance(5)
    limit = ApplyLimit(evse_id=1, current_a=0.0, phases=3, transaction_id="7")
    _, payload = codec.encode_command(limit)
    start = datetime.fromisoformat(payload["csChargingProfiles"]["chargingSchedule"]["startSchedule"])
    assert abs(start - (time.now() + slow - timedelta(minutes=1))) <= timedelta(seconds=1)
