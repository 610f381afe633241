"""Tables of cards: what spreadsheets make of them, and what is made of what they send."""

from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.model.credential import Credential, CredentialKind, HolderKind, Terms
from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from custom_components.offline_evse.people.csv_cards import COLUMNS, RowRead, RowResult, read_cards, write_cards
from custom_components.offline_evse.people.csv_cells import FORMULA, decoded, read_table, write_table
from custom_components.offline_evse.people.weekly_hours import format_hours, parse_hours

BERLIN = ZoneInfo("Europe/Berlin")
CHARGERS = {"CP-1": "Garage", "CP-2": "Yard"}
FULL = Credential(
    id_token=IdToken("0404A2B3", IdTokenType.ISO15693),
    name="Ann; the “first”, of 3",
    holder=HolderKind.FLEET,
    group="vans",
    master=True,
    blocked=True,
    terms=Terms(
        valid_from=datetime(2027, 1, 1, tzinfo=UTC),
        valid_until=datetime(2027, 12, 31, 11, 30, tzinfo=UTC),
        hours=parse_hours("mon-fri 07:00-19:00, sat 22:00-04:00"),
        station_ids=frozenset(CHARGERS),
        session_wh=12_345,
        session_s=5400,
        day_wh=50_000,
        total_wh=1_000_000,
        money=Decimal("12.50"),
        priority=5,
        session_count=2,
    ),
)


def read(text: str, *known: Credential) -> list[RowRead]:
    return read_cards(text, {it.id_token.key: it for it in known}, CHARGERS, BERLIN)


def reasons(text: str, *known: Credential) -> list[tuple[str, str]]:
    return [reason for row in read(text, *known) for reason in row.reasons]


def test_what_is_written_is_read_again() -> None:
    text = write_cards((FULL,), CHARGERS, BERLIN)
    assert text.splitlines()[0] == ",".join(COLUMNS)
    (row,) = read(text)
    assert (row.result, row.credential) == (RowResult.NEW, FULL)
    (row,) = read(text, FULL)
    assert row.result is RowResult.SAME


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_whatever_a_spreadsheet_saves_is_read(delimiter: str, codec: str) -> None:
    text = delimiter.join(("Card", "NAME", "valid until")) + "\r\n" + delimiter.join(("A1", "Jörg", "31.01.2027"))
    (row,) = read(decoded(text.encode(codec)))
    assert row.credential is not None
    assert row.credential.name == "Jörg"
    assert row.credential.terms.valid_until == datetime(2027, 1, 31, 23, tzinfo=UTC), (
        "the whole day, by the clock there"
    )


def test_a_line_for_the_spreadsheet_itself_is_passed_over() -> None:
    (row,) = read("\ufeffsep=;\r\ncard;name\r\nA1;Ann\r\n;\r\n")
    assert row.name == "Ann"


@pytest.mark.parametrize("sign", [*FORMULA, "'"])
def test_no_cell_becomes_a_formula(sign: str) -> None:
    evil = Credential(id_token=IdToken("A1"), name=f"{sign}cmd|' /C calc'!A0")
    text = write_cards((evil,), CHARGERS, BERLIN)
    cells = text.splitlines()[1].split(",", 2)
    assert cells[1].strip('"').startswith("'")
    assert read_table(text)[0]["card"] == "A1"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12), min_size=2, max_size=2))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_every_text_survives_the_way_through_a_table(cells: list[str]) -> None:
    row = dict(zip(("card", "name"), cells, strict=True))
    text = write_table(("card", "name"), [row])
    told = [cell.strip() for cell in cells]
    again = read_table(text)
    assert all(not line.startswith(FORMULA) for line in text.splitlines())
    if any(told) and not any(mark in cell for cell in cells for mark in "\r\n\t"):
        assert [again[0]["card"], again[0]["name"]] == told


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_text_does_any_harm(text: str) -> None:
    try:
        rows = read(f"card,name,hours,money,valid_until\n{text}")
    except ValueError:
        return
    assert all((row.credential is None) is (row.result is RowResult.WRONG) for row in rows)


@pytest.mark.parametrize(
    ("columns", "cells", "reason"),
    [
        ("card,name", ",Ann", ("row_bad_card", "card")),
        ("card,name", "4.2E+13,Ann", ("row_spoiled_card", "card")),
        ("card,name", f"{'A' * 37},Ann", ("row_bad_card", "card")),
        ("card,name", "A1,", ("row_bad_name", "name")),
        ("card,name,hours", "A1,Ann,always", ("row_bad_hours", "hours")),
        ("card,name,chargers", "A1,Ann,Moon", ("row_no_charger", "chargers")),
        ("card,name,day_kwh", "A1,Ann,1.000.000", ("row_bad_number", "day_kwh")),
        ("card,name,priority", "A1,Ann,11", ("row_bad_number", "priority")),
        ("card,name,master", "A1,Ann,maybe", ("row_bad_yes_no", "master")),
        ("card,name,holder", "A1,Ann,dog", ("row_bad_word", "holder")),
        ("card,name,valid_until", "A1,Ann,02/03/2027", ("row_bad_time", "valid_until")),
        ("card,name,colour", "A1,Ann,red", ("row_unknown_column", "colour")),
    ],
)
def test_a_wrong_cell_is_named(columns: str, cells: str, reason: tuple[str, str]) -> None:
    assert reasons(f"{columns}\n{cells}") == [reason]


def test_a_wrong_row_keeps_no_other_from_being_read() -> None:
    assert [row.result for row in read("card,name\n,Ann\nB2,Ben\nC3,")] == [
        RowResult.WRONG,
        RowResult.NEW,
        RowResult.WRONG,
    ]


def test_a_card_stands_in_a_table_once() -> None:
    first, second = read("card,name\na1,Ann\nA1,Ben")
    assert (first.result, second.result, second.reasons) == (RowResult.NEW, RowResult.WRONG, (("row_twice", "card"),))


def test_the_end_comes_after_the_beginning() -> None:
    assert reasons("card,name,valid_from,valid_until\nA1,Ann,2027-02-01,2027-01-01") == [
        ("row_ends_before", "valid_until")
    ]


def test_a_pass_is_no_row() -> None:
    key = Credential(id_token=IdToken("A1"), name="Phone", kind=CredentialKind.BLE_KEY)
    assert reasons("card,name\nA1,Ann", key) == [("row_taken", "card")]


def test_a_column_that_is_missing_changes_nothing() -> None:
    (row,) = read("card,name,priority\n0404a2b3,Ann,7", FULL)
    assert row.result is RowResult.CHANGED
    assert row.credential is not None
    assert row.credential.terms.priority == 7
    assert row.credential.terms.total_wh == FULL.terms.total_wh
    (row,) = read("card,name,total_kwh\n0404A2B3,Ann,", FULL)
    assert row.credential is not None
    assert row.credential.terms.total_wh is None, "an empty cell empties it"


@pytest.mark.parametrize("text", ["", "\n\n", "holder;money\nx;y", "just words\nand more"])
def test_what_is_no_table_of_cards_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="empty|columns"):
        read(text)


def test_hours_are_read_as_people_write_them() -> None:
    (night,) = parse_hours("Fri - Mon 22:00 - 06:00")
    assert (night.weekdays, night.begins, night.ends) == (frozenset({4, 5, 6, 0}), time(22), time(6))
    (always,) = parse_hours("0:00-24:00")
    assert (always.weekdays, always.begins, always.ends) == (frozenset(range(7)), time(0), time(0))
    text = "mon-fri 07:00-19:00, sat+sun 08:00-12:00"
    assert format_hours(parse_hours(text)) == text
    for wrong in ("mon", "mon 7-9", "xyz 07:00-08:00", "mon 07:00-08:00 sat", "mon 25:00-26:00"):
        with pytest.raises(ValueError, match="[a-z0-9]"):
            parse_hours(wrong)
