"""Nothing that a station writes makes a parser raise."""

from datetime import UTC
from typing import Any

from hypothesis import given, strategies as st

from custom_components.offline_evse.engine.csms.ocpp201.codec import Ocpp201Codec
from custom_components.offline_evse.engine.csms.ocpp201.edition import OCPP_201
from custom_components.offline_evse.engine.model.station_event import TransactionReported
from tests.engine.clock import ManualClock
from tests.engine.csms.any_command import JSON
from tests.engine.csms.tally import Tally

SERVED = frozenset(
    {
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "Heartbeat",
        "MeterValues",
        "NotifyReport",
        "StatusNotification",
        "TransactionEvent",
    }
)
SAMPLED = st.fixed_dictionaries(
    {"value": JSON | st.floats()},
    optional={
        "measurand": JSON | st.sampled_from(["SoC", "Voltage", "Current.Import"]),
        "phase": JSON | st.sampled_from(["L1", "L2-N", "L3-L1"]),
        "unitOfMeasure": JSON | st.fixed_dictionaries({}, optional={"unit": JSON, "multiplier": JSON}),
        "signedMeterValue": JSON,
        "context": JSON,
        "location": JSON,
    },
)
METER_VALUES = st.lists(st.fixed_dictionaries({}, optional={"timestamp": JSON, "sampledValue": st.lists(SAMPLED)}))


@given(
    action=st.sampled_from(sorted(SERVED | OCPP_201.notices)),
    payload=JSON
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                "eventType",
                "timestamp",
                "triggerReason",
                "seqNo",
                "offline",
                "idToken",
                "connectorStatus",
                "connectorId",
                "evseId",
                "chargingStation",
                "requestId",
                "tbc",
                "vendorId",
            ),
            JSON,
        )
        | {
            "transactionInfo": JSON
            | st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("transactionId", "chargingState", "stoppedReason", "remoteStartId"), JSON)
            ),
            "evse": JSON | st.fixed_dictionaries({}, optional={"id": JSON, "connectorId": JSON}),
            "meterValue": JSON | METER_VALUES,
            "reportData": JSON
            | st.lists(
                st.fixed_dictionaries(
                    {
                        "component": JSON | st.fixed_dictionaries({"name": JSON}, optional={"evse": JSON}),
                        "variable": JSON | st.fixed_dictionaries({"name": JSON}),
                    },
                    optional={"variableAttribute": JSON | st.fixed_dictionaries({"value": JSON})},
                )
            ),
        },
    ),
)
def test_nothing_in_a_payload_raises(action: str, payload: Any) -> None:
    """Every event of a transaction becomes a report with aware times, finite numbers and sane ids."""
    event = Ocpp201Codec("cp1", ManualClock(), Tally()).decode_call(action, payload)
    assert isinstance(event, TransactionReported) == (action == "TransactionEvent")
    if isinstance(event, TransactionReported):
        report = event.report
        assert report.timestamp.tzinfo is UTC
        assert report.evse_id is None or 0 < report.evse_id < 2**31
        assert report.seq_no is None or 0 <= report.seq_no < 2**31
        for sample in report.samples:
            assert sample.timestamp.tzinfo is UTC
            assert sample.energy_import_wh is None or abs(sample.energy_import_wh) <= 10**15
