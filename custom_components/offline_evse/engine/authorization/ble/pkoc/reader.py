"""A PKOC reader: the phone connects, proves its key, and is told whether it may. What follows is up to the site.

In the normal flow the phone signs the reader's ephemeral key and sends its own key in clear. In the ECDHE flow it
sends an ephemeral key first; the reader then proves itself with the site's key over both, and the phone answers
encrypted with AES-256-CCM. The normal flow names neither site nor reader in what is signed, so an answer could be
carried over from another site; chargers in public ask for ECDHE only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from ....model.clock import Clock
from ....model.credential import Evidence, EvidenceLevel
from ..charger import Charger
from ..limits import ConnectLimits, ConnectRefusal
from ..reader import CredentialLookup
from ..trust.keys import (
    BadKey,
    RandomBytes,
    SiteKeys,
    compressed,
    load_public_key,
    new_private_key,
    sign,
    thumbprint,
    verify,
)
from ..trust.revocations import Revocations
from .packets import MAX_WRITE_BYTES, PacketError, PacketType, Status, incomplete, packet, packets

PROTOCOL_VERSION = bytes((3, 0, 0, 0, 1))
"""Of the transport 3, and no optional features but ECDHE, as the reference readers say."""
ANSWER_WITHIN_S = 10.0
_NONCE_HEAD = bytes(7) + b"\x01"
"""The phone counts its encrypted messages from 1 behind these eight bytes."""


class PkocState(StrEnum):
    """How far a phone has come."""

    CONNECTED = "connected"
    OFFERED = "offered"
    PROVED = "proved"
    """The reader has proved itself, and waits for the encrypted answer."""
    VERIFY = "verify"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PkocStep:
    """What follows from a write: notify these, in order, and ask the site where there is evidence."""

    notify: tuple[bytes, ...] = ()
    evidence: Evidence | None = None
    closed: bool = False


class PkocReader:
    """What all PKOC readers of a site share."""

    def __init__(
        self,
        keys: SiteKeys,
        clock: Clock,
        random: RandomBytes,
        credentials: CredentialLookup,
        *,
        limits: ConnectLimits,
        revocations: Revocations,
        ecdhe_only: Callable[[Charger], bool] = lambda charger: True,
    ) -> None:
        """Serve one site. `limits` and `revocations` are those of the site's other reader."""
        self.keys = keys
        self.clock = clock
        self.random = random
        self.credentials = credentials
        self.limits = limits
        self.revocations = revocations
        self.ecdhe_only = ecdhe_only

    @property
    def site_id(self) -> bytes:
        """Sixteen bytes that phones know the site by."""
        return hashlib.sha256(b"offline-evse/pkoc/site\0" + self.keys.site_id).digest()[:16]

    def reader_id(self, charger: Charger) -> bytes:
        """Sixteen bytes that phones know a charger by."""
        return hashlib.sha256(b"offline-evse/pkoc/reader\0" + self.keys.site_id + charger.charger_id).digest()[:16]


class PkocExchange:
    """One phone at one charger. Every error, silence or second try means that nothing was granted."""

    def __init__(self, reader: PkocReader, charger: Charger, address: str, source: str) -> None:
        """Begin with a phone that has connected; `source` names the reader."""
        self._reader = reader
        self._charger = charger
        self._address = address
        self._source = source
        self._ephemeral: ec.EllipticCurvePrivateKey | None = None
        self._to_sign = b""
        self._cipher: AESCCM | None = None
        self._pending = bytearray()
        self._counted = False
        self.state = PkocState.CONNECTED
        self.deadline_s: float | None = None
        self.reason: str | None = None

    def subscribed(self) -> tuple[bytes, ...] | ConnectRefusal:
        """The phone listens: return what to notify, or why there is nothing for it now."""
        if self.state is not PkocState.CONNECTED:
            return ()
        now_s = self._reader.clock.monotonic()
        refusal = self._reader.limits.begin(self._address, self._source, now_s)
        if refusal is not None:
            self._close(refusal.value, failed=None)
            return refusal
        self._counted = True
        self._ephemeral = new_private_key(self._reader.random)
        self.state, self.deadline_s = PkocState.OFFERED, now_s + ANSWER_WITHIN_S
        offer = (
            packet(PacketType.PROTOCOL_VERSION, PROTOCOL_VERSION)
            + packet(PacketType.READER_EPHEMERAL, compressed(self._ephemeral))
            + packet(PacketType.READER_ID, self._reader.reader_id(self._charger))
            + packet(PacketType.SITE_ID, self._reader.site_id)
        )
        return (offer,)

    def written(self, data: bytes) -> PkocStep:
        """Take in a write; it may be a piece of what the phone has to say. Nothing that it holds raises."""
        if self.state is PkocState.VERIFY:
            return PkocStep()
        if self.expire() or self.state not in {PkocState.OFFERED, PkocState.PROVED}:
            return PkocStep(closed=True)
        self._pending += data
        if len(self._pending) > MAX_WRITE_BYTES:
            return self._refuse(Status.INVALID_SECURITY, "too_long")
        try:
            found = packets(bytes(self._pending))
        except PacketError:
            waits = incomplete(bytes(self._pending))
            return PkocStep() if waits else self._refuse(Status.INVALID_SECURITY, "malformed")
        if self._lacks(found):
            return PkocStep()
        self._pending.clear()
        try:
            return self._handle(found)
        except (BadKey, PacketError) as error:
            return self._refuse(Status.INVALID_SECURITY, str(error))

    def decide(self, granted: bool) -> tuple[bytes, ...]:
        """Say what the site has decided on the evidence; returns what to notify. Nothing once it was closed."""
        if self.state is not PkocState.VERIFY:
            return ()
        self._close(None if granted else "site", failed=False if granted else None)
        status = Status.ACCESS_GRANTED if granted else Status.ACCESS_DENIED
        return (packet(PacketType.RESPONSE, bytes((status,))),)

    def lost(self) -> None:
        """The phone is gone. What the site has granted by then stays granted."""
        if self.state is not PkocState.CLOSED:
            self._close("lost", failed=None)

    def expire(self) -> bool:
        """Close it if its deadline has passed; True when that has happened just now."""
        if self.deadline_s is None or self._reader.clock.monotonic() < self.deadline_s:
            return False
        self._close("timeout", failed=self.state is not PkocState.VERIFY)
        return True

    def _lacks(self, found: dict[int, bytes]) -> bool:
        """Whether packets are whole, but something that belongs to them is still to come."""
        if self.state is PkocState.PROVED:
            return found.keys() <= {PacketType.PROTOCOL_VERSION, PacketType.LAST_UPDATE}
        plain = {PacketType.PUBLIC_KEY, PacketType.SIGNATURE}
        return PacketType.DEVICE_EPHEMERAL not in found and not plain <= found.keys()

    def _handle(self, found: dict[int, bytes]) -> PkocStep:
        if self.state is PkocState.PROVED:
            return self._decrypted(found)
        if PacketType.DEVICE_EPHEMERAL in found:
            return self._prove(found[PacketType.DEVICE_EPHEMERAL])
        if self._reader.ecdhe_only(self._charger):
            return self._refuse(Status.INVALID_SECURITY, "clear")
        if self._ephemeral is None:
            raise PacketError("An answer before the offer")
        return self._verify(found, compressed(self._ephemeral), "in clear")

    def _prove(self, device: bytes) -> PkocStep:
        """Agree on a key with the phone, and sign what both have said with the site's key."""
        mine, self._ephemeral = self._ephemeral, None
        if mine is None or len(device) != 65:
            raise PacketError("An ephemeral key of the wrong length, or a second one")
        shared = mine.exchange(ec.ECDH(), load_public_key(device))
        self._cipher = AESCCM(hashlib.sha256(shared).digest(), tag_length=16)
        ids = self._reader.site_id + self._reader.reader_id(self._charger)
        self._to_sign = ids + device[1:33] + compressed(mine)[1:]
        self.state = PkocState.PROVED
        return PkocStep(notify=(packet(PacketType.SIGNATURE, sign(self._reader.keys.reader_key, self._to_sign)),))

    def _decrypted(self, found: dict[int, bytes]) -> PkocStep:
        sealed = found.get(PacketType.ENCRYPTED)
        if sealed is None or self._cipher is None or len(sealed) < 16:
            raise PacketError("An answer in clear, or none")
        try:
            plain = self._cipher.decrypt(_NONCE_HEAD + (1).to_bytes(4), sealed, None)
        except InvalidTag:
            return self._refuse(Status.DECRYPTION_FAILED, "sealed")
        return self._verify(packets(plain), self._to_sign, "sealed")

    def _verify(self, found: dict[int, bytes], to_sign: bytes, how: str) -> PkocStep:
        public_key = found.get(PacketType.PUBLIC_KEY, b"")
        if not verify(public_key, found.get(PacketType.SIGNATURE, b""), to_sign) or len(public_key) != 65:
            return self._refuse(Status.SIGNATURE_INVALID, "signature")
        jkt = thumbprint(compressed(load_public_key(public_key)))
        credential = self._reader.credentials(jkt)
        if credential is None or self._reader.revocations.key_revoked(jkt):
            return self._refuse(Status.ACCESS_DENIED, "unknown_key" if credential is None else "revoked")
        now_s = self._reader.clock.monotonic()
        self.state, self.deadline_s = PkocState.VERIFY, now_s + ANSWER_WITHIN_S
        evidence = Evidence(
            id_token=credential.id_token,
            level=EvidenceLevel.KEY,
            station_id=self._charger.station_id,
            evse_id=self._charger.evse_id,
            seen_at=self._reader.clock.now(),
            source="pkoc",
            detail=how,
        )
        return PkocStep(evidence=evidence)

    def _refuse(self, status: Status, reason: str) -> PkocStep:
        self._close(reason, failed=True)
        return PkocStep(notify=(packet(PacketType.RESPONSE, bytes((status,))),), closed=True)

    def _close(self, reason: str | None, *, failed: bool | None) -> None:
        self.state, self.deadline_s, self.reason = PkocState.CLOSED, None, reason
        self._ephemeral, self._cipher = None, None
        self._pending.clear()
        if self._counted:
            self._counted = False
            self._reader.limits.end(self._address, self._source, self._reader.clock.monotonic(), failed=failed)
