"""What backends answer, read whatever it looks like."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.engine.model.access import BackendAnswer
from custom_components.offline_evse.engine.model.credential import SessionLimits
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.message import SessionStop
from custom_components.offline_evse.engine.uplink.wire.codec import BootSaid, UpCodec, codec_of

V16, V201, V21 = OcppVersion.V16, OcppVersion.V201, OcppVersion.V21
ODD_IDS: tuple[object, ...] = (None, True, "", "abc", 1.5, [], {}, 2**70, "nan", "9" * 5000)
STOP = SessionStop(
    session_id="S",
    remote_id="17",
    seq_no=5,
    evse_id=2,
    timestamp=datetime(2026, 6, 1, 12, tzinfo=UTC),
    id_token=None,
    meter_wh=1240000,
)


@pytest.fixture(params=list(OcppVersion))
def codec(request: pytest.FixtureRequest) -> UpCodec:
    """Each version in turn."""
    return codec_of(request.param)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (
            {"status": "Accepted", "interval": 300, "currentTime": "2026-06-01T12:00:00Z"},
            BootSaid(status="Accepted", interval_s=300, now=datetime(2026, 6, 1, 12, tzinfo=UTC)),
        ),
        (
            {"status": " accepted", "interval": "60", "currentTime": "2026-06-01T12:00:00"},
            BootSaid(status="Accepted", interval_s=60, now=datetime(2026, 6, 1, 12, tzinfo=UTC)),
        ),
        ({"status": "REJECTED", "interval": 0}, BootSaid(status="Rejected", interval_s=None, now=None)),
        ({"status": "Pending", "interval": -1}, BootSaid(status="Pending", interval_s=None, now=None)),
        ({"status": "Soon", "currentTime": 7}, BootSaid(status="Pending", interval_s=None, now=None)),
        ({}, BootSaid(status="Pending", interval_s=None, now=None)),
        ({"status": "Accepted", "interval": 1e99}, BootSaid(status="Accepted", interval_s=604800, now=None)),
    ],
)
def test_answers_to_boot_are_read(codec: UpCodec, payload: dict[str, Any], said: BootSaid) -> None:
    assert codec.read_boot(payload) == said


@pytest.mark.parametrize(
    ("given_id", "remote_id"),
    [
        (17, "17"),
        ("17", "17"),
        (17.0, "17"),
        (" 17.0 ", "17"),
        (0, "0"),
        (-1, "-1"),
        (2**63, str(2**63)),
        *((odd, None) for odd in ODD_IDS),
    ],
)
def test_any_integer_is_a_transactions_id(given_id: object, remote_id: str | None) -> None:
    said = codec_of(V16).read_start({"transactionId": given_id, "idTagInfo": {"status": "accepted"}})
    assert said.remote_id == remote_id
    assert said.answer is not None and said.answer.accepted
    if remote_id is not None:
        _, payload = codec_of(V16).encode(replace(STOP, remote_id=remote_id))
        assert payload["transactionId"] == int(remote_id)


def test_answers_about_cards_are_read() -> None:
    expiry = datetime(2026, 7, 1, tzinfo=UTC)
    info: dict[str, Any] = {"status": "Accepted", "expiryDate": "2026-07-01T00:00:00Z", "parentIdTag": "FLEET"}
    answer = BackendAnswer(accepted=True, status=AuthorizationStatus.ACCEPTED, expires_at=expiry, group="FLEET")
    assert codec_of(V16).read_ask({"idTagInfo": info}) == answer
    info = {
        "status": "Accepted",
        "cacheExpiryDateTime": "2026-07-01T00:00:00Z",
        "groupIdToken": {"idToken": "FLEET", "type": "Central"},
    }
    for version in (V201, V21):
        assert codec_of(version).read_ask({"idTokenInfo": info}) == answer
        assert codec_of(version).read_start({}).answer is None
        refused = codec_of(version).read_start({"idTokenInfo": {"status": "NoCredit"}}).answer
        assert refused == BackendAnswer(accepted=False, status=AuthorizationStatus.NO_CREDIT)
    limited = codec_of(V21).read_start({"idTokenInfo": info, "transactionLimit": {"maxEnergy": 5000.0, "maxTime": 60}})
    assert limited.answer == replace(answer, limits=SessionLimits(energy_wh=5000, duration_s=60))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
_keys = ("status", "interval", "currentTime", "transactionId", "idTagInfo", "idTokenInfo", "transactionLimit")
_info_keys = ("status", "expiryDate", "cacheExpiryDateTime", "parentIdTag", "groupIdToken", "maxEnergy", "maxTime")


@given(
    st.dictionaries(st.sampled_from(_keys), _json | st.dictionaries(st.sampled_from(_info_keys), _json)),
    st.sampled_from(OcppVersion),
)
def test_no_answer_is_too_strange(payload: dict[str, Any], version: OcppVersion) -> None:
    codec = codec_of(version)
    assert codec.read_boot(payload).status in ("Accepted", "Pending", "Rejected")
    said = codec.read_start(payload)
    assert said.remote_id is None or said.remote_id == str(int(said.remote_id))
    answer = codec.read_ask(payload)
    assert answer.accepted is (answer.status is AuthorizationStatus.ACCEPTED)
