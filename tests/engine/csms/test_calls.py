"""Our requests: one at a time, the urgent ones first, and every one of them ends."""

import asyncio
from typing import Any

import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.model.command import (
    ApplyLimit,
    ClearAuthorizationCache,
    Command,
    CommandResult,
    Outcome,
    Priority,
    ReadVariables,
    StopTransaction,
    Trigger,
    TriggerMessage,
    WriteVariable,
)
from tests.engine.clock import ManualClock

from .charger import Charger
from .conftest import Dial

ACCEPTED = {"status": "Accepted"}


def limit(current_a: float, evse_id: int = 1) -> ApplyLimit:
    """A limit for one EVSE."""
    return ApplyLimit(evse_id=evse_id, current_a=current_a, phases=3)


def amperes(request: list[Any]) -> float:
    """The limit in a SetChargingProfile."""
    return request[3]["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]  # type: ignore[no-any-return]


class Waiting:
    """Commands that have been given, and how they end."""

    def __init__(self, csms: CentralSystem) -> None:
        """Begin with none."""
        self._csms = csms
        self._tasks: list[asyncio.Task[CommandResult]] = []

    async def give(self, command: Command, priority: Priority = Priority.COMMAND) -> asyncio.Task[CommandResult]:
        """Give a command and let it be queued."""
        task = asyncio.create_task(self._csms.send("CP1", command, priority=priority))
        self._tasks.append(task)
        await asyncio.sleep(0)
        return task


@pytest.fixture
def waiting(csms: CentralSystem) -> Waiting:
    """Commands to CP1."""
    return Waiting(csms)


async def test_one_call_is_outstanding_at_most(dial: Dial, waiting: Waiting) -> None:
    charger = await dial()
    first = await waiting.give(StopTransaction("1"))
    second = await waiting.give(StopTransaction("2"))
    request = await charger.request()
    assert await charger.is_silent()
    await charger.accept(request)
    assert (await first).outcome is Outcome.ACCEPTED
    await charger.accept(await charger.request(), {"status": "Rejected"})
    assert (await second).outcome is Outcome.REJECTED


async def test_urgent_commands_overtake_and_equals_keep_their_order(dial: Dial, waiting: Waiting) -> None:
    charger = await dial()
    await waiting.give(StopTransaction("1"))
    request = await charger.request()
    tasks = [
        await waiting.give(TriggerMessage(Trigger.METER_VALUES), Priority.PROBE),
        await waiting.give(WriteVariable("A", "1"), Priority.CONFIGURATION),
        await waiting.give(WriteVariable("B", "1"), Priority.CONFIGURATION),
        await waiting.give(ClearAuthorizationCache()),
        await waiting.give(limit(6), Priority.SAFETY),
    ]
    order: list[str] = []
    while True:
        await charger.accept(request)
        if len(order) == 5:
            break
        request = await charger.request()
        order.append(request[3].get("key", request[2]))
    assert order == ["SetChargingProfile", "ClearCache", "A", "B", "TriggerMessage"]
    assert {(await task).outcome for task in tasks} == {Outcome.ACCEPTED}


async def test_newer_limit_replaces_one_that_has_not_left(dial: Dial, waiting: Waiting) -> None:
    charger = await dial()
    await waiting.give(StopTransaction("1"))
    request = await charger.request()
    older = await waiting.give(limit(16), Priority.SAFETY)
    other = await waiting.give(limit(10, evse_id=2), Priority.SAFETY)
    newer = await waiting.give(limit(8), Priority.SAFETY)
    await charger.accept(request)
    sent = []
    for _ in range(2):
        request = await charger.request()
        sent.append((request[3]["connectorId"], amperes(request)))
        await charger.accept(request)
    assert sent == [(1, 8), (2, 10)]
    assert (await older) == (await newer)
    assert (await other).done
    assert await charger.is_silent()


async def test_late_answer_is_ignored_and_the_next_call_leaves(
    csms: CentralSystem, dial: Dial, waiting: Waiting, clock: ManualClock
) -> None:
    charger = await dial("/CP1", autoping=True)
    first = await waiting.give(StopTransaction("1"))
    late = await charger.request()
    second = await waiting.give(StopTransaction("2"))
    await clock.advance(31)
    assert await first == CommandResult(outcome=Outcome.UNCERTAIN, detail="no_answer")
    request = await charger.request()
    while request[2] != "RemoteStopTransaction":
        request = await charger.request()
    await charger.accept(late, {"status": "Rejected"})
    await charger.accept(request)
    assert (await second).outcome is Outcome.ACCEPTED
    assert csms.oddities("CP1")["late_answer"] == 1


async def test_caller_may_be_less_patient(csms: CentralSystem, dial: Dial, clock: ManualClock) -> None:
    charger = await dial()
    command = asyncio.create_task(csms.send("CP1", StopTransaction("1"), timeout_s=2))
    await charger.request()
    await clock.advance(2.1)
    assert (await command).outcome is Outcome.UNCERTAIN


@pytest.mark.parametrize(
    ("answer", "outcome", "detail"),
    [
        ('[4,"{id}","NotImplemented","",{{}}]', Outcome.UNSUPPORTED, "NotImplemented"),
        ('[4,"{id}","NotSupported","no",{{}}]', Outcome.UNSUPPORTED, "NotSupported: no"),
        ('[4,"{id}","FormationViolation",""]', Outcome.UNSUPPORTED, "FormationViolation"),
        ('[4,"{id}","GenericError"]', Outcome.REJECTED, "GenericError"),
        ('[4,"{id}"]', Outcome.UNSUPPORTED, ""),
        ('[3,"{id}",{{"configurationKey":[]', Outcome.UNSUPPORTED, "unreadable_answer"),
    ],
)
async def test_odd_answers_end_the_call(
    dial: Dial, waiting: Waiting, answer: str, outcome: Outcome, detail: str
) -> None:
    charger = await dial()
    command = await waiting.give(ReadVariables(("NoSuchKey",)))
    request = await charger.request()
    await charger.send(answer.format(id=request[1]))
    result = await command
    assert (result.outcome, result.detail) == (outcome, detail)


async def test_answer_without_payload_ends_the_call(dial: Dial, waiting: Waiting) -> None:
    charger = await dial()
    command = await waiting.give(ReadVariables(("Key",)))
    request = await charger.request()
    await charger.send([3, request[1]])
    result = await command
    assert result.outcome is not Outcome.UNCERTAIN


async def test_extra_keys_in_an_answer_do_no_harm(dial: Dial, waiting: Waiting) -> None:
    charger = await dial()
    command = await waiting.give(StopTransaction("1"))
    await charger.accept(await charger.request(), {"status": "Accepted", "vendorExtra": 1})
    assert (await command).outcome is Outcome.ACCEPTED


async def test_command_that_cannot_be_said_ends_without_a_frame(dial: Dial, waiting: Waiting) -> None:
    charger = await dial()
    command = await waiting.give(StopTransaction("not a number"))
    assert (await command).outcome is Outcome.UNSUPPORTED
    assert await charger.is_silent()


async def test_caller_that_gives_up_takes_its_unsent_command_along(dial: Dial, waiting: Waiting) -> None:
    charger = await dial()
    first = await waiting.give(StopTransaction("1"))
    request = await charger.request()
    second = await waiting.give(StopTransaction("2"))
    second.cancel()
    await asyncio.sleep(0)
    await charger.accept(request)
    assert (await first).done
    assert await charger.is_silent()


async def test_refused_profile_is_sent_in_another_form(dial: Dial, waiting: Waiting) -> None:
    charger = await dial()
    command = await waiting.give(limit(10), Priority.SAFETY)
    refused = await charger.request()
    await charger.accept(refused, {"status": "Rejected"})
    other = await charger.request()
    assert other[2] == "SetChargingProfile"
    assert other[3] != refused[3]
    await charger.accept(other)
    assert (await command).outcome is Outcome.ACCEPTED


async def test_newer_limit_ends_the_search_for_a_form_of_the_old_one(dial: Dial, waiting: Waiting) -> None:
    charger: Charger = await dial()
    older = await waiting.give(limit(10), Priority.SAFETY)
    refused = await charger.request()
    newer = await waiting.give(limit(8), Priority.SAFETY)
    await charger.accept(refused, {"status": "Rejected"})
    request = await charger.request()
    assert amperes(request) == 8
    await charger.accept(request, ACCEPTED)
    assert (await older).outcome is (await newer).outcome is Outcome.ACCEPTED
    assert await charger.is_silent()


async def test_form_that_was_accepted_is_used_after_a_redial(csms: CentralSystem, dial: Dial) -> None:
    charger = await dial()
    first = asyncio.create_task(csms.send("CP1", limit(10)))
    await charger.accept(await charger.request(), {"status": "Rejected"})
    accepted = await charger.request()
    await charger.accept(accepted)
    await first
    again = await dial()
    second = asyncio.create_task(csms.send("CP1", limit(10)))
    request = await again.request()
    await again.accept(request)
    assert (await second).done
    assert request[3]["csChargingProfiles"].keys() == accepted[3]["csChargingProfiles"].keys()
    assert csms.memory("CP1")["ladder"]["live"] is not None
