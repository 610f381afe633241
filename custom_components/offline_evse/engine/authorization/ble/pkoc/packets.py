"""The pieces that PKOC sends: type 1 | length 1 | value, and a longer form of the length that some phones use."""

from enum import IntEnum

MAX_WRITE_BYTES = 512


class PacketError(ValueError):
    """The bytes are no packets."""


class PacketType(IntEnum):
    """PKOC packet types over Bluetooth, as far as a reader meets them."""

    PUBLIC_KEY = 0x01
    """65 bytes, uncompressed."""
    READER_EPHEMERAL = 0x02
    """33 bytes, compressed."""
    SIGNATURE = 0x03
    """64 bytes, r | s."""
    RESPONSE = 0x04
    DEVICE_EPHEMERAL = 0x07
    """65 bytes, uncompressed."""
    LAST_UPDATE = 0x09
    PROTOCOL_VERSION = 0x0C
    READER_ID = 0x0D
    SITE_ID = 0x0E
    ENCRYPTED = 0x40


class Status(IntEnum):
    """What a RESPONSE says."""

    ACCESS_DENIED = 2
    ACCESS_GRANTED = 3
    INVALID_SECURITY = 5
    SIGNATURE_INVALID = 6
    DECRYPTION_FAILED = 7


def packet(kind: PacketType, value: bytes) -> bytes:
    """Encode one packet of at most 255 bytes."""
    return bytes((kind, len(value))) + value


def packets(data: bytes) -> dict[int, bytes]:
    """Return the packets of a write by type. Raises PacketError.

    Lengths from 128 on come as one byte from most phones, and as 0x81 and a byte (ISO 8825-1) from others. Nothing
    that a phone sends has 0x81 bytes, so the longer form is tried first.
    """
    for long_form in (True, False):
        found = _split(data, long_form=long_form)
        if found is not None:
            return found
    raise PacketError("Packets that do not end where the data does")


def incomplete(data: bytes) -> bool:
    """Whether the data could be the beginning of packets whose rest is still to come."""
    at = 0
    while at < len(data):
        if at + 1 == len(data):
            return True
        length, start = data[at + 1], at + 2
        if length == 0x81 and data[at] == PacketType.ENCRYPTED:
            if start == len(data):
                return True
            length, start = data[start], start + 1
        at = start + length
    return at > len(data)


def _split(data: bytes, *, long_form: bool) -> dict[int, bytes] | None:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            return None
        kind, length, at = data[at], data[at + 1], at + 2
        if long_form and length == 0x81:
            if at >= len(data):
                return None
            length, at = data[at], at + 1
        if at + length > len(data) or kind in found:
            return None
        found[kind] = data[at : at + length]
        at += length
    return found
