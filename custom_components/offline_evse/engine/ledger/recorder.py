"""Writes entries and applies them: everything that happens inside one transaction of the writer."""

from collections.abc import Mapping
import sqlite3
from typing import Any

from ..model.credential import Credential
from ..model.decision import Decision, StopCause
from ..model.failure import LedgerFullError
from ..model.id_token import IdToken, IdTokenType
from ..model.meter import EvseSample
from ..model.station import EvseKey
from ..model.transaction import TransactionEventType, TransactionRecorded, TransactionReport
from .body import Body, charger_time, decision_body, report_body, sample_body
from .entry import FORMAT, Entry, Stamp, canonical, digest, iso, iso_milliseconds, microseconds, new_ulid, plain
from .matching import Match, Matching
from .people.subjects import Subjects
from .people.terms import credential_body
from .projection import (
    CREDENTIAL_CHANGED,
    CREDENTIAL_ENROLLED,
    CREDENTIAL_REVOKED,
    DENIED_AFTER,
    EPOCH_STARTED,
    METER_VALUES,
    REMEMBERED,
    STOP_ORDERED,
    Projection,
)
from .sessions import Session, Sessions
from .store import Head
from .transactions import COUNTER, SESSION_CLOSED
from .upstreams.deliveries import PREFIX as UPSTREAM, Deliveries

DECISION = "decision"
CLOCK_STEP = "clock.step"
SUBJECT_FORGOTTEN = "subject.forgotten"

_STEP_US = 5_000_000
_HIGHEST_ID = 2**31 - 1


class Recorder:
    """The ledger's only pen. Used by the writer's thread, within a transaction that the writer has begun."""

    def __init__(
        self, connection: sqlite3.Connection, site_key: bytes, boot: str, clock_quality: str, maximum_power_w: int
    ) -> None:
        """Work on the writer's connection. `boot` names the time over which monotonic stamps can be compared."""
        self.connection = connection
        self.refuse_new_sessions = False
        """There is hardly any room left."""
        self.clock_quality = clock_quality
        self.projection = Projection(connection, sessions := Sessions(connection), maximum_power_w)
        self._sessions = sessions
        self._subjects = Subjects(connection, site_key)
        self._matching = Matching(sessions, self._subjects)
        self.deliveries = Deliveries(connection, sessions, site_key, self._of_session)
        self.touched: set[str] = set()
        """Stations of whose sessions something was written since whoever commits looked last."""
        self._boot = boot
        self._offset_us: int | None = None
        self.epoch = 0
        self.seq = 0
        self.last_id = ""
        self.reset()

    def reset(self) -> None:
        """Go back to what the file says, after a roll-back."""
        row = self.connection.execute("SELECT seq, epoch, id FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        self.seq, self.epoch, self.last_id = row or (0, 0, "")
        self.projection.reset()
        self._subjects.reset()
        self.deliveries.reset()
        self.touched.clear()

    def head(self) -> Head:
        """Return how far the ledger has come."""
        return Head(epoch=self.epoch, seq=self.seq, id=self.last_id, transaction_counter=self._counter())

    def start_epoch(self, stamp: Stamp, known: Head | None) -> None:
        """Begin a new epoch if the file is new, or behind what is known to have been written before."""
        if self.seq and (known is None or self._holds(known)):
            return
        previous = max(self.epoch, known.epoch if known else 0)
        reason = "created" if known is None else "behind" if self.seq else "lost"
        body: Body = {
            "prev_epoch": previous,
            "last_known_size": known.seq if known else self.seq,
            "reason": reason,
            "instance": new_ulid(stamp.at_us),
            "transaction_counter": max(known.transaction_counter if known else 0, self._counter()),
        }
        self.epoch = previous + 1
        self._write(stamp, EPOCH_STARTED, body)
        if reason == "behind":
            self.deliveries.after_restore(stamp)

    def _holds(self, known: Head) -> bool:
        if known.epoch < self.epoch or known.seq == 0:
            return True
        row = self.connection.execute("SELECT id FROM entries WHERE seq = ?", (known.seq,)).fetchone()
        return row is not None and row[0] == known.id

    def _counter(self) -> int:
        row = self.connection.execute("SELECT value FROM counters WHERE name = ?", (COUNTER,)).fetchone()
        return int(row[0]) if row else 0

    def _write(
        self,
        stamp: Stamp,
        kind: str,
        body: Body,
        *,
        station: str | None = None,
        evse: int | None = None,
        session: str | None = None,
        dedupe: bytes | None = None,
    ) -> int:
        self._watch_clock(stamp, kind)
        at_us = stamp.at_us // 1000 * 1000
        seq, ulid = self.seq + 1, new_ulid(at_us)
        self.connection.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                seq,
                FORMAT,
                self.epoch,
                ulid,
                kind,
                iso_milliseconds(at_us),
                f"{self._boot}:{stamp.mono_ns}",
                self.clock_quality,
                station,
                evse,
                session,
                canonical(body),
                dedupe,
            ),
        )
        self.seq, self.last_id = seq, ulid
        self.projection.apply(Entry(seq, kind, at_us, station, evse, session, body))
        return seq

    def _watch_clock(self, stamp: Stamp, kind: str) -> None:
        """Note when wall time has jumped: monotonic time tells."""
        offset_us = stamp.at_us - stamp.mono_ns // 1000
        before_us, self._offset_us = self._offset_us, offset_us
        if before_us is not None and abs(offset_us - before_us) > _STEP_US and kind != CLOCK_STEP:
            self._write(stamp, CLOCK_STEP, {"by_ms": (offset_us - before_us) // 1000})

    def record(self, stamp: Stamp, report: TransactionReport, name: str | None) -> TransactionRecorded:
        """Record a report about a transaction, or find that it had been recorded."""
        subject, person = self._subjects.seal(report.id_token, name) if report.id_token else (None, None)
        at_us, suspect = charger_time(microseconds(report.timestamp), microseconds(report.received_at), report.offline)
        body = report_body(report, subject)
        kind = f"transaction.{report.event_type.value}"
        start_key = None
        starts = report.event_type is TransactionEventType.STARTED
        if starts and report.transaction_id is None:
            start_key = digest(
                "start", report.station_id, report.evse_id, body["timestamp"], report.register_wh, subject
            )
            repeated = self._matching.repeated_start(start_key, suspect)
            if repeated is not None:
                return self._recorded(repeated, repeated.first_seq, duplicate=True)
            match = Match(None, report.evse_id or 0)
            dedupe = None
        else:
            dedupe = digest(kind, report.station_id, body)
            row = self.connection.execute("SELECT seq, tx FROM entries WHERE dedupe = ?", (dedupe,)).fetchone()
            if row is not None and (session := self._sessions.get(row[1])) is not None:
                return self._recorded(session, row[0], duplicate=True)
            match = self._matching.match(report, at_us)
        session = match.session
        if session is None:
            if starts and self.refuse_new_sessions:
                raise LedgerFullError
            body["assigned"] = self._next_id() if start_key else match.transaction_id
            if start_key:
                body["start_key"] = start_key.hex()
            if match.orphan:
                body["orphan"] = True
        body["received"] = iso(report.received_at)
        if report.offline:
            body["offline"] = True
        if person is not None:
            body["person"] = person
        created = session is None
        session_id = session.session if session else new_ulid(stamp.at_us)
        evse = (session.evse if session else 0) or match.evse_id or report.evse_id or 0
        seq = self._write(stamp, kind, body, station=report.station_id, evse=evse, session=session_id, dedupe=dedupe)
        session = self._sessions.get(session_id)
        assert session is not None
        self._told(stamp, session, created=created)
        return self._recorded(session, seq, duplicate=False)

    def _told(self, stamp: Stamp, session: Session, *, created: bool = False) -> None:
        """Let the account of backends follow what was written about a session."""
        self.touched.add(session.station)
        if created:
            self.deliveries.enrol(self.seq)
        if not session.is_open:
            self.deliveries.recorded(stamp, session)

    def _next_id(self) -> str:
        number = self._counter() + 1
        while self._sessions.id_taken(str(number)):
            number += 1
        if number > _HIGHEST_ID:
            raise OverflowError("transaction ids are used up")
        return str(number)

    def _recorded(self, session: Session, seq: int, *, duplicate: bool) -> TransactionRecorded:
        return TransactionRecorded(
            transaction=session.transaction(self._subjects.person(session.person)),
            seq=seq,
            duplicate=duplicate,
            lifetime_wh=self.projection.lifetime_wh(EvseKey(session.station, session.evse)) if session.evse else None,
        )

    def record_samples(self, stamp: Stamp, key: EvseKey, samples: tuple[EvseSample, ...], received_us: int) -> None:
        """Record values outside a transaction, once."""
        told = [sample_body(sample) for sample in samples]
        dedupe = digest(METER_VALUES, key.station_id, key.evse_id, told)
        if self.connection.execute("SELECT 1 FROM entries WHERE dedupe = ?", (dedupe,)).fetchone() is not None:
            return
        body: Body = {"samples": told, "received": iso_milliseconds(received_us)}
        self._write(stamp, METER_VALUES, body, station=key.station_id, evse=key.evse_id, dedupe=dedupe)

    def append(
        self,
        stamp: Stamp,
        kind: str,
        data: Mapping[str, object],
        station: str | None,
        evse: int | None,
        session: str | None,
    ) -> int:
        """Record something that no projection is made from. Raises ValueError for the ledger's own types."""
        if kind in self.projection.own_types or kind.startswith(UPSTREAM):
            raise ValueError(f"{kind} is written by the ledger itself")
        body: Any = plain(data)
        return self._write(stamp, kind, body, station=station, evse=evse, session=session)

    def record_decision(self, stamp: Stamp, decision: Decision, station: str, evse: int | None) -> int:
        """Record the answer to "may this charge?"."""
        subject, person = self._subjects.seal(decision.id_token, decision.name)
        body = decision_body(decision) | {"subject": subject, "person": person}
        return self._write(stamp, DECISION, body, station=station, evse=evse)

    def close_transaction(self, stamp: Stamp, session_id: str, reason: str) -> Session | None:
        """End a running session that its charger does not run any more; None where there is no such session."""
        session = self._sessions.get(session_id)
        if session is not None and session.is_open:
            self._write(
                stamp,
                SESSION_CLOSED,
                {"reason": reason},
                station=session.station,
                evse=session.evse,
                session=session_id,
            )
            self._told(stamp, session)
        return session

    def transaction(self, session: Session) -> TransactionRecorded:
        """Return a session as the model's value."""
        return self._recorded(session, session.first_seq, duplicate=True)

    def pseudonym(self, id_token: IdToken) -> str:
        """Return the pseudonym of a card."""
        return self._subjects.subject(id_token)

    def order_stop(self, stamp: Stamp, session_id: str, cause: StopCause) -> None:
        """Note why a session is being ended from here, once."""
        session = self._sessions.get(session_id)
        if session is not None and session.stop_cause is None:
            self._of_session(stamp, STOP_ORDERED, session, {"cause": cause.value})

    def deny_after(self, stamp: Stamp, session_id: str) -> None:
        """Note that a backend has said no to a session that is over, once."""
        session = self._sessions.get(session_id)
        if session is not None and not session.denied_after:
            self._of_session(stamp, DENIED_AFTER, session, {})

    def _of_session(self, stamp: Stamp, kind: str, session: Session, body: Body) -> None:
        self._write(stamp, kind, body, station=session.station, evse=session.evse, session=session.session)

    def enrol(self, stamp: Stamp, credential: Credential) -> None:
        """Enrol a credential, or change one that is enrolled."""
        subject, person = self._subjects.seal(credential.id_token, credential.name)
        enrolled = self._enrolled_as(credential.id_token)
        for other in enrolled:
            # The site's key may have been lost since: then the same card has another pseudonym.
            if other != subject:
                self._write(stamp, CREDENTIAL_REVOKED, {"subject": other})
        body: Body = {"subject": subject, "person": person, "credential": credential_body(credential)}
        if credential.group is not None:
            _, body["group_person"] = self._subjects.seal(IdToken(credential.group, IdTokenType.LOCAL), None)
        self._write(stamp, CREDENTIAL_CHANGED if subject in enrolled else CREDENTIAL_ENROLLED, body)

    def revoke(self, stamp: Stamp, id_token: IdToken) -> bool:
        """Take a credential away; return whether there was one."""
        found = self._enrolled_as(id_token)
        for subject in found:
            self._write(stamp, CREDENTIAL_REVOKED, {"subject": subject})
        return bool(found)

    def _enrolled_as(self, id_token: IdToken) -> list[str]:
        subject = self._subjects.subject(id_token)
        if self.connection.execute("SELECT 1 FROM credentials WHERE subject = ?", (subject,)).fetchone() is not None:
            return [subject]
        rows = self.connection.execute("SELECT subject, person FROM credentials").fetchall()
        people = ((subject, self._subjects.person(person)) for subject, person in rows)
        return [subject for subject, person in people if person is not None and person[0].key == id_token.key]

    def forget(self, stamp: Stamp, id_token: IdToken) -> bool:
        """Make everything sealed about a card's holder unreadable; return whether there was anything."""
        self.revoke(stamp, id_token)
        self.deliveries.forget(stamp, id_token)
        if not self._subjects.shred(id_token):
            return False
        self._write(stamp, SUBJECT_FORGOTTEN, {"subject": self._subjects.subject(id_token)})
        return True

    def remember(self, stamp: Stamp, key: str, value: str) -> None:
        """Keep a fact, given as JSON text."""
        self._write(stamp, REMEMBERED, {"key": key, "value": value})
