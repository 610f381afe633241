"""Prices in the shapes that integrations really tell them in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from homeassistant.util import dt as dt_util
import pytest

from custom_components.offline_evse.inputs.price_shapes import price_of, slots_of, slots_of_answer

MIDNIGHT = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
FIRST = [Decimal("0.21"), Decimal("-0.05")]


@pytest.fixture(autouse=True)
def berlin() -> Any:
    """The place is in Berlin."""
    before = dt_util.get_default_time_zone()
    zone = dt_util.get_time_zone("Europe/Berlin")
    assert zone is not None
    dt_util.set_default_time_zone(zone)
    yield
    dt_util.set_default_time_zone(before)


def today() -> datetime:
    return dt_util.start_of_local_day(MIDNIGHT.astimezone(dt_util.get_default_time_zone()).date())


SHAPES: dict[str, dict[str, Any]] = {
    "nord pool": {
        "raw_today": [
            {
                "start": dt_util.parse_datetime("2026-11-21T00:00:00+01:00"),
                "end": dt_util.parse_datetime("2026-11-21T01:00:00+01:00"),
                "value": 0.21,
            },
        ],
        "raw_tomorrow": [
            {"start": "2026-11-21T01:00:00+01:00", "end": "2026-11-21T02:00:00+01:00", "value": -0.05},
        ],
        "tomorrow_valid": True,
    },
    "energi data service": {
        "raw_today": [
            {"hour": "2026-11-21T00:00:00+01:00", "price": 0.21},
            {"hour": "2026-11-21T01:00:00+01:00", "price": -0.05},
        ],
        "raw_tomorrow": None,
    },
    "entso-e": {
        "prices_today": [
            {"time": "2026-11-21 00:00:00+01:00", "price": 0.21},
            {"time": "2026-11-21 01:00:00+01:00", "price": -0.05},
        ],
        "prices_tomorrow": [],
        "prices": [{"time": "2026-11-19 00:00:00+01:00", "price": 9}],
    },
    "epex spot": {
        "data": [
            {"start_time": "2026-11-21T00:00:00+01:00", "end_time": "2026-11-21T01:00:00+01:00", "price_per_kwh": 0.21},
            {
                "start_time": "2026-11-21T01:00:00+01:00",
                "end_time": "2026-11-21T02:00:00+01:00",
                "price_per_kwh": -0.05,
            },
        ]
    },
    "tibber": {
        "today": [
            {"total": 0.21, "energy": 0.1, "tax": 0.11, "startsAt": "2026-11-21T00:00:00.000+01:00"},
            {"total": -0.05, "energy": -0.1, "tax": 0.05, "startsAt": "2026-11-21T01:00:00.000+01:00"},
        ],
        "tomorrow": [],
    },
    "octopus": {
        "rates": [
            {"start": "2026-11-20T23:00:00Z", "end": "2026-11-21T00:00:00Z", "value_inc_vat": 0.21, "is_capped": False},
            {
                "start": "2026-11-21T00:00:00Z",
                "end": "2026-11-21T01:00:00Z",
                "value_inc_vat": -0.05,
                "is_capped": False,
            },
        ]
    },
    "amber": {
        "forecasts": [
            {
                "duration": 30,
                "per_kwh": 0.21,
                "spot_per_kwh": 0.1,
                "start_time": "2026-11-20T23:00:01+00:00",
                "end_time": "2026-11-21T00:00:00+00:00",
            },
            {
                "duration": 30,
                "per_kwh": -0.05,
                "spot_per_kwh": 0.1,
                "start_time": "2026-11-21T00:00:01+00:00",
                "end_time": "2026-11-21T01:00:00+00:00",
            },
        ]
    },
    "awattar": {
        "data": [
            {"start_timestamp": 1795215600000, "end_timestamp": 1795219200000, "marketprice": 210, "unit": "Eur/MWh"},
            {"start_timestamp": 1795219200000, "end_timestamp": 1795222800000, "marketprice": -50, "unit": "Eur/MWh"},
        ]
    },
    "zonneplan": {
        "forecast": [
            {"datetime": "2026-11-20T23:00:00.000000Z", "electricity_price": 2100000},
            {"datetime": "2026-11-21T00:00:00.000000Z", "electricity_price": -500000},
        ]
    },
    "frank energie": {
        "prices": [
            {"from": "2026-11-21T00:00:00+01:00", "till": "2026-11-21T01:00:00+01:00", "price": 0.21},
            {"from": "2026-11-21T01:00:00+01:00", "till": "2026-11-21T02:00:00+01:00", "price": -0.05},
        ]
    },
    "omie": {
        "today_hours": {"2026-11-21T00:00:00+01:00": 0.21, "2026-11-21T01:00:00+01:00": -0.05, "broken": "x"},
    },
    "pvpc": {"price_00h": 0.21, "price_01h": -0.05, "price_position": 3},
    "plain lists": {"today": [0.21, -0.05] + [0.3] * 22},
}


@pytest.mark.parametrize("name", SHAPES)
def test_shape(name: str) -> None:
    slots = slots_of(SHAPES[name], today())
    assert [slot.price for slot in slots[:2]] == FIRST
    assert slots[0].start == MIDNIGHT
    assert slots[0].end == slots[1].start == MIDNIGHT + timedelta(hours=1)
    assert slots[1].end == MIDNIGHT + timedelta(hours=2)


def test_quarters_of_an_hour() -> None:
    slots = slots_of({"today": [0.1] * 96}, today())
    assert len(slots) == 96
    assert slots[0].end - slots[0].start == timedelta(minutes=15)
    assert slots[-1].end == MIDNIGHT + timedelta(days=1)


def test_a_day_of_25_hours() -> None:
    autumn = dt_util.start_of_local_day(datetime(2026, 10, 25).date())
    slots = slots_of({"today": [0.1] * 25}, autumn)
    assert len(slots) == 25
    assert all(slot.end - slot.start == timedelta(hours=1) for slot in slots)


def test_answers_of_actions() -> None:
    """Nord Pool answers per MWh and area, Tibber by home."""
    nord_pool = {"SE3": [{"start": "2026-11-20T23:00:00+00:00", "end": "2026-11-20T23:15:00+00:00", "price": 210.0}]}
    (slot,) = slots_of_answer(nord_pool, today(), Decimal("0.001"))
    assert slot.price == FIRST[0]
    tibber = {"prices": {"Home": [{"start_time": "2026-11-21T00:00:00.000+01:00", "price": 0.21}]}}
    (slot,) = slots_of_answer(tibber, today())
    assert (slot.start, slot.price) == (MIDNIGHT, FIRST[0])


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"raw_today": None, "prices": "soon"},
        {"raw_today": [{"start": "yesterday", "value": 1}, {"value": 1}, 7, None]},
        {"data": [{"start_time": "2026-11-21T00:00:00+01:00", "price_per_kwh": "unknown"}]},
        {"today": [1, 2, 3]},
    ],
)
def test_what_cannot_be_read_is_left_out(attributes: dict[str, Any]) -> None:
    assert slots_of(attributes, today()) == ()


def test_a_price() -> None:
    assert price_of("0.1234") == Decimal("0.1234")
    assert [price_of(value) for value in ("nan", "unavailable", None, True, "inf")] == [None] * 5
