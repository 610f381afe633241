"""What kind of station it is: its name plate, its version, its habits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .quirks import Quirks


@dataclass(frozen=True, slots=True, kw_only=True)
class StationModel:
    """The fixed traits of a station."""

    identity: str
    """Last segment of the address it dials."""
    version: str = "1.6"
    """1.6, 2.0.1 or 2.1."""
    vendor: str = "Voltgarden"
    model: str = "Sprig 11"
    serial: str = "VG-000001"
    firmware: str = "1.4.2"
    password: str | None = None
    """HTTP Basic password; the user is the identity."""
    auto_start_tag: str | None = None
    """Starts by itself with this tag when a car is plugged in; None: a card or a remote start is needed."""
    authorize_first: bool = True
    """Sends Authorize before a transaction; some stations only look at the answer to the start itself."""
    knows_soc: bool = False
    """Whether it can ask cars how full they are."""
    resumes_after_reboot: bool = True
    """Whether a transaction goes on after a power failure, or is ended with reason PowerLoss."""
    maps_offline_ids: bool = True
    """Whether meter values taken offline carry the central system's transaction id once it is known (1.6)."""
    boot_s: float = 5.0
    """Time from power-up until it dials."""
    redial_s: tuple[float, float] = (1.0, 5.0)
    """Shortest and longest pause before it dials again."""
    answer_within_s: float = 30.0
    """How long it waits for an answer before it gives up the link."""
    quirks: Quirks = field(default_factory=Quirks)
    """What it does with limits that the standard did not mean."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings in which it differs from the usual, by their 1.6 key."""
