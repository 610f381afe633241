"""The proof of one grid event: what was asked, what chargers were told, what they drew, and how it came out.

Everything goes to the ledger as it happens (`dr.command`, `dr.applied`, `dr.sample`, `dr.result`), so that a restart
in the middle loses nothing but the figures between two samples.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from ...model.command import ApplyLimit, CommandResult
from ...model.grid import GridConfig, GridLimit
from ...model.shared_limit import LimitBasis
from ...model.station import EvseKey
from ..memory import Json
from .sample import NOMINAL_V, GridSample

SAMPLE_EVERY_S = 60.0
AFTERWARDS_S = 60.0
"""How long after the release the last sample is taken."""

type Write = Callable[[str, EvseKey | None, dict[str, Json]], None]
"""Writes an entry: its type, the EVSE it is about, its body."""


class EventProof:
    """Follows one event from its first command to its result."""

    def __init__(self, event_id: str, config: GridConfig, write: Write, now: datetime, at_s: float) -> None:
        """Begin with nothing written."""
        self.event_id = event_id
        self._config = config
        self._write = write
        self.limit_w: float | None = None
        """What is to be kept now, in W."""
        self._basis = LimitBasis.CHARGING
        self._received_s = self.began_s = at_s
        self._began = now
        self._sampled_s: float | None = None
        self._released_s: float | None = None
        self._released: datetime | None = None
        self.release_reason: str | None = None
        self.complied_s: float | None = None
        """From the last command to the first sample within it."""
        self.slowest_s: float | None = None
        self._unkept = False
        """Some command was never complied with."""
        self.complies: bool | None = None
        self._max_over_w = 0.0
        self._over_s = 0.0
        self._energy_wh = 0.0
        self._baseline_w: float | None = None
        self._failsafe = False
        self._told_a: dict[EvseKey, float] = {}
        self._last: GridSample | None = None

    @property
    def released(self) -> bool:
        """Whether the limit is over."""
        return self._released_s is not None

    @property
    def fact(self) -> dict[str, Json]:
        """What a later life needs to end it."""
        return {
            "began": self._began.isoformat(),
            "slowest_s": self.slowest_s,
            "max_over_w": self._max_over_w,
            "over_s": self._over_s,
            "energy_wh": self._energy_wh,
            "baseline_w": self._baseline_w,
            "failsafe": self._failsafe,
            "released": self._released.isoformat() if self._released else None,
            "release_reason": self.release_reason,
        }

    def take_up(self, fact: Mapping[str, Json]) -> None:
        """Go on from what an earlier life had."""
        began, released, reason = fact.get("began"), fact.get("released"), fact.get("release_reason")
        if isinstance(began, str):
            self._began = datetime.fromisoformat(began)
        self.slowest_s = _number(fact.get("slowest_s"))
        self._max_over_w = _number(fact.get("max_over_w")) or 0.0
        self._over_s = _number(fact.get("over_s")) or 0.0
        self._energy_wh = _number(fact.get("energy_wh")) or 0.0
        self._baseline_w = _number(fact.get("baseline_w"))
        self._failsafe = fact.get("failsafe") is True
        if isinstance(released, str):
            self._released = datetime.fromisoformat(released)
            self._released_s = self.began_s - AFTERWARDS_S
            self.release_reason = reason if isinstance(reason, str) else None

    def command(
        self,
        limit: GridLimit,
        limit_w: float,
        now: datetime,
        *,
        failsafe: bool = False,
        resumed: bool = False,
    ) -> None:
        """Write down what is asked; `limit_w` is what it comes to after the floor, in W."""
        self._failsafe = self._failsafe or failsafe
        self._write(
            "dr.command",
            None,
            {
                "event_id": self.event_id,
                "source": limit.source.value,
                "program": limit.name,
                "rx_t": _iso(now),
                "limit_w": limit.limit_w,
                "applied_w": limit_w,
                "basis": limit.basis.value,
                "mode": self._config.mode.value,
                "start": _iso(limit.start),
                "duration_s": limit.duration_s,
                "heartbeat_s": limit.terms.heartbeat_s,
                "failsafe_w": limit.terms.failsafe_w,
                "failsafe": failsafe,
                "resumed": resumed,
                "raw_sha256": limit.raw_sha256,
            },
        )

    def begin(self, limit_w: float, basis: LimitBasis, sample: GridSample, before: GridSample | None) -> None:
        """A limit is in force from now on, for the first time or another one than before."""
        if self.limit_w == limit_w and self._basis is basis:
            return
        if self.limit_w is not None and self.complied_s is None:
            self._unkept = True
        first = self.limit_w is None
        self.limit_w = limit_w
        self._basis = basis
        self._received_s = sample.at_s
        self.complied_s = None
        if first and self._baseline_w is None:
            self._baseline_w = sample.charging_w
            if before is not None:
                self._sample("before", before)
        self._told_a = {key: reading.offered_a for key, reading in sample.evses.items()} | self._told_a
        self._sample("command", sample)
        self._judge(sample)

    def told(self, key: EvseKey, command: ApplyLimit, result: CommandResult, sent: datetime, at: datetime) -> None:
        """A charger was told a limit while the event runs; repetitions are not worth an entry."""
        old_a = self._told_a.get(key)
        if self.released or (result.done and old_a == command.current_a):
            return
        watts = command.phases * NOMINAL_V
        self._write(
            "dr.applied",
            key,
            {
                "event_id": self.event_id,
                "old_w": None if old_a is None else old_a * watts,
                "new_w": command.current_a * watts,
                "old_a": old_a,
                "new_a": command.current_a,
                "sent_t": _iso(sent),
                "accepted_t": _iso(result.answered_at or at) if result.done else None,
                "status": result.outcome.value,
            },
        )
        if result.done:
            self._told_a[key] = command.current_a

    def release(self, reason: str, sample: GridSample) -> None:
        """The limit is over."""
        if not self.released:
            self._released_s, self._released = sample.at_s, sample.at
            self.release_reason = reason
            if self.limit_w is not None:
                self._sample("release", sample)
                self._unkept = self._unkept or self.complied_s is None

    def end_at(self, when: datetime, reason: str) -> None:
        """Write the result of an event that ended while nobody was there to see it."""
        self._released = when
        self.release_reason = reason
        self._unkept = self.slowest_s is None
        self.finish()

    def look(self, sample: GridSample) -> bool:
        """Take in how things are, about once a second; returns whether the event is over and its result written."""
        if self._released_s is not None:
            if self.limit_w is None or sample.at_s - self._released_s >= AFTERWARDS_S:
                if self.limit_w is not None:
                    self._sample("after", sample)
                self.finish()
                return True
            return False
        if self.limit_w is None:
            return False
        self._judge(sample)
        if self._sampled_s is not None and sample.at_s - self._sampled_s >= SAMPLE_EVERY_S:
            self._sample("minute", sample)
        return False

    def finish(self) -> None:
        """Write the result."""
        ended = self._released or self._began
        lasted_h = max(0.0, (ended - self._began).total_seconds() / 3600)
        baseline_w = self._baseline_w
        kept = self.slowest_s is not None and not self._unkept
        self._write(
            "dr.result",
            None,
            {
                "event_id": self.event_id,
                "began": _iso(self._began),
                "ended": _iso(ended),
                "reason": self.release_reason,
                "t_comply_s": self.slowest_s if kept else None,
                "max_over_w": round(self._max_over_w, 1),
                "over_s": round(self._over_s, 1),
                "energy_wh": round(self._energy_wh, 1),
                "baseline_method": "power_at_command",
                "baseline_w": None if baseline_w is None else round(baseline_w, 1),
                "shed_wh": None if baseline_w is None else round(max(0.0, baseline_w * lasted_h - self._energy_wh), 1),
                "failsafe": self._failsafe,
            },
        )

    def _judge(self, sample: GridSample) -> None:
        assert self.limit_w is not None
        over_w = sample.excess_w(self.limit_w, self._basis, self._config)
        elapsed_s = 0.0 if self._last is None else max(0.0, sample.at_s - self._last.at_s)
        self._energy_wh += sample.charging_w * elapsed_s / 3600
        self._last = sample
        self.complies = over_w <= 0
        if self.complied_s is None:
            if self.complies:
                self.complied_s = sample.at_s - self._received_s
                self.slowest_s = max(self.slowest_s or 0.0, self.complied_s)
                self._sample("compliance", sample)
        elif not self.complies:
            # How far and how long a limit was exceeded that had been kept before.
            self._over_s += elapsed_s
            self._max_over_w = max(self._max_over_w, over_w)

    def _sample(self, when: str, sample: GridSample) -> None:
        if when != "before":
            self._sampled_s = sample.at_s
        readings: dict[str, Json] = {
            f"{key.station_id}/{key.evse_id}": {
                "p_w": reading.power_w,
                "reg_wh": reading.register_wh,
                "offered_a": reading.offered_a,
                "estimated": reading.estimated,
            }
            for key, reading in sample.evses.items()
        }
        self._write(
            "dr.sample",
            None,
            {
                "event_id": self.event_id,
                "when": when,
                "t": _iso(sample.at),
                "limit_w": self.limit_w,
                "charging_w": sample.charging_w,
                "grid_w": sample.grid_w,
                "own_generation_w": sample.own_generation_w,
                "evses": readings,
            },
        )


def _iso(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(fact: Json) -> float | None:
    return float(fact) if isinstance(fact, int | float) else None
