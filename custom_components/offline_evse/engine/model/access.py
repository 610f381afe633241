"""How a site lets people in: its mode, its rule for unknown cards, and what a backend answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from .credential import SessionLimits
from .id_token import AuthorizationStatus, IdToken


class AccessMode(StrEnum):
    """Who is asked about a card. Without a backend all of them come to the first."""

    LOCAL = "local"
    """What is enrolled here, and nobody else."""
    LOCAL_FIRST = "local_first"
    """What is enrolled here; a backend about everything else."""
    BACKEND_FIRST = "backend_first"
    """A backend; what is enrolled here where it does not answer."""
    BOTH = "both"
    """What is enrolled here lets in at once; a backend is asked beside it, and its no ends the session."""


class UnknownRule(StrEnum):
    """What becomes of a card that nobody knows."""

    DENY = "deny"
    ALLOW = "allow"
    """It may charge within the caps."""
    ALLOW_LISTED = "allow_listed"
    """It may charge within the caps at listed chargers, and nowhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCards:
    """The site's rule for cards that nobody knows, and what may be lost by it."""

    rule: UnknownRule = UnknownRule.DENY
    station_ids: frozenset[str] = frozenset()
    """Chargers of `ALLOW_LISTED`."""
    session_wh: int | None = 10_000
    session_s: int | None = 7200


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessConfig:
    """How a site lets people in."""

    mode: AccessMode = AccessMode.LOCAL
    unknown: UnknownCards = field(default_factory=UnknownCards)
    site_total_wh: int | None = 100_000
    """Most energy that may be exposed at a time, in Wh (`Exposure`)."""
    fresh_s: int = 86_400
    """How long a backend's answer is fresh, in s."""
    stale_s: int = 14 * 86_400
    """How long it is gone by at all, in s; also the age up to which what is enrolled here stands in for a backend that
    is to be asked first."""
    price_per_kwh: Decimal | None = None
    """In the site's currency. None: limits in money bind nobody, and the exposure has no price."""
    charger_lists: bool = False
    """Chargers keep a list of the cards that they can judge by themselves, for the time when nobody is here."""
    wait_s: float = 2.0
    """How long a backend is waited for, in s."""
    degraded_wait_s: float = 1.0
    """The same in mode BACKEND_FIRST while its link is poor."""


class LinkState(StrEnum):
    """How a backend can be reached."""

    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    RECOVERING = "recovering"

    @property
    def askable(self) -> bool:
        """Whether it is worth waiting for an answer."""
        return self in (LinkState.ONLINE, LinkState.DEGRADED)


class Whitelist(StrEnum):
    """OCPI WhitelistType: when an answer may be gone by without asking again."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendAnswer:
    """What a backend says of a card."""

    accepted: bool
    status: AuthorizationStatus = AuthorizationStatus.INVALID
    """Why not, where it is not accepted."""
    expires_at: datetime | None = None
    whitelist: Whitelist = Whitelist.ALLOWED
    group: str | None = None
    limits: SessionLimits = field(default_factory=SessionLimits)


class Backend(Protocol):
    """Somebody outside the building who knows cards."""

    @property
    def link(self) -> LinkState:
        """How it can be reached."""

    def link_at(self, station_id: str) -> LinkState | None:
        """How it can be reached about cards at a charger; None: it does not answer for that one."""
        return self.link

    async def ask(self, id_token: IdToken, station_id: str, evse_id: int | None) -> BackendAnswer:
        """Ask about a card. Whatever is raised counts as no answer; the caller limits the time."""

    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        """Call `callback` on the event loop whenever the link has changed; returns the call that ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What has been given to people whom nobody who answers for them has confirmed.

    Counts running sessions and, until a backend has settled them or the day is over where there is none, ended ones.
    """

    energy_wh: int = 0
    money: Decimal | None = None
    """By the configured price; None without one."""
    session_count: int = 0
    limit_wh: int | None = None
