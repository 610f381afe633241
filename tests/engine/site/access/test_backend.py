"""The modes with a backend, through the socket of a charger: asked, late, silent, offline, and settled afterwards."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.model.access import (
    AccessConfig,
    AccessMode,
    BackendAnswer,
    LinkState,
    UnknownCards,
    UnknownRule,
    Whitelist,
)
from custom_components.offline_evse.engine.model.decision import DecisionBasis, Refusal, StopCause
from custom_components.offline_evse.engine.site.announcement import SessionStopped
from tests.engine.clock import ManualClock, settle
from tests.engine.site.place import CONFIG, Place, charger, until
from tests.engine.site.wallbox import Wallbox

from .fake_backend import NO, YES, FakeBackend


@pytest.fixture
async def backend(place: Place) -> FakeBackend:
    """The site's backend, online."""
    backend = FakeBackend()
    place.site.use_backend(backend)
    return backend


def mode(place: Place, mode: AccessMode, unknown: UnknownRule = UnknownRule.DENY) -> None:
    """Set the mode of the site."""
    access = AccessConfig(mode=mode, unknown=UnknownCards(rule=unknown))
    place.site.configure(replace(place.site.config, access=access))


async def asked_without_answer(box: Wallbox, clock: ManualClock, card: str, *, wait_s: float) -> str:
    """Present a card that the backend says nothing about; it must be answered after `wait_s` and not before."""
    answer = asyncio.create_task(box.authorize(card))
    while box.unanswered:
        await asyncio.sleep(0.001)
    await settle(400)
    await clock.advance(wait_s - 0.1)
    assert not answer.done()
    await clock.advance(0.2)
    return await answer


async def test_whoever_is_not_enrolled_is_asked_for_and_remembered(
    place: Place, box: Wallbox, backend: FakeBackend
) -> None:
    mode(place, AccessMode.LOCAL_FIRST)
    backend.answers = {"THEIRS": YES, "NOBODY": NO}
    assert await box.authorize("CARD") == "Accepted"
    assert backend.asked == []
    assert await box.authorize("THEIRS") == "Accepted"
    assert (place.decision().basis, place.decision().age_s) == (DecisionBasis.BACKEND, 0.0)
    assert await box.authorize("NOBODY") == "Invalid"
    assert place.decision().refusal is Refusal.BACKEND
    # The start that follows is not asked about again.
    await box.start("THEIRS")
    assert backend.asked == ["THEIRS", "NOBODY"]


async def test_a_silent_backend_is_waited_for_two_seconds_and_heard_later(
    place: Place, box: Wallbox, backend: FakeBackend, clock: ManualClock
) -> None:
    mode(place, AccessMode.LOCAL_FIRST)
    assert await asked_without_answer(box, clock, "THEIRS", wait_s=2) == "Invalid"
    assert place.decision().refusal is Refusal.UNKNOWN
    backend.tell(YES)
    await settle()
    await clock.advance(120)
    backend.become(LinkState.OFFLINE)
    assert await box.authorize("THEIRS") == "Accepted"
    assert (place.decision().basis, place.decision().age_s) == (DecisionBasis.FRESH_CACHE, 120.0)


async def test_a_backend_first_is_waited_for_a_second_while_its_link_is_poor(
    place: Place, box: Wallbox, backend: FakeBackend, clock: ManualClock
) -> None:
    mode(place, AccessMode.BACKEND_FIRST)
    backend.become(LinkState.DEGRADED)
    assert await asked_without_answer(box, clock, "CARD", wait_s=1) == "Accepted"
    assert place.decision().basis is DecisionBasis.CREDENTIAL
    backend.become(LinkState.ONLINE)
    backend.answers["CARD"] = NO
    backend.tell(NO)
    await clock.advance(120)
    assert await box.authorize("CARD") == "Invalid"


async def test_an_answer_lasts_over_a_restart_under_a_pseudonym_and_ages(
    place: Place, box: Wallbox, backend: FakeBackend, clock: ManualClock
) -> None:
    mode(place, AccessMode.LOCAL_FIRST)
    backend.answers = {"THEIRS": YES, "REALTIME": replace(YES, whitelist=Whitelist.NEVER)}
    assert await box.authorize("THEIRS") == "Accepted"
    assert await box.authorize("REALTIME") == "Accepted"
    await place.reopen(place.site.config)
    place.site.use_backend(FakeBackend(LinkState.OFFLINE))
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Available")
    clock.jump_wall(clock.now() + (clock.now() - clock.now().replace(hour=0)) * 6)
    assert await again.authorize("THEIRS") == "Accepted"
    assert place.decision().basis is DecisionBasis.STALE_CACHE
    assert await again.authorize("REALTIME") == "Invalid"
    clock.jump_wall(clock.now() + (clock.now() - clock.now().replace(hour=0)) * 30)
    assert await again.authorize("THEIRS") == "Invalid"
    assert place.decision().refusal is Refusal.STALE
    ledger = (place.folder / "ledger.db").read_bytes() + (place.folder / "ledger.db-wal").read_bytes()
    assert b"THEIRS" not in ledger and b"theirs" not in ledger


async def test_both_lets_in_at_once_and_a_late_no_stops_the_session(
    place: Place, box: Wallbox, backend: FakeBackend, clock: ManualClock
) -> None:
    mode(place, AccessMode.BOTH)
    transaction_id = await box.plug_in()
    await box.measure(transaction_id, energy_wh=1200)
    assert place.site.state.exposure.energy_wh == 200
    await clock.advance(5)
    assert "RemoteStopTransaction" not in box.heard
    backend.tell(NO)
    assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    assert [news.cause for news in place.heard_of(SessionStopped)] == [StopCause.DEAUTHORIZED]
    await box.stop(transaction_id, meter_wh=1210, reason="Remote")
    assert (await place.only()).stop_cause is StopCause.DEAUTHORIZED
    assert place.site.state.exposure.session_count == 0
    assert await box.authorize("CARD") == "Invalid"


async def test_what_began_offline_is_asked_about_on_recovery(
    place: Place, box: Wallbox, backend: FakeBackend, clock: ManualClock
) -> None:
    mode(place, AccessMode.BOTH)
    backend.become(LinkState.OFFLINE)
    await place.enrol("OTHER", "Bob")
    first = await box.plug_in("OTHER")
    await box.stop(first, meter_wh=3000)
    second = await box.plug_in(meter_wh=3000)
    await box.measure(second, energy_wh=3500)
    assert place.site.state.exposure.energy_wh == 2500
    assert backend.asked == []
    # A restart in between changes nothing about what is owed.
    await place.reopen(place.site.config)
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    assert place.site.state.exposure.session_count == 2
    backend.answers = {"CARD": NO, "OTHER": NO}
    place.site.use_backend(backend)
    backend.become(LinkState.ONLINE)
    assert await again.hear("RemoteStopTransaction") == {"transactionId": second}
    await until(lambda: place.site.state.exposure.session_count == 0)
    sessions = {session.name: session for session in await place.site.transactions()}
    assert sessions["Bob"].denied_after
    assert not sessions["Ada"].denied_after
    assert backend.asked == ["CARD", "OTHER"]


async def test_what_is_confirmed_afterwards_goes_on(place: Place, box: Wallbox, backend: FakeBackend) -> None:
    mode(place, AccessMode.BOTH)
    backend.become(LinkState.OFFLINE)
    await box.plug_in()
    backend.answers["CARD"] = YES
    backend.become(LinkState.RECOVERING)
    await settle()
    assert backend.asked == []
    backend.become(LinkState.ONLINE)
    await until(lambda: place.site.state.exposure.session_count == 0)
    assert place.heard_of(SessionStopped) == []
    assert place.site.state.link is LinkState.ONLINE


async def test_a_charger_may_have_a_mode_of_its_own(place: Place, box: Wallbox, backend: FakeBackend) -> None:
    backend.answers["THEIRS"] = YES
    assert await box.authorize("THEIRS") == "Invalid"
    await place.reload(stations=(charger("ONE", access_mode=AccessMode.LOCAL_FIRST), charger("TWO")))
    assert await box.authorize("THEIRS") == "Accepted"


async def test_a_backend_that_breaks_is_one_that_does_not_answer(
    place: Place, box: Wallbox, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> BackendAnswer:
        raise RuntimeError("the backend's own trouble")

    monkeypatch.setattr(backend, "ask", breaks)
    mode(place, AccessMode.LOCAL_FIRST, UnknownRule.ALLOW)
    assert await box.authorize("NOBODY") == "Accepted"
    assert place.decision().basis is DecisionBasis.UNKNOWN_CARD


async def test_without_a_backend_every_mode_goes_by_what_is_enrolled(place: Place, box: Wallbox) -> None:
    for every in AccessMode:
        mode(place, every)
        assert await box.authorize("CARD") == "Accepted"
        assert await box.authorize("NOBODY") == "Invalid"
    assert place.site.config.circuits == CONFIG.circuits
