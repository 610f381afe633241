"""Limits on their way to chargers: in which order they leave, and what happens when one is not taken."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.model.command import (
    ApplyLimit,
    ChangeAvailability,
    Command,
    CommandResult,
    Outcome,
    Priority,
    StopTransaction,
)
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.background import Background
from custom_components.offline_evse.engine.site.config import PauseWay
from custom_components.offline_evse.engine.site.steering.dispatch import (
    PATIENCE_S,
    REFRESH_AFTER_S,
    RETRY_AFTER_S,
    Dispatch,
    Order,
)
from tests.engine.clock import ManualClock, settle

ONE, TWO = EvseKey("one", 1), EvseKey("two", 1)


class Chargers:
    """Chargers that answer when the test says so."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self.asked: list[tuple[str, float]] = []
        self.waiting: list[asyncio.Future[CommandResult]] = []
        self.confirmed: list[tuple[EvseKey, float]] = []
        self.failed: list[EvseKey] = []
        self.commands: list[Command] = []

    async def send(self, station_id: str, command: Command, priority: Priority) -> CommandResult:
        """Note the limit, and wait for the test."""
        assert priority is Priority.SAFETY
        self.commands.append(command)
        if isinstance(command, ApplyLimit):
            self.asked.append((station_id, command.current_a))
        answer: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self.waiting.append(answer)
        return await answer

    async def answer(self, outcome: Outcome = Outcome.ACCEPTED) -> None:
        """Answer the oldest limit that waits."""
        self.waiting.pop(0).set_result(CommandResult(outcome=outcome))
        await settle()


@pytest.fixture
def chargers() -> Chargers:
    """Give chargers."""
    return Chargers()


@pytest.fixture
async def dispatch(chargers: Chargers, clock: ManualClock) -> AsyncIterator[Dispatch]:
    """Give a dispatch to these chargers."""
    background = Background()
    yield Dispatch(
        chargers.send,
        clock,
        background,
        lambda evse, current_a: chargers.confirmed.append((evse, current_a)),
        chargers.failed.append,
    )
    await background.end()


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that the test owns."""
    return ManualClock()


def order(evse: EvseKey, current_a: float, transaction_id: str = "1") -> Order:
    """Order a current where the floor is 6 A."""
    return Order(evse=evse, current_a=current_a, floor_a=6.0, fallback_a=6.0, transaction_id=transaction_id, phases=3)


async def _running(dispatch: Dispatch, chargers: Chargers, *orders: Order) -> None:
    dispatch.give(orders)
    for _ in orders:
        await settle()
        await chargers.answer()
    chargers.asked.clear()


async def test_an_increase_waits_until_the_decrease_is_confirmed(dispatch: Dispatch, chargers: Chargers) -> None:
    await _running(dispatch, chargers, order(ONE, 16), order(TWO, 8))
    dispatch.give([order(ONE, 8), order(TWO, 16)])
    await settle()
    assert chargers.asked == [("one", 8)]
    await chargers.answer()
    assert chargers.asked == [("one", 8), ("two", 16)]


async def test_an_increase_does_not_wait_for_ever(dispatch: Dispatch, chargers: Chargers, clock: ManualClock) -> None:
    await _running(dispatch, chargers, order(ONE, 16), order(TWO, 8))
    orders = [order(ONE, 8), order(TWO, 16)]
    dispatch.give(orders)
    await clock.advance(PATIENCE_S)
    dispatch.give(orders)
    await settle()
    assert ("two", 16) in chargers.asked


async def test_one_limit_at_a_time_and_the_newest_next(dispatch: Dispatch, chargers: Chargers) -> None:
    dispatch.give([order(ONE, 16)])
    await settle()
    for current_a in (15, 12, 10):
        dispatch.give([order(ONE, current_a)])
    await settle()
    assert chargers.asked == [("one", 16)]
    await chargers.answer()
    assert chargers.asked == [("one", 16), ("one", 10)]
    await chargers.answer()
    assert chargers.confirmed == [(ONE, 16), (ONE, 10)]


async def test_a_limit_in_force_is_repeated_before_it_expires(
    dispatch: Dispatch, chargers: Chargers, clock: ManualClock
) -> None:
    await _running(dispatch, chargers, order(ONE, 16))
    await clock.advance(REFRESH_AFTER_S - 1)
    dispatch.give([order(ONE, 16)])
    await settle()
    assert chargers.asked == []
    await clock.advance(1)
    dispatch.give([order(ONE, 16)])
    await settle()
    assert chargers.asked == [("one", 16)]


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.UNCERTAIN, Outcome.UNSUPPORTED])
async def test_a_limit_that_was_not_taken_is_reported_and_tried_again(
    dispatch: Dispatch, chargers: Chargers, clock: ManualClock, outcome: Outcome
) -> None:
    dispatch.give([order(ONE, 10)])
    await settle()
    await chargers.answer(outcome)
    assert chargers.failed == [ONE]
    dispatch.give([order(ONE, 10)])
    await settle()
    assert chargers.asked == [("one", 10)]
    await clock.advance(RETRY_AFTER_S)
    dispatch.give([order(ONE, 10)])
    await settle()
    assert chargers.asked == [("one", 10), ("one", 10)]


async def test_a_charger_that_came_back_is_told_again(dispatch: Dispatch, chargers: Chargers) -> None:
    await _running(dispatch, chargers, order(ONE, 16), order(TWO, 16))
    dispatch.forget("one")
    dispatch.give([order(ONE, 16), order(TWO, 16)])
    await settle()
    assert chargers.asked == [("one", 16)]


async def test_the_next_transaction_is_told_anew(dispatch: Dispatch, chargers: Chargers) -> None:
    await _running(dispatch, chargers, order(ONE, 16))
    dispatch.give([])
    dispatch.give([order(ONE, 16, transaction_id="2")])
    await settle()
    assert chargers.asked == [("one", 16)]


async def test_an_answer_that_comes_after_the_transaction_is_not_taken_for_the_next_one(
    dispatch: Dispatch, chargers: Chargers
) -> None:
    dispatch.give([order(ONE, 16)])
    await settle()
    dispatch.give([order(ONE, 16, transaction_id="2")])
    await settle()
    await chargers.answer()
    assert chargers.confirmed == []
    assert chargers.asked == [("one", 16), ("one", 16)]


@pytest.mark.parametrize(
    ("refresh_s", "expires_s"), [(60, 70), (60, 130), (120, 130), (120, 250), (300, 310), (300, 610), (7, 20)]
)
async def test_a_charger_with_its_own_figures_is_told_by_them(
    dispatch: Dispatch, chargers: Chargers, clock: ManualClock, refresh_s: int, expires_s: int
) -> None:
    own = replace(order(ONE, 16), refresh_s=refresh_s, expires_s=expires_s)
    await _running(dispatch, chargers, own)
    await clock.advance(refresh_s - 1)
    dispatch.give([own])
    await settle()
    assert chargers.asked == []
    await clock.advance(1)
    dispatch.give([own])
    await settle()
    assert chargers.asked == [("one", 16)]
    assert [it.expires_after_s for it in chargers.commands if isinstance(it, ApplyLimit)] == [expires_s] * 2


async def test_a_limit_without_an_end_is_repeated_too(
    dispatch: Dispatch, chargers: Chargers, clock: ManualClock
) -> None:
    simple = replace(order(ONE, 16), expires_s=None)
    await _running(dispatch, chargers, simple)
    await clock.advance(REFRESH_AFTER_S)
    dispatch.give([simple])
    await settle()
    assert chargers.asked == [("one", 16)]


async def test_the_number_of_phases_goes_with_the_limit(dispatch: Dispatch, chargers: Chargers) -> None:
    await _running(dispatch, chargers, order(ONE, 16))
    dispatch.give([replace(order(ONE, 16), use_phases=1)])
    await settle()
    await chargers.answer()
    assert [it.use_phases for it in chargers.commands if isinstance(it, ApplyLimit)] == [None, 1]


async def test_a_charger_that_is_held_hears_nothing_until_it_has_to_go_down(
    dispatch: Dispatch, chargers: Chargers, clock: ManualClock
) -> None:
    await _running(dispatch, chargers, order(ONE, 12))
    dispatch.hold(ONE)
    await clock.advance(1000)
    dispatch.give([order(ONE, 16)])
    await settle()
    assert chargers.asked == []
    dispatch.give([order(ONE, 9)])
    await settle()
    assert chargers.asked == [("one", 9)]
    assert not dispatch.holds(ONE)


async def test_a_charger_that_is_released_hears_at_once(dispatch: Dispatch, chargers: Chargers) -> None:
    await _running(dispatch, chargers, order(ONE, 12))
    dispatch.hold(ONE)
    dispatch.release(ONE)
    await settle()
    assert chargers.asked == [("one", 12)]


async def test_a_pause_by_remote_stop(dispatch: Dispatch, chargers: Chargers) -> None:
    await _running(dispatch, chargers, order(ONE, 16))
    dispatch.give([replace(order(ONE, 0), pause_way=PauseWay.STOP)])
    await settle()
    await chargers.answer()
    assert chargers.commands[-1] == StopTransaction("1")
    assert chargers.confirmed[-1] == (ONE, 0)


async def test_a_pause_by_availability_is_taken_back(dispatch: Dispatch, chargers: Chargers) -> None:
    await _running(dispatch, chargers, order(ONE, 16))
    dispatch.give([replace(order(ONE, 0), pause_way=PauseWay.AVAILABILITY)])
    await settle()
    await chargers.answer()
    assert chargers.commands[-1] == ChangeAvailability(1, operative=False)
    assert dispatch.takes_out(ONE)
    dispatch.give([replace(order(ONE, 10), pause_way=PauseWay.AVAILABILITY)])
    await settle()
    await chargers.answer()
    assert chargers.commands[-2] == ChangeAvailability(1, operative=True)
    assert chargers.asked == [("one", 10)]
    assert not dispatch.takes_out(ONE)


async def test_a_pause_by_availability_that_comes_too_late_is_a_limit(dispatch: Dispatch, chargers: Chargers) -> None:
    await _running(dispatch, chargers, order(ONE, 16))
    dispatch.give([replace(order(ONE, 0), pause_way=PauseWay.AVAILABILITY)])
    await settle()
    # It will be out of service once the session is over, which pauses nothing now.
    await chargers.answer(Outcome.SCHEDULED)
    assert chargers.asked == [("one", 0)]
    await chargers.answer()
    dispatch.give([])
    dispatch.session_over(ONE)
    await settle()
    assert chargers.commands[-1] == ChangeAvailability(1, operative=True)


async def test_a_charger_that_refuses_a_pause_goes_down_as_far_as_it_does(
    dispatch: Dispatch, chargers: Chargers
) -> None:
    await _running(dispatch, chargers, order(ONE, 16))
    dispatch.give([order(ONE, 0)])
    await settle()
    await chargers.answer(Outcome.REJECTED)
    assert chargers.asked == [("one", 0), ("one", 6)]
    await chargers.answer()
    assert chargers.failed == [ONE]
    assert (ONE, 0) not in chargers.confirmed
