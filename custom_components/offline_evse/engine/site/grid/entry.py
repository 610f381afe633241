"""One line of the grid's word with everything that is kept about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ...balancing.grid.line import GridLine, LineStanding
from ...model.grid import GridLimit, GridLineConfig, GridLineView, GridPhase, GridSource, GridTerms
from ...model.shared_limit import LimitBasis
from ..memory import Json
from .keeping import limit_fact, limit_of, terms_fact, terms_of


@dataclass(slots=True)
class GridEntry:
    """A line, and the event that runs on it."""

    key: str
    source: GridSource
    line: GridLine
    standing: bool
    """Whether it is there all the time, rather than for one event."""
    name: str | None = None
    basis: LimitBasis = LimitBasis.CHARGING
    may_stop: bool = False
    event_id: str | None = None
    """Of the event that runs, or the last one that did."""
    phase: GridPhase = GridPhase.FREE
    """At the last look."""
    end_reason: str | None = None
    """Why the next end will have come, where somebody said so."""

    @classmethod
    def of_line(cls, config: GridLineConfig, at_s: float) -> GridEntry:
        """Begin a line that is there all the time."""
        entry = cls(config.key, config.source, GridLine(config.terms, at_s), standing=True)
        entry.set_up(config)
        return entry

    @classmethod
    def of_event(cls, key: str, limit: GridLimit, at_s: float) -> GridEntry:
        """Begin a line for one event."""
        entry = cls(key, limit.source, GridLine(limit.terms, at_s), standing=False)
        entry.take(limit, at_s)
        return entry

    @classmethod
    def of_fact(cls, fact: Mapping[str, Any], now: datetime, at_s: float) -> GridEntry:
        """Take up what an earlier life has kept; raises KeyError, TypeError or ValueError for what is no such thing."""
        entry = cls(
            str(fact["key"]),
            GridSource(fact["source"]),
            GridLine(terms_of(fact["terms"]), at_s),
            standing=fact["standing"] is True,
            name=fact["name"],
            basis=LimitBasis(fact["basis"]),
            may_stop=fact["may_stop"] is True,
            event_id=fact["event_id"],
        )
        if fact["limit"] is not None:
            entry.take(limit_of(fact["limit"]), at_s)
        if fact["failsafe_since"] is not None:
            elapsed_s = (now - datetime.fromisoformat(fact["failsafe_since"])).total_seconds()
            entry.line.resume_failsafe(at_s - max(0.0, elapsed_s))
        return entry

    @property
    def limit(self) -> GridLimit | None:
        """What was stated last, unless it is over."""
        return self.line.limit

    def set_up(self, config: GridLineConfig) -> None:
        """Take over a set-up, changed or not; what is stated stays."""
        self.name, self.basis, self.may_stop = config.name, config.basis, config.may_stop
        self.line.terms = config.terms

    def take(self, limit: GridLimit, at_s: float) -> None:
        """Take over a statement."""
        self.line.state(limit, at_s)
        self.name, self.basis, self.may_stop = limit.name, limit.basis, limit.may_stop
        self.event_id = limit.event_id
        self.end_reason = None

    def failsafe_limit(self, now: datetime, event_id: str) -> GridLimit:
        """Describe the fail-safe limit as if it had been stated."""
        terms: GridTerms = self.line.terms
        return GridLimit(
            event_id=event_id,
            source=self.source,
            limit_w=terms.failsafe_w or 0.0,
            start=now,
            basis=self.basis,
            name=self.name,
            terms=terms,
            may_stop=self.may_stop,
        )

    def view(self, standing: LineStanding, limit_w: float | None) -> GridLineView:
        """Show it."""
        return GridLineView(
            event_id=self.event_id or self.key,
            source=self.source,
            phase=standing.phase,
            name=self.name,
            stated_w=standing.limit_w,
            limit_w=limit_w,
            basis=self.basis,
            until=None if standing.until is None else standing.until.replace(microsecond=0),
        )

    def fact(self, now: datetime, at_s: float) -> dict[str, Json]:
        """Write it for a later life."""
        since_s = self.line.failsafe_since_s
        failsafe_since = None if since_s is None else now - timedelta(seconds=at_s - since_s)
        return {
            "key": self.key,
            "source": self.source.value,
            "standing": self.standing,
            "name": self.name,
            "basis": self.basis.value,
            "may_stop": self.may_stop,
            "event_id": self.event_id,
            "limit": limit_fact(self.limit) if self.limit else None,
            "terms": terms_fact(self.line.terms),
            "failsafe_since": failsafe_since.replace(microsecond=0).isoformat() if failsafe_since else None,
        }
