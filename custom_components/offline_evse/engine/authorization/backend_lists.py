"""Cards that backends have listed beforehand, under pseudonyms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..model.access import BackendAnswer


@dataclass(frozen=True, slots=True)
class Listed:
    """What a backend says of a card in its list for a charger."""

    answer: BackendAnswer
    received_at: datetime
    confirmed_at: datetime
    """When it could last have changed it: as long as a backend is in reach, its list is not old."""


@dataclass(frozen=True, slots=True)
class BackendList:
    """One backend's list for one charger."""

    answers: Mapping[str, BackendAnswer]
    """By pseudonym."""
    received_at: datetime
    confirmed_at: datetime


class BackendLists:
    """The lists of all backends, as they are now."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lists: dict[tuple[str, str], BackendList] = {}

    def of(self, upstream_id: str, station_id: str) -> BackendList | None:
        """Return a backend's list for a charger."""
        return self._lists.get((upstream_id, station_id))

    def keep(self, upstream_id: str, station_id: str, told: BackendList | None) -> None:
        """Put a list in place of the one before; None: there is none any more."""
        if told is None:
            self._lists.pop((upstream_id, station_id), None)
        else:
            self._lists[upstream_id, station_id] = told

    def find(self, subject: str, station_id: str) -> Listed | None:
        """Return what is listed of a card at a charger; of several backends one that lets it in, and the newest."""
        found = [
            Listed(answer, told.received_at, told.confirmed_at)
            for (_, place), told in self._lists.items()
            if place == station_id and (answer := told.answers.get(subject)) is not None
        ]
        return max(found, key=lambda listed: (listed.answer.accepted, listed.received_at), default=None)
