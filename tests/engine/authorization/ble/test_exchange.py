import pytest

from custom_components.offline_evse.engine.authorization.ble.exchange import Exchange, approach
from custom_components.offline_evse.engine.authorization.ble.reader import Transport
from custom_components.offline_evse.engine.authorization.ble.states import (
    DEADLINES_S,
    Ending,
    ExchangeState as S,
    Intent,
    OutOfTurn,
)
from custom_components.offline_evse.engine.authorization.ble.wire.messages import MeterState, Receipt, ResultCode
from custom_components.offline_evse.engine.model.credential import EvidenceLevel
from simulator.holder.holder import PLAIN, SEALED

from .meeting import ADDRESS, CHARGER, SOURCE, Meeting


@pytest.mark.parametrize("mtu", [23, 65, 185, 517])
@pytest.mark.parametrize("capabilities", [PLAIN, PLAIN | SEALED])
def test_a_known_key_is_granted_at_every_mtu(mtu: int, capabilities: int) -> None:
    meeting = Meeting(sealed_only=False)
    meeting.holder.capabilities = capabilities
    credential = meeting.know()
    exchange, link, step = meeting.connect(frame_bytes=mtu - 3)
    assert step.evidence is not None
    assert step.evidence.id_token == credential.id_token
    assert step.evidence.level is EvidenceLevel.KEY
    assert (step.evidence.station_id, step.evidence.evse_id) == ("CP001", 1)
    assert step.evidence.source == "ble_central"
    assert step.evidence.terms is None
    assert ("sealed" in (step.evidence.detail or "")) == (capabilities != PLAIN)
    meeting.carry(exchange, link, exchange.decide(granted=True, energy_wh=12_000, session=7))
    assert [(each.code, each.energy_wh, each.session) for each in link.results] == [(0, 12_000, 7)]
    assert link.ignored == []


@pytest.mark.parametrize("mtu", [23, 65, 185, 517])
def test_a_token_is_granted_with_its_terms(mtu: int) -> None:
    meeting = Meeting()
    meeting.give(whd=40_000, prio=3, evse=["CP001"], sub="guest-9")
    _, _, step = meeting.connect(frame_bytes=mtu - 3)
    assert step.evidence is not None and step.evidence.terms is not None
    terms = step.evidence.terms
    assert (terms.session_wh, terms.day_wh, terms.priority) == (20_000, 40_000, 3)
    assert terms.station_ids == frozenset({"CP001"})
    assert step.evidence.id_token.value.startswith("B") and len(step.evidence.id_token.value) == 20
    assert "token of chain" in (step.evidence.detail or "")


def test_the_sites_own_record_comes_before_a_token() -> None:
    meeting = Meeting()
    credential = meeting.know()
    meeting.give(exp=1)
    _, _, step = meeting.connect()
    assert step.evidence is not None
    assert step.evidence.id_token == credential.id_token and step.evidence.terms is None


def test_a_session_runs_its_course() -> None:
    meeting = Meeting()
    meeting.know()
    exchange, link, _ = meeting.connect()
    states = [exchange.state]
    exchange.decide(granted=True)
    for step in (exchange.starting, exchange.started, exchange.ended):
        states.append(exchange.state)
        step()
    assert [*states, exchange.state] == [S.VERIFY, S.GRANTED, S.STARTING, S.ACTIVE, S.CLOSED]
    assert exchange.ending is Ending.ENDED
    assert link.challenges


def test_a_phone_that_connects_to_the_charger_speaks_first() -> None:
    meeting = Meeting()
    meeting.know()
    exchange = approach(meeting.reader, CHARGER, ADDRESS, "puck-1", Transport.PUCK, Intent.TAP)
    assert exchange.connecting() is None
    link = meeting.holder.link(182)
    assert exchange.connected(20) == ()
    frames = [frame for hello in link.hello() for frame in exchange.receive(hello).frames]
    assert len(frames) > 1, "the charger's own frame size counts while the phone's is larger"
    step = meeting.carry(exchange, link, frames)
    assert step.evidence is not None and step.evidence.source == "ble_puck"


def test_a_lost_greeting_may_be_said_again_but_not_for_ever() -> None:
    meeting = Meeting()
    meeting.know()
    exchange = approach(meeting.reader, CHARGER, ADDRESS, "puck-1", Transport.PUCK, Intent.TAP)
    exchange.connecting()
    exchange.connected(182)
    link = meeting.holder.link(182)
    challenges = [exchange.receive(frame).frames for _ in range(3) for frame in link.hello()]
    assert all(challenges) and len(set(challenges)) == 3
    assert exchange.receive(link.hello()[0]).closed
    assert exchange.state is S.DENIED


def test_the_site_may_refuse_and_say_why() -> None:
    meeting = Meeting()
    meeting.know()
    exchange, link, _ = meeting.connect()
    meeting.carry(exchange, link, exchange.decide(granted=False, code=ResultCode.USED_UP))
    assert [each.code for each in link.results] == [ResultCode.USED_UP]
    assert exchange.state is S.DENIED and exchange.evidence is None
    exchange.lost()
    assert (exchange.state, exchange.ending) == (S.CLOSED, Ending.DENIED)


def reach(meeting: Meeting, state: S) -> Exchange:
    """An exchange that has just come to a state."""
    exchange = Exchange(meeting.reader, ADDRESS, SOURCE, Transport.CENTRAL)
    link = meeting.holder.link(182)
    challenge: list[bytes] = []
    for step in (
        exchange.seen,
        lambda: exchange.near(CHARGER, "-50 dBm"),
        lambda: exchange.intent(Intent.BUTTON),
        exchange.connecting,
        lambda: challenge.extend(exchange.connected(182)),
        lambda: meeting.carry(exchange, link, challenge),
        lambda: exchange.decide(granted=state is not S.DENIED),
        exchange.starting,
        exchange.started,
    ):
        if exchange.state is state:
            break
        step()
    assert exchange.state is state
    return exchange


@pytest.mark.parametrize("state", list(DEADLINES_S))
async def test_every_state_ends_at_its_deadline_and_nothing_is_started(state: S) -> None:
    meeting = Meeting()
    meeting.know()
    exchange = reach(meeting, state)
    assert exchange.deadline_s == meeting.clock.monotonic() + DEADLINES_S[state]
    await meeting.clock.advance(DEADLINES_S[state] - 0.001)
    assert not exchange.expire() and exchange.state is state
    await meeting.clock.advance(0.001)
    assert exchange.expire() and exchange.state is S.CLOSED
    assert exchange.ending is (Ending.DENIED if state is S.DENIED else Ending.TIMEOUT)
    assert exchange.deadline_s is None and not exchange.expire()
    with pytest.raises(OutOfTurn):
        exchange.started()


@pytest.mark.parametrize("state", [S.SEEN, S.NEAR, S.INTENT, S.CONNECTING, S.CHALLENGED, S.VERIFY])
def test_losing_the_link_before_the_grant_means_not_started(state: S) -> None:
    meeting = Meeting()
    meeting.know()
    exchange = reach(meeting, state)
    exchange.lost()
    assert (exchange.state, exchange.ending) == (S.CLOSED, Ending.LOST)
    for step in (exchange.starting, exchange.started, lambda: exchange.decide(granted=True)):
        with pytest.raises(OutOfTurn):
            step()


@pytest.mark.parametrize("state", [S.GRANTED, S.STARTING, S.ACTIVE])
def test_losing_the_link_after_the_grant_changes_nothing(state: S) -> None:
    meeting = Meeting()
    meeting.know()
    exchange = reach(meeting, state)
    exchange.lost()
    exchange.cancel()
    assert exchange.state is state
    assert exchange.receive(b"\x80\x05\x00\x00nonsense").closed is False
    assert exchange.state is state


async def test_an_active_session_has_no_deadline() -> None:
    meeting = Meeting()
    meeting.know()
    exchange = reach(meeting, S.ACTIVE)
    await meeting.clock.advance(86_400)
    assert not exchange.expire() and exchange.state is S.ACTIVE


def test_a_charger_that_does_not_start_closes_it() -> None:
    meeting = Meeting()
    meeting.know()
    exchange = reach(meeting, S.STARTING)
    exchange.not_started()
    assert (exchange.state, exchange.ending) == (S.CLOSED, Ending.NOT_STARTED)


def test_frames_while_the_site_decides_change_nothing() -> None:
    meeting = Meeting()
    meeting.know()
    exchange = reach(meeting, S.VERIFY)
    assert exchange.receive(b"\x80\x02\x00\x01x") == exchange.receive(b"")
    assert exchange.state is S.VERIFY and exchange.decide(granted=True)


@pytest.mark.parametrize("sealed_only", [False, True])
def test_a_holder_reads_its_meter_and_stops_its_session(sealed_only: bool) -> None:
    meeting = Meeting(sealed_only=sealed_only)
    credential = meeting.know()
    exchange, link, _ = meeting.connect()
    meeting.carry(exchange, link, exchange.decide(granted=True, session=77))
    meeting.carry(exchange, link, exchange.meter(1500, 11_000, MeterState.CHARGING))
    assert link.readings == [(1500, 11_000, 1)]

    exchange = meeting.exchange()
    exchange.connecting()
    link = meeting.holder.link(182)
    link.stop(77)
    step = meeting.talk(exchange, link)
    assert step.stop is not None and step.evidence is None
    assert (step.stop.id_token, step.stop.session) == (credential.id_token, 77)
    meeting.carry(exchange, link, exchange.answered(ResultCode.STOPPED))
    assert [each.code for each in link.results] == [ResultCode.STOPPED]
    assert (exchange.state, exchange.ending) == (S.CLOSED, Ending.SERVED)


def test_a_holder_reads_its_receipts() -> None:
    meeting = Meeting()
    meeting.know()
    exchange = meeting.exchange()
    exchange.connecting()
    link = meeting.holder.link(20)
    link.log(1_000)
    step = meeting.talk(exchange, link)
    assert step.log is not None and step.log.since_unix_s == 1_000
    with pytest.raises(OutOfTurn):
        exchange.decide(granted=True)
    meeting.carry(exchange, link, exchange.receipts([Receipt(1, 2_000, 3_000, 9_100), Receipt(2, 4_000, 0, 10)]))
    assert link.receipts == [(1, 2_000, 3_000, 9_100), (2, 4_000, 0, 10)]


def test_an_answer_before_the_challenge_is_refused() -> None:
    meeting = Meeting()
    exchange = approach(meeting.reader, CHARGER, ADDRESS, "puck-1", Transport.PUCK, Intent.TAP)
    exchange.connecting()
    exchange.connected(182)
    assert exchange.receive(b"\x80\x02\x00\x01x").closed
    assert (exchange.state, exchange.ending) == (S.DENIED, Ending.PROTOCOL)


@pytest.mark.parametrize(
    "message",
    [
        b"\x02\x00\x00",
        b"\x42\x00\x00",
        b"\x42\x00\x22" + b"\x02" * 34,
        b"\x99\x00\x00",
        b"\x06\x00\x04\x01\x02\x00\x14",
    ],
    ids=["in clear", "empty", "too short", "unknown", "a greeting where the holder is the peripheral"],
)
def test_a_sealed_exchange_takes_nothing_else(message: bytes) -> None:
    meeting = Meeting()
    meeting.know()
    exchange, _ = meeting.challenge()
    step = exchange.receive(b"\x80" + message)
    assert step.closed and step.evidence is None
    assert all(frame[1] & 0x40 for frame in step.frames), "nothing is said in clear"
    assert (exchange.state, exchange.ending) == (S.DENIED, Ending.PROTOCOL)


@pytest.mark.parametrize("kind", [0x01, 0x03, 0x04, 0x10, 0x11, 0x21, 0x30])
def test_what_nobody_asked_for_is_refused(kind: int) -> None:
    meeting = Meeting(sealed_only=False)
    meeting.know()
    meeting.holder.capabilities = PLAIN
    exchange, _ = meeting.challenge()
    assert exchange.receive(bytes((0x80, kind, 0, 0))).closed
    assert exchange.state is S.DENIED and exchange.evidence is None


def test_while_a_backend_is_asked_only_its_answer_is_taken() -> None:
    meeting = Meeting(sealed_only=False, relay=True)
    meeting.holder.capabilities = PLAIN
    meeting.holder.relay = lambda request: None
    exchange, _, _ = meeting.connect()
    assert exchange.state is S.VERIFY
    with pytest.raises(OutOfTurn):
        exchange.decide(granted=True)
    with pytest.raises(OutOfTurn):
        exchange.answered(ResultCode.STOPPED)
    assert exchange.receive(b"\x80\x02\x00\x00").closed and exchange.state is S.DENIED


def test_nobody_shows_a_key_in_clear_where_it_must_be_sealed() -> None:
    meeting = Meeting(sealed_only=True)
    meeting.know()
    meeting.holder.capabilities = PLAIN
    exchange, link, step = meeting.connect()
    assert exchange.state is S.CLOSED and exchange.reason == "clear"
    assert step.evidence is None and link.challenges == []


def test_steps_out_of_turn_do_nothing() -> None:
    meeting = Meeting()
    exchange = Exchange(meeting.reader, ADDRESS, SOURCE, Transport.CENTRAL)
    for step in (
        lambda: exchange.near(CHARGER),
        lambda: exchange.intent(Intent.TAP),
        exchange.connecting,
        lambda: exchange.connected(20),
        lambda: exchange.decide(granted=True),
        exchange.starting,
        exchange.started,
        exchange.not_started,
        exchange.ended,
        lambda: exchange.answered(ResultCode.STOPPED),
        lambda: exchange.meter(0, 0, MeterState.ENDED),
    ):
        with pytest.raises(OutOfTurn):
            step()
    assert exchange.state is S.IDLE
    assert exchange.receive(b"\x80\x02\x00\x00").closed
