"""Starts that were ordered from here and have not begun yet."""

from datetime import datetime, timedelta

from ..model.decision import Decision
from ..model.id_token import IdToken
from ..model.station import EvseKey

PATIENCE = timedelta(minutes=10)
"""How long a car may take to begin after a remote start: chargers wait for the cable first."""
ANY_MOMENT = timedelta(seconds=60)
"""How long whoever has ordered a start has the EVSE to himself."""


class RemoteStarts:
    """What may begin under the site's own tag, or under what somebody presented to us instead of to the charger.

    The tag alone opens nothing: it is honoured where a start was ordered and for as long as `PATIENCE`. What was
    ordered before a restart is not remembered, so for the first minutes the tag is honoured everywhere.
    """

    def __init__(self, site_tag: IdToken, opened_at: datetime) -> None:
        """Begin with nothing ordered."""
        self.site_tag = site_tag
        self._opened_at = opened_at
        self._ordered: dict[EvseKey, tuple[Decision, datetime]] = {}

    def order(self, evse: EvseKey, decision: Decision, at: datetime) -> None:
        """Expect a transaction at this EVSE, which gets this decision."""
        self._ordered[evse] = (decision, at)

    def withdraw(self, evse: EvseKey) -> None:
        """Expect nothing any more: it has begun, or it was refused."""
        self._ordered.pop(evse, None)

    def ordered(self, station_id: str, evse_id: int | None, id_token: IdToken, at: datetime) -> Decision | None:
        """Return the decision of a start that was ordered; an Authorize names no EVSE, so any of the station counts."""
        for evse, (decision, ordered_at) in self._ordered.items():
            if evse.station_id == station_id and evse_id in (None, evse.evse_id) and at - ordered_at < PATIENCE:
                if decision.id_token.key == id_token.key:
                    return decision
        return None

    def awaited(self, evse: EvseKey, at: datetime) -> IdToken | None:
        """Return with what a session is to begin at an EVSE any moment now."""
        decision, ordered_at = self._ordered.get(evse, (None, at))
        return decision.id_token if decision is not None and at - ordered_at < ANY_MOMENT else None

    def pending(self, id_token: IdToken, at: datetime) -> frozenset[EvseKey]:
        """Return the EVSEs at which a start with this is still to come."""
        return frozenset(
            evse
            for evse, (decision, ordered_at) in self._ordered.items()
            if decision.id_token.key == id_token.key and at - ordered_at < PATIENCE
        )

    def honours_tag(self, id_token: IdToken, at: datetime) -> bool:
        """Whether this is the site's own tag, and it may have been ordered before a restart."""
        return id_token.key == self.site_tag.key and at - self._opened_at < PATIENCE
