"""What people present to charge, and what is decided about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class IdTokenType(StrEnum):
    """OCPP 2.0.1 IdTokenEnumType. Version 1.6 does not tell: its tags are ISO14443."""

    CENTRAL = "Central"
    EMAID = "eMAID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"


@dataclass(frozen=True, slots=True)
class IdToken:
    """A card, key or code as a charger reports it. Compared without regard to case (OCPP CiString)."""

    value: str
    type: IdTokenType = IdTokenType.ISO14443

    @property
    def key(self) -> str:
        """The form in which two presentations of one card are equal."""
        return self.value.strip().casefold()


class AuthorizationStatus(StrEnum):
    """OCPP 2.0.1 AuthorizationStatusEnumType, as far as it is decided here."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"
    UNKNOWN = "Unknown"


class DecisionBasis(StrEnum):
    """What an authorization decision rests on."""

    CARD = "card"
    """A card that is enrolled here."""
    REMOTE_START = "remote_start"
    """Somebody started it from here."""
    UNKNOWN_CARD = "unknown_card"
    """Nobody knows the card."""
    RUNNING = "running"
    """It started before, with a card that was accepted then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An enrolled card: who holds it, and until when it is good."""

    id_token: IdToken
    name: str
    expires_at: datetime | None = None
    blocked: bool = False
    priority: int | None = None
    """Class in which its holder is served where there is not enough for all, higher first; None: the connector's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The recorded answer to "may this charge?"."""

    id_token: IdToken
    status: AuthorizationStatus
    basis: DecisionBasis
    decided_at: datetime
    name: str | None = None
    expires_at: datetime | None = None

    @property
    def accepted(self) -> bool:
        """Whether energy may flow."""
        return self.status is AuthorizationStatus.ACCEPTED
