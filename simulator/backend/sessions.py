"""A charging session as a backend knows it, and what can be told of it in the wrong order."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self


@dataclass
class BackendSession:
    """One transaction of one station. Registers in Wh."""

    station: str
    remote_id: str
    """What it goes by here: the number that was given out (1.6), or the id that the station chose (2.x)."""
    connector: int
    id_tag: str | None
    started: datetime
    meter_start_wh: float
    start_text: str
    """The whole frame that began it."""
    ended: datetime | None = None
    meter_stop_wh: float | None = None
    reason: str | None = None
    stop_text: str | None = None
    offline: bool = False
    """Its start was told as having happened offline (2.x)."""
    values: list[tuple[datetime, float]] = field(default_factory=list)
    """Time and register of every value, in the order in which they came."""
    told_until: datetime | None = None
    repeats: int = 0
    """Messages of it that came again and changed nothing."""
    next_seq_no: int = 0
    events: dict[int, str] = field(default_factory=dict)
    """Frames of its events by their seqNo (2.x)."""
    refused_seq_nos: list[int] = field(default_factory=list)
    """Events that were answered with an error, and that nobody need send again."""

    @property
    def energy_wh(self) -> float | None:
        """What it came to; None while it runs."""
        return None if self.meter_stop_wh is None else self.meter_stop_wh - self.meter_start_wh

    @property
    def highest_wh(self) -> float:
        """The highest register that was told."""
        return max((register for _, register in self.values), default=self.meter_start_wh)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        plain = asdict(self)
        plain["started"] = self.started.isoformat()
        for name in ("ended", "told_until"):
            plain[name] = None if plain[name] is None else plain[name].isoformat()
        plain["values"] = [[at.isoformat(), register] for at, register in self.values]
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Self:
        """Take it up again."""
        times = {
            name: None if plain[name] is None else datetime.fromisoformat(plain[name])
            for name in ("started", "ended", "told_until")
        }
        return cls(
            **{
                **plain,
                **times,
                "values": [(datetime.fromisoformat(at), register) for at, register in plain["values"]],
                "events": {int(seq_no): text for seq_no, text in plain["events"].items()},
            }
        )
