"""How much has been charged with a credential, from what is durable."""

import sqlite3

from ...model.consumption import Consumption

_SESSIONS = """
SELECT t.session, t.started_us, t.ended_us, t.last_us, t.energy_wh, t.start_wh
FROM subjects AS s JOIN transactions AS t ON t.person = s.person WHERE s.subject = ?
"""
_BEFORE = "SELECT wh FROM readings WHERE session = ? AND at_us <= ? ORDER BY at_us DESC LIMIT 1"


def consumption(connection: sqlite3.Connection, subject: str, day_starts_us: int) -> Consumption:
    """Add up the sessions under a pseudonym; `day_starts_us`: since when the day's share counts."""
    total_wh = day_wh = 0
    running: dict[str, tuple[int, int]] = {}
    for session, started_us, ended_us, last_us, energy_wh, start_wh in connection.execute(_SESSIONS, (subject,)):
        if started_us >= day_starts_us:
            today_wh = energy_wh
        elif last_us < day_starts_us:
            today_wh = 0
        else:
            row = connection.execute(_BEFORE, (session, day_starts_us)).fetchone()
            if row is not None and start_wh is not None:
                before_wh = row[0] - start_wh
            else:
                before_wh = energy_wh * (day_starts_us - started_us) // max(1, last_us - started_us)
            today_wh = energy_wh - min(max(before_wh, 0), energy_wh)
        total_wh += energy_wh
        day_wh += today_wh
        if ended_us is None:
            running[session] = (energy_wh, today_wh)
    return Consumption(total_wh=total_wh, day_wh=day_wh, running=running)
