"""The site's side of the protocol: what all exchanges share, and what an answer proves."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ...model.clock import Clock
from ...model.credential import Credential, Evidence, EvidenceLevel
from .challenges import Challenges, OpenChallenge
from .charger import Charger
from .limits import ConnectLimits
from .trust.claims import TokenError
from .trust.keys import BadKey, RandomBytes, SiteKeys, base64url, id_token_of, thumbprint_bytes, verify
from .trust.relay import RelayDesk
from .trust.revocations import Revocations
from .trust.time_trust import TimeTrust
from .trust.tokens import Grant, Issuer, IssuerPurpose, Issuers, TokenReader
from .wire.messages import Answer, ResultCode, Verb, answer_to_sign

type CredentialLookup = Callable[[str], Credential | None]
"""Finds what the site holds on a key, by its thumbprint."""


class Transport(StrEnum):
    """Which side is the peripheral. The value is what evidence says it came by."""

    CENTRAL = "ble_central"
    """The holder is; Home Assistant connects."""
    PUCK = "ble_puck"
    """The reader at the charger is; the holder's phone connects."""


class Denied(Exception):
    """The answer proves nothing that counts here; `code` is all that the holder hears of it."""

    def __init__(self, reason: str, code: ResultCode = ResultCode.DENIED) -> None:
        """Say why, for ourselves."""
        super().__init__(reason)
        self.reason = reason
        self.code = code


_CODES = {
    "expired": ResultCode.EXPIRED,
    "other_charger": ResultCode.OTHER_CHARGER,
    "time": ResultCode.TRY_LATER,
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A key that has answered a fresh challenge."""

    jkt: str
    charger: Charger
    credential: Credential | None
    """What the site holds on it."""
    token: bytes


class Reader:
    """One site's keys, issuers and memory, shared by all exchanges and both transports."""

    def __init__(
        self,
        keys: SiteKeys,
        clock: Clock,
        random: RandomBytes,
        credentials: CredentialLookup,
        *,
        issuers: Issuers | None = None,
        revocations: Revocations | None = None,
        time_trust: TimeTrust | None = None,
        sealed_only: Callable[[Charger], bool] = lambda charger: True,
    ) -> None:
        """Serve one site.

        `random` gives unpredictable bytes; `credentials` finds the site's own record of a key; `sealed_only` says at
        which chargers nobody is asked to show a key in clear. Without `issuers` the site believes its own tokens only.
        """
        self.keys = keys
        self.clock = clock
        self.credentials = credentials
        self.sealed_only = sealed_only
        self.revocations = revocations if revocations is not None else Revocations()
        self.time_trust = time_trust if time_trust is not None else TimeTrust()
        self.issuers = issuers if issuers is not None else Issuers([Issuer("site", keys.issuer_public)])
        self.tokens = TokenReader(keys.audience, self.issuers, self.revocations)
        self.challenges = Challenges(keys, random)
        self.relays = RelayDesk(keys, self.tokens, random)
        self.limits = ConnectLimits()

    @property
    def relays_offered(self) -> bool:
        """Whether there is a backend that could be asked through a holder's phone."""
        return self.issuers.any_for(IssuerPurpose.RELAY)

    def prove(self, issued: OpenChallenge, verb: Verb, answer: Answer) -> Proof:
        """Return who has answered a challenge, which must just have been redeemed. Raises Denied."""
        ephemeral = issued.channel.holder_ephemeral if issued.channel else b""
        to_sign = answer_to_sign(verb, issued.challenge, ephemeral, answer.payload)
        if not verify(answer.public_key, answer.signature, to_sign):
            raise Denied("signature")
        try:
            jkt = base64url(thumbprint_bytes(answer.public_key))
        except BadKey as error:
            raise Denied("key") from error
        if self.revocations.key_revoked(jkt):
            raise Denied("revoked")
        token = answer.payload if verb is Verb.CHARGE else b""
        return Proof(jkt, issued.charger, self.credentials(jkt), token)

    def admit(self, proof: Proof, transport: Transport, detail: str) -> Evidence:
        """Return what the proof and the record or token behind it come to. Raises Denied."""
        if proof.credential is not None:
            return self._evidence(proof, transport, detail)
        if not proof.token:
            raise Denied("unknown_key")
        now = self.clock.now()
        try:
            trusted = self.time_trust.trusted(now)
            grant = self.tokens.read(proof.token, proof.jkt, proof.charger, now, time_trusted=trusted)
        except TokenError as error:
            raise Denied(error.reason, _CODES.get(error.reason, ResultCode.DENIED)) from error
        return self._evidence(proof, transport, detail, grant)

    def admit_relayed(self, proof: Proof, answer: bytes, transport: Transport, detail: str) -> Evidence:
        """Return what a backend's answer through the holder's phone comes to. Raises Denied."""
        now, at_s = self.clock.now(), self.clock.monotonic()
        try:
            trusted = self.time_trust.trusted(now)
            grant = self.relays.redeem(answer, proof.jkt, proof.charger, now, at_s, time_trusted=trusted)
        except TokenError as error:
            raise Denied(error.reason, _CODES.get(error.reason, ResultCode.DENIED)) from error
        return self._evidence(proof, transport, f"{detail}, relayed", grant)

    def _evidence(self, proof: Proof, transport: Transport, detail: str, grant: Grant | None = None) -> Evidence:
        now = self.clock.now()
        if not self.time_trust.trusted(now):
            detail = f"{detail}, time not trusted"
        credential = proof.credential
        return Evidence(
            id_token=credential.id_token if credential is not None and grant is None else id_token_of(proof.jkt),
            level=EvidenceLevel.KEY,
            station_id=proof.charger.station_id,
            evse_id=proof.charger.evse_id,
            seen_at=now,
            source=transport.value,
            terms=grant.claims.terms(proof.charger) if grant is not None else None,
            detail=f"{detail}, token of {grant.issuer.name}" if grant is not None else detail,
        )
