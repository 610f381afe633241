"""The identifiers that both sides look for, and the few bytes that can be read before anything is said.

The peripheral offers one service: on T1 that is the holder, on T2 the reader at the charger. The central writes
frames to one characteristic, the peripheral notifies frames on the other.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import Self

from .messages import MessageError

SERVICE_UUID = "60bd6b8e-57ca-4f1a-a13c-0d24108923d3"
INFO_UUID = "60bd6b8e-57ca-4f1a-a13c-0d24108923d4"
WRITE_UUID = "60bd6b8e-57ca-4f1a-a13c-0d24108923d5"
"""Frames from the central to the peripheral."""
NOTIFY_UUID = "60bd6b8e-57ca-4f1a-a13c-0d24108923d6"
"""Frames from the peripheral to the central."""

PKOC_SERVICE_UUID = "0000fff0-0000-1000-8000-00805f9b34fb"
PKOC_LEGACY_SERVICE_UUID = "41fb60a1-d4d0-4ae9-8cbb-b62b5ae81810"
PKOC_WRITE_UUID = "fe278a85-89ae-191f-5dde-841202693835"
PKOC_NOTIFY_UUID = "e5b1b3b5-3cca-3f76-cd86-a884cc239692"

BTHOME_UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"

PROTOCOL_VERSION = 1
"""Of the frames and message types. The sealed exchange is a capability, not a version of these."""
SITE_ID_BYTES = 8
ROLLING_ID_BYTES = 8


class Capability(IntFlag):
    """What a side can do. Read in clear and unsigned: it chooses among what both allow, and can grant nothing."""

    PLAIN = 0x01
    SEALED = 0x02
    """Hides from listeners who the holder is."""
    RELAY = 0x04
    """The holder can ask the site's backend."""
    BUTTON = 0x08
    """The holder says in its advertisement when somebody pressed."""


@dataclass(frozen=True, slots=True)
class Info:
    """The information characteristic: version 1 | capabilities 1 | site id 8, the last one from readers only."""

    capabilities: Capability
    site_id: bytes | None = None

    def encode(self) -> bytes:
        """Return the bytes to be read."""
        return bytes((PROTOCOL_VERSION, self.capabilities)) + (self.site_id or b"")

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Take apart what was read; a later version may be longer. Raises MessageError."""
        if len(data) < 2 or data[0] < PROTOCOL_VERSION:
            raise MessageError("No information of this protocol")
        known = Capability(data[1] & sum(Capability))
        site_id = bytes(data[2:10]) if len(data) >= 2 + SITE_ID_BYTES else None
        return cls(known, site_id)


class AdvertFlag(IntFlag):
    """What a holder says in its advertisement."""

    PRESSED = 0x01
    """Somebody pressed its button or touched its screen within the last ten seconds."""
    RELAY = 0x02


@dataclass(frozen=True, slots=True)
class Advert:
    """The service data of a holder: version 1 | flags 1 | rolling id 8. With it a legacy advertisement is full."""

    flags: AdvertFlag
    rolling_id: bytes

    def encode(self) -> bytes:
        """Return the service data."""
        return bytes((PROTOCOL_VERSION, self.flags)) + self.rolling_id

    @classmethod
    def decode(cls, service_data: bytes) -> Self | None:
        """Return what was advertised, or None where it is not ours."""
        if len(service_data) != 2 + ROLLING_ID_BYTES or service_data[0] != PROTOCOL_VERSION:
            return None
        return cls(AdvertFlag(service_data[1] & sum(AdvertFlag)), bytes(service_data[2:]))
