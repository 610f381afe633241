"""The projection of transactions: from everything reported of one, in whatever order it came, to one row.

Reports of one session give the same row in any order: times and registers are compared, never the order of arrival.
"""

import sqlite3

from ..model.meter import ReadingContext
from ..model.station import EvseKey
from .body import boundary_register, charger_time, readings
from .entry import Entry, parse_iso
from .registers import Reading, SessionEnergy
from .sessions import CLOSED, ORPHAN, REPORTED, SUPERSEDED, Session, Sessions

STARTED, UPDATED, ENDED = "transaction.started", "transaction.updated", "transaction.ended"
SESSION_CLOSED = "transaction.closed"

COUNTER = "transaction"
_COUNTER_LEAP = 1_000_000
_BEFORE_START_US = 60_000_000
_AFTER_END_US = 300_000_000
_STOPPER_RANK = 1 << 60
_ENERGIES = 256


class TransactionProjection:
    """Keeps `transactions`, `readings` and the counter of transaction ids."""

    def __init__(self, connection: sqlite3.Connection, sessions: Sessions, maximum_power_w: int) -> None:
        """Work on the writer's connection."""
        self._connection = connection
        self._sessions = sessions
        self._maximum_power_w = maximum_power_w
        self._energies: dict[str, SessionEnergy] = {}

    def reset(self) -> None:
        """Forget what was noted in memory; the transaction it belonged to was rolled back."""
        self._energies.clear()

    def apply(self, entry: Entry) -> list[Reading]:
        """Take in a report; return the registers in it that had not been told before."""
        body = entry.body
        received_us = parse_iso(str(body["received"]))
        at_us, suspect = charger_time(parse_iso(str(body["timestamp"])), received_us, bool(body.get("offline")))
        assert entry.session is not None
        session = self._sessions.get(entry.session)
        created = session is None
        if session is None:
            session = self._create(entry, at_us)
        fresh = self._store_readings(session, entry, received_us)
        progress_only = not created and entry.type == UPDATED and self._only_progress(session, entry, at_us)
        session.last_us = max(session.last_us, at_us, *(reading.at_us for reading in fresh))
        if progress_only:
            self._count(session, fresh)
            self._sessions.save_progress(session)
            return fresh
        before = session.started_us, session.evse
        self._merge(session, entry, at_us, suspect)
        if created or entry.type != UPDATED or session.started_us != before[0]:
            # The base or the end may have changed: count again from what is stored.
            self._energies.pop(session.session, None)
        self._count(session, fresh)
        self._estimate_end(session)
        self._sessions.save(session)
        if not session.orphan and session.evse and (created or (session.started_us, session.evse) != before):
            self._settle(EvseKey(session.station, session.evse))
        register_wh = body.get("register_wh")
        if isinstance(register_wh, int) and register_wh >= 0 and entry.type != UPDATED:
            fresh.append(Reading(at_us, register_wh, 2))
        return sorted(fresh)

    def close(self, entry: Entry) -> None:
        """End a running session where the last word of it was heard."""
        session = self._sessions.get(entry.session or "")
        if session is None or not session.is_open:
            return
        session.ended_how = CLOSED
        session.closed_us = entry.at_us
        session.stop_reason = str(entry.body["reason"])
        self._estimate_end(session)
        self._energies.pop(session.session, None)
        self._sessions.save(session)

    def stop_ordered(self, entry: Entry) -> None:
        """Note why a session was ended from here."""
        session = self._sessions.get(entry.session or "")
        if session is not None:
            session.stop_cause = str(entry.body["cause"])
            self._sessions.save(session)

    def denied_after(self, entry: Entry) -> None:
        """Note that a backend said no to a session that was over."""
        session = self._sessions.get(entry.session or "")
        if session is not None:
            session.denied_after = 1
            self._sessions.save(session)

    def _create(self, entry: Entry, at_us: int) -> Session:
        body = entry.body
        orphan = bool(body.get("orphan"))
        start_key = body.get("start_key")
        assigned = str(body["assigned"])
        self._count_ids(assigned, ours=start_key is not None)
        return Session(
            session=entry.session or "",
            transaction_id=assigned,
            station=entry.station or "",
            evse=entry.evse or 0,
            connector=None,
            first_seq=entry.seq,
            orphan=int(orphan),
            start_key=bytes.fromhex(str(start_key)) if start_key is not None else None,
            started_us=at_us,
            start_told=0,
            ended_us=at_us if orphan else None,
            ended_how=ORPHAN if orphan else None,
            closed_us=None,
            last_us=at_us,
            energy_wh=0,
            start_wh=None,
            last_wh=None,
            stop_wh=None,
            person=None,
            person_rank=None,
            stop_reason=None,
            offline=0,
            suspect=0,
        )

    def _count_ids(self, assigned: str, *, ours: bool) -> None:
        """Never give an id twice: not one of ours, nor one that a charger knows from a copy of us that is lost."""
        if not assigned.isascii() or not assigned.isdigit():
            return
        number = int(assigned)
        row = self._connection.execute("SELECT value FROM counters WHERE name = ?", (COUNTER,)).fetchone()
        counter = row[0] if row else 0
        if counter < number and (ours or number <= counter + _COUNTER_LEAP):
            self.set_counter(number)

    def set_counter(self, number: int) -> None:
        """Give no transaction id up to this one any more."""
        self._connection.execute(
            "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
            (COUNTER, number),
        )

    def _store_readings(self, session: Session, entry: Entry, received_us: int) -> list[Reading]:
        fresh = []
        for charger_us, context, reading in readings(entry.body, received_us):
            inserted = self._connection.execute(
                "INSERT OR IGNORE INTO readings VALUES (?, ?, ?, ?, ?)",
                (session.session, charger_us, reading.wh, context, reading.at_us),
            )
            if inserted.rowcount:
                fresh.append(reading)
        fresh.sort()
        return fresh

    def _only_progress(self, session: Session, entry: Entry, at_us: int) -> bool:
        body = entry.body
        return (
            session.is_open
            and at_us >= session.started_us
            and "person" not in body
            and "offline" not in body
            and (session.connector is not None or "connector" not in body)
            and (session.evse != 0 or not entry.evse)
        )

    def _merge(self, session: Session, entry: Entry, at_us: int, suspect: bool) -> None:
        body = entry.body
        if session.connector is None:
            connector = body.get("connector")
            session.connector = connector if isinstance(connector, int) else None
        if session.evse == 0 and entry.evse and not session.orphan:
            session.evse = entry.evse
        session.offline |= int(bool(body.get("offline")))
        person = body.get("person")
        if isinstance(person, int):
            # Who began it counts; who ended it only where nobody else was named.
            rank = at_us + (_STOPPER_RANK if entry.type == ENDED else 0)
            if session.person_rank is None or rank < session.person_rank:
                session.person, session.person_rank = person, rank
        if entry.type == STARTED:
            if not session.start_told or at_us < session.started_us:
                session.started_us, session.start_told = at_us, 1
                session.start_wh = boundary_register(body, ReadingContext.TRANSACTION_BEGIN)
                session.suspect |= int(suspect)
        elif not session.start_told:
            session.started_us = min(session.started_us, at_us)
        if entry.type == ENDED:
            if session.ended_how != REPORTED or session.ended_us is None or at_us >= session.ended_us:
                stop_wh = boundary_register(body, ReadingContext.TRANSACTION_END)
                session.stop_wh = session.stop_wh if stop_wh is None else stop_wh
                session.ended_us, session.ended_how = at_us, REPORTED
                reason = body.get("stop_reason")
                session.stop_reason = None if reason is None else str(reason)
            session.suspect |= int(suspect)
        elif session.ended_how == CLOSED and session.closed_us is not None and at_us > session.closed_us:
            # It runs after all.
            session.ended_us = session.ended_how = session.closed_us = session.stop_reason = None

    def _estimate_end(self, session: Session) -> None:
        if session.ended_how in {CLOSED, SUPERSEDED, ORPHAN}:
            session.ended_us = session.last_us

    def _count(self, session: Session, fresh: list[Reading]) -> None:
        """Bring the energy up to date with readings that have just been stored."""
        energy = self._energies.get(session.session)
        usable = [reading for reading in fresh if self._counts(session, reading)]
        if energy is None or (usable and energy.top is not None and usable[0][:2] < energy.top[:2]):
            energy = self._recount(session)
        else:
            energy.feed(usable)
        stop = None
        if session.ended_how == REPORTED and session.stop_wh is not None and session.ended_us is not None:
            stop = Reading(session.ended_us, session.stop_wh, 2)
        session.energy_wh, session.last_wh = energy.result(stop)
        if session.ended_how == REPORTED:
            self._energies.pop(session.session, None)

    def _recount(self, session: Session) -> SessionEnergy:
        start = Reading(session.started_us, session.start_wh, 2) if session.start_wh is not None else None
        energy = SessionEnergy(start, self._maximum_power_w, timed=not session.suspect)
        rows = self._connection.execute(
            "SELECT at_us, wh, max(context IN (?, ?)) FROM readings WHERE session = ? GROUP BY at_us, wh",
            (ReadingContext.TRANSACTION_BEGIN.value, ReadingContext.TRANSACTION_END.value, session.session),
        )
        stored = (Reading(at_us, wh, 2 if boundary else 1) for at_us, wh, boundary in rows)
        energy.feed(reading for reading in sorted(stored) if self._counts(session, reading))
        if len(self._energies) >= _ENERGIES:
            del self._energies[next(iter(self._energies))]
        self._energies[session.session] = energy
        return energy

    def _counts(self, session: Session, reading: Reading) -> bool:
        if session.start_told and not session.suspect and reading.at_us < session.started_us - _BEFORE_START_US:
            return False
        if session.ended_how != REPORTED or session.ended_us is None:
            return True
        return reading.at_us <= session.ended_us + (_AFTER_END_US if session.stop_wh is None else 0)

    def _settle(self, key: EvseKey) -> None:
        """One EVSE runs one transaction, the one that began last: end the others, or take that back."""
        for place, session in enumerate(self._sessions.on_evse(key)):
            if place == 0 and session.ended_how == SUPERSEDED:
                session.ended_us = session.ended_how = session.stop_reason = None
            elif place > 0 and session.ended_how is None:
                session.ended_how = session.stop_reason = SUPERSEDED
                self._estimate_end(session)
            else:
                continue
            self._sessions.save(session)
