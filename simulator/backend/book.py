"""The book of a strict central system: every session, every message, and every fault that a station has made.

Whatever is changed is committed before the message in question is answered.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from .faults import Fault, FaultKind
from .readings import register_of, time_of
from .sessions import BackendSession
from .store import Store, Stored

FIRST_NUMBER = 7001


class Book:
    """Sessions by what they go by here, and what is wrong with how they were told."""

    def __init__(self, path: Path | None = None, *, knows_repeats: bool = True) -> None:
        """Open the book in a file, or in memory.

        With `knows_repeats` a StartTransaction that comes again gets the number that it has got; else a new one.
        """
        self._store = Store(path)
        self.knows_repeats = knows_repeats
        self.most_sends = 3
        """How often one message may come; events of 2.x may come at any time, as they cannot count twice."""
        self.sessions = {(it.station, it.remote_id): it for it in self._store.sessions()}
        self.faults = self._store.faults()
        self._messages = self._store.messages()
        self._number = FIRST_NUMBER + sum(it.remote_id.isdecimal() for it in self.sessions.values())
        self.on_change: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    @property
    def repeats(self) -> int:
        """Messages that came again, of all kinds."""
        return sum(message.sends - 1 for message in self._messages.values())

    def fault(self, kind: FaultKind, station: str, detail: str) -> None:
        """Hold something against a station."""
        fault = Fault(kind, station, detail)
        self.faults.append(fault)
        self._store.keep_fault(fault)
        self.commit()

    def commit(self) -> None:
        """Have all that was noted on the disk."""
        self._store.commit()
        self.on_change()

    def heard(self, station: str, message_id: str, action: str, text: str) -> bool:
        """Note that a message came; return whether it has had its effect already."""
        known = self._messages.get((station, message_id))
        message = Stored(text, 1, False) if known is None else known._replace(sends=known.sends + 1)
        self._messages[station, message_id] = message
        self._store.keep_message(station, message_id, message)
        if message.text != text:
            self.fault(FaultKind.CHANGED_REPEAT, station, f"message {message_id}: {message.text} became {text}")
        if message.sends > self.most_sends and action != "TransactionEvent":
            self.fault(FaultKind.TOO_MANY_SENDS, station, f"{action} {message_id} came {message.sends} times")
        self.commit()
        return message.taken

    def taken(self, station: str, message_id: str) -> None:
        """Note that a message has had its effect; what it changed and this are committed together."""
        message = self._messages[station, message_id] = self._messages[station, message_id]._replace(taken=True)
        self._store.keep_message(station, message_id, message)

    def repeated(self, session: BackendSession) -> None:
        """Note that something of a session came again."""
        session.repeats += 1
        self._store.keep_session(session)

    def session(self, station: str, remote_id: object) -> BackendSession | None:
        """Return a session; None: there is none by this id at this station."""
        return self.sessions.get((station, str(remote_id)))

    def started(self, station: str, payload: dict[str, Any], text: str) -> int:
        """Take a StartTransaction; return the number that the transaction has here."""
        connector, id_tag, register_wh = payload["connectorId"], payload["idTag"], float(payload["meterStart"])
        at = time_of(payload["timestamp"])
        assert at is not None, "times are checked before"
        at_once = [it for it in self._at(station, connector) if it.started == at]
        same = next((it for it in at_once if (it.id_tag, it.meter_start_wh) == (id_tag, register_wh)), None)
        if same is not None and self.knows_repeats:
            if same.start_text != text:
                self.fault(FaultKind.CHANGED_REPEAT, station, f"start of {same.remote_id}: {same.start_text}, {text}")
            self.repeated(same)
            return int(same.remote_id)
        if at_once:
            self.fault(FaultKind.TWO_STARTS, station, f"{at_once[0].remote_id} begins again: {text}")
        self._follows(station, connector, at, text)
        number, self._number = self._number, self._number + 1
        self._keep(
            BackendSession(
                station=station,
                remote_id=str(number),
                connector=connector,
                id_tag=id_tag,
                started=at,
                meter_start_wh=register_wh,
                start_text=text,
                told_until=at,
            )
        )
        return number

    def valued(self, station: str, payload: dict[str, Any]) -> None:
        """Take MeterValues of 1.6."""
        number = payload.get("transactionId")
        if number is None:
            return
        session = self.session(station, number)
        if session is None:
            self.fault(FaultKind.UNKNOWN_TRANSACTION, station, f"values of {number}")
            return
        if session.ended is not None:
            self.fault(FaultKind.AFTER_END, station, f"values of {number}")
            return
        self._measured(session, payload["meterValue"])
        self._keep(session)

    def stopped(self, station: str, payload: dict[str, Any], text: str) -> None:
        """Take a StopTransaction."""
        number = payload["transactionId"]
        session = self.session(station, number)
        if session is None:
            self.fault(FaultKind.UNKNOWN_TRANSACTION, station, f"end of {number}")
            return
        if session.ended is not None:
            if session.stop_text == text:
                self.repeated(session)
            else:
                self.fault(FaultKind.TWO_STOPS, station, f"{number}: {session.stop_text}, {text}")
            return
        self._looked_back(session, payload.get("transactionData", ()))
        at = time_of(payload["timestamp"])
        assert at is not None, "times are checked before"
        self._ended(session, at, float(payload["meterStop"]), payload.get("reason"), text)

    def event(self, station: str, payload: dict[str, Any], text: str) -> None:
        """Take a TransactionEvent."""
        kind, seq_no = payload["eventType"], payload["seqNo"]
        remote_id = payload["transactionInfo"]["transactionId"]
        at = time_of(payload["timestamp"])
        assert at is not None, "times are checked before"
        session = self.session(station, remote_id)
        if session is None:
            if kind != "Started":
                self.fault(FaultKind.UNKNOWN_TRANSACTION, station, f"{kind} {seq_no} of {remote_id}")
                return
            session = self._began(station, remote_id, payload, at, text)
        elif (before := session.events.get(seq_no)) is not None:
            if before == text:
                self.repeated(session)
            else:
                self.fault(FaultKind.CHANGED_REPEAT, station, f"event {seq_no} of {remote_id}: {before}, {text}")
            return
        elif session.ended is not None:
            self.fault(FaultKind.AFTER_END, station, f"{kind} {seq_no} of {remote_id}")
            return
        elif kind == "Started":
            self.fault(FaultKind.TWO_STARTS, station, f"{remote_id} begins again: {text}")
        self._in_turn(session, seq_no)
        session.events[seq_no] = text
        if at < (session.told_until or session.started) and kind != "Ended":
            self.fault(FaultKind.TIME_BACKWARDS, station, f"{kind} {seq_no} of {remote_id} at {at}")
        if kind != "Ended":
            self._measured(session, payload.get("meterValue", ()))
            session.told_until = max(at, session.told_until or at)
        else:
            self._looked_back(session, payload.get("meterValue", ()))
            register_wh = register_of(payload["meterValue"][-1]) if payload.get("meterValue") else None
            if register_wh is None:
                self.fault(FaultKind.NO_REGISTER, station, f"end of {remote_id}")
                register_wh = session.highest_wh
            self._ended(session, at, register_wh, payload["transactionInfo"].get("stoppedReason"), text)
        self._keep(session)

    def refused(self, station: str, payload: dict[str, Any]) -> None:
        """Note that an event was answered with an error: it may come again, and it may be left out."""
        session = self.session(station, payload.get("transactionInfo", {}).get("transactionId"))
        if session is not None:
            session.refused_seq_nos.append(payload["seqNo"])
            self._keep(session)
            self.commit()

    def _began(self, station: str, remote_id: str, payload: dict[str, Any], at: datetime, text: str) -> BackendSession:
        connector = payload.get("evse", {}).get("id", 0)
        register_wh = next(
            (it for value in payload.get("meterValue", ()) if (it := register_of(value)) is not None), None
        )
        if register_wh is None:
            self.fault(FaultKind.NO_REGISTER, station, f"start of {remote_id}")
        if any(it.started == at for it in self._at(station, connector)):
            self.fault(FaultKind.TWO_STARTS, station, f"EVSE {connector} begins two at {at}: {text}")
        self._follows(station, connector, at, text)
        session = self.sessions[station, remote_id] = BackendSession(
            station=station,
            remote_id=remote_id,
            connector=connector,
            id_tag=(payload.get("idToken") or {}).get("idToken"),
            started=at,
            meter_start_wh=register_wh or 0.0,
            start_text=text,
            offline=payload.get("offline", False),
        )
        return session

    def _in_turn(self, session: BackendSession, seq_no: int) -> None:
        while session.next_seq_no < seq_no and session.next_seq_no in session.refused_seq_nos:
            session.next_seq_no += 1
        if seq_no != session.next_seq_no:
            detail = f"{session.remote_id}: {seq_no} instead of {session.next_seq_no}"
            self.fault(FaultKind.SEQUENCE, session.station, detail)
        session.next_seq_no = max(session.next_seq_no, seq_no + 1)

    def _measured(self, session: BackendSession, meter_values: Iterable[dict[str, Any]]) -> None:
        """Take values of a session, each of which has to be later and higher than the last."""
        for meter_value in meter_values:
            at = time_of(meter_value["timestamp"])
            assert at is not None, "times are checked before"
            if at < (session.told_until or session.started):
                detail = f"values of {session.remote_id} at {at}, after {session.told_until}"
                self.fault(FaultKind.TIME_BACKWARDS, session.station, detail)
            session.told_until = max(at, session.told_until or at)
            if (register_wh := register_of(meter_value)) is not None:
                self._rises(session, register_wh)
                session.values.append((at, register_wh))

    def _looked_back(self, session: BackendSession, meter_values: Sequence[dict[str, Any]]) -> None:
        """Take what an end tells of the whole session: in order among itself, whatever was told of it on the way."""
        before, values = session.told_until, session.values
        session.told_until, session.values = None, []
        self._measured(session, meter_values)
        latest = [it for it in (before, session.told_until) if it is not None]
        session.told_until, session.values = max(latest, default=None), [*values, *session.values]

    def _rises(self, session: BackendSession, register_wh: float) -> None:
        if register_wh < session.highest_wh:
            detail = f"{session.remote_id}: {register_wh} Wh after {session.highest_wh} Wh"
            self.fault(FaultKind.REGISTER_BACKWARDS, session.station, detail)

    def _ended(self, session: BackendSession, at: datetime, register_wh: float, reason: str | None, text: str) -> None:
        if at < (session.told_until or session.started):
            detail = f"end of {session.remote_id} at {at}, after {session.told_until}"
            self.fault(FaultKind.TIME_BACKWARDS, session.station, detail)
        self._rises(session, register_wh)
        session.ended, session.meter_stop_wh = at, register_wh
        session.reason, session.stop_text = reason, text
        self._keep(session)

    def _follows(self, station: str, connector: int, at: datetime, text: str) -> None:
        """Look whether a session begins after all that were told of at its connector."""
        if any(at < (it.ended or it.started) for it in self._at(station, connector)):
            self.fault(FaultKind.TIME_BACKWARDS, station, f"connector {connector}: {text}")

    def _at(self, station: str, connector: int) -> list[BackendSession]:
        return [it for it in self.sessions.values() if (it.station, it.connector) == (station, connector)]

    def _keep(self, session: BackendSession) -> None:
        self.sessions[session.station, session.remote_id] = session
        self._store.keep_session(session)
