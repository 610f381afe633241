"""What is decided about whoever wants to charge, and why."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .credential import CredentialKind, EvidenceLevel, SessionLimits
from .id_token import AuthorizationStatus, IdToken


class DecisionBasis(StrEnum):
    """What an authorization decision rests on, in the order in which they are asked."""

    BLOCK_LIST = "block_list"
    """It is blocked here, which never expires."""
    CREDENTIAL = "credential"
    """A card, pass or key that is enrolled here."""
    MASTER = "master"
    """One that is enrolled here and opens everything."""
    REMOTE_START = "remote_start"
    """Somebody started it from here."""
    TOKEN = "token"
    """A signed token of an issuer that is trusted here."""
    BACKEND = "backend"
    """A backend was asked."""
    FRESH_CACHE = "fresh_cache"
    """What a backend answered lately."""
    STALE_CACHE = "stale_cache"
    """What a backend answered some time ago."""
    UNKNOWN_CARD = "unknown_card"
    """Nobody knows the card: the site's rule for those."""
    RUNNING = "running"
    """It started before, and was accepted then."""
    GROUP = "group"
    """It belongs with what began the session, and ends it."""


class Refusal(StrEnum):
    """Why somebody is not let in."""

    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    WRONG_CHARGER = "wrong_charger"
    OUTSIDE_HOURS = "outside_hours"
    ENERGY_USED_UP = "energy_used_up"
    MONEY_USED_UP = "money_used_up"
    LEVEL_TOO_LOW = "level_too_low"
    """The charger asks for more proof than was given."""
    IN_USE = "in_use"
    """A session runs with it already."""
    OCCUPIED = "occupied"
    """Somebody else charges there."""
    NO_CAR = "no_car"
    """No car has been plugged in, or not lately enough."""
    NOT_THEIRS = "not_theirs"
    """The session was begun by somebody else."""
    VEHICLE_ALONE = "vehicle_alone"
    """A car that is recognised lets nobody charge by itself."""
    BACKEND = "backend"
    """A backend said no."""
    STALE = "stale"
    """What is known of it is too old to go by."""
    SITE_TOTAL = "site_total"
    """The site has given away all that it may to whom nobody knows."""
    NOT_RECORDED = "not_recorded"
    """Nothing could be written of the session."""
    CLOCK = "clock"
    """The site's clock is not to be believed, and it matters."""


STATUSES: dict[Refusal, AuthorizationStatus] = {
    Refusal.BLOCKED: AuthorizationStatus.BLOCKED,
    Refusal.NOT_YET_VALID: AuthorizationStatus.NOT_AT_THIS_TIME,
    Refusal.EXPIRED: AuthorizationStatus.EXPIRED,
    Refusal.WRONG_CHARGER: AuthorizationStatus.NOT_AT_THIS_LOCATION,
    Refusal.OUTSIDE_HOURS: AuthorizationStatus.NOT_AT_THIS_TIME,
    Refusal.ENERGY_USED_UP: AuthorizationStatus.NO_CREDIT,
    Refusal.MONEY_USED_UP: AuthorizationStatus.NO_CREDIT,
    Refusal.IN_USE: AuthorizationStatus.CONCURRENT_TX,
    Refusal.NOT_RECORDED: AuthorizationStatus.BLOCKED,
}
"""What OCPP calls a refusal; what is not here is Invalid."""


class StopCause(StrEnum):
    """Why a session was ended from here."""

    SESSION_ENERGY = "session_energy"
    DAY_ENERGY = "day_energy"
    TOTAL_ENERGY = "total_energy"
    MONEY = "money"
    SESSION_TIME = "session_time"
    VALIDITY = "validity"
    """The time of the credential is over: check-out, for a guest."""
    REVOKED = "revoked"
    """The credential was taken away, or blocked."""
    DEAUTHORIZED = "deauthorized"
    """A backend said no after it had begun."""
    UNKNOWN_CAP = "unknown_cap"
    """An unknown card has had its share, or the site has given away all that it may."""
    REFUSED = "refused"
    """It should never have begun."""
    HOLDER = "holder"
    """Whoever began it, or one of the same group, asked for it."""
    MASTER = "master"
    BACKEND = "backend"
    """A backend asked for it."""
    PEOPLE = "people"
    """Somebody ended it from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The recorded answer to "may this charge?"."""

    id_token: IdToken
    status: AuthorizationStatus
    basis: DecisionBasis
    decided_at: datetime
    name: str | None = None
    expires_at: datetime | None = None
    """Until when it is good, where that is known; what a charger is told to keep it in its cache for."""
    refusal: Refusal | None = None
    """None: accepted."""
    age_s: float | None = None
    """How old the knowledge is that it rests on, in s; None where it is not of an age."""
    level: EvidenceLevel = EvidenceLevel.KEY
    source: str = "reader"
    """How the evidence came: "reader", or what `Evidence.source` says."""
    limits: SessionLimits = field(default_factory=SessionLimits)
    """What a session may have because of it."""
    kind: CredentialKind | None = None
    group: str | None = None
    at_risk: bool = False
    """Nobody who answers for it has confirmed it: what it takes counts as exposed."""

    @property
    def accepted(self) -> bool:
        """Whether energy may flow."""
        return self.status is AuthorizationStatus.ACCEPTED
