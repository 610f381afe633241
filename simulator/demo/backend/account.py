"""What the operator's book is judged by: it has to say what the ledger says, once and to the Wh."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from ...backend.sessions import BackendSession
from ..figures import Figure
from .operator import IDENTITIES, Page

type Key = tuple[str, int, str]
"""Identity at the operator, connector, and the second in which a session began."""


def caught_up(page: Page, sessions: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether every session of the ledger that is over is in the book with its end."""
    ended = Counter(_key_there(session) for session in page.sessions if session.ended is not None)
    return all(ended[_key_here(session)] for session in sessions if session["ended"] is not None)


def operator_figures(page: Page, sessions: Sequence[Mapping[str, Any]]) -> list[Figure]:
    """Hold the book against what list_sessions answered, once everything is over and told."""
    here = {_key_here(session): round(session["energy_kwh"] * 1000) for session in sessions}
    there = {_key_there(session): session.energy_wh for session in page.sessions}
    told = Counter(_key_there(session) for session in page.sessions)
    ours_wh, theirs_wh = sum(here.values()), sum(it.energy_wh or 0.0 for it in page.sessions)
    doubled = sum(count - 1 for count in told.values()) + len(told.keys() - here.keys())
    lost = len(here.keys() - told.keys())
    unequal = sum(there[key] != energy_wh for key, energy_wh in here.items() if key in there)
    return [
        Figure(
            "sessions: by ledger, at the backend",
            f"{len(sessions)}, {len(page.sessions)}",
            "equal, each once",
            len(sessions) == len(page.sessions) and not lost and not doubled,
        ),
        Figure(
            "energy: by ledger, at the backend",
            f"{ours_wh / 1000:.3f} kWh, {theirs_wh / 1000:.3f} kWh",
            "equal to the Wh",
            ours_wh == theirs_wh > 0 and not unequal,
        ),
        Figure("faults in the backend's strict book", f"{len(page.faults)}", "0", not page.faults),
    ]


def _key_here(session: Mapping[str, Any]) -> Key:
    return IDENTITIES[session["station_id"]], session["connector"], session["started"][:19]


def _key_there(session: BackendSession) -> Key:
    return session.station, session.connector, session.started.astimezone(UTC).isoformat()[:19]
