"""Which transaction a report belongs to. Nothing is ever booked on a running session by guess.

- A start without an id (1.6) is the same start as an earlier one if station, EVSE, timestamp, register and card are
  the same. Where the charger's clock is garbage, the timestamp says nothing: then an earlier start that has been
  ended by a stop, with energy between the two, is over, and this is another one. (If it was a repetition after all,
  an empty transaction is left, which the next status or start of the EVSE closes; the other mistake would lose one.)
- An id that the station uses is that transaction. If a station gives an id a second time after the first one has
  ended, times tell them apart.
- An unknown id of 2.x (it has a seqNo) is a transaction whose start is still to come, or was lost.
- An unknown or missing id of 1.6 with a known EVSE is what runs, or ran at that time, on the EVSE. A positive id
  without such a transaction is one that began before we knew the station. Without an id it is an orphan.
- A stop without an EVSE and with an unknown or missing id must be carried by evidence: a register that goes on
  where the session is, and the same card; or, with no id at all, no card told and a single running session.
- An orphan keeps what was told, and is never running.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..model.station import EvseKey
from ..model.transaction import TransactionEventType, TransactionReport
from .body import first_register
from .people.subjects import Subjects
from .registers import MAXIMUM_POWER_W, SLACK_WH
from .sessions import REPORTED, Session, Sessions

_SLACK_US = 60_000_000
NO_ID = "0"
"""Stands for the id of an orphan that came without one."""


@dataclass(frozen=True, slots=True)
class Match:
    """The session that a report belongs to, or what a new one is to be."""

    session: Session | None
    evse_id: int = 0
    transaction_id: str = NO_ID
    orphan: bool = False


class Matching:
    """Finds the session of a report, within the writer's transaction."""

    def __init__(self, sessions: Sessions, subjects: Subjects) -> None:
        """Look among these sessions."""
        self._sessions = sessions
        self._subjects = subjects

    def repeated_start(self, start_key: bytes, time_suspect: bool) -> Session | None:
        """Return the session that a 1.6 start repeats, or None where it is a new one."""
        for session in self._sessions.by_start(start_key):
            over = session.ended_how == REPORTED and session.energy_wh > 0
            return None if time_suspect and over else session
        return None

    def match(self, report: TransactionReport, at_us: int) -> Match:
        """Return where a report belongs that is not a start without an id."""
        evse_id = report.evse_id or 0
        if report.transaction_id is not None:
            known = self._sessions.by_transaction_id(report.station_id, report.transaction_id)
            if known and (found := self._by_time(known, report, at_us)) is not None:
                return Match(found)
            if known or report.seq_no is not None or report.event_type is TransactionEventType.STARTED:
                return Match(None, evse_id, report.transaction_id)
        if evse_id:
            found = self._on_evse(EvseKey(report.station_id, evse_id), report, at_us)
            if found is not None:
                return Match(found)
            if report.transaction_id is not None:
                return Match(None, evse_id, report.transaction_id)
        elif report.event_type is TransactionEventType.ENDED:
            found = self._by_evidence(report, at_us)
            if found is not None:
                return Match(found)
        return self._orphan(EvseKey(report.station_id, evse_id), report)

    def _by_time(self, known: Iterable[Session], report: TransactionReport, at_us: int) -> Session | None:
        newest_first = list(known)
        if report.event_type is TransactionEventType.STARTED:
            newest = newest_first[0]
            used_up = (
                newest.start_told
                and newest.ended_how == REPORTED
                and newest.ended_us is not None
                and at_us > newest.ended_us
            )
            if used_up:
                return None
            if not newest.start_told:
                return newest
        for session in newest_first:
            if session.started_us <= at_us + _SLACK_US:
                return session
        return newest_first[-1]

    def _on_evse(self, key: EvseKey, report: TransactionReport, at_us: int) -> Session | None:
        register_wh = first_register(report)
        for session in self._sessions.on_evse(key):
            if session.is_open and session.suspect:
                return session
            if session.started_us > at_us + _SLACK_US:
                continue
            if session.is_open:
                return session
            if session.ended_how == REPORTED:
                if session.ended_us is not None and at_us <= session.ended_us:
                    return session
                # Whatever came before this one had ended when it began.
                return None
            if report.event_type is TransactionEventType.ENDED and (
                register_wh is None or session.start_wh is None or register_wh >= session.start_wh
            ):
                return session
            if session.ended_us is not None and at_us <= session.ended_us:
                return session
        return None

    def _by_evidence(self, report: TransactionReport, at_us: int) -> Session | None:
        unended = self._sessions.unended(report.station_id)
        fitting = [session for session in unended if self._fits(session, report, at_us)]
        if report.id_token is not None:
            subject = self._subjects.subject(report.id_token)
            same_card = [session for session in fitting if self._holder(session) == subject]
            if len(same_card) == 1:
                return same_card[0]
        running = [session for session in unended if session.is_open]
        if report.transaction_id is None and len(running) == 1 and running[0] in fitting:
            nobody_told = report.id_token is None or running[0].person is None
            if nobody_told and report.register_wh is not None:
                return running[0]
        return None

    def _holder(self, session: Session) -> str | None:
        person = self._subjects.person(session.person)
        return self._subjects.subject(person[0]) if person else None

    def _fits(self, session: Session, report: TransactionReport, at_us: int) -> bool:
        if not session.suspect and session.started_us > at_us + _SLACK_US:
            return False
        if report.register_wh is None or session.last_wh is None:
            return True
        elapsed_us = max(0, at_us - session.last_us)
        room_wh = MAXIMUM_POWER_W * elapsed_us // 3_600_000_000 + SLACK_WH
        if 0 <= report.register_wh - session.last_wh <= room_wh:
            return True
        # A charger whose samples count from 0 goes on from its start register.
        return session.start_wh is not None and (
            0 <= report.register_wh - session.start_wh - session.energy_wh <= room_wh
        )

    def _orphan(self, key: EvseKey, report: TransactionReport) -> Match:
        transaction_id = report.transaction_id or NO_ID
        orphan = self._sessions.orphan_on(key)
        if orphan is not None and orphan.transaction_id == transaction_id and orphan.ended_how != REPORTED:
            since = self._sessions.on_evse(key, 1) if key.evse_id else ()
            if not since or since[0].started_us <= orphan.started_us:
                return Match(orphan)
        return Match(None, key.evse_id, transaction_id, orphan=True)
