"""What people present to charge, as chargers report it."""

from dataclasses import dataclass
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
    NO_CREDIT = "NoCredit"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"
