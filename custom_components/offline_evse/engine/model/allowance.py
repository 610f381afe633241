"""What a running session may still have, and which car it is: live values for whoever shows them."""

from dataclasses import dataclass
from datetime import datetime

from .decision import StopCause
from .id_token import IdToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is left for a running session, and what ends it."""

    energy_wh: int | None = None
    """Most that this session may have in all, in Wh; None: nobody limits its energy."""
    energy_cause: StopCause = StopCause.SESSION_ENERGY
    until: datetime | None = None
    """When it ends at the latest; None: nobody limits its time."""
    time_cause: StopCause = StopCause.VALIDITY


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSeen:
    """A car that was recognised at an EVSE."""

    id_token: IdToken
    """Its EVCCID, MAC address or whatever else tells it from others."""
    name: str | None
    """What it is called here; None: nobody has given it a name."""
    source: str
    """Who recognised it: "id_token", "notify_event", "data_transfer", or what the one outside says."""
    seen_at: datetime
