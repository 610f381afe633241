"""Hostile bytes for everything that reads them off the air: frames, messages, tokens, buttons, PKOC.

Half of the inputs are noise, half are genuine bytes that were bent: bits turned, pieces cut, doubled, or put together
from two. A reader may refuse an input in the way it says it does; anything else ends the run with the input that did
it. How long the slowest input took and how much memory is held beyond the first tenth of the run are told for each.
"""

import argparse
from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
import gc
import json
from pathlib import Path
from random import Random
import resource
import time
from typing import NoReturn

from custom_components.offline_evse.engine.authorization.ble.charger import Charger
from custom_components.offline_evse.engine.authorization.ble.exchange import Exchange, approach
from custom_components.offline_evse.engine.authorization.ble.limits import ConnectLimits
from custom_components.offline_evse.engine.authorization.ble.nearby.bthome import open_packet
from custom_components.offline_evse.engine.authorization.ble.pkoc.packets import PacketError, packets
from custom_components.offline_evse.engine.authorization.ble.pkoc.reader import PkocExchange, PkocReader
from custom_components.offline_evse.engine.authorization.ble.reader import Reader, Transport
from custom_components.offline_evse.engine.authorization.ble.states import Intent
from custom_components.offline_evse.engine.authorization.ble.trust.claims import TokenError
from custom_components.offline_evse.engine.authorization.ble.trust.keys import SiteKeys, base64url
from custom_components.offline_evse.engine.authorization.ble.trust.revocations import Revocations
from custom_components.offline_evse.engine.authorization.ble.trust.tokens import Issuer, Issuers, TokenReader
from custom_components.offline_evse.engine.authorization.ble.wire.framing import FrameError, Reassembler
from custom_components.offline_evse.engine.authorization.ble.wire.gatt import Advert, Info
from custom_components.offline_evse.engine.authorization.ble.wire.messages import (
    Answer,
    Challenge,
    MessageError,
    Meter,
    RelayRequest,
    Result,
    Verb,
    decode_log,
)
from simulator.holder.button import ButtonFob
from simulator.holder.crypto import from_base64url, seeded_key, thumbprint
from simulator.holder.frames import cut
from simulator.holder.holder import RESPONSE, Enrolment, Holder
from simulator.holder.issuer import TokenIssuer, jwt
from simulator.holder.pkoc import PkocPhone
from simulator.holder.vectors import vectors

from .ble import StillClock
from .report import print_table

_SEED = 20260601
_CHARGER = Charger("CP001", 1)
_NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
_LONGEST = 600


type Feed = Callable[[bytes], object]


def bend(random: Random, genuine: bytes, other: bytes) -> bytes:
    """Return genuine bytes with something wrong."""
    data = bytearray(genuine)
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0 if data:
                data[at % len(data)] ^= 1 << random.randrange(8)
            case 1 if data:
                data[at % len(data)] = random.choice((0, 1, 0x22, 0x2E, 0x41, 0x5B, 0x7B, 0x7F, 0x80, 0x81, 0xFF))
            case 2:
                del data[at : at + random.randrange(1, 16)]
            case 3:
                data[at:at] = random.randbytes(random.randrange(1, 16))
            case 4:
                data[at:at] = data[max(0, at - 16) : at]
            case _:
                data[at:] = other[random.randrange(len(other) + 1) :]
    return bytes(data[: 4 * _LONGEST])


@dataclass(slots=True)
class Target:
    """Something that reads bytes, genuine bytes for it, and what it may raise."""

    name: str
    feed: Feed
    seeds: list[bytes]
    refusals: tuple[type[Exception], ...]
    wrap: Callable[[Random, bytes], bytes] = field(default=lambda random, data: data)
    """Makes an outer form around bent bytes, so that what is inside is reached."""


class _Readers:
    """Real readers of one site, which has a holder with a record and a token."""

    def __init__(self) -> None:
        self.random = Random(_SEED)
        self.keys = SiteKeys.create(self.random.randbytes)
        self.chain = TokenIssuer(seeded_key("chain"))
        self.holder = Holder(seeded_key("holder"))
        self.jkt = base64url(thumbprint(self.holder.public))
        site_key = self.keys.reader_public
        self.token = self.chain.token(
            self.keys.site_id,
            self.holder.public,
            jti="j",
            nbf=int(_NOON.timestamp()) - 60,
            exp=int(_NOON.timestamp()) + 3600,
            evse=["CP001"],
            wh=1,
        )
        self.holder.enrol(Enrolment(self.keys.site_id, site_key, token=self.token))
        issuers = Issuers([Issuer("chain", self.chain.public)])
        self.tokens = TokenReader(self.keys.audience, issuers, Revocations())
        self.reader = Reader(
            self.keys,
            StillClock(),
            self.random.randbytes,
            lambda jkt: None,
            issuers=issuers,
            sealed_only=lambda _: False,
        )
        self.pkoc = PkocReader(
            self.keys,
            StillClock(),
            self.random.randbytes,
            lambda jkt: None,
            limits=ConnectLimits(),
            revocations=Revocations(),
            ecdhe_only=lambda _: False,
        )
        self.reassembler = Reassembler()
        self.exchange: Exchange | None = None
        self.phone: PkocExchange | None = None

    def frame(self, data: bytes) -> object:
        """One frame to a reassembler that has seen all the others."""
        message = self.reassembler.feed(data[:517])
        if self.reassembler.held_bytes > 2051:
            raise AssertionError("More than a message is held")
        return message

    def message(self, data: bytes) -> object:
        """Every decoder there is."""
        found: list[object] = []
        for decode in (Challenge.decode, RelayRequest.decode, Result.decode, Meter.decode, decode_log, Info.decode):
            with suppress(MessageError):
                found.append(decode(data))
        for verb in Verb:
            with suppress(MessageError):
                found.append(Answer.decode(verb, data))
        return found, Advert.decode(data)

    def read_token(self, data: bytes) -> NoReturn:
        """A token that nobody has signed must grant nothing."""
        grant = self.tokens.read(data, self.jkt, _CHARGER, _NOON, time_trusted=True)
        raise AssertionError(f"Something was granted: {grant}")

    def press(self, data: bytes) -> object:
        """A button's service data."""
        return open_packet(data, bytes.fromhex("5448E68F80A5"), bytes(range(16)))

    def exchanged(self, data: bytes) -> object:
        """A frame to an exchange that waits for an answer; a new one whenever the last has had enough."""
        if self.exchange is None or self.exchange.state not in {"connecting", "challenged", "verify"}:
            if self.exchange is not None:
                self.exchange.cancel()
            self.reader.limits = ConnectLimits()
            self.exchange = approach(self.reader, _CHARGER, "a", "s", Transport.PUCK, Intent.TAP)
            self.exchange.connecting()
            self.exchange.connected(517)
            self.exchange.receive(cut(6, bytes((1, 1, 2, 2)), 517)[0])
        step = self.exchange.receive(data[:517])
        if step.evidence is not None or step.stop is not None or step.log is not None:
            raise AssertionError("Something was granted")
        return step

    def pkoc_written(self, data: bytes) -> object:
        """A write to a PKOC reader."""
        if self.phone is None or self.phone.state not in {"offered", "proved"}:
            self.pkoc.limits = ConnectLimits()
            self.phone = PkocExchange(self.pkoc, _CHARGER, "a", "s")
            self.phone.subscribed()
        step = self.phone.written(data)
        if step.evidence is not None:
            raise AssertionError("Something was granted")
        return step


_ODD: tuple[object, ...] = (None, True, -1, 2**63, 1e308, "", "x" * 200, [], {}, [[]], {"jkt": []}, 0)


def _odd_part(random: Random, data: bytes) -> bytes:
    """Put something odd where a token has its header or claims, or leave it bent."""
    parts = data.split(b".")
    which = random.randrange(4)
    if which > 1 or len(parts) != 3:
        return data
    try:
        parsed = json.loads(from_base64url(parts[which].decode()))
    except ValueError, RecursionError:
        return data
    if isinstance(parsed, dict):
        names = sorted({*parsed, "typ", "kid", "crit"} if which == 0 else {*parsed, "evse", "n", "wh"})
        parsed[random.choice(names)] = random.choice(_ODD)
    parts[which] = base64url(json.dumps(parsed).encode()).encode()
    return b".".join((*parts[:2], b"A" * 86))


def targets() -> list[Target]:
    """Everything that is fed."""
    made = _Readers()
    known = vectors()
    answer = bytes.fromhex(known["plain_token"]["response"])
    frames = [frame for size in (20, 62, 182, 514) for frame in cut(RESPONSE, answer, size)]
    bodies = [bytes.fromhex(known[name]["challenge"]) for name in ("plain_token", "sealed_token")]
    bodies += [answer, bytes.fromhex(known["relay"]["request"]), bytes.fromhex(known["plain_token"]["result"])]
    fob = ButtonFob("54:48:E6:8F:80:A5", bytes(range(16)))
    noise = Random(_SEED)
    presses = [fob.packet(noise.randbytes(noise.randrange(0, 17))) for _ in range(64)] + [fob.pressed()]
    phone = PkocPhone(made.holder.key, made.keys.reader_public)
    offer = bytes.fromhex(known["pkoc"]["offer"])
    first = phone.notified(offer) or b""
    writes = [first, bytes.fromhex(known["pkoc"]["normal"]["write"]), bytes.fromhex(known["pkoc"]["ecdhe"]["write_2"])]
    signed = [made.token, jwt(made.chain.key, {"iss": made.chain.iss}), jwt(made.chain.key, {}, {"alg": "none"})]
    return [
        Target("frames", made.frame, frames, (FrameError,)),
        Target("messages", made.message, bodies, ()),
        Target("tokens", made.read_token, signed, (TokenError,), _odd_part),
        Target("buttons", made.press, presses, ()),
        Target("PKOC packets", packets, writes, (PacketError,)),
        Target("PKOC reader", made.pkoc_written, writes, ()),
        Target("exchange", made.exchanged, frames, ()),
    ]


def resident_kb() -> float:
    """Return how much memory the process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 1000


@dataclass(slots=True)
class Outcome:
    """What feeding one target came to."""

    name: str
    inputs: int
    refused: int
    slowest_us: float
    within_us: float
    """99.9 % took no longer."""
    grown_kb: float


def fuzz(target: Target, inputs: int, seed: int) -> Outcome:
    """Feed a target. Raises AssertionError with the input where it does what it must not."""
    random = Random(f"{seed} {target.name}")
    refused = 0
    took_us = array("d")
    held_kb = 0.0
    for number in range(inputs):
        if random.random() < 0.5:
            data = random.randbytes(random.randrange(0, 64 if random.random() < 0.9 else _LONGEST))
        else:
            data = bend(random, random.choice(target.seeds), random.choice(target.seeds))
            data = target.wrap(random, data)
        if data in target.seeds:
            continue
        started = time.thread_time_ns()
        try:
            target.feed(data)
        except target.refusals:
            refused += 1
        except Exception as error:
            raise AssertionError(f"{target.name} failed on {data.hex()}: {error!r}") from error
        if number % 16 == 0:
            took_us.append((time.thread_time_ns() - started) / 1000)
        if number == inputs // 10:
            gc.collect()
            held_kb = resident_kb()
    gc.collect()
    grown_kb = resident_kb() - held_kb
    slow = sorted(took_us)[int(len(took_us) * 0.999)]
    return Outcome(target.name, inputs, refused, max(took_us), slow, grown_kb)


def main() -> None:
    """Feed all targets, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for all targets together")
    parser.add_argument("--seed", type=int, default=_SEED)
    arguments = parser.parse_args()
    fed = targets()
    started_s = time.thread_time()
    outcomes = [fuzz(target, arguments.inputs // len(fed) + 1, arguments.seed) for target in fed]
    rows = [
        (
            outcome.name,
            f"{outcome.inputs:,}",
            f"{outcome.refused:,}",
            f"{outcome.within_us:.0f}",
            f"{outcome.slowest_us:.0f}",
            f"{outcome.grown_kb:.0f}",
        )
        for outcome in outcomes
    ]
    columns = ("what", "inputs", "refused aloud", "99.9 % within µs", "slowest µs", "memory grown kB")
    print_table("Hostile bytes", columns, rows)
    total = sum(outcome.inputs for outcome in outcomes)
    print(f"\n{total:,} inputs in {time.thread_time() - started_s:.0f} s of CPU, seed {arguments.seed}; none failed")


if __name__ == "__main__":
    main()
