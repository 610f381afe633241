"""Messages as the `ocpp` package builds them, from both ends."""

from typing import Any

from ocpp.charge_point import remove_nones, serialize_as_dict, snake_to_camel_case
from ocpp.v16 import call
from ocpp.v16.datatypes import MeterValue, SampledValue
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus, Measurand, Phase, ReadingContext, UnitOfMeasure

from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
from custom_components.offline_evse.engine.model.station import ConnectorStatus, OcppVersion
from custom_components.offline_evse.engine.model.station_event import (
    BootReported,
    IdTokenPresented,
    MeterValuesReported,
    StationEvent,
    StatusReported,
    TransactionReported,
)
from custom_components.offline_evse.engine.ocppj.schemas import check_request
from tests.engine.csms.tally import Tally


def decoded(codec: Ocpp16Codec, message: Any) -> StationEvent:
    """Write a message as the library does, make sure that it is valid, and decode it."""
    payload = remove_nones(snake_to_camel_case(serialize_as_dict(message)))
    check_request(OcppVersion.V16, type(message).__name__, payload)
    return codec.decode_call(type(message).__name__, payload)


def test_what_a_standard_charge_point_says_has_no_oddity(codec: Ocpp16Codec, tally: Tally) -> None:
    """Every message of a session."""
    stamp = "2026-06-01T11:00:00Z"
    sampled = [
        SampledValue("100", ReadingContext.sample_periodic, measurand=Measurand.energy_active_import_register),
        SampledValue("16.0", measurand=Measurand.current_import, phase=Phase.l1, unit=UnitOfMeasure.a),
    ]
    assert isinstance(decoded(codec, call.BootNotification("model", "vendor")), BootReported)
    status = decoded(codec, call.StatusNotification(1, ChargePointErrorCode.no_error, ChargePointStatus.preparing))
    assert isinstance(status, StatusReported)
    assert status.status is ConnectorStatus.OCCUPIED
    assert isinstance(decoded(codec, call.Authorize("ABC")), IdTokenPresented)
    assert isinstance(decoded(codec, call.StartTransaction(1, "ABC", 5, stamp)), TransactionReported)
    values = decoded(codec, call.MeterValues(1, [MeterValue(stamp, sampled)], transaction_id=3))
    assert isinstance(values, TransactionReported)
    assert values.report.samples[0].energy_import_wh == 100
    assert values.report.samples[0].currents_a == (16.0,)
    assert isinstance(decoded(codec, call.MeterValues(0, [MeterValue(stamp, sampled)])), MeterValuesReported)
    stop = decoded(codec, call.StopTransaction(105, stamp, 3, transaction_data=[MeterValue(stamp, sampled)]))
    assert isinstance(stop, TransactionReported)
    assert stop.report.register_wh == 105
    assert not tally.met
