"""Meter values of OCPP 2.0.1."""

from datetime import datetime
import json
from math import isnan
from typing import Any, override

from ...model.meter import EvseSample, ReadingContext
from ..payloads.coercion import moment_or, number, objects, whole
from ..payloads.oddities import Oddities
from ..payloads.sampled_values import ROW, UNREADABLE, Row, SampledValueReader, Slot, build_sample, merged_context

_READER = SampledValueReader(None)
_SLOTS = _READER.slots
_BEGIN = ReadingContext.TRANSACTION_BEGIN
_LARGEST_MULTIPLIER = 9


def read_samples(value: object, otherwise: datetime, oddities: Oddities) -> tuple[EvseSample, ...]:
    """Read a `meterValue` list: one sample per entry, in time order, empty ones left out.

    `otherwise` is the time of entries that tell none.
    """
    samples = [
        sample
        for entry in objects(value, oddities, "meter_value_not_a_list")
        if not (sample := read_sample(entry, otherwise, oddities)).is_empty
    ]
    if len(samples) > 1:
        samples.sort(key=lambda sample: sample.timestamp)
    return tuple(samples)


def read_sample(meter_value: dict[str, Any], otherwise: datetime, oddities: Oddities) -> EvseSample:
    """Read one entry: everything that was sampled at one moment."""
    timestamp = moment_or(meter_value.get("timestamp"), otherwise, oddities)
    sampled_values = objects(meter_value.get("sampledValue"), oddities, "sampled_value_not_a_list")
    if not sampled_values:
        oddities.count("no_sampled_value")
    row: Row = [None] * ROW
    context: ReadingContext | None = None
    signed: list[str] = []
    for sampled in sampled_values:
        get = sampled.get
        measure = get("unitOfMeasure")
        if type(measure) is dict:
            unit, multiplier = measure.get("unit"), measure.get("multiplier")
        else:
            # As in 1.6, or as plain text.
            unit, multiplier = get("unit") if measure is None else measure, get("multiplier")
            if unit is not None:
                oddities.count("unit_not_an_object")
        key = (get("measurand"), get("phase"), unit, get("context"), get("location"), multiplier)
        try:
            slot = _SLOTS[key]
        except KeyError, TypeError:
            slot = _learn(key)
        for oddity in slot.oddities:
            oddities.count(oddity)
        if slot.context is not context:
            context = merged_context(context, slot.context)
        signed_value = get("signedMeterValue")
        if signed_value is not None:
            signed.append(signed_value if isinstance(signed_value, str) else json.dumps(signed_value))
        place = slot.place
        if place < 0:
            continue
        value = get("value")
        if isinstance(value, str):
            oddities.count("number_as_text")
        read = number(value, oddities)
        reading = UNREADABLE if read is None else read
        known = row[place]
        if known is None or (not isnan(reading) and (isnan(known) or slot.context is not _BEGIN)):
            row[place] = reading * slot.factor + slot.offset
    return build_sample(row, timestamp, context, "\n".join(signed) if signed else None, oddities)


class _Found(Oddities):
    """Oddities of one combination."""

    def __init__(self) -> None:
        self.words: list[str] = []

    @override
    def count(self, oddity: str) -> None:
        self.words.append(oddity)


def _learn(key: tuple[object, ...]) -> Slot:
    measurand, phase, unit, context, location, multiplier = key
    found = _Found()
    exponent = whole(multiplier, found) or 0
    if abs(exponent) > _LARGEST_MULTIPLIER:
        found.count("number_out_of_range")
        exponent = 0
    return _READER.learn(
        key,
        measurand=measurand,
        phase=phase,
        unit=unit,
        context=context,
        location=location,
        multiplier=exponent,
        found=tuple(found.words),
    )
