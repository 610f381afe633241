"""What has been charged with a credential so far."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """Everything that was recorded for one credential, as of one moment."""

    total_wh: int = 0
    """By all its sessions, running ones included."""
    day_wh: int = 0
    """Of that, since the day began that was asked for."""
    running: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What running sessions have in those two, by session id: in all, and since the day began."""
