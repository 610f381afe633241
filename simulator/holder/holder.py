"""The protocol half of a phone app or key fob.

A `Holder` has a key and knows the sites that have enrolled it; a `HolderLink` is one connection. Whichever transport
there is, what it gives to `receive` are the other side's frames, and what it gets back are the frames to send.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidTag

from .crypto import PrivateKey, new_key, public_bytes, sign, thumbprint, verified
from .frames import Joiner, cut
from .sealed import HolderChannel

CHALLENGE, RESPONSE, RESULT, METER, STOP, HELLO = 1, 2, 3, 4, 5, 6
RELAY_REQ, RELAY_RSP, LOG_REQ, LOG = 0x10, 0x11, 0x20, 0x21
PLAIN, SEALED, RELAY, BUTTON = 1, 2, 4, 8
_LABELS = {RESPONSE: b"offline-evse/ble/", STOP: b"offline-evse/stop/", LOG_REQ: b"offline-evse/log/"}

type Relay = Callable[[bytes], bytes | None]
"""Takes a request of the site to its backend and returns the token; None: it takes longer."""


@dataclass(slots=True)
class Enrolment:
    """What a site has given to a holder."""

    site_id: bytes
    site_key: bytes
    """The site's public reader key. Nobody else gets an answer."""
    secret: bytes = b""
    """What the advertised ids are made of."""
    token: bytes = b""
    sealed_only: bool = True
    """Answer nothing that would show the key to listeners."""
    chargers: set[bytes] = field(default_factory=set)
    """Chargers that the app would show by name; empty: it asks nobody."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A RESULT as it came."""

    code: int
    energy_wh: int | None
    session: int


class Holder:
    """A key, the sites that know it, and perhaps a way to their backends."""

    def __init__(
        self,
        key: PrivateKey | None = None,
        *,
        relay: Relay | None = None,
        ephemeral: Callable[[], PrivateKey] = new_key,
        capabilities: int = PLAIN | SEALED,
    ) -> None:
        """Have a key of its own, or this one."""
        self.key = key or new_key()
        self.public = public_bytes(self.key)
        self.relay = relay
        self.ephemeral = ephemeral
        self.capabilities = capabilities | (RELAY if relay else 0)
        self.sites: dict[bytes, Enrolment] = {}
        self.relayed: dict[bytes, bytes] = {}
        """Answers of backends that came too late, by request."""

    @property
    def thumbprint(self) -> bytes:
        """What the site's record of the key says."""
        return thumbprint(self.public)

    @property
    def info(self) -> bytes:
        """What the information characteristic of a holder reads."""
        return bytes([1, self.capabilities])

    def enrol(self, enrolment: Enrolment) -> None:
        """Know a site."""
        self.sites[enrolment.site_id] = enrolment

    def advert(self, site_id: bytes, unix_s: float, *, pressed: bool = False) -> bytes:
        """Return the service data to advertise at a time."""
        digest = hmac.new(self.sites[site_id].secret, int(unix_s // 900).to_bytes(8), hashlib.sha256).digest()
        flags = (1 if pressed else 0) | (2 if self.relay else 0)
        return bytes([1, flags]) + digest[:8]

    def link(self, frame_bytes: int) -> HolderLink:
        """Begin a connection whose writes or notifications carry `frame_bytes`."""
        return HolderLink(self, frame_bytes)


class HolderLink:
    """One connection. It answers one challenge at a time, and only one that a known site has signed."""

    def __init__(self, holder: Holder, frame_bytes: int) -> None:
        """Wait for a challenge."""
        self.holder = holder
        self.frame_bytes = frame_bytes
        self.asks: tuple[int, bytes] = (RESPONSE, b"")
        """What to ask for: RESPONSE to charge, or `stop` and `log`."""
        self.ignored: list[str] = []
        """Why messages went without an answer."""
        self.results: list[Outcome] = []
        self.readings: list[tuple[int, int, int]] = []
        self.receipts: list[tuple[int, int, int, int]] = []
        self.answered: bytes = b""
        """The last answer, before it was sealed."""
        self.challenges: list[bytes] = []
        self._joiner = Joiner()
        self._channel: HolderChannel | None = None
        self._waiting: bytes | None = None

    def stop(self, session: int) -> None:
        """Ask for a session to be stopped, when the challenge comes."""
        self.asks = (STOP, session.to_bytes(4))

    def log(self, since_unix_s: int) -> None:
        """Ask for receipts, when the challenge comes."""
        self.asks = (LOG_REQ, since_unix_s.to_bytes(4))

    def hello(self) -> list[bytes]:
        """Return the greeting with which a central begins."""
        return cut(HELLO, struct.pack(">BBH", 1, self.holder.capabilities, self.frame_bytes), self.frame_bytes)

    def receive(self, frame: bytes) -> list[bytes]:
        """Take in a frame of the site's; returns the frames to send."""
        whole = self._joiner.add(frame)
        if whole is None:
            return []
        kind, body = whole
        if kind == CHALLENGE:
            return self._challenged(body)
        if self._channel is not None:
            try:
                kind, body = self._channel.open(kind, body)
            except InvalidTag:
                return self._ignore("not sealed by the site")
        match kind:
            case _ if kind == RESULT and len(body) == 9:
                code, energy_wh, session = struct.unpack(">BII", body)
                self.results.append(Outcome(code, None if energy_wh == 0xFFFFFFFF else energy_wh, session))
            case _ if kind == METER and len(body) == 9:
                self.readings.append(struct.unpack(">IIB", body))
            case _ if kind == LOG and len(body) == 2 + 16 * body[0]:
                self.receipts.extend(struct.iter_unpack(">IIII", body[2:]))
            case _ if kind == RELAY_REQ and len(body) == 132:
                return self._relay(body)
            case _:
                return self._ignore(f"type {kind:#x} of {len(body)} bytes")
        return []

    def relayed(self, token: bytes) -> list[bytes]:
        """A backend's answer has come. Returns the frames to send; without a link it waits for the next one."""
        if self._waiting is None:
            return []
        self.holder.relayed[self._waiting] = token
        self._waiting = None
        return self._send(RELAY_RSP, token)

    def _challenged(self, body: bytes) -> list[bytes]:
        if len(body) not in {100, 133}:
            return self._ignore("a challenge of a strange length")
        site = self.holder.sites.get(body[:8])
        if site is None:
            return self._ignore("a site that nobody enrolled us at")
        sealed = len(body) == 133
        version = b"2\0" if sealed else b"1\0"
        if not verified(site.site_key, body[-64:], b"offline-evse/challenge/" + version + body[:-64]):
            return self._ignore("not signed by the site")
        if site.sealed_only and not sealed:
            return self._ignore("would show our key to listeners")
        if site.chargers and body[8:16] not in site.chargers:
            return self._ignore("a charger that nobody chose")
        self.challenges.append(body)
        self._channel = HolderChannel(self.holder.ephemeral(), body) if sealed else None
        kind, payload = self.asks
        if kind == RESPONSE:
            payload = site.token
        mine = self._channel.public if self._channel else b""
        to_sign = _LABELS[kind] + version + body[:-64] + mine + hashlib.sha256(payload).digest()
        self.answered = self.holder.public + sign(self.holder.key, to_sign) + payload
        return self._send(kind, self.answered)

    def _relay(self, body: bytes) -> list[bytes]:
        site = self.holder.sites.get(body[:8])
        if site is None or not verified(site.site_key, body[-64:], b"offline-evse/relay/1\0" + body[:-64]):
            return self._ignore("a request that the site has not signed")
        if self.holder.relay is None or body[32:64] != self.holder.thumbprint:
            return self._ignore("a request for somebody else")
        token = self.holder.relayed.pop(body[16:32], None) or self.holder.relay(body)
        if token is None:
            self._waiting = body[16:32]
            return []
        return self._send(RELAY_RSP, token)

    def _send(self, kind: int, body: bytes) -> list[bytes]:
        if self._channel is not None:
            kind, body = self._channel.seal(kind, body)
        return cut(kind, body, self.frame_bytes)

    def _ignore(self, why: str) -> list[bytes]:
        self.ignored.append(why)
        return []
