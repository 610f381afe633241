"""All projections: what an entry changes, and how everything is made anew from the entries."""

from collections.abc import Callable, Iterable, Mapping
import json
import sqlite3
from typing import Any

from ..model.station import EvseKey
from .body import readings
from .entry import Entry, canonical, parse_iso
from .people.terms import body_of_card
from .registers import Reading, RegisterTrack
from .schema import PROJECTIONS, PROJECTIONS_VERSION
from .sessions import Sessions
from .transactions import ENDED, SESSION_CLOSED, STARTED, UPDATED, TransactionProjection

METER_VALUES = "meter.values"
CARD_ENROLLED = "card.enrolled"
"""Written while there were only cards."""
CARD_REMOVED = "card.removed"
CREDENTIAL_ENROLLED = "credential.enrolled"
CREDENTIAL_CHANGED = "credential.changed"
CREDENTIAL_REVOKED = "credential.revoked"
STOP_ORDERED = "session.stop_ordered"
DENIED_AFTER = "session.denied_after"
REMEMBERED = "memory.remembered"
EPOCH_STARTED = "epoch.start"


class Projection:
    """Applies entries one by one, in the transaction that stores them."""

    def __init__(self, connection: sqlite3.Connection, sessions: Sessions, maximum_power_w: int) -> None:
        """Work on the writer's connection."""
        self._connection = connection
        self._sessions = sessions
        self._maximum_power_w = maximum_power_w
        self._transactions = TransactionProjection(connection, sessions, maximum_power_w)
        self._tracks: dict[EvseKey, RegisterTrack] = {}
        self._appliers: dict[str, Callable[[Entry], None]] = {
            STARTED: self._reported,
            UPDATED: self._reported,
            ENDED: self._reported,
            SESSION_CLOSED: self._transactions.close,
            METER_VALUES: self._metered,
            CARD_ENROLLED: self._card_enrolled,
            CARD_REMOVED: self._credential_revoked,
            CREDENTIAL_ENROLLED: self._credential_enrolled,
            CREDENTIAL_CHANGED: self._credential_enrolled,
            CREDENTIAL_REVOKED: self._credential_revoked,
            STOP_ORDERED: self._transactions.stop_ordered,
            DENIED_AFTER: self._transactions.denied_after,
            REMEMBERED: self._remembered,
            EPOCH_STARTED: self._epoch_started,
        }

    @property
    def own_types(self) -> frozenset[str]:
        """Types of entries that projections are made from."""
        return frozenset(self._appliers)

    def reset(self) -> None:
        """Forget what was noted in memory; the transaction it belonged to was rolled back."""
        self._sessions.reset()
        self._transactions.reset()
        self._tracks.clear()

    def apply(self, entry: Entry) -> None:
        """Change what the entry changes; nothing, for an entry that only tells."""
        applier = self._appliers.get(entry.type)
        if applier is not None:
            applier(entry)

    def rebuild(self) -> None:
        """Throw everything away and apply all entries again, within the transaction that is open."""
        self.reset()
        for table in PROJECTIONS:
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
        rows = self._connection.execute("SELECT seq, type, t, station, evse, tx, body FROM entries ORDER BY seq")
        for seq, kind, at, station, evse, session, body in rows:
            if kind in self._appliers:
                self.apply(Entry(seq, kind, parse_iso(at), station, evse, session, json.loads(body)))
        self._connection.execute(
            "INSERT INTO versions VALUES ('projections', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (PROJECTIONS_VERSION,),
        )

    def lifetime_wh(self, key: EvseKey) -> int | None:
        """Return everything an EVSE ever delivered; None where no register was told."""
        track = self._track(key)
        return None if track.last is None else track.total_wh

    def _reported(self, entry: Entry) -> None:
        fresh = self._transactions.apply(entry)
        session = self._sessions.get(entry.session or "")
        if session is not None and session.evse:
            received_us = parse_iso(str(entry.body["received"]))
            self._follow(EvseKey(session.station, session.evse), fresh, received_us)

    def _metered(self, entry: Entry) -> None:
        received_us = parse_iso(str(entry.body["received"]))
        told = sorted(reading for _, _, reading in readings(entry.body, received_us))
        self._follow(EvseKey(entry.station or "", entry.evse or 0), told, received_us)

    def _track(self, key: EvseKey) -> RegisterTrack:
        track = self._tracks.get(key)
        if track is None:
            row = self._connection.execute("SELECT state FROM registers WHERE station = ? AND evse = ?", key).fetchone()
            track = RegisterTrack(self._maximum_power_w)
            if row is not None:
                track = RegisterTrack.from_json(json.loads(row[0]), self._maximum_power_w)
            self._tracks[key] = track
        return track

    def _follow(self, key: EvseKey, told: Iterable[Reading], received_us: int) -> None:
        """Follow an EVSE's register; what is older than the last reading is late, and no news."""
        track = self._track(key)
        followed = False
        for reading in told:
            at_us = min(reading.at_us, received_us)
            if track.fed_us is None or at_us >= track.fed_us:
                track.feed(reading._replace(at_us=at_us))
                followed = True
        if followed:
            total_wh = None if track.last is None else track.total_wh
            self._connection.execute(
                "INSERT INTO registers VALUES (?, ?, ?, ?) ON CONFLICT (station, evse) "
                "DO UPDATE SET total_wh = excluded.total_wh, state = excluded.state",
                (*key, total_wh, canonical(track.as_json())),
            )

    def _card_enrolled(self, entry: Entry) -> None:
        body: Any = entry.body
        self._keep_credential(body["subject"], body["person"], None, entry.at_us, body_of_card(body))

    def _credential_enrolled(self, entry: Entry) -> None:
        body: Any = entry.body
        self._keep_credential(
            body["subject"], body["person"], body.get("group_person"), entry.at_us, body["credential"]
        )

    def _keep_credential(
        self, subject: str, person: int, group_person: int | None, changed_us: int, body: Mapping[str, object]
    ) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO credentials VALUES (?, ?, ?, ?, ?)",
            (subject, person, group_person, changed_us, canonical(body)),
        )

    def _credential_revoked(self, entry: Entry) -> None:
        self._connection.execute("DELETE FROM credentials WHERE subject = ?", (entry.body["subject"],))

    def _remembered(self, entry: Entry) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO memory VALUES (?, ?)", (entry.body["key"], entry.body["value"])
        )

    def _epoch_started(self, entry: Entry) -> None:
        counter = entry.body.get("transaction_counter")
        if isinstance(counter, int):
            self._transactions.set_counter(counter)
