"""What chargers report, as the body of an entry: everything they said, times untouched, people as pseudonyms."""

from collections.abc import Iterable, Iterator, Mapping

from ..model.decision import Decision
from ..model.meter import EvseSample, ReadingContext
from ..model.transaction import TransactionReport
from .entry import iso, microseconds, parse_iso, plain
from .registers import Reading

_EARLIEST_US = parse_iso("2020-01-01T00:00:00Z")
_AHEAD_US = 60_000_000
_OLDEST_US = 366 * 86_400_000_000
_BOUNDARIES = (ReadingContext.TRANSACTION_BEGIN.value, ReadingContext.TRANSACTION_END.value)

type Body = dict[str, object]


def charger_time(timestamp_us: int, received_us: int, offline: bool) -> tuple[int, bool]:
    """Return the time to go by, in µs, and whether the charger's own is not to be believed.

    A charger's time is not believed before 2020, or ahead of ours by more than clocks differ (nothing is reported
    before it happens); nor more than a year behind it, unless the charger says that it had been offline. Anything
    else that is old is a replay, and keeps its time.
    """
    if received_us < _EARLIEST_US <= timestamp_us:
        # It is our own clock that nobody has set yet.
        return timestamp_us, False
    if timestamp_us < _EARLIEST_US or timestamp_us > received_us + _AHEAD_US:
        return received_us, True
    if not offline and timestamp_us < received_us - _OLDEST_US:
        return received_us, True
    return timestamp_us, False


def _without_none(fields: Body) -> Body:
    return {key: value for key, value in fields.items() if value is not None}


def sample_body(sample: EvseSample) -> Body:
    """Write a sample; what it did not say is left out."""
    return _without_none(
        {
            "t": iso(sample.timestamp),
            "context": sample.context.value,
            "energy_import_wh": sample.energy_import_wh,
            "power_w": plain(sample.power_w),
            "currents_a": plain(sample.currents_a),
            "phases_known": None if sample.phases_known else False,
            "voltages_v": plain(sample.voltages_v),
            "offered_a": plain(sample.offered_a),
            "soc_percent": plain(sample.soc_percent),
            "temperature_c": plain(sample.temperature_c),
            "signed_data": sample.signed_data,
        }
    )


def report_body(report: TransactionReport, subject: str | None) -> Body:
    """Write a report. Equal bodies are the same message, sent twice."""
    return _without_none(
        {
            "timestamp": iso(report.timestamp),
            "transaction_id": report.transaction_id,
            "evse": report.evse_id,
            "connector": report.connector_id,
            "seq_no": report.seq_no,
            "subject": subject,
            "register_wh": report.register_wh,
            "samples": [sample_body(sample) for sample in report.samples] or None,
            "charging_state": report.charging_state.value if report.charging_state else None,
            "trigger_reason": report.trigger_reason,
            "stop_reason": report.stop_reason,
            "remote_start_id": report.remote_start_id,
            "reservation_id": report.reservation_id,
        }
    )


def decision_body(decision: Decision) -> Body:
    """Write a decision; who it is about is not in it."""
    limits = decision.limits
    return _without_none(
        {
            "status": decision.status.value,
            "basis": decision.basis.value,
            "refusal": decision.refusal.value if decision.refusal else None,
            "decided_at": iso(decision.decided_at),
            "expires_at": iso(decision.expires_at) if decision.expires_at else None,
            "age_s": plain(decision.age_s),
            "level": decision.level.value,
            "source": decision.source,
            "kind": decision.kind.value if decision.kind else None,
            "limit_wh": limits.energy_wh,
            "limit_s": limits.duration_s,
            "until": iso(limits.until) if limits.until else None,
            "at_risk": decision.at_risk or None,
        }
    )


def readings(body: Mapping[str, object], received_us: int) -> Iterator[tuple[int, str, Reading]]:
    """Return the registers in the samples of a body: the charger's time in µs, the context, the reading.

    The reading carries the time to go by. A register below 0 was not read.
    """
    samples = body.get("samples")
    if not isinstance(samples, Iterable):
        return
    offline = bool(body.get("offline"))
    for sample in samples:
        register_wh = sample.get("energy_import_wh")
        if register_wh is None or register_wh < 0:
            continue
        charger_us = parse_iso(sample["t"])
        at_us, _ = charger_time(charger_us, received_us, offline)
        context = sample["context"]
        yield charger_us, context, Reading(at_us, register_wh, 2 if context in _BOUNDARIES else 1)


def boundary_register(body: Mapping[str, object], boundary: ReadingContext) -> int | None:
    """Return the register at the start or stop that a body tells of, in Wh: its own figure, or a sample's."""
    register = body.get("register_wh")
    if isinstance(register, int):
        return register if register >= 0 else None
    samples = body.get("samples")
    if not isinstance(samples, list):
        return None
    told = [(sample["t"], sample) for sample in samples if sample.get("energy_import_wh", -1) >= 0]
    exact = [pair for pair in told if pair[1]["context"] == boundary.value]
    ordered = sorted(exact or told, key=lambda pair: parse_iso(pair[0]))
    if not ordered:
        return None
    at_begin = boundary is ReadingContext.TRANSACTION_BEGIN
    return int(ordered[0 if at_begin else -1][1]["energy_import_wh"])


def first_register(report: TransactionReport) -> int | None:
    """Return the first register that a report mentions, in Wh."""
    if report.register_wh is not None:
        return report.register_wh
    told = sorted(
        (microseconds(sample.timestamp), sample.energy_import_wh)
        for sample in report.samples
        if sample.energy_import_wh is not None
    )
    return told[0][1] if told else None
