"""Sessions for which a 1.6 backend opens no transaction: it answers with a number that is none (seen at CitrineOS)."""

from pathlib import Path
from typing import Any, override

import pytest

from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus
from custom_components.offline_evse.engine.model.upstream.config import UnknownCards
from custom_components.offline_evse.engine.model.upstream.delivery import LEFT_OUT, DeliveryState, Settlement
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import CARD, start, stop, update

from .backend import Booked, Fate, Site, StrictBackend


class NumberZero(StrictBackend):
    """Answers starts with the number 0 and `status`, and keeps a transaction only where it accepts."""

    def __init__(self, status: str) -> None:
        super().__init__()
        self.status = status
        self.asked = 0

    @override
    def _StartTransaction(self, payload: dict[str, Any], frame: str) -> dict[str, Any]:
        self.asked += 1
        if self.status == "Accepted":
            self.booked["0"] = Booked(1, payload["idTag"], payload["timestamp"], payload["meterStart"])
        return {"transactionId": 0, "idTagInfo": {"status": self.status}}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def opened(
    path: Path, clock: ManualClock, status: str, unknown_cards: UnknownCards = UnknownCards.LEAVE_OUT
) -> tuple[Site, NumberZero, str]:
    """A site with a session that is over and has not been told."""
    backend = NumberZero(status)
    site = await Site.open(path / "ledger.db", clock, backend=backend, unknown_cards=unknown_cards)
    session = await site.record(start(1, 1000, transaction_id="a", seq_no=0), stop(61, 1700, "a", seq_no=9))
    return site, backend, session


async def test_a_card_that_the_backend_does_not_know_is_left_out_and_stays_listed(
    tmp_path: Path, clock: ManualClock
) -> None:
    site, backend, session = await opened(tmp_path, clock, "Invalid")
    await site.drain()
    (told,) = site.told
    assert (told.money, told.parked, told.id_token) == (False, False, CARD)
    assert told.denied is not None and told.denied.status is AuthorizationStatus.INVALID
    backlog = await site.ledger.book.backlog("monta")
    assert (backlog.session_count, backlog.parked_count, backlog.left_out_count) == (0, 0, 1)
    (listed,) = await site.ledger.book.left_out("monta")
    assert (listed.transaction.session_id, listed.delivery.detail) == (session, LEFT_OUT)
    assert listed.delivery.denied
    # The office has taken the card in since; somebody has it sent after all.
    assert not await site.lane.settle(session, Settlement.MATCH, "7")
    site.backend = StrictBackend()
    assert await site.lane.settle(session, Settlement.RESEND)
    await site.drain()
    assert (await site.delivery(session)).delivery.state is DeliveryState.DONE
    assert site.backend.booked["8000"].energy_wh == 700
    assert await site.ledger.book.left_out("monta") == ()
    assert backend.asked == 1
    await site.ledger.close()


async def test_a_running_session_that_is_left_out_is_told_no_more(tmp_path: Path, clock: ManualClock) -> None:
    site = await Site.open(tmp_path / "r.db", clock, backend=NumberZero("Invalid"))
    await clock.advance(60)
    await site.record(start(1, 1000, transaction_id="a", seq_no=0))
    await site.step(telemetry=True)
    await clock.advance(600)
    await site.record(update(11, 1500, "a", seq_no=1))
    await site.record(stop(12, 1600, "a", seq_no=2))
    await site.drain(telemetry=True)
    assert len(site.left) == 1
    await site.ledger.close()


@pytest.mark.parametrize(
    ("status", "unknown_cards"),
    [("Invalid", UnknownCards.ASK), ("Blocked", UnknownCards.LEAVE_OUT), ("Expired", UnknownCards.LEAVE_OUT)],
)
async def test_where_every_card_should_be_known_and_for_a_card_that_is_a_person_is_asked(
    tmp_path: Path, clock: ManualClock, status: str, unknown_cards: UnknownCards
) -> None:
    site, backend, session = await opened(tmp_path, clock, status, unknown_cards)
    await site.drain()
    assert site.told[-1].parked
    assert site.told[-1].denied is not None
    delivery = (await site.delivery(session)).delivery
    assert delivery.state is DeliveryState.REFUSED
    assert status in str(delivery.detail)
    assert backend.asked == 1
    assert await site.ledger.book.left_out("monta") == ()
    await site.ledger.close()


async def test_a_repeated_start_that_is_known_already_is_not_sent_a_third_time(
    tmp_path: Path, clock: ManualClock
) -> None:
    site, backend, session = await opened(tmp_path, clock, "ConcurrentTx")
    assert await site.step(Fate.LOST_AFTER) is not None
    await site.drain()
    delivery = (await site.delivery(session)).delivery
    assert delivery.state is DeliveryState.AMBIGUOUS
    assert not delivery.denied
    assert site.told[-1].denied is None
    assert backend.asked == 2
    await site.ledger.close()


async def test_the_first_word_of_a_card_that_charges_elsewhere_is_a_no(tmp_path: Path, clock: ManualClock) -> None:
    site, _, session = await opened(tmp_path, clock, "ConcurrentTx")
    await site.drain()
    assert (await site.delivery(session)).delivery.state is DeliveryState.REFUSED
    assert site.told[-1].denied is not None
    await site.ledger.close()


async def test_a_backend_that_counts_from_zero_is_told_to_the_end(tmp_path: Path, clock: ManualClock) -> None:
    site, backend, session = await opened(tmp_path, clock, "Accepted")
    await site.drain()
    assert (await site.delivery(session)).delivery.state is DeliveryState.DONE
    assert backend.booked["0"].energy_wh == 700
    await site.ledger.close()


async def test_what_a_person_has_skipped_is_not_counted_as_left_out(tmp_path: Path, clock: ManualClock) -> None:
    site, _, session = await opened(tmp_path, clock, "Blocked")
    await site.drain()
    assert await site.lane.settle(session, Settlement.SKIP)
    backlog = await site.ledger.book.backlog("monta")
    assert (backlog.session_count, backlog.left_out_count) == (0, 0)
    await site.ledger.close()


class OneAtATime(StrictBackend):
    """Lets no card begin while a transaction of it is open."""

    @override
    def _StartTransaction(self, payload: dict[str, Any], frame: str) -> dict[str, Any]:
        if any(each.card == payload["idTag"] and each.ended is None for each in self.booked.values()):
            return {"transactionId": 0, "idTagInfo": {"status": "ConcurrentTx"}}
        return super()._StartTransaction(payload, frame)


async def test_what_waits_behind_an_open_session_of_its_card_goes_by_itself_once_that_is_settled(
    tmp_path: Path, clock: ManualClock
) -> None:
    backend = OneAtATime()
    site = await Site.open(tmp_path / "w.db", clock, backend=backend)
    first = await site.record(start(1, 1000, transaction_id="a", seq_no=0), stop(61, 1700, "a", seq_no=9))
    later = [
        await site.record(
            start(100 * number, 2000, transaction_id=f"b{number}", seq_no=0),
            stop(100 * number + 50, 2300, f"b{number}", seq_no=9),
        )
        for number in (1, 2)
    ]
    assert await site.step(Fate.LOST_AFTER) is not None
    await site.drain()
    states = [(await site.delivery(session)).delivery.state for session in (first, *later)]
    assert states == [DeliveryState.AMBIGUOUS, DeliveryState.REFUSED, DeliveryState.REFUSED]
    assert await site.lane.settle(first, Settlement.MATCH, "8000")
    await site.drain()
    states = [(await site.delivery(session)).delivery.state for session in (first, *later)]
    assert states == [DeliveryState.DONE] * 3
    assert [each.energy_wh for each in backend.booked.values()] == [700, 300, 300]
    await site.ledger.close()
