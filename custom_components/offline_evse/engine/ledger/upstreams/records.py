"""A session's entries as backends need them: the time to go by, and the card behind the pseudonym."""

import json
import sqlite3
from typing import Any

from ...model.meter import EvseSample, ReadingContext
from ...model.station import ChargingState
from ...model.upstream.record import LedgerRecord, RecordKind
from ..body import Body, charger_time
from ..entry import moment, parse_iso
from ..people.subjects import Person, unseal

_KINDS = ", ".join(f"'{kind.value}'" for kind in RecordKind)
_ENTRIES = f"""
SELECT seq, type, t, station, evse, body FROM entries
WHERE tx = ? AND seq > ? AND type IN ({_KINDS}) ORDER BY seq LIMIT ?
"""  # noqa: S608 - a constant list
_PERSON = "SELECT subject, key, sealed FROM subjects LEFT JOIN subject_keys USING (subject) WHERE person = ?"


def records(connection: sqlite3.Connection, session_id: str, after_seq: int, limit: int) -> tuple[LedgerRecord, ...]:
    """Return the entries of a session after one, in the order in which they were written."""
    people: dict[int, Person | None] = {}

    def person(number: object) -> Person | None:
        if not isinstance(number, int):
            return None
        if number not in people:
            row = connection.execute(_PERSON, (number,)).fetchone()
            people[number] = unseal(*row) if row else None
        return people[number]

    rows = connection.execute(_ENTRIES, (session_id, after_seq, limit))
    return tuple(
        _record(seq, RecordKind(kind), at, station, evse, session_id, body, person(body.get("person")))
        for seq, kind, at, station, evse, body in ((*row[:5], json.loads(row[5])) for row in rows)
    )


def _record(
    seq: int, kind: RecordKind, at: str, station: str, evse: int, session_id: str, body: Body, person: Person | None
) -> LedgerRecord:
    told: Any = body
    if kind is RecordKind.CLOSED:
        return LedgerRecord(
            seq=seq,
            kind=kind,
            session_id=session_id,
            station_id=station,
            evse_id=evse,
            timestamp=(closed_at := moment(parse_iso(at))),
            received_at=closed_at,
            stop_reason=told["reason"],
        )
    received_us, offline = parse_iso(told["received"]), bool(told.get("offline"))
    at_us, _ = charger_time(parse_iso(told["timestamp"]), received_us, offline)
    state = told.get("charging_state")
    return LedgerRecord(
        seq=seq,
        kind=kind,
        session_id=session_id,
        station_id=station,
        evse_id=evse,
        connector_id=told.get("connector"),
        timestamp=moment(at_us),
        received_at=moment(received_us),
        id_token=person[0] if person else None,
        register_wh=told.get("register_wh"),
        samples=tuple(_sample(sample, received_us, offline) for sample in told.get("samples", ())),
        charging_state=None if state is None else ChargingState(state),
        trigger_reason=told.get("trigger_reason"),
        stop_reason=told.get("stop_reason"),
        offline=offline,
    )


def _sample(told: Any, received_us: int, offline: bool) -> EvseSample:
    at_us, _ = charger_time(parse_iso(told["t"]), received_us, offline)
    return EvseSample(
        timestamp=moment(at_us),
        context=ReadingContext(told["context"]),
        energy_import_wh=told.get("energy_import_wh"),
        power_w=_number(told.get("power_w")),
        currents_a=_numbers(told.get("currents_a")),
        phases_known=told.get("phases_known", True),
        voltages_v=_numbers(told.get("voltages_v")),
        offered_a=_number(told.get("offered_a")),
        soc_percent=_number(told.get("soc_percent")),
        temperature_c=_number(told.get("temperature_c")),
        signed_data=told.get("signed_data"),
    )


def _number(told: object) -> float | None:
    return None if told is None else float(str(told))


def _numbers(told: Any) -> tuple[float, ...] | None:
    return None if told is None else tuple(float(str(each)) for each in told)
