"""BTHome v2, as encrypted buttons send it: decrypted with the key of one device, and its button objects read.

The service data is device information 1 | ciphertext | counter 4, little-endian | integrity code 4. The nonce is the
device's address, the UUID as it goes over the air, the device information and the counter.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

_ENCRYPTED = 0x01
_VERSION_2 = 0x40
_VERSION_MASK = 0xE0
_UUID = bytes.fromhex("d2fc")
_PACKET_ID = 0x00
_BATTERY = 0x01
_BUTTON = 0x3A
_VARIABLE = {0x53, 0x54}
_LENGTHS = (
    dict.fromkeys((0x00, 0x01, 0x09, *range(0x0F, 0x12), *range(0x15, 0x30), 0x3A, 0x46, 0x57, 0x58, 0x59, 0x60), 1)
    | {0x64: 1}
    | dict.fromkeys((0x02, 0x03, 0x06, 0x07, 0x08, 0x0C, 0x0D, 0x0E, 0x12, 0x13, 0x14, 0x3C, 0x3D, 0x3F), 2)
    | dict.fromkeys((0x40, 0x41, 0x43, 0x44, 0x45, 0x47, 0x48, 0x49, 0x4A, 0x51, 0x52, 0x56, 0x5A, 0x5D), 2)
    | dict.fromkeys((0x5E, 0x5F, 0x61), 2)
    | dict.fromkeys((0x04, 0x05, 0x0A, 0x0B, 0x42, 0x4B), 3)
    | dict.fromkeys((0x3E, 0x4C, 0x4D, 0x4E, 0x4F, 0x50, 0x55, 0x5B, 0x5C, 0x62, 0x63), 4)
)
"""Bytes of each object after its id. An id that is not here ends the reading, as its length is not known."""

EVENTS = {
    0x00: None,
    0x01: "press",
    0x02: "double_press",
    0x03: "triple_press",
    0x04: "long_press",
    0x05: "long_double_press",
    0x06: "long_triple_press",
    0x80: "hold_press",
}


@dataclass(frozen=True, slots=True)
class Packet:
    """What a device has said."""

    counter: int
    packet_id: int | None
    battery_percent: int | None
    buttons: tuple[str | None, ...]
    """What each button did, in order; None: nothing."""


def counter_of(service_data: bytes) -> int | None:
    """Return the counter of an encrypted packet of version 2, unverified; None: it is no such packet."""
    if len(service_data) < 1 + 4 + 4 or service_data[0] & _VERSION_MASK != _VERSION_2:
        return None
    return int.from_bytes(service_data[-8:-4], "little") if service_data[0] & _ENCRYPTED else None


def open_packet(service_data: bytes, address: bytes, bindkey: bytes) -> Packet | None:
    """Decrypt a packet of the device with this address (6 bytes) and key; None: it is not from there."""
    counter = counter_of(service_data)
    if counter is None:
        return None
    nonce = address + _UUID + service_data[:1] + service_data[-8:-4]
    try:
        plain = AESCCM(bindkey, tag_length=4).decrypt(nonce, service_data[1:-8] + service_data[-4:], None)
    except InvalidTag:
        return None
    return _read(counter, plain)


def _read(counter: int, plain: bytes) -> Packet:
    packet_id: int | None = None
    battery: int | None = None
    buttons: list[str | None] = []
    at = 0
    while at < len(plain):
        kind, at = plain[at], at + 1
        if kind in _VARIABLE and at < len(plain):
            at += 1 + plain[at]
            continue
        length = _LENGTHS.get(kind)
        if length is None or at + length > len(plain):
            break
        if kind == _PACKET_ID:
            packet_id = plain[at]
        elif kind == _BATTERY:
            battery = plain[at]
        elif kind == _BUTTON:
            buttons.append(EVENTS.get(plain[at]))
        at += length
    return Packet(counter, packet_id, battery, tuple(buttons))
