"""Every mode at every state of the link: who is asked, who is let in, and what is settled afterwards."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.offline_evse.engine.model.access import (
    AccessConfig,
    AccessMode,
    BackendAnswer,
    LinkState,
    UnknownCards,
    UnknownRule,
)
from custom_components.offline_evse.engine.model.decision import DecisionBasis, StopCause
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus, IdToken
from custom_components.offline_evse.engine.model.upstream.config import UpstreamRole
from custom_components.offline_evse.engine.site.announcement import SessionStopped
from tests.engine.clock import ManualClock, settle
from tests.engine.site.place import TWO, Place, until
from tests.engine.site.wallbox import Wallbox

from .fake_uplinks import NO, YES, FakeUplinks, FakeUpstream, upstream

LOCAL, LOCAL_FIRST = AccessMode.LOCAL, AccessMode.LOCAL_FIRST
BACKEND_FIRST, BOTH = AccessMode.BACKEND_FIRST, AccessMode.BOTH
ONLINE, DEGRADED = LinkState.ONLINE, LinkState.DEGRADED
OFFLINE, RECOVERING = LinkState.OFFLINE, LinkState.RECOVERING

AUTHORITY = upstream(role=UpstreamRole.AUTHORITY)


@pytest.fixture
async def backend(place: Place) -> FakeUpstream:
    """The backend that is asked about cards at both chargers."""
    await place.site.configure_upstreams((AUTHORITY,))
    return FakeUplinks.opened[-1].upstreams["monta"]


def lines() -> FakeUplinks:
    """The lines that are open."""
    return FakeUplinks.opened[-1]


def link(place: Place) -> LinkState | None:
    """How whoever answers for cards can be reached."""
    return place.site.state.link


def mode(place: Place, mode: AccessMode, unknown: UnknownRule = UnknownRule.DENY) -> None:
    """Set the mode of the site."""
    access = AccessConfig(mode=mode, unknown=UnknownCards(rule=unknown))
    place.site.configure(replace(place.site.config, access=access))


async def presented(box: Wallbox, clock: ManualClock, card: str, most_s: float = 5.0) -> tuple[str, float]:
    """Present a card; returns the answer, and after how many seconds it came."""
    waiting = asyncio.create_task(box.authorize(card))
    waited_s = 0.0
    while not waiting.done() and waited_s <= most_s:
        await settle(400)
        if not waiting.done():
            for _ in range(50):
                await asyncio.sleep(0.001)
                if waiting.done():
                    break
            else:
                await clock.advance(0.5)
                waited_s += 0.5
    return await waiting, waited_s


@pytest.mark.parametrize(
    ("access", "link", "card", "says", "expected", "asked", "waited_s"),
    [
        # Nobody outside is ever asked.
        *[(LOCAL, link, "CARD", NO, "Accepted", False, 0) for link in LinkState],
        *[(LOCAL, link, "OTHER", YES, "Invalid", False, 0) for link in LinkState],
        # What is enrolled here gets in at once, whatever anybody else says; others are asked about within 2 s.
        *[(LOCAL_FIRST, link, "CARD", NO, "Accepted", False, 0) for link in LinkState],
        *[(LOCAL_FIRST, link, "OTHER", YES, "Accepted", True, 0) for link in (ONLINE, DEGRADED)],
        *[(LOCAL_FIRST, link, "OTHER", NO, "Invalid", True, 0) for link in (ONLINE, DEGRADED)],
        *[(LOCAL_FIRST, link, "OTHER", None, "Invalid", True, 2) for link in (ONLINE, DEGRADED)],
        *[(LOCAL_FIRST, link, "OTHER", YES, "Invalid", False, 0) for link in (OFFLINE, RECOVERING)],
        # The backend's word goes first; what is enrolled here stands in for it.
        *[(BACKEND_FIRST, link, "CARD", NO, "Invalid", True, 0) for link in (ONLINE, DEGRADED)],
        *[(BACKEND_FIRST, link, "OTHER", YES, "Accepted", True, 0) for link in (ONLINE, DEGRADED)],
        (BACKEND_FIRST, ONLINE, "CARD", None, "Accepted", True, 2),
        (BACKEND_FIRST, DEGRADED, "CARD", None, "Accepted", True, 1),
        (BACKEND_FIRST, ONLINE, "OTHER", None, "Invalid", True, 2),
        (BACKEND_FIRST, DEGRADED, "OTHER", None, "Invalid", True, 1),
        *[(BACKEND_FIRST, link, "CARD", NO, "Accepted", False, 0) for link in (OFFLINE, RECOVERING)],
        *[(BACKEND_FIRST, link, "OTHER", YES, "Invalid", False, 0) for link in (OFFLINE, RECOVERING)],
        # In at once, and asked beside it.
        *[(BOTH, link, "CARD", None, "Accepted", True, 0) for link in (ONLINE, DEGRADED)],
        *[(BOTH, link, "CARD", NO, "Accepted", False, 0) for link in (OFFLINE, RECOVERING)],
        *[(BOTH, link, "OTHER", YES, "Invalid", False, 0) for link in LinkState],
    ],
)
async def test_a_card_is_answered_as_mode_and_link_say(
    place: Place,
    box: Wallbox,
    clock: ManualClock,
    backend: FakeUpstream,
    access: AccessMode,
    link: LinkState,
    card: str,
    says: BackendAnswer | None,
    expected: str,
    asked: bool,
    waited_s: float,
) -> None:
    mode(place, access)
    lines().become(link)
    if says is not None:
        backend.answers[card] = says
    answer, after_s = await presented(box, clock, card)
    assert (answer, bool(backend.asked), after_s) == (expected, asked, waited_s)


@pytest.mark.parametrize("link", list(LinkState))
@pytest.mark.parametrize("access", list(AccessMode))
async def test_a_card_that_nobody_knows_goes_by_the_sites_rule(
    place: Place, box: Wallbox, clock: ManualClock, backend: FakeUpstream, access: AccessMode, link: LinkState
) -> None:
    mode(place, access, UnknownRule.ALLOW)
    lines().become(link)
    answer, _ = await presented(box, clock, "OTHER")
    assert answer == "Accepted"
    assert place.decision().basis is DecisionBasis.UNKNOWN_CARD
    assert place.decision().limits.energy_wh == 10_000


@pytest.mark.parametrize("access", [LOCAL_FIRST, BACKEND_FIRST, BOTH])
async def test_the_block_list_goes_before_everybody(
    place: Place, box: Wallbox, clock: ManualClock, backend: FakeUpstream, access: AccessMode
) -> None:
    mode(place, access)
    lines().become(ONLINE)
    await place.enrol("BAD", "Eve", blocked=True)
    backend.answers["BAD"] = YES
    assert await presented(box, clock, "BAD") == ("Blocked", 0)
    assert backend.asked == []
    # A backend's own block never expires either, and holds while it is away.
    backend.answers["THEIRS"] = BackendAnswer(accepted=False, status=AuthorizationStatus.BLOCKED)
    if access is not BOTH:
        assert (await presented(box, clock, "THEIRS"))[0] == "Blocked"
        lines().become(OFFLINE)
        clock.jump_wall(clock.now() + timedelta(days=30))
        await place.enrol("THEIRS", "Bob")
        assert await presented(box, clock, "THEIRS") == ("Blocked", 0)


@pytest.mark.parametrize("link", [ONLINE, DEGRADED])
async def test_both_is_stopped_seconds_or_minutes_later(
    place: Place, box: Wallbox, clock: ManualClock, backend: FakeUpstream, link: LinkState
) -> None:
    mode(place, BOTH)
    lines().become(link)
    transaction_id = await box.plug_in()
    await place.pass_time(60, box)
    assert "RemoteStopTransaction" not in box.heard
    backend.tell(NO)
    assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    assert [news.cause for news in place.heard_of(SessionStopped)] == [StopCause.DEAUTHORIZED]


@pytest.mark.parametrize("link", [OFFLINE, RECOVERING])
@pytest.mark.parametrize("access", [BACKEND_FIRST, BOTH])
async def test_what_began_without_it_is_settled_when_it_is_back(
    place: Place, box: Wallbox, clock: ManualClock, backend: FakeUpstream, access: AccessMode, link: LinkState
) -> None:
    mode(place, access)
    lines().become(link)
    await place.enrol("OVER", "Bob")
    over = await box.plug_in("OVER")
    await box.stop(over, meter_wh=2000)
    running = await box.plug_in("CARD", meter_wh=2000)
    assert place.site.state.exposure.session_count == 2
    backend.answers = {"CARD": NO, "OVER": NO}
    lines().become(ONLINE)
    assert await box.hear("RemoteStopTransaction") == {"transactionId": running}
    await until(lambda: place.site.state.exposure.session_count == 0)
    flagged = {session.name: session.denied_after for session in await place.site.transactions()}
    assert flagged == {"Bob": True, "Ada": False}
    assert sorted(backend.asked) == ["CARD", "OVER"]


async def test_what_is_owed_and_not_answered_is_asked_again(
    place: Place, box: Wallbox, clock: ManualClock, backend: FakeUpstream
) -> None:
    mode(place, BOTH)
    transaction_id = await box.plug_in()
    await box.stop(transaction_id, meter_wh=2000)
    lines().become(ONLINE)
    await until(lambda: backend.asked == ["CARD"])
    await settle(300)
    await clock.advance(3)
    backend.answers["CARD"] = YES
    assert place.site.state.exposure.session_count == 1
    await settle(300)
    await clock.advance(61)
    await until(lambda: place.site.state.exposure.session_count == 0)
    assert not (await place.only()).denied_after


@pytest.mark.parametrize(
    ("access", "stops"), [(LOCAL, False), (LOCAL_FIRST, False), (BACKEND_FIRST, True), (BOTH, True)]
)
async def test_a_no_to_what_it_was_told_ends_a_session_where_it_has_a_say(
    place: Place, box: Wallbox, clock: ManualClock, backend: FakeUpstream, access: AccessMode, stops: bool
) -> None:
    backend.answers["CARD"] = YES
    mode(place, access)
    lines().become(ONLINE)
    transaction_id = await box.plug_in()
    session = place.session()
    await lines().grounds.denied("monta", session.session_id, IdToken("CARD"), NO)
    if stops:
        assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    else:
        await box.say("Heartbeat", {})
    causes = [news.cause for news in place.heard_of(SessionStopped)]
    assert causes == ([StopCause.DEAUTHORIZED] if stops else [])


@pytest.mark.parametrize(
    ("access", "flagged"), [(LOCAL, False), (LOCAL_FIRST, False), (BACKEND_FIRST, True), (BOTH, True)]
)
async def test_a_no_that_comes_when_it_is_over_is_flagged(
    place: Place, box: Wallbox, backend: FakeUpstream, access: AccessMode, flagged: bool
) -> None:
    mode(place, access)
    book = lines().book
    await book.open_upstream("monta", None)
    transaction_id = await box.plug_in()
    await box.stop(transaction_id, meter_wh=2000)
    await lines().grounds.denied("monta", place.session().session_id, IdToken("CARD"), NO)
    assert (await place.only()).denied_after is flagged


async def test_a_no_of_somebody_who_is_only_told_ends_nothing(place: Place, box: Wallbox) -> None:
    mode(place, BOTH)
    await place.site.configure_upstreams((upstream("report", UpstreamRole.REPORT), upstream("control")))
    await box.plug_in()
    for name in ("report", "control"):
        await lines().grounds.denied(name, place.session().session_id, IdToken("CARD"), NO)
    await box.say("Heartbeat", {})
    assert place.heard_of(SessionStopped) == []
    assert link(place) is None


async def test_what_people_begin_from_here_no_backend_ends(place: Place, box: Wallbox, backend: FakeUpstream) -> None:
    mode(place, BOTH)
    lines().become(ONLINE)
    for card in (None, IdToken("CARD")):
        await place.site.start_charging(place.evse().key, card)
        token = card or place.site.site_tag
        transaction_id = await box.start(token.value)
        await lines().grounds.denied("monta", place.session().session_id, token, NO)
        assert place.heard_of(SessionStopped) == []
        await box.stop(transaction_id, meter_wh=1001)


async def test_each_charger_has_its_own_backend(place: Place, box: Wallbox, clock: ManualClock) -> None:
    mode(place, LOCAL_FIRST)
    await place.site.configure_upstreams(
        (
            upstream("left", UpstreamRole.AUTHORITY, ("ONE",)),
            upstream("right", UpstreamRole.AUTHORITY, ("TWO",)),
        )
    )
    left, right = (lines().upstreams[name] for name in ("left", "right"))
    left.answers["X"], right.answers["X"] = YES, NO
    lines().become(ONLINE, "left")
    assert link(place) is OFFLINE
    lines().become(ONLINE, "right")
    assert link(place) is ONLINE
    two = await place.dial(Wallbox, "TWO")
    await two.boot()
    await two.status("Available")
    assert (await presented(box, clock, "X"))[0] == "Accepted"
    await clock.advance(90)
    assert (await presented(two, clock, "X"))[0] == "Invalid"
    assert (left.asked, right.asked) == (["X"], ["X"])
    # Without one of its own a charger asks nobody.
    await place.site.configure_upstreams((upstream("left", UpstreamRole.AUTHORITY, ("ONE",)),))
    await clock.advance(90)
    assert await presented(two, clock, "Y") == ("Invalid", 0)
    await place.site.configure_upstreams(())
    assert link(place) is None
    assert place.evse(TWO).connected


async def test_earlier_answers_are_forgotten_when_it_asks_for_that(
    place: Place, box: Wallbox, clock: ManualClock, backend: FakeUpstream
) -> None:
    mode(place, LOCAL_FIRST)
    lines().become(ONLINE)
    backend.answers = {
        "THEIRS": YES,
        "BAD": BackendAnswer(accepted=False, status=AuthorizationStatus.BLOCKED),
    }
    assert (await presented(box, clock, "THEIRS"))[0] == "Accepted"
    assert (await presented(box, clock, "BAD"))[0] == "Blocked"
    lines().become(OFFLINE)
    assert (await presented(box, clock, "THEIRS"))[0] == "Accepted"
    lines().grounds.forget_answers("somebody else")
    lines().grounds.forget_answers("monta")
    await settle()
    assert (await presented(box, clock, "THEIRS"))[0] == "Invalid"
    assert (await presented(box, clock, "BAD"))[0] == "Blocked"
