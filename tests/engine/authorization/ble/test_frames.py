from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.authorization.ble.wire.framing import (
    MIN_FRAME_BYTES,
    FrameError,
    Reassembler,
    frames,
)
from custom_components.offline_evse.engine.authorization.ble.wire.gatt import Advert, AdvertFlag, Capability, Info
from custom_components.offline_evse.engine.authorization.ble.wire.messages import (
    MAX_BODY_BYTES,
    Message,
    MessageError,
    Meter,
    Receipt,
    Result,
    decode_log,
    encode_log,
)

messages = st.builds(Message, st.integers(0, 255), st.binary(max_size=MAX_BODY_BYTES))


@settings(deadline=None)
@given(messages, st.integers(MIN_FRAME_BYTES, 514))
def test_what_was_cut_up_comes_together_again(message: Message, frame_bytes: int) -> None:
    reassembler = Reassembler()
    pieces = list(frames(message, frame_bytes))
    assert all(len(piece) <= frame_bytes for piece in pieces)
    assert [reassembler.feed(piece) for piece in pieces] == [None] * (len(pieces) - 1) + [message]
    assert reassembler.held_bytes == 0


@settings(deadline=None)
@given(st.binary(min_size=40, max_size=200), st.data())
def test_a_frame_that_is_missing_doubled_or_moved_is_noticed(body: bytes, data: st.DataObject) -> None:
    pieces = list(frames(Message(2, body), 20))
    at = data.draw(st.integers(1, len(pieces) - 1))
    wrong = data.draw(st.sampled_from([pieces[:at] + pieces[at + 1 :], pieces[: at + 1] + pieces[at:], pieces[1:]]))
    reassembler = Reassembler()
    whole = []
    for piece in wrong:
        try:
            whole.append(reassembler.feed(piece))
        except FrameError:
            whole.append(None)
    # A doubled last frame comes after the message was whole; nothing else may pass for it.
    assert [each for each in whole if each is not None] in ([], [Message(2, body)])
    assert reassembler.held_bytes <= len(body) + 3
    if wrong == pieces[:at] + pieces[at + 1 :]:
        assert not any(whole)
    assert [reassembler.feed(piece) for piece in pieces][-1] == Message(2, body), "and the next first frame is taken"


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x80",
        b"\x80\x01\x00",
        b"\x81\x01\x00\x00",
        b"\x01\x01\x00\x00",
        b"\x80\x01\x08\x01",
        b"\x80\x01\x00\x00\x00",
        b"\x80\x01\x00\x01\x00\x00",
    ],
)
def test_a_frame_that_begins_no_message_is_refused(frame: bytes) -> None:
    reassembler = Reassembler()
    with pytest.raises(FrameError):
        reassembler.feed(frame)
    assert reassembler.held_bytes == 0


def test_tiny_frames_do_not_go_on_for_ever() -> None:
    reassembler = Reassembler()
    assert reassembler.feed(b"\x80\x02\x08\x00") is None
    for sequence in range(1, 127):
        assert reassembler.feed(bytes((sequence, 0))) is None
    with pytest.raises(FrameError):
        reassembler.feed(b"\x7f\x00")


def test_nothing_too_long_or_too_small_is_sent() -> None:
    with pytest.raises(ValueError):
        list(frames(Message(1, bytes(MAX_BODY_BYTES + 1)), 100))
    with pytest.raises(ValueError):
        list(frames(Message(1, b""), MIN_FRAME_BYTES - 1))


def test_results_and_readings_stay_within_their_bytes() -> None:
    assert Result.decode(Result(0, None, 2**32 + 5).encode()) == Result(0, None, 5)
    assert Result.decode(Result(0, 2**40).encode()).energy_wh == 0xFFFF_FFFE
    assert Meter.decode(Meter(-5, 2**40, 1).encode()) == Meter(0, 0xFFFF_FFFF, 1)


def test_a_long_log_says_that_there_is_more() -> None:
    receipts = [Receipt(number, number, number + 1, 100) for number in range(70)]
    kept, more = decode_log(encode_log(receipts))
    assert kept == tuple(receipts[:64]) and more
    assert decode_log(encode_log([])) == ((), False)


def test_information_of_later_versions_is_read() -> None:
    info = Info(Capability.SEALED | Capability.RELAY, b"12345678")
    assert Info.decode(info.encode()) == info
    assert Info.decode(b"\x02\xff12345678more").site_id == b"12345678"
    assert Info.decode(b"\x01\x02") == Info(Capability.SEALED)
    with pytest.raises(MessageError):
        Info.decode(b"\x01")


def test_advertisements_of_others_are_none() -> None:
    advert = Advert(AdvertFlag.PRESSED, b"12345678")
    assert len(advert.encode()) == 10
    assert Advert.decode(advert.encode()) == advert
    assert Advert.decode(b"\x02" + advert.encode()[1:]) is None
    assert Advert.decode(advert.encode()[:-1]) is None
