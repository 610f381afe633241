"""Reading frames: whatever can be made out of them, and never an exception."""

from collections import Counter
import json
from typing import Any

from hypothesis import given, strategies as st
import orjson
import pytest

from custom_components.offline_evse.engine.ocppj.frames import (
    Call,
    CallError,
    CallResult,
    Frame,
    Unreadable,
    encode_call,
    encode_error,
    encode_result,
    parse,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def read(raw: bytes | str) -> tuple[Frame, Counter[str]]:
    """Parse a frame and count what was odd about it."""
    oddities: Counter[str] = Counter()
    frame = parse(raw.encode() if isinstance(raw, str) else raw, lambda oddity: oddities.update([oddity]))
    return frame, oddities


@pytest.mark.parametrize(
    ("raw", "frame"),
    [
        ('[2,"1","Heartbeat",{}]', Call("1", "Heartbeat", {})),
        ('[3,"1",{"status":"Accepted"}]', CallResult("1", {"status": "Accepted"})),
        ('[4,"1","NotImplemented","",{}]', CallError("1", "NotImplemented", "")),
        (' [ 2 , "1" , "Heartbeat" , { } ] ', Call("1", "Heartbeat", {})),
    ],
)
def test_regular_frames_are_no_oddity(raw: str, frame: Frame) -> None:
    assert read(raw) == (frame, Counter())


@pytest.mark.parametrize(
    ("raw", "frame", "oddity"),
    [
        ('[2,"1","Heartbeat"]', Call("1", "Heartbeat", {}), "payload_not_an_object"),
        ('[2,"1","Heartbeat",null]', Call("1", "Heartbeat", {}), "payload_not_an_object"),
        ('[2,"1","Heartbeat",[]]', Call("1", "Heartbeat", {}), "payload_not_an_object"),
        ('[2,"1","Heartbeat",{},{}]', Call("1", "Heartbeat", {}), "too_many_elements"),
        ('[2,17,"Heartbeat",{}]', Call(17, "Heartbeat", {}), "message_id_not_a_string"),
        ('["2",1.5,"Heartbeat",{}]', Call(1.5, "Heartbeat", {}), "message_id_not_a_string"),
        ("[3,17,{}]", CallResult("17", {}), "message_id_not_a_string"),
        ('[3,"1"]', CallResult("1", {}), "payload_not_an_object"),
        ('[3,"1",null]', CallResult("1", {}), "payload_not_an_object"),
        ('[4,"1"]', CallError("1", "", ""), "call_error_element_count"),
        ('[4,"1","FormationViolation",""]', CallError("1", "FormationViolation", ""), "call_error_element_count"),
        ('[4,"1",null,null,null,null]', CallError("1", "", ""), "call_error_element_count"),
        ('\ufeff[2,"1","A",{}]\0', Call("1", "A", {}), "malformed_json"),
        ('[2,"1","A",{}]garbage', Call("1", "A", {}), "malformed_json"),
        ('[2,"1","A",{"a":"line\nbreak"}]', Call("1", "A", {"a": "line\nbreak"}), "malformed_json"),
        ('[2,"1","A",{"a":NaN,"b":1e999}]', Call("1", "A", {"a": None, "b": None}), "malformed_json"),
        ('[2,"1","A",{"a":"\\ud800"}]', Call("1", "A", {"a": "?"}), "malformed_json"),
    ],
)
def test_irregular_frames_are_read_and_counted(raw: str, frame: Frame, oddity: str) -> None:
    read_frame, oddities = read(raw)
    assert read_frame == frame
    assert oddities[oddity] == 1


def test_garbage_bytes_behind_an_id_tag_cost_no_stop_transaction() -> None:
    frame, oddities = read(b'[2,"1","StopTransaction",{"idTag":"0123456789\xfe\x9c","transactionId":7}]')
    assert frame == Call("1", "StopTransaction", {"idTag": "0123456789\ufffd\ufffd", "transactionId": 7})
    assert oddities["invalid_utf8"] == 1


@pytest.mark.parametrize(
    ("raw", "frame"),
    [
        ("", Unreadable("not_json")),
        ("garbage", Unreadable("not_json")),
        ("[" * 100_000, Unreadable("not_json")),
        ("{}", Unreadable("not_an_array")),
        ("null", Unreadable("not_an_array")),
        ("[]", Unreadable("empty_array")),
        ("[2]", Unreadable("no_message_id", 2)),
        ('[2,null,"A",{}]', Unreadable("no_message_id", 2)),
        ('[2,["1"],"A",{}]', Unreadable("no_message_id", 2)),
        ('[9,"1","A",{}]', Unreadable("unknown_message_type", 9, "1")),
        ('[true,"1","A",{}]', Unreadable("unknown_message_type", None, "1")),
        ('[2,"8",["a"],{}]', Unreadable("action_not_a_string", 2, "8")),
        ('[2,"8"]', Unreadable("action_not_a_string", 2, "8")),
        ('[2,"8","A","text"]', Unreadable("payload_not_an_object", 2, "8")),
        ('[2,"8","MeterValues",{"connectorId":1,"mete', Unreadable("not_json", 2, "8")),
        ('[3, "a-1" ,{"configurationKey":[]', Unreadable("not_json", 3, "a-1")),
        ('[3,17,{"configurationKey":[]', Unreadable("not_json", 3, 17)),
        ('[4,"a\\"b",', Unreadable("not_json", 4, 'a"b')),
    ],
)
def test_unreadable_frames_keep_as_much_of_their_head_as_there_is(raw: str, frame: Frame) -> None:
    assert read(raw)[0] == frame


@given(st.binary(max_size=200))
def test_no_bytes_raise(raw: bytes) -> None:
    assert isinstance(read(raw)[0], Call | CallResult | CallError | Unreadable)


@given(st.lists(JSON, max_size=6).flatmap(lambda tail: st.sampled_from([2, 3, 4, 6, "2"]).map(lambda k: [k, *tail])))
def test_what_was_read_can_be_stored_and_sent(message: list[Any]) -> None:
    frame, _ = read(json.dumps(message))
    if not isinstance(frame, Unreadable):
        assert orjson.dumps(tuple(frame))


@given(JSON, st.integers(0, 60))
def test_cut_frames_never_raise(payload: Any, cut: int) -> None:
    raw = json.dumps([3, "id", {"value": payload}]).encode()
    frame, _ = read(raw[: max(0, len(raw) - cut)])
    assert isinstance(frame, CallResult | Unreadable)


def test_what_is_written_is_json() -> None:
    assert json.loads(encode_call("1", "A", {"a": 1})) == [2, "1", "A", {"a": 1}]
    assert json.loads(encode_result('a"b', {})) == [3, 'a"b', {}]
    assert json.loads(encode_result(17, {"a": "ä"})) == [3, 17, {"a": "ä"}]
    assert json.loads(encode_error("1", "InternalError", "x" * 300)) == [4, "1", "InternalError", "x" * 255, {}]


def test_the_id_of_a_broken_frame_can_be_answered_whatever_is_in_it() -> None:
    frame = parse(b'[2, "\\ud800", "Heartbeat", {', lambda _: None)
    assert isinstance(frame, Unreadable)
    assert frame.message_id is not None
    assert parse(encode_error(frame.message_id, "FormationViolation"), lambda _: None).message_id == frame.message_id  # type: ignore[union-attr]
