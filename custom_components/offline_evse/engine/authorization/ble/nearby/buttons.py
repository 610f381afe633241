"""Encrypted buttons as credentials: every press counts once, also over restarts, and nobody's recording counts at all.

A packet is taken only with a counter above the highest that was ever taken, and that one is on the disk before anything
follows from the press. The first packet after enrolment only says where the counter is. A button whose counter began
anew, as after a change of battery it may, has to be enrolled again with a new key: under the old one everything that
was ever recorded would be good again.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
import hashlib
import hmac

from ....model.credential import Credential, Evidence, EvidenceLevel
from ..charger import Charger
from .bthome import open_packet

COUNTER_END = 0xFFFF_FFFF
SAME_PRESS_S = 10.0

type SaveCounter = Callable[[Button], Awaitable[None]]
"""Stores a button, and returns when it is safe. An error means that the press does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """An enrolled button, as it is stored."""

    reference: str
    """What its credential says in `key`."""
    address: str
    bindkey: bytes
    """16 bytes, AES-CCM."""
    counter: int | None = None
    """The highest that was taken; None: nothing heard since enrolment."""
    retired_keys: frozenset[str] = frozenset()
    """Hashes of the keys that it had before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A press that counts."""

    reference: str
    address: str
    event: str
    counter: int
    button: int
    """Which of its buttons, from 0."""
    battery_percent: int | None


class KeyUsedBefore(ValueError):
    """A button is to be enrolled with a key that it had before."""


class Buttons:
    """All enrolled buttons, by address."""

    def __init__(self, save: SaveCounter, buttons: Iterable[Button] = ()) -> None:
        """Begin with what was stored; `save` is awaited before a press counts."""
        self._save = save
        self._buttons = {_plain(button.address): button for button in buttons}
        self._packets: dict[str, tuple[int, float]] = {}
        self.refused = 0
        """How many authentic packets were repetitions or recordings."""

    def __iter__(self) -> Iterator[Button]:
        """All of them."""
        return iter(self._buttons.values())

    def enrol(self, button: Button) -> Button:
        """Enrol a button, or again with a new key; returns what is to be stored. Raises ValueError."""
        address = bytes.fromhex(_plain(button.address))
        if len(address) != 6 or len(button.bindkey) != 16:
            raise ValueError("A button has an address of 6 bytes and a key of 16")
        known = self._buttons.get(_plain(button.address))
        retired = button.retired_keys
        if known is not None:
            retired |= known.retired_keys | {_hash(known.bindkey)}
        if _hash(button.bindkey) in retired:
            raise KeyUsedBefore("What was recorded under this key would be good again")
        enrolled = replace(button, counter=None, retired_keys=retired)
        self._buttons[_plain(button.address)] = enrolled
        return enrolled

    def remove(self, reference: str) -> None:
        """Forget a button."""
        self._buttons = {key: button for key, button in self._buttons.items() if button.reference != reference}

    async def read(self, address: str, service_data: bytes, at_s: float) -> Press | None:
        """Return the press that a packet proves; None: not one of ours, no press, or not for the first time."""
        key = _plain(address)
        button = self._buttons.get(key)
        if button is None:
            return None
        packet = open_packet(service_data, bytes.fromhex(key), button.bindkey)
        if packet is None:
            return None
        if packet.counter >= COUNTER_END or (button.counter is not None and packet.counter <= button.counter):
            self.refused += 1
            return None
        first = button.counter is None
        taken = replace(button, counter=packet.counter)
        self._buttons[key] = taken  # before waiting: the same packet through another radio is a repetition
        again = self._heard_before(key, packet.packet_id, at_s)
        await self._save(taken)
        pressed = next(((at, event) for at, event in enumerate(packet.buttons) if event), None)
        if first or again or pressed is None:
            return None
        return Press(
            reference=button.reference,
            address=address,
            event=pressed[1],
            counter=packet.counter,
            button=pressed[0],
            battery_percent=packet.battery_percent,
        )

    def _heard_before(self, key: str, packet_id: int | None, at_s: float) -> bool:
        """Whether the packet id is the last one's: a press that is sent several times, each time counted on."""
        if packet_id is None:
            return False
        before = self._packets.get(key)
        self._packets[key] = (packet_id, at_s)
        return before is not None and before[0] == packet_id and at_s - before[1] < SAME_PRESS_S


def press_evidence(
    press: Press, credential: Credential, charger: Charger, now: datetime, detail: str | None = None
) -> Evidence:
    """Return what a press at a charger comes to; `detail` says how near it was."""
    return Evidence(
        id_token=credential.id_token,
        level=EvidenceLevel.PRESS,
        station_id=charger.station_id,
        evse_id=charger.evse_id,
        seen_at=now,
        source="button",
        detail=", ".join(part for part in (press.event, f"counter {press.counter}", detail) if part),
    )


def _plain(address: str) -> str:
    return address.replace(":", "").replace("-", "").upper()


def _hash(key: bytes) -> str:
    return hmac.digest(key, b"offline-evse/button", hashlib.sha256).hex()[:16]
