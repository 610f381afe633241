"""How a backend is set up, as values."""

from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from ..station import OcppVersion


class UpstreamRole(StrEnum):
    """What a backend is here for."""

    REPORT = "report"
    """It is told. Of what it asks only stopping a session and lower limits are heeded."""
    CONTROL = "control"
    """It is told, and may start sessions and use what it is permitted."""
    AUTHORITY = "authority"
    """The same, and it is asked about cards while it can be reached. At most one at a charger."""

    @property
    def controls(self) -> bool:
        """Whether it may start sessions."""
        return self is not UpstreamRole.REPORT


class UpstreamPermit(StrEnum):
    """What a backend may do beyond its role; nothing of it unless somebody says so."""

    RESET = "reset"
    UNLOCK = "unlock"
    AVAILABILITY = "availability"
    LOCAL_LIST = "local_list"


class UnknownCards(StrEnum):
    """What becomes of a session for whose card a backend opens no transaction, because it does not know the card."""

    LEAVE_OUT = "leave_out"
    """It is not told any more of it. It stays listed, and can be sent again: the family at a company's charger."""
    ASK = "ask"
    """A person is asked: somewhere every card should be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineConfig:
    """One charger as one backend knows it: a charging station of its own, with its own socket."""

    station_id: str
    identity: str
    """What the backend calls it; the last part of the address."""
    password: str | None = field(default=None, repr=False)
    """Basic authentication, with the identity as user name; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTls:
    """What a `wss` address needs beyond the authorities that the machine trusts. All as PEM text."""

    authority_pem: str | None = None
    certificate_pem: str | None = None
    """Ours, for security profile 3; with `key_pem`."""
    key_pem: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """When what is not money goes up, and how much may."""

    live_interval_s: int = 60
    """Between meter values of a running session, in s, unless the backend wants it slower; 0: none are sent."""
    bulk_from: time | None = None
    """Local time from which bulk goes up; None with `bulk_until`: at any time."""
    bulk_until: time | None = None
    daily_bytes: int | None = None
    """After this many bytes in a day nothing but money goes up; None: there is no budget."""
    probe_interval_s: int = 15
    """Between signs of life on an idle line, in s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamConfig:
    """One backend."""

    upstream_id: str
    name: str
    url: str
    """Up to the identity, which is appended: `wss://csms.example/ocpp`."""
    role: UpstreamRole = UpstreamRole.REPORT
    lines: tuple[LineConfig, ...] = ()
    versions: tuple[OcppVersion, ...] = (OcppVersion.V201, OcppVersion.V16)
    """Offered to the backend in this order."""
    tls: UpstreamTls = field(default_factory=UpstreamTls)
    traffic: Traffic = field(default_factory=Traffic)
    permits: frozenset[UpstreamPermit] = frozenset()
    vendor_ids: frozenset[str] = frozenset()
    """Vendors whose DataTransfer is passed on to the charger."""
    knows_repeats: bool = True
    """A 1.6 backend recognises a StartTransaction that it gets twice. False: one whose answer was lost is never sent
    again by itself, for it might be billed twice."""
    unknown_cards: UnknownCards = UnknownCards.LEAVE_OUT
    since: datetime | None = None
    """Sessions that began earlier are not sent; None: those that began before it was set up."""

    def line(self, station_id: str) -> LineConfig | None:
        """Return the charger's line; None: this backend does not hear of it."""
        return next((line for line in self.lines if line.station_id == station_id), None)
