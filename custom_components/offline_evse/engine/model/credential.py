"""Who may charge, and with what: holders, their credentials, and the terms that go with each."""

from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from enum import IntEnum, StrEnum

from .id_token import IdToken


class HolderKind(StrEnum):
    """What a credential stands for."""

    PERSON = "person"
    ROOM = "room"
    VEHICLE = "vehicle"
    FLEET = "fleet"


class CredentialKind(StrEnum):
    """What is presented."""

    CARD = "card"
    """An RFID card or key fob, or any other idToken that a charger reads by itself."""
    PASS = "pass"
    """A guest's code, typed or opened on a phone."""
    BLE_KEY = "ble_key"
    """A P-256 key that answers challenges over Bluetooth."""
    BLE_BUTTON = "ble_button"
    """An encrypted button press over Bluetooth."""
    PRESENCE = "presence"
    """A phone or beacon that is near."""
    VEHICLE = "vehicle"
    """A car that was recognised. Never lets anybody charge by itself."""


class EvidenceLevel(IntEnum):
    """How much it proves that somebody is where a charger is. Each charger asks for a least level."""

    FREE = 0
    """Nothing: whoever comes."""
    PRESENCE = 1
    """Something is near that anybody nearby could copy."""
    PRESS = 2
    """A button was pressed that only its key can have sent, once."""
    KEY = 3
    """A key has answered a fresh challenge of this charger, or a card or code was presented at it."""


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """A span of the week in the site's local time. It ends on the next day where it ends before it begins."""

    weekdays: frozenset[int]
    """0 is Monday."""
    begins: time
    ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a credential is good for. What is None or empty limits nothing."""

    valid_from: datetime | None = None
    valid_until: datetime | None = None
    hours: tuple[WeeklyHours, ...] = ()
    """When a session may begin."""
    station_ids: frozenset[str] = frozenset()
    session_wh: int | None = None
    session_s: int | None = None
    day_wh: int | None = None
    """Per day of the site's local calendar."""
    total_wh: int | None = None
    money: Decimal | None = None
    """All that may be spent with it, in the site's currency; counts once there is a price."""
    priority: int | None = None
    """Class in which its holder is served where there is not enough for all, higher first; None: the connector's."""
    tariff: str | None = None
    session_count: int | None = None
    """Sessions at a time. None: any number with a card, so that one card serves two cars; one with anything else."""


class PassForm(StrEnum):
    """In what form a guest gets a pass."""

    CODE = "code"
    """A short code to type, and a link for the phone."""
    CARD = "card"
    BLE_KEY = "ble_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Something that a holder presents to charge."""

    id_token: IdToken
    """What a charger reports of it, or is told where it was presented to us."""
    name: str
    """Its holder's."""
    kind: CredentialKind = CredentialKind.CARD
    holder: HolderKind = HolderKind.PERSON
    group: str | None = None
    """Whoever is in the same group may end what any of them began (OCPP parentIdTag, groupIdToken)."""
    terms: Terms = field(default_factory=Terms)
    blocked: bool = False
    master: bool = False
    """May end every session, and start one wherever it is presented."""
    key: str | None = None
    """Thumbprint of its public key (RFC 7638, base64url), or the reference of the button's or tracker's entry."""
    pass_form: PassForm | None = None
    """It is a guest's pass, in this form; None: it is none."""
    code_hash: str | None = None
    """Stands for the code of a pass; the code itself is kept nowhere."""
    link_hash: str | None = None
    """Stands for the secret in the link of a pass."""
    changed_at: datetime | None = field(default=None, compare=False)
    """When it was enrolled or changed last; set when it is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Somebody has shown something at a charger other than a card in its reader."""

    id_token: IdToken
    level: EvidenceLevel
    station_id: str
    evse_id: int | None
    """None: whichever EVSE of the station a car is plugged into."""
    seen_at: datetime
    source: str
    """How it came: "ble_central", "ble_puck", "pkoc", "button", "presence", "guest_page", "keypad", …"""
    terms: Terms | None = None
    """What a signed token grants, where it came with one."""
    intent: bool = True
    """Whether the holder did something to ask for it: pressed, tapped, typed. Otherwise only a car that was plugged in
    within the last two minutes tells."""
    detail: str | None = None
    """What else makes it believable, without personal data: a signal strength, a counter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """What a session may have because of whoever began it. What is None limits nothing."""

    energy_wh: int | None = None
    duration_s: int | None = None
    until: datetime | None = None
