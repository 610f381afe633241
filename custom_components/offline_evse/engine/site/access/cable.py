"""Cables: since when one has been plugged in."""

from datetime import datetime

from ..state import EvseState


def follow_cable(evse: EvseState, was_plugged: bool | None, now: datetime) -> None:
    """Note that a cable has come or gone; what was in before anybody looked has no time."""
    if evse.plugged and was_plugged is False:
        evse.plugged_at = now
    elif not evse.plugged:
        evse.plugged_at = None
        evse.vehicle = None
