"""Meter values of OCPP 1.6: the hot path."""

from datetime import datetime
from math import isnan
from typing import Any

from ocpp.v16.enums import UnitOfMeasure

from ...model.meter import EvseSample, ReadingContext
from ..payloads.coercion import LARGEST_NUMBER, moment_or, number, objects, word
from ..payloads.oddities import Oddities
from ..payloads.sampled_values import ROW, UNREADABLE, Row, SampledValueReader, Slot, build_sample, merged_context

_READER = SampledValueReader(frozenset(UnitOfMeasure))
_SLOTS = _READER.slots
_BEGIN = ReadingContext.TRANSACTION_BEGIN


def read_samples(value: object, otherwise: datetime, oddities: Oddities) -> tuple[EvseSample, ...]:
    """Read a `meterValue` or `transactionData` list: one sample per entry, in time order, empty ones left out.

    `otherwise` is the time of entries that tell none.
    """
    if type(value) is list and len(value) == 1 and type(value[0]) is dict:
        entries = value
    else:
        entries = objects(value, oddities, "meter_value_not_a_list")
    if len(entries) == 1:
        sample = read_sample(entries[0], otherwise, oddities)
        return () if sample.is_empty else (sample,)
    samples = [sample for entry in entries if not (sample := read_sample(entry, otherwise, oddities)).is_empty]
    samples.sort(key=lambda sample: sample.timestamp)
    return tuple(samples)


def read_sample(meter_value: dict[str, Any], otherwise: datetime, oddities: Oddities) -> EvseSample:
    """Read one entry: everything that was sampled at one moment."""
    timestamp = moment_or(meter_value.get("timestamp"), otherwise, oddities)
    sampled_values = meter_value.get("sampledValue")
    if type(sampled_values) is not list:
        sampled_values = objects(sampled_values, oddities, "sampled_value_not_a_list")
    if not sampled_values:
        oddities.count("no_sampled_value")
    row: Row = [None] * ROW
    context: ReadingContext | None = None
    signed: list[str] = []
    for sampled in sampled_values:
        if type(sampled) is not dict:
            oddities.count("entry_not_an_object")
            continue
        get = sampled.get
        key = (get("measurand"), get("phase"), get("unit"), get("context"), get("location"), get("format"))
        try:
            slot = _SLOTS[key]
        except KeyError, TypeError:
            slot = _learn(key)
        place, factor, offset, sampled_in, is_signed, to_count = slot
        if to_count:
            for oddity in to_count:
                oddities.count(oddity)
        if sampled_in is not context:
            context = merged_context(context, sampled_in)
        value = get("value")
        try:
            # A text is the standard; everything else takes the long way.
            reading = float(value) if type(value) is str else UNREADABLE
        except ValueError:
            reading = UNREADABLE
        if is_signed or not -LARGEST_NUMBER <= reading <= LARGEST_NUMBER:
            if isinstance(value, str) and (is_signed or value.startswith("OCMF|")):
                signed.append(value)
                continue
            if place >= 0:
                reading = _read_number(value, oddities)
        if place >= 0:
            known = row[place]
            if known is None or (not isnan(reading) and (isnan(known) or sampled_in is not _BEGIN)):
                row[place] = reading * factor + offset
    return build_sample(row, timestamp, context, "\n".join(signed) if signed else None, oddities)


def _read_number(value: object, oddities: Oddities) -> float:
    """Read what is no plain number in text; NaN where there is none."""
    if value is not None and not isinstance(value, str):
        oddities.count("text_as_number")
    reading = number(value, oddities)
    return UNREADABLE if reading is None else reading


def _learn(key: tuple[object, ...]) -> Slot:
    measurand, phase, unit, context, location, format_ = key
    return _READER.learn(
        key,
        measurand=measurand,
        phase=phase,
        unit=unit,
        context=context,
        location=location,
        signed=word(format_) == "signeddata",
    )
