"""Messages as the `ocpp` package builds them, from both ends."""

from typing import Any

from ocpp.charge_point import remove_nones, serialize_as_dict, snake_to_camel_case
from ocpp.v201 import call
from ocpp.v201.datatypes import (
    ChargingStationType,
    EVSEType,
    IdTokenType,
    MeterValueType,
    SampledValueType,
    TransactionType,
)
from ocpp.v201.enums import (
    BootReasonEnumType,
    ChargingStateEnumType,
    ConnectorStatusEnumType,
    IdTokenEnumType,
    TransactionEventEnumType,
    TriggerReasonEnumType,
)

from custom_components.offline_evse.engine.csms.ocpp201.codec import Ocpp201Codec
from custom_components.offline_evse.engine.model.station import ChargingState, OcppVersion
from custom_components.offline_evse.engine.model.station_event import (
    BootReported,
    IdTokenPresented,
    StationEvent,
    StatusReported,
    TransactionReported,
)
from custom_components.offline_evse.engine.ocppj.schemas import check_request
from tests.engine.csms.tally import Tally


def decoded(codec: Ocpp201Codec, message: Any) -> StationEvent:
    """Write a message as the library does, make sure that it is valid, and decode it."""
    payload = remove_nones(snake_to_camel_case(serialize_as_dict(message)))
    check_request(OcppVersion.V201, type(message).__name__, payload)
    return codec.decode_call(type(message).__name__, payload)


def test_what_a_standard_station_says_has_no_oddity(codec: Ocpp201Codec, tally: Tally) -> None:
    """Every message of a session."""
    stamp = "2026-06-01T11:00:00Z"
    station = ChargingStationType(vendor_name="vendor", model="model")
    boot = decoded(codec, call.BootNotification(station, BootReasonEnumType.power_up))
    assert isinstance(boot, BootReported)
    assert boot.reason == "PowerUp"
    status = call.StatusNotification(stamp, ConnectorStatusEnumType.available, 1, 1)
    assert isinstance(decoded(codec, status), StatusReported)
    token = IdTokenType("DEADBEEF", IdTokenEnumType.iso14443)
    assert isinstance(decoded(codec, call.Authorize(token)), IdTokenPresented)
    event = decoded(
        codec,
        call.TransactionEvent(
            event_type=TransactionEventEnumType.started,
            timestamp=stamp,
            trigger_reason=TriggerReasonEnumType.authorized,
            seq_no=0,
            transaction_info=TransactionType("tx-1", charging_state=ChargingStateEnumType.ev_connected),
            meter_value=[MeterValueType(timestamp=stamp, sampled_value=[SampledValueType(100.0)])],
            evse=EVSEType(1, 1),
            id_token=token,
        ),
    )
    assert isinstance(event, TransactionReported)
    assert event.report.transaction_id == "tx-1"
    assert event.report.charging_state is ChargingState.EV_CONNECTED
    assert event.report.samples[0].energy_import_wh == 100
    assert not tally.met
