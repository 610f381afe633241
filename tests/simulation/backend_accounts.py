"""What chargers have told, beside what a backend has in its book."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.config import UpstreamConfig
from custom_components.offline_evse.engine.model.upstream.delivery import DueSession

from .backend_drivers import Drawn

type Session = Mapping[str, Any]
"""One session as a backend shows it."""


@dataclass
class Told:
    """How the sessions stand at one backend."""

    exact: int = 0
    """There once, with the exact energy and times."""
    parked: int = 0
    """Waiting for a person, because the answer was lost and only the backend knows what it has."""
    parked_there: int = 0
    """Of those: the backend does have them."""
    wrong: list[str] = field(default_factory=list)
    faults: list[Any] = field(default_factory=list)
    cuts: Counter[str] = field(default_factory=Counter)
    repeats: int = 0


@dataclass
class Result:
    """What came of it."""

    sessions: int
    restarts: int
    told: dict[str, Told]

    @property
    def cuts(self) -> Counter[str]:
        return sum((told.cuts for told in self.told.values()), Counter[str]())

    def lines(self) -> list[str]:
        """Say it in a few lines."""
        said = [
            f"{self.sessions} sessions, {self.restarts} restarts of the site, {self.cuts['all']} cuts: "
            + ", ".join(f"{count} {kind}" for kind, count in sorted(self.cuts.items()) if kind != "all")
        ]
        said += [
            f"{name}: {told.exact} exact, {told.parked} parked ({told.parked_there} of them there),"
            f" {len(told.wrong)} wrong, {told.repeats} messages repeated, {len(told.faults)} faults"
            for name, told in self.told.items()
        ]
        return said + self.complaints()

    def complaints(self) -> list[str]:
        """Say what is wrong, and what the backends hold against the site."""
        return [f"{name}: {what}" for name, told in self.told.items() for what in (*told.wrong, *told.faults)]


def compared(
    config: UpstreamConfig, drawn: Iterable[Drawn], sessions: Sequence[Session], parked: Iterable[DueSession]
) -> Told:
    """Say how the sessions of the chargers stand at one backend."""
    told = Told()
    waiting = {(it.transaction.station_id, it.transaction.started_at): it for it in parked}
    known: list[Session] = []
    for each in drawn:
        there = _there(config, each.station_id, each.began, sessions)
        known += there
        due = waiting.pop((each.station_id, each.began), None)
        if due is not None:
            told.parked += 1
            told.parked_there += bool(there)
            told.wrong += _unfair(config, due, there, each)
        elif len(there) != 1 or not _exact(there[0], each):
            told.wrong.append(f"{each} is there as {there}")
        else:
            told.exact += 1
    told.wrong += [f"nobody told of {it}" for it in sessions if it not in known]
    told.wrong += [f"nobody knows of {due}" for due in waiting.values()]
    return told


def there_of(config: UpstreamConfig, due: DueSession, sessions: Sequence[Session]) -> list[Session]:
    """Return what a backend has of a session."""
    return _there(config, due.transaction.station_id, due.transaction.started_at, sessions)


def _there(config: UpstreamConfig, station_id: str, began: datetime, sessions: Sequence[Session]) -> list[Session]:
    line = config.line(station_id)
    assert line is not None
    return [it for it in sessions if it["station"] == line.identity and _times(it)[0] == began]


def _times(session: Session) -> tuple[datetime, datetime | None]:
    ended = session["ended"]
    return datetime.fromisoformat(session["started"]), None if ended is None else datetime.fromisoformat(ended)


def _exact(session: Session, drawn: Drawn) -> bool:
    return (
        _times(session) == (drawn.began, drawn.ended)
        and session["card"] == drawn.card
        and session["energy_wh"] == drawn.energy_wh
    )


def _unfair(config: UpstreamConfig, due: DueSession, there: Sequence[Session], drawn: Drawn) -> list[str]:
    """Say why a session is parked that need not be, or is there in a way that no retry makes good."""
    pending = due.delivery.pending
    if pending is None or OcppVersion.V16 not in config.versions:
        return [f"{due} need not be parked"]
    once = not config.knows_repeats and pending.action == "StartTransaction"
    if pending.sent_count < (1 if once else 3):
        return [f"{due} is parked too soon"]
    if len(there) > 1 or (there and there[0]["ended"] is not None and not _exact(there[0], drawn)):
        return [f"{drawn} is parked, and there as {there}"]
    return []
