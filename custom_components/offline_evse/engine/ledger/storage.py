"""How much room the ledger has, by its own entries and its disk."""

from datetime import datetime, timedelta
import json
from pathlib import Path
import shutil
import sqlite3

from ..model.storage import StorageFacts
from .entry import iso_milliseconds, microseconds, moment, parse_iso
from .recorder import CLOCK_STEP

_DAYS = 7
_LOOKED_AT = 50_000
"""Entries that are looked at, from the end; more of them in a week count as that week's beginning."""
_TOLD = """
SELECT station, t, json_extract(body, '$.timestamp') FROM entries
WHERE seq > ? AND t >= ? AND type IN ('transaction.started', 'transaction.updated', 'transaction.ended')
AND station IS NOT NULL AND json_extract(body, '$.timestamp') IS NOT NULL
"""


def storage(connection: sqlite3.Connection, folder: Path, now: datetime) -> StorageFacts:
    """Return how much room there is."""
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    size_bytes = int(pages) * int(connection.execute("PRAGMA page_size").fetchone()[0])
    newest = connection.execute("SELECT seq, t FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    count, newest_text = newest or (0, None)
    week_ago = iso_milliseconds(microseconds(now - timedelta(days=_DAYS)))
    (recent, earliest), *_ = connection.execute(
        "SELECT count(*), min(t) FROM entries WHERE seq > ? AND t >= ?", (count - _LOOKED_AT, week_ago)
    )
    span = timedelta(days=1)
    if earliest is not None:
        span = min(max(span, now - moment(parse_iso(earliest))), timedelta(days=_DAYS))
    mean_bytes = size_bytes / count if count else 0.0
    day_ago = iso_milliseconds(microseconds(now - timedelta(days=1)))
    steps_s = [
        json.loads(body)["by_ms"] / 1000
        for (body,) in connection.execute(
            "SELECT body FROM entries WHERE seq > ? AND type = ? AND t >= ?", (count - _LOOKED_AT, CLOCK_STEP, day_ago)
        )
    ]
    offsets_s: dict[str, list[float]] = {}
    for station, at, timestamp in connection.execute(_TOLD, (count - _LOOKED_AT, day_ago)):
        offsets_s.setdefault(station, []).append((parse_iso(timestamp) - parse_iso(at)) / 1_000_000)
    return StorageFacts(
        size_bytes=size_bytes,
        free_bytes=shutil.disk_usage(folder).free,
        growth_bytes=round(recent * mean_bytes / (span / timedelta(days=1))),
        newest=None if newest_text is None else moment(parse_iso(newest_text)),
        clock_steps=len(steps_s),
        largest_step_s=max(steps_s, key=abs, default=0.0),
        charger_offsets_s={station: min(told, key=abs) for station, told in offsets_s.items() if len(told) > 1},
    )
