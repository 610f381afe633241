"""Stations that refuse 0 A, or anything below a minimum of their own, without minding the form of the limit."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.csms.smart_charging.low_limits import REFUSALS
from custom_components.offline_evse.engine.csms.smart_charging.profile_ladder import ProfileLadder
from custom_components.offline_evse.engine.csms.smart_charging.profiles import ProfileShape
from custom_components.offline_evse.engine.model.command import ApplyLimit, Command, CommandResult, Outcome

from .charger import Charger
from .conftest import Dial

LIMIT = ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id="7")
ZERO = replace(LIMIT, current_a=0)
MINIMUM = replace(LIMIT, current_a=6)
REJECTED = CommandResult(outcome=Outcome.REJECTED)
ACCEPTED = CommandResult(outcome=Outcome.ACCEPTED)


def lowest(requests: list[object], charger_minimum_a: float, request: list[object]) -> bool:
    """Whether a charger that refuses anything lower takes this profile."""
    requests.append(request)
    payload = request[3]
    assert isinstance(payload, dict)
    schedule = payload["csChargingProfiles"]["chargingSchedule"]
    factor = 690 if schedule["chargingRateUnit"] == "W" else 1
    return all(period["limit"] >= charger_minimum_a * factor for period in schedule["chargingSchedulePeriod"])


async def asked(csms: CentralSystem, charger: Charger, command: Command, minimum_a: float) -> tuple[CommandResult, int]:
    """Send a limit to a charger with such a minimum; return how it ended, and how often it was asked."""
    sent = asyncio.create_task(csms.send("CP1", command))
    requests: list[object] = []
    while not sent.done():
        waiting = asyncio.create_task(charger.request())
        await asyncio.wait({sent, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            break
        request = waiting.result()
        taken = request[2] != "SetChargingProfile" or lowest(requests, minimum_a, request)
        await charger.accept(request, {"status": "Accepted" if taken else "Rejected"})
    return await sent, len(requests)


def test_a_refused_zero_is_no_refusal_of_the_form() -> None:
    """Once the form was taken before."""
    ladder = ProfileLadder()
    ladder.noted(LIMIT, ACCEPTED)
    assert not ladder.next_rung(ZERO, REJECTED)
    assert ladder.current == ProfileShape()
    assert ladder.low_limits.takes_zero is None
    ladder.noted(MINIMUM, ACCEPTED)
    assert ladder.low_limits.takes_zero is False


def test_a_zero_refused_for_a_session_that_has_just_ended_proves_nothing() -> None:
    """The limit of another transaction is no word on it."""
    ladder = ProfileLadder()
    ladder.noted(LIMIT, ACCEPTED)
    ladder.next_rung(ZERO, REJECTED)
    ladder.noted(replace(MINIMUM, transaction_id="8"), ACCEPTED)
    assert ladder.low_limits.takes_zero is None


def test_a_zero_refused_again_and_again_is_refused() -> None:
    ladder = ProfileLadder()
    ladder.noted(LIMIT, ACCEPTED)
    for _ in range(REFUSALS):
        assert ladder.low_limits.takes_zero is None
        ladder.next_rung(ZERO, REJECTED)
    assert ladder.low_limits.takes_zero is False


def test_a_zero_that_is_taken_is_known_as_well() -> None:
    ladder = ProfileLadder()
    ladder.noted(ZERO, ACCEPTED)
    assert ladder.low_limits.takes_zero is True


def test_a_first_zero_is_offered_in_every_form() -> None:
    """Nothing is known of the station yet; and what is accepted later, in a form that refused it, tells why."""
    ladder = ProfileLadder()
    tried = 1
    while ladder.next_rung(ZERO, REJECTED):
        tried += 1
    assert tried == len(ladder.shapes)
    ladder.noted(MINIMUM, ACCEPTED)
    assert ladder.low_limits.takes_zero is False


def test_a_minimum_of_its_own_is_found_out() -> None:
    """6 A is refused in any form, 8 A is taken: 6 A is not tried in all forms again."""
    ladder = ProfileLadder()
    ladder.noted(LIMIT, ACCEPTED)
    while ladder.next_rung(MINIMUM, REJECTED):
        pass
    ladder.noted(replace(LIMIT, current_a=8), ACCEPTED)
    assert ladder.low_limits.minimum_refused_a == 6
    assert not ladder.next_rung(MINIMUM, REJECTED)
    ladder.noted(MINIMUM, ACCEPTED)
    assert ladder.low_limits.minimum_refused_a is None


def test_it_is_remembered_over_a_restart_and_forgotten_with_the_firmware() -> None:
    ladder = ProfileLadder()
    ladder.noted(LIMIT, ACCEPTED)
    ladder.next_rung(ZERO, REJECTED)
    ladder.noted(MINIMUM, ACCEPTED)
    again = ProfileLadder()
    again.remember(ladder.to_dict())
    assert again.low_limits.takes_zero is False
    again.forget()
    assert again.low_limits.takes_zero is None


async def test_zero_is_not_sent_to_a_charger_that_refuses_it(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    assert csms.takes_zero("CP1") is None
    for command, outcome, times in (
        (LIMIT, Outcome.ACCEPTED, 1),
        (ZERO, Outcome.REJECTED, 1),
        (MINIMUM, Outcome.ACCEPTED, 1),
        (ZERO, Outcome.REJECTED, 0),
    ):
        result, asks = await asked(csms, charger, command, 6)
        assert (result.outcome, asks) == (outcome, times)
    assert result.detail == "zero_refused"
    assert csms.takes_zero("CP1") is False
    assert csms.takes_zero("NEVER-SEEN") is None


async def test_zero_is_sent_to_a_charger_that_takes_it(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    for _ in range(2):
        result, asks = await asked(csms, charger, ZERO, 0)
        assert (result.outcome, asks) == (Outcome.ACCEPTED, 1)
    assert csms.takes_zero("CP1") is True


@pytest.mark.parametrize("minimum_a", [8.0])
async def test_a_charger_with_a_high_minimum_is_told_of(csms: CentralSystem, dial: Dial, minimum_a: float) -> None:
    charger = await dial()
    command = replace(LIMIT, fallback_a=10)
    assert (await asked(csms, charger, command, minimum_a))[0].done
    refused, asks = await asked(csms, charger, replace(command, current_a=6), minimum_a)
    assert refused.outcome is Outcome.REJECTED
    assert asks > 1
    assert (await asked(csms, charger, command, minimum_a))[0].done
    assert csms.minimum_refused_a("CP1") == 6
    assert (await asked(csms, charger, replace(command, current_a=6), minimum_a))[1] == 1
