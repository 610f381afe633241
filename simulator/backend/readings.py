"""Times and registers as they stand in messages."""

from datetime import UTC, datetime
from typing import Any

REGISTER = "Energy.Active.Import.Register"


def time_of(text: Any) -> datetime | None:
    """Read a time; None: it is none, or does not say its zone."""
    try:
        at = datetime.fromisoformat(text)
    except TypeError, ValueError:
        return None
    return None if at.tzinfo is None else at.astimezone(UTC)


def register_of(meter_value: dict[str, Any]) -> float | None:
    """Return the whole register in Wh of one moment; None: it is not among the values."""
    for sampled in meter_value["sampledValue"]:
        if sampled.get("measurand", REGISTER) != REGISTER or sampled.get("phase") is not None:
            continue
        unit = sampled.get("unit", "Wh")
        multiplier = 0
        if "unitOfMeasure" in sampled:
            unit = sampled["unitOfMeasure"].get("unit", "Wh")
            multiplier = sampled["unitOfMeasure"].get("multiplier", 0)
        # Rounded, because 1.6 kilowatt-hours as binary numbers are not exactly 1600 Wh.
        return round(float(sampled["value"]) * (1000.0 if unit == "kWh" else 1.0) * 10.0**multiplier, 6)
    return None
