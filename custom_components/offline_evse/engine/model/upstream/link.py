"""How a backend can be reached, and what waits for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..access import LinkState


class LinkTrouble(StrEnum):
    """Why a backend cannot be reached."""

    UNREACHABLE = "unreachable"
    """Nobody answers at the address, or the name is not known."""
    SILENT = "silent"
    """The line is open and nothing comes back."""
    CREDENTIALS = "credentials"
    """It does not take our password or certificate (HTTP 401 or 403)."""
    UNKNOWN_STATION = "unknown_station"
    """It does not know the identity (HTTP 404)."""
    CERTIFICATE = "certificate"
    """Its certificate is expired, for another name, or of an authority that is not trusted here."""
    VERSION = "version"
    """It speaks none of the OCPP versions that were offered."""
    NOT_ACCEPTED = "not_accepted"
    """It answers BootNotification with Rejected or Pending."""
    NOT_OCPP = "not_ocpp"
    """Something answers at the address that is no central system."""

    @property
    def misconfigured(self) -> bool:
        """Whether it stays so until somebody changes something, here or there."""
        return self not in (LinkTrouble.UNREACHABLE, LinkTrouble.SILENT, LinkTrouble.NOT_ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """One line, or a whole backend, at a moment."""

    state: LinkState = LinkState.OFFLINE
    since: datetime | None = None
    """Out of reach: also over restarts. None: there is no line."""
    trouble: LinkTrouble | None = None
    detail: str | None = None
    """What exactly was said, in the words of whoever said it; no secret in it."""
    latency_s: float | None = None
    """Slow round trips (95th percentile) in s; None before the first."""
    version: str | None = None
    """Subprotocol in use; None while there is no connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What a backend has not been told."""

    session_count: int = 0
    """Sessions of which something is missing that money depends on; a running one whose start it knows is not one."""
    oldest: datetime | None = None
    """Start of the oldest of them."""
    parked_count: int = 0
    """Sessions among them that wait for a person (`DeliveryState.parked`)."""
    left_out_count: int = 0
    """Sessions that are not told, because the backend does not know their cards; they are not among the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamView:
    """One backend at a moment, for whoever shows it."""

    upstream_id: str
    name: str
    link: LinkView = field(default_factory=LinkView)
    """Of its worst line."""
    lines: Mapping[str, LinkView] = field(default_factory=dict)
    """By station id."""
    backlog: Backlog = field(default_factory=Backlog)
    last_proof: datetime | None = None
    """When it last confirmed something that money depends on."""
    sent_today_bytes: int = 0
    """Both ways, by the frames' length; from local midnight."""
    budget_spent: bool = False
    metered: bool = False
    recovered: float | None = None
    """While recovering: the share of what waited that it has been told, 0 to 1."""
