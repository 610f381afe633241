import pytest

from custom_components.offline_evse.engine.authorization.ble.states import Ending, ExchangeState
from custom_components.offline_evse.engine.authorization.ble.trust.claims import TokenError
from simulator.holder.crypto import base64url, sign

from .meeting import CHARGER, NOW_S, OTHER_CHARGER, Meeting


@pytest.fixture
def meeting() -> Meeting:
    """A site with a backend, and a holder who can reach it but is unknown here."""
    made = Meeting(relay=True)
    made.holder.relay = made.backend.answer
    return made


def test_a_backend_grants_through_the_phone(meeting: Meeting) -> None:
    exchange, link, step = meeting.connect()
    assert step.evidence is not None and step.evidence.terms is not None
    assert step.evidence.terms.session_wh == 20_000
    assert step.evidence.terms.station_ids == frozenset({"CP001"})
    assert exchange.state is ExchangeState.VERIFY and link.ignored == []
    assert len(meeting.reader.relays) == 0, "an answer is taken once"


async def test_an_answer_that_takes_long_is_taken_on_the_next_connection(meeting: Meeting) -> None:
    asked: list[bytes] = []
    meeting.holder.relay = asked.append
    exchange, link, step = meeting.connect()
    assert step.evidence is None and exchange.state is ExchangeState.VERIFY
    exchange.lost()
    assert exchange.ending is Ending.LOST
    answer = meeting.backend.answer(asked[0])
    assert answer is not None
    assert link.relayed(answer), "the phone would send it"
    await meeting.clock.advance(40)
    _, _, step = meeting.connect()
    assert step.evidence is not None and "relayed" in (step.evidence.detail or "")


async def test_after_a_minute_it_is_too_late(meeting: Meeting) -> None:
    asked: list[bytes] = []
    meeting.holder.relay = asked.append
    exchange, link, _ = meeting.connect()
    exchange.lost()
    link.relayed(meeting.backend.answer(asked[0]) or b"")
    await meeting.clock.advance(61)
    meeting.holder.relay = None
    exchange, link, step = meeting.connect()
    assert step.evidence is None and exchange.evidence is None


@pytest.mark.parametrize("answer", ["other key", "other charger", "too early", "not a backend", "noise", "old"])
def test_an_answer_that_is_not_the_answer_is_refused(meeting: Meeting, answer: str) -> None:
    other = Meeting(relay=True)
    stranger = meeting.new_holder("stranger")

    def reply(request: bytes) -> bytes | None:
        backend = meeting.backend
        match answer:
            case "other key":
                changed = request[:32] + stranger.thumbprint + request[64:]
            case "other charger":
                changed = request[:8] + OTHER_CHARGER.charger_id + request[16:]
            case "too early":
                return backend.answer(request, unix_s=NOW_S + 3600)
            case "not a backend":
                return meeting.chain.token(
                    meeting.keys.site_id, meeting.holder.public, jti="j", nbf=NOW_S, exp=NOW_S + 60
                )
            case "old":
                changed = request[:16] + bytes(16) + request[32:]
            case _:
                return b"noise"
        backend.sites[meeting.keys.site_id] = other.keys.reader_public
        payload = changed[:-64]
        return backend.answer(payload + sign(other.keys.reader_key, b"offline-evse/relay/1\0" + payload))

    meeting.holder.relay = reply
    exchange, _, step = meeting.connect()
    assert step.evidence is None and exchange.evidence is None
    assert exchange.state is ExchangeState.DENIED


def test_a_phone_relays_nothing_for_a_site_it_does_not_know(meeting: Meeting) -> None:
    meeting.holder.sites[meeting.keys.site_id].site_key = Meeting(seed=3).keys.reader_public
    exchange, link, _ = meeting.connect()
    assert meeting.backend.asked == [] and link.ignored == ["not signed by the site"]
    assert exchange.state is ExchangeState.CHALLENGED


def test_requests_that_are_out_are_few() -> None:
    meeting = Meeting(relay=True)
    now = meeting.clock.now()
    for number in range(100):
        meeting.reader.relays.request(base64url(bytes(32)), CHARGER if number % 2 else OTHER_CHARGER, now, 0.0)
    assert len(meeting.reader.relays) == 2
    for number in range(100):
        meeting.reader.relays.request(base64url(number.to_bytes(32)), CHARGER, now, 0.0)
    assert len(meeting.reader.relays) == 32


def test_a_request_is_answered_once_and_within_a_minute() -> None:
    meeting = Meeting(relay=True)
    jkt = base64url(meeting.holder.thumbprint)
    now = meeting.clock.now()
    desk = meeting.reader.relays
    answer = meeting.backend.answer(desk.request(jkt, CHARGER, now, 0.0).encode())
    assert answer is not None
    for late_s, charger in ((60.0, CHARGER), (59.0, OTHER_CHARGER)):
        with pytest.raises(TokenError, match="other_request"):
            desk.redeem(answer, jkt, charger, now, late_s, time_trusted=True)
    assert desk.redeem(answer, jkt, CHARGER, now, 59.0, time_trusted=True).claims.session_wh == 20_000
    with pytest.raises(TokenError, match="other_request"):
        desk.redeem(answer, jkt, CHARGER, now, 59.0, time_trusted=True)
