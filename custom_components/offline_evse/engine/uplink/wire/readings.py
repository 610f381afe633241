"""Meter readings as backends are told them: which value under which name, in both families of versions."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
import math
from typing import Any, NamedTuple

import orjson

from ...model.meter import EvseSample, ReadingContext

CONTEXTS = {
    ReadingContext.TRANSACTION_BEGIN: "Transaction.Begin",
    ReadingContext.TRANSACTION_END: "Transaction.End",
    ReadingContext.SAMPLE_PERIODIC: "Sample.Periodic",
    ReadingContext.SAMPLE_CLOCK: "Sample.Clock",
    ReadingContext.TRIGGER: "Trigger",
    ReadingContext.OTHER: "Other",
}
ENERGY = "Energy.Active.Import.Register"
TEMPERATURE = "Temperature"
"""A measurand of 1.6 only."""


class Reading(NamedTuple):
    """One value of one moment."""

    value: float
    measurand: str
    unit: str
    phase: str | None = None
    location: str | None = None


def readings_of(sample: EvseSample) -> Iterator[Reading]:
    """Yield everything that a sample says in numbers, the register first."""
    if sample.energy_import_wh is not None:
        yield Reading(sample.energy_import_wh, ENERGY, "Wh")
    yield from (reading for reading in _telemetry(sample) if math.isfinite(reading.value))


def _telemetry(sample: EvseSample) -> Iterator[Reading]:
    if sample.power_w is not None:
        yield Reading(_rounded(sample.power_w), "Power.Active.Import", "W")
    currents = sample.currents_a or ()
    if sample.phases_known:
        for terminal, current in enumerate(currents, 1):
            yield Reading(_rounded(current), "Current.Import", "A", f"L{terminal}")
    elif currents:
        # One current for each phase in use, all of them equal, and nobody knows which phases these are.
        yield Reading(_rounded(currents[0]), "Current.Import", "A")
    voltages = sample.voltages_v or ()
    for terminal, volts in enumerate(voltages, 1):
        yield Reading(_rounded(volts), "Voltage", "V", f"L{terminal}-N" if len(voltages) > 1 else None)
    if sample.offered_a is not None:
        yield Reading(_rounded(sample.offered_a), "Current.Offered", "A")
    if sample.soc_percent is not None:
        yield Reading(_rounded(sample.soc_percent), "SoC", "Percent", location="EV")
    if sample.temperature_c is not None:
        yield Reading(_rounded(sample.temperature_c), TEMPERATURE, "Celsius")


def sketch(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a payload with the first and the last moment only of what was measured, for checking its schema.

    All moments are written by the same lines; checking a day of them would hold everybody up for most of a second.
    """
    return {
        name: [value[0], value[-1]] if name in ("meterValue", "transactionData") and len(value) > 2 else value
        for name, value in payload.items()
    }


def timestamp_of(at: datetime) -> str:
    """Write a time as UTC with milliseconds and a Z, which is what every backend reads."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def signed_parts(signed_data: str) -> list[str]:
    """Return the signed values in what a charger sent of one moment, each as it came.

    Several of one moment are kept one a line. Only where each line is whole in itself is it taken apart: a value that
    has lines of its own must not be torn.
    """
    lines = signed_data.split("\n")
    if len(lines) > 1 and all(line.startswith("OCMF|") or _object(line) is not None for line in lines):
        return lines
    return [signed_data]


def signed_meter_value(signed: str, *, longest: int, all_fields: bool) -> dict[str, str] | None:
    """Return the SignedMeterValueType of 2.x; None: it does not fit, and a shortened signature proves nothing.

    What is such an object already is passed on field by field. Anything else is what a 1.6 charger signed, as such:
    its bytes in base64, as 2.0.1 part 2 §2.44 has it. `all_fields`: 2.0.1 requires them all, 2.1 only what is known.
    """
    known = _object(signed)
    if known is not None and isinstance(known.get("signedMeterData"), str):
        fields = {
            name: known[name] if isinstance(known.get(name), str) else ""
            for name in ("signedMeterData", "signingMethod", "encodingMethod", "publicKey")
        }
    else:
        fields = {
            "signedMeterData": b64encode(signed.encode(errors="replace")).decode(),
            "signingMethod": "",
            "encodingMethod": "OCMF" if signed.startswith("OCMF|") else "",
            "publicKey": "",
        }
    if not all_fields:
        required = ("signedMeterData", "encodingMethod")
        fields = {name: value for name, value in fields.items() if value or name in required}
    limits = {"signedMeterData": longest, "publicKey": 2500, "signingMethod": 50, "encodingMethod": 50}
    return None if any(len(value) > limits[name] for name, value in fields.items()) else fields


def signed_register_wh(signed: str) -> int | None:
    """Return the register that a charger signed, in Wh, where it is OCMF in plain text; None: it cannot be read."""
    document = _object(signed.removeprefix("OCMF|").rpartition("|")[0]) if signed.startswith("OCMF|") else None
    readings = document.get("RD") if document is not None else None
    if not isinstance(readings, list) or not readings or not isinstance(readings[-1], dict):
        return None
    value, factor = readings[-1].get("RV"), {"kwh": 1000, "wh": 1}.get(str(readings[-1].get("RU")).casefold())
    if factor is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return round(float(value) * factor)
    except ValueError, OverflowError:
        return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return read if isinstance(read, dict) else None


def _rounded(value: float) -> float:
    return round(value, 3)
