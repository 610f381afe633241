"""What chargers send most: MeterValues of OCPP 1.6 with eight sampled values, as a three-phase charger does."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any

INTERVAL_S = 10
_POWER_W = 11_040


def _sampled(measurand: str, value: str, unit: str, phase: str | None = None) -> dict[str, str]:
    sampled = {
        "value": value,
        "context": "Sample.Periodic",
        "format": "Raw",
        "measurand": measurand,
        "location": "Outlet",
        "unit": unit,
    }
    return sampled if phase is None else {**sampled, "phase": phase}


def beginning(messages: int, interval_s: float = INTERVAL_S) -> datetime:
    """Return the time of the first of so many messages, if the last one is sent about now."""
    return datetime.now(UTC) - timedelta(seconds=messages * interval_s)


def register_wh(number: int, interval_s: float = INTERVAL_S) -> int:
    """Return the energy register in the message with this number, in Wh."""
    return 1_000_000 + int(number * _POWER_W * interval_s / 3600)


def payload(number: int, transaction_id: int | None, first: datetime, interval_s: float = INTERVAL_S) -> dict[str, Any]:
    """Return the payload of the message with this number, each so long after the one before."""
    sampled_at = first + timedelta(seconds=number * interval_s)
    power_w = _POWER_W + number % 7
    values: dict[str, Any] = {
        "connectorId": 1,
        "meterValue": [
            {
                "timestamp": sampled_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "sampledValue": [
                    _sampled("Energy.Active.Import.Register", str(register_wh(number, interval_s)), "Wh"),
                    _sampled("Power.Active.Import", str(power_w), "W"),
                    *(
                        _sampled("Current.Import", f"{15.8 + number % 3 / 10:.1f}", "A", f"L{phase}")
                        for phase in (1, 2, 3)
                    ),
                    *(_sampled("Voltage", f"{229 + number % 3}.4", "V", f"L{at}-N") for at in (1, 2, 3)),
                ],
            }
        ],
    }
    return values if transaction_id is None else {**values, "transactionId": transaction_id}


def frame(number: int, transaction_id: int | None, first: datetime, interval_s: float = INTERVAL_S) -> bytes:
    """Return the whole CALL as a charger writes it."""
    message = [2, f"{number:08d}-meter-values", "MeterValues", payload(number, transaction_id, first, interval_s)]
    return json.dumps(message, separators=(",", ":")).encode()
