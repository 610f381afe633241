"""Cards as rows of a table, and rows as cards. One bad row keeps no other from being read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
import re
from typing import Final

from ..engine.model.credential import Credential, CredentialKind, HolderKind
from ..engine.model.id_token import IdToken, IdTokenType
from .card_list import is_card
from .csv_cells import read_table, write_table
from .weekly_hours import format_hours, parse_hours

COLUMNS: Final = (
    "card",
    "name",
    "holder",
    "valid_from",
    "valid_until",
    "hours",
    "chargers",
    "session_kwh",
    "session_hours",
    "day_kwh",
    "total_kwh",
    "money",
    "sessions",
    "priority",
    "group",
    "master",
    "blocked",
    "type",
)
LONGEST_CARD: Final = 36
LONGEST_NAME: Final = 100
MOST_ROWS: Final = 10_000

_SPOILED: Final = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
"""What a spreadsheet makes of a long number."""
_YES: Final = frozenset({"1", "true", "yes", "y", "x", "ja", "oui"})
_NO: Final = frozenset({"", "0", "false", "no", "n", "nein", "non"})


class RowResult(StrEnum):
    """What a row comes to."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRead:
    """A row, and what it comes to."""

    row: int
    """In the table as a spreadsheet counts: the names are row 1."""
    result: RowResult
    card: str = ""
    name: str = ""
    reasons: tuple[tuple[str, str], ...] = ()
    """Why it is wrong: the key of a sentence, and the column."""
    credential: Credential | None = None


class _WrongCellError(Exception):
    """A cell cannot be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def write_cards(cards: tuple[Credential, ...], chargers: Mapping[str, str], zone: tzinfo) -> str:
    """Write cards as a table; `chargers` are names by station id."""
    return write_table(COLUMNS, [_row(card, chargers, zone) for card in cards])


def read_cards(text: str, known: Mapping[str, Credential], chargers: Mapping[str, str], zone: tzinfo) -> list[RowRead]:
    """Read a table of cards.

    Args:
        text: The table. A column that is missing leaves what is enrolled as it is; an empty cell empties it.
        known: What is enrolled, by `IdToken.key`.
        chargers: Names by station id; a row may name a charger by either.
        zone: Time zone of the place, for times without one.

    Raises:
        ValueError: The text is no table, or has neither a card nor a name in its first row.

    """
    table = read_table(text)
    if len(table) > MOST_ROWS or (table and not {"card", "name"} <= table[0].keys()):
        raise ValueError("columns")
    by_name = {name.casefold(): station_id for station_id, name in chargers.items()}
    by_name |= {station_id.casefold(): station_id for station_id in chargers}
    seen: set[str] = set()
    read: list[RowRead] = []
    for number, cells in enumerate(table, 2):
        row = _read_row(number, cells, known, by_name, zone)
        if row.credential is not None:
            key = row.credential.id_token.key
            if key in seen:
                row = replace(row, result=RowResult.WRONG, reasons=(("row_twice", "card"),), credential=None)
            seen.add(key)
        read.append(row)
    return read


def _read_row(
    number: int, cells: Mapping[str, str], known: Mapping[str, Credential], chargers: Mapping[str, str], zone: tzinfo
) -> RowRead:
    reasons: list[tuple[str, str]] = [("row_unknown_column", name) for name in cells if name not in COLUMNS]
    card = cells.get("card", "")
    if not 1 <= len(card) <= LONGEST_CARD:
        reasons.append(("row_bad_card", "card"))
    elif _SPOILED.fullmatch(card):
        reasons.append(("row_spoiled_card", "card"))
    before = known.get(IdToken(card).key)
    if before is not None and not is_card(before):
        reasons.append(("row_taken", "card"))
    name = cells.get("name", "")
    if not 1 <= len(name) <= LONGEST_NAME:
        reasons.append(("row_bad_name", "name"))
    values: dict[str, object] = {}
    for column in COLUMNS[2:]:
        if column in cells:
            try:
                values[column] = _cell(column, cells[column], chargers, zone)
            except _WrongCellError as error:
                reasons.append((error.reason, column))
    if reasons:
        return RowRead(row=number, result=RowResult.WRONG, card=card, name=name, reasons=tuple(reasons))
    credential = _credential(card, name, before, values)
    begins, ends = credential.terms.valid_from, credential.terms.valid_until
    if begins is not None and ends is not None and ends <= begins:
        wrong = (("row_ends_before", "valid_until"),)
        return RowRead(row=number, result=RowResult.WRONG, card=card, name=name, reasons=wrong)
    result = RowResult.NEW if before is None else RowResult.SAME if before == credential else RowResult.CHANGED
    return RowRead(row=number, result=result, card=card, name=name, credential=credential)


def _credential(card: str, name: str, before: Credential | None, values: dict[str, object]) -> Credential:
    """Put a credential together; what the table does not tell stays as it was."""
    known = before or Credential(id_token=IdToken(card), name=name, kind=CredentialKind.CARD)
    of_terms = {
        "valid_from": "valid_from",
        "valid_until": "valid_until",
        "hours": "hours",
        "chargers": "station_ids",
        "session_kwh": "session_wh",
        "session_hours": "session_s",
        "day_kwh": "day_wh",
        "total_kwh": "total_wh",
        "money": "money",
        "sessions": "session_count",
        "priority": "priority",
    }
    terms = {of_terms[column]: value for column, value in values.items() if column in of_terms}
    own = {column: values[column] for column in ("holder", "group", "master", "blocked") if column in values}
    token = known.id_token
    if isinstance(kind := values.get("type"), IdTokenType):
        token = IdToken(token.value, kind)
    return replace(known, id_token=token, name=name, terms=replace(known.terms, **terms), **own)  # type: ignore[arg-type]


def _cell(column: str, cell: str, chargers: Mapping[str, str], zone: tzinfo) -> object:
    """Read a cell into what the credential has there."""
    match column:
        case "holder":
            return _word(HolderKind, cell or HolderKind.PERSON)
        case "type":
            return _word(IdTokenType, cell or IdTokenType.ISO14443)
        case "valid_from" | "valid_until":
            return _time(cell, zone, ends=column == "valid_until")
        case "hours":
            try:
                return parse_hours(cell)
            except ValueError as error:
                raise _WrongCellError("row_bad_hours") from error
        case "chargers":
            names = [name.strip() for name in re.split(r"[|\n]", cell) if name.strip()]
            if any(name.casefold() not in chargers for name in names):
                raise _WrongCellError("row_no_charger")
            return frozenset(chargers[name.casefold()] for name in names)
        case "session_kwh" | "day_kwh" | "total_kwh":
            return _scaled(cell, 1000)
        case "session_hours":
            return _scaled(cell, 3600)
        case "money":
            return _number(cell)
        case "sessions" | "priority":
            value = _scaled(cell, 1)
            if value is not None and not (value <= 10 if column == "priority" else 1 <= value <= 100):
                raise _WrongCellError("row_bad_number")
            return value
        case "master" | "blocked":
            if cell.casefold() not in _YES | _NO:
                raise _WrongCellError("row_bad_yes_no")
            return cell.casefold() in _YES
    return cell or None


def _word[WordT: StrEnum](kind: type[WordT], cell: str) -> WordT:
    for word in kind:
        if word.casefold() == cell.casefold():
            return word
    raise _WrongCellError("row_bad_word")


def _number(cell: str) -> Decimal | None:
    """Read a number with a point or a comma before its decimals; what could mean two things is wrong."""
    if not cell:
        return None
    if not re.fullmatch(r"\d{1,9}(?:[.,]\d{1,6})?", cell):
        raise _WrongCellError("row_bad_number")
    try:
        return Decimal(cell.replace(",", "."))
    except InvalidOperation as error:
        raise _WrongCellError("row_bad_number") from error


def _scaled(cell: str, factor: int) -> int | None:
    value = _number(cell)
    return None if value is None else round(value * factor)


def _time(cell: str, zone: tzinfo, *, ends: bool) -> datetime | None:
    """Read a time; a date alone is its first moment, or, where something ends, its last."""
    if not cell:
        return None
    told = cell
    if day_first := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(.*)", cell):
        day, month, year, rest = day_first.groups()
        told = f"{year}-{int(month):02}-{int(day):02}{rest}"
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", told):
            day_at = datetime.combine(datetime.fromisoformat(told).date(), time(), zone)
            return (day_at + timedelta(days=1) if ends else day_at).astimezone(UTC)
        at = datetime.fromisoformat(told)
    except (ValueError, OverflowError) as error:
        raise _WrongCellError("row_bad_time") from error
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _row(card: Credential, chargers: Mapping[str, str], zone: tzinfo) -> dict[str, str]:
    terms = card.terms
    return {
        "card": card.id_token.value,
        "name": card.name,
        "holder": card.holder.value,
        "valid_from": _time_text(terms.valid_from, zone),
        "valid_until": _time_text(terms.valid_until, zone),
        "hours": format_hours(terms.hours),
        "chargers": " | ".join(sorted(chargers.get(it, it) for it in terms.station_ids)),
        "session_kwh": _number_text(terms.session_wh, 1000),
        "session_hours": _number_text(terms.session_s, 3600),
        "day_kwh": _number_text(terms.day_wh, 1000),
        "total_kwh": _number_text(terms.total_wh, 1000),
        "money": "" if terms.money is None else f"{terms.money:f}",
        "sessions": _number_text(terms.session_count, 1),
        "priority": _number_text(terms.priority, 1),
        "group": card.group or "",
        "master": "yes" if card.master else "",
        "blocked": "yes" if card.blocked else "",
        "type": card.id_token.type.value,
    }


def _number_text(value: int | None, unit: int) -> str:
    return "" if value is None else f"{(Decimal(value) / unit).quantize(Decimal('0.000001')).normalize():f}"


def _time_text(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else at.astimezone(zone).replace(microsecond=0).isoformat()
