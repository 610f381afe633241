"""Whatever a hotel's system sends, it is read or refused by field, and nothing else happens."""

from datetime import UTC, datetime, time
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.guest.hotel.message import KNOWN, HotelMessage, MessageError, reservation_key

CHARGERS = {"garage": "CP-1", "cp-1": "CP-1"}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
MOMENTS = st.sampled_from(
    [
        "2027-06-14",
        "2027-06-14T11:00:00+02:00",
        "2027-06-14 11:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31",
        "2027-02-30",
        "20270614T110000Z",
        "now",
    ]
)
LIMITS = st.dictionaries(
    st.sampled_from(["session_kwh", "day_kwh", "total_kwh", "chargers", "beer"]),
    st.floats() | st.integers() | st.just(["Garage"]) | ANYTHING,
    max_size=4,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "event": st.sampled_from(["check_in", "Check-In", "change", "check_out"]) | ANYTHING,
        "reservation": st.just("R-1") | ANYTHING,
        "room": st.just("12") | ANYTHING,
        "guest": ANYTHING,
        "arrival": MOMENTS | ANYTHING,
        "departure": MOMENTS | ANYTHING,
        "limits": LIMITS | ANYTHING,
        "card": ANYTHING,
        "sent_at": MOMENTS | ANYTHING,
        "renew_code": ANYTHING,
        "more": ANYTHING,
    },
)


def read(body: object) -> HotelMessage:
    return HotelMessage.read(body, check_out=time(11), chargers=CHARGERS)


@settings(max_examples=1000)
@given(MESSAGES | ANYTHING)
def test_every_message_is_read_or_refused_by_field(body: Any) -> None:
    message, faults = None, {}
    try:
        message = read(body)
    except MessageError as refused:
        faults = refused.faults
    json.dumps(faults)
    if message is None:
        assert faults
        assert all(isinstance(name, str) and fault for name, fault in faults.items())
        return
    assert set(body) <= KNOWN
    stay = message.stay
    assert all(it is None or it.utcoffset() is not None for it in (stay.arrival, stay.departure, message.sent_at))
    assert all(it is None or it > 0 for it in (stay.session_wh, stay.day_wh, stay.total_wh))
    assert set(stay.station_ids or ()) <= {"CP-1"}


@pytest.mark.parametrize("kwh", [0, 0.0001, -1, 1e9, float("nan"), float("inf"), True, "7"])
def test_a_limit_that_is_none_is_refused(kwh: object) -> None:
    with pytest.raises(MessageError) as refused:
        read({"event": "change", "reservation": "R", "limits": {"day_kwh": kwh}})
    assert set(refused.value.faults) == {"limits.day_kwh"}


def test_a_stay_is_read_in_full() -> None:
    message = read(
        {
            "event": " Check-Out ",
            "reservation": 815,
            "room": 12,
            "guest": "Ada",
            "arrival": "2027-06-12T15:00:00+02:00",
            "departure": "2027-06-14T09:00:00Z",
            "limits": {"session_kwh": 7.5, "chargers": ["Garage", "cp-1"]},
            "renew_code": True,
        }
    )
    assert (message.event, message.reservation, message.guest) == ("check_out", reservation_key("815"), "Ada")
    assert (message.stay.room, message.stay.session_wh, message.stay.station_ids) == ("12", 7500, ("CP-1",))
    assert message.stay.arrival == datetime(2027, 6, 12, 13, tzinfo=UTC)
    assert message.renew_code


def test_what_stands_for_a_reservation_fits_ocpp_and_tells_nothing() -> None:
    key = reservation_key("2027-00815")
    assert len(key) == 20
    assert key == reservation_key("2027-00815") != reservation_key("2027-00816")


@pytest.mark.parametrize("body", [None, 7, "check_in", [], [{}]])
def test_what_is_no_object_is_no_message(body: object) -> None:
    with pytest.raises(MessageError) as refused:
        read(body)
    assert set(refused.value.faults) == {"body"}
