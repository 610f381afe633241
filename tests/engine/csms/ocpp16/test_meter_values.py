"""Meter values as messages: which transaction, which moment."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
from custom_components.offline_evse.engine.model.meter import EvseSample, ReadingContext
from custom_components.offline_evse.engine.model.station_event import MeterValuesReported, TransactionReported
from custom_components.offline_evse.engine.model.transaction import TransactionEventType, TransactionReport
from tests.engine.clock import NOON
from tests.engine.csms.ocpp16.samples import STAMP, reading, sample_of
from tests.engine.csms.tally import Tally


def report_of(codec: Ocpp16Codec, payload: dict[str, Any]) -> TransactionReport:
    """Decode meter values of a transaction."""
    event = codec.decode_call("MeterValues", payload)
    assert isinstance(event, TransactionReported)
    return event.report


def test_full_sample_of_a_transaction(codec: Ocpp16Codec, tally: Tally) -> None:
    """Everything that is usual, without a single oddity."""
    sampled = [
        reading("1234567", "Energy.Active.Import.Register", unit="Wh", context="Sample.Periodic", format="Raw"),
        reading("11.04", "Power.Active.Import", unit="kW", location="Outlet"),
        *(reading(str(16 - n), "Current.Import", unit="A", phase=f"L{n + 1}") for n in range(3)),
        *(reading(str(230 + n), "Voltage", unit="V", phase=f"L{n + 1}-N") for n in range(3)),
        reading("16", "Current.Offered", unit="A"),
        reading("55", "SoC", unit="Percent", location="EV"),
        reading("31.5", "Temperature", unit="Celsius", location="Body"),
    ]
    report = report_of(
        codec,
        {"connectorId": 2, "transactionId": 77, "meterValue": [{"timestamp": STAMP, "sampledValue": sampled}]},
    )
    stamp = datetime(2026, 6, 1, 11, 59, 50, tzinfo=UTC)
    assert report == TransactionReport(
        station_id="cp1",
        event_type=TransactionEventType.UPDATED,
        received_at=NOON,
        timestamp=stamp,
        transaction_id="77",
        evse_id=2,
        connector_id=1,
        samples=(
            EvseSample(
                timestamp=stamp,
                context=ReadingContext.SAMPLE_PERIODIC,
                energy_import_wh=1234567,
                power_w=11040.0,
                currents_a=(16.0, 15.0, 14.0),
                voltages_v=(230.0, 231.0, 232.0),
                offered_a=16.0,
                soc_percent=55.0,
                temperature_c=31.5,
            ),
        ),
    )
    assert not tally.met


def test_huawei_meter_value_object(codec: Ocpp16Codec, tally: Tally) -> None:
    """`meterValue` and `sampledValue` are objects where lists belong."""
    report = report_of(
        codec,
        {
            "connectorId": 1,
            "transactionId": 1,
            "meterValue": {"timestamp": STAMP, "sampledValue": {"value": "1.5", "unit": "kWh"}},
        },
    )
    assert report.transaction_id == "1"
    assert report.samples[0].energy_import_wh == 1500
    assert tally.met == {"meter_value_not_a_list": 1, "sampled_value_not_a_list": 1}


def test_vestel_empty_sampled_value(codec: Ocpp16Codec, tally: Tally) -> None:
    """An empty list says nothing, and the message still counts as one of the transaction."""
    report = report_of(
        codec, {"connectorId": 1, "transactionId": 5, "meterValue": [{"timestamp": STAMP, "sampledValue": []}]}
    )
    assert report.samples == ()
    assert report.timestamp == datetime(2026, 6, 1, 11, 59, 50, tzinfo=UTC)
    assert tally.met == {"no_sampled_value": 1}


@pytest.mark.parametrize("transaction_id", [-16, 0, "0", "-1", "abc", 1.5e20, True])
def test_etrel_transaction_id_of_its_own(codec: Ocpp16Codec, tally: Tally, transaction_id: object) -> None:
    """An id that we cannot have given leaves the match to the connector."""
    report = report_of(codec, {"connectorId": 2, "transactionId": transaction_id, "meterValue": []})
    assert (report.transaction_id, report.evse_id) == (None, 2)
    assert tally.met["transaction_id_not_ours"] == 1


def test_transaction_id_as_text(codec: Ocpp16Codec, tally: Tally) -> None:
    """It is a number on the wire and a text in the model."""
    assert report_of(codec, {"connectorId": 1, "transactionId": "77", "meterValue": []}).transaction_id == "77"
    assert tally.met == {"number_as_text": 1}


def test_no_transaction_id_is_no_transaction(codec: Ocpp16Codec) -> None:
    """Connector 0 is the meter of the station."""
    event = codec.decode_call(
        "MeterValues", {"connectorId": 0, "meterValue": [{"timestamp": STAMP, "sampledValue": [reading("7")]}]}
    )
    assert isinstance(event, MeterValuesReported)
    assert event.evse_id == 0
    assert event.samples[0].energy_import_wh == 7


def test_missing_connector_id(codec: Ocpp16Codec, tally: Tally) -> None:
    """The transaction id is enough to match."""
    report = report_of(codec, {"transactionId": 4, "meterValue": []})
    assert (report.transaction_id, report.evse_id, report.connector_id) == ("4", None, None)
    assert tally.met == {"missing_connector_id": 1}


def test_several_meter_values_come_in_time_order(codec: Ocpp16Codec) -> None:
    """One sample each; the report has the time of the newest."""
    entries = [{"timestamp": f"2026-06-01T1{hour}:00:00Z", "sampledValue": [reading(str(hour))]} for hour in (2, 0, 1)]
    report = report_of(codec, {"connectorId": 1, "transactionId": 1, "meterValue": entries})
    assert [sample.energy_import_wh for sample in report.samples] == [0, 1, 2]
    assert report.timestamp == datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "read", "oddity"),
    [
        ("2026-06-01T10:00:00Z", datetime(2026, 6, 1, 10, tzinfo=UTC), None),
        ("2026-06-01T12:00:00.123456789+02:00", datetime(2026, 6, 1, 10, 0, 0, 123456, tzinfo=UTC), None),
        ("2026-06-01T10:00:00", datetime(2026, 6, 1, 10, tzinfo=UTC), "timestamp_without_zone"),
        ("2026-6-1 9:05:07", datetime(2026, 6, 1, 9, 5, 7, tzinfo=UTC), "timestamp_without_zone"),
        ("2026/06/01 10:00:00 Z", datetime(2026, 6, 1, 10, tzinfo=UTC), "timestamp_not_iso"),
        ("2026-06-01 12:00:00 +2:00", datetime(2026, 6, 1, 10, tzinfo=UTC), "timestamp_not_iso"),
        ("2026-6-01 5:00:00 -0500", datetime(2026, 6, 1, 10, tzinfo=UTC), "timestamp_not_iso"),
        ("2026-06-01T09:59:60Z", datetime(2026, 6, 1, 10, tzinfo=UTC), "timestamp_not_iso"),
        (1780308000, datetime(2026, 6, 1, 10, tzinfo=UTC), "timestamp_as_number"),
        (1780308000000, datetime(2026, 6, 1, 10, tzinfo=UTC), "timestamp_as_number"),
        ("1970-01-01T00:00:05Z", datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC), None),
        ("2099-01-01T00:00:00Z", datetime(2099, 1, 1, tzinfo=UTC), None),
        ("yesterday", NOON, "unreadable_timestamp"),
        ("0001-01-01T00:00:00+14:00", NOON, "unreadable_timestamp"),
        ("", NOON, "unreadable_timestamp"),
        (None, NOON, "missing_timestamp"),
        ([], NOON, "unreadable_timestamp"),
    ],
)
def test_timestamps(codec: Ocpp16Codec, tally: Tally, written: object, read: datetime, oddity: str | None) -> None:
    """A time is kept as it came, however wrong; only one that cannot be read is that of the arrival."""
    assert sample_of(codec, reading("1"), timestamp=written).timestamp == read
    assert set(tally.met) == ({oddity} if oddity else set())
