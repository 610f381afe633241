"""Writing and reading meter values of OCPP 1.6."""

from typing import Any

from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.station_event import MeterValuesReported

STAMP = "2026-06-01T11:59:50.000Z"


def sample_of(codec: Ocpp16Codec, *sampled: dict[str, Any], **fields: Any) -> EvseSample:
    """Decode one meter value outside a transaction."""
    entry = {"timestamp": STAMP, "sampledValue": list(sampled)} | fields
    event = codec.decode_call("MeterValues", {"connectorId": 1, "meterValue": [entry]})
    assert isinstance(event, MeterValuesReported)
    assert len(event.samples) == 1
    return event.samples[0]


def reading(value: object, measurand: str | None = None, **more: object) -> dict[str, Any]:
    """Write a sampled value."""
    return {"value": value} | ({"measurand": measurand} if measurand else {}) | more
