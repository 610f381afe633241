"""Tables as spreadsheets write them, and as they can read them without harm."""

import csv
from io import StringIO
from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""
MOST_BYTES: Final = 2_000_000


def decoded(content: bytes) -> str:
    """Read a file as spreadsheets save them: UTF-8 with or without a mark, UTF-16, or the old Windows set."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_table(text: str) -> list[dict[str, str]]:
    """Read rows by the names in the first one, whichever of semicolon, comma and tab parts them.

    Names are compared without regard to case and blanks. Cells that were kept from being formulas are given back as
    they were. Rows without anything in them are left out.

    Raises:
        ValueError: There is no first row, or the table cannot be read.

    """
    lines = text.removeprefix("\ufeff").replace("\x00", "")
    head, _, rest = lines.lstrip("\r\n").partition("\n")
    if head.strip().casefold().startswith("sep="):
        # A line for one spreadsheet's own use.
        lines, head = rest, rest.lstrip("\r\n").partition("\n")[0]
    if not head.strip():
        raise ValueError("empty")
    delimiter = max(";,\t", key=head.count)
    try:
        rows = list(csv.reader(StringIO(lines.lstrip("\r\n"), newline=""), delimiter=delimiter, strict=False))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    names = [_plain(name).casefold().replace(" ", "_") for name in rows[0]]
    table: list[dict[str, str]] = []
    for row in rows[1:]:
        cells = {name: _plain(cell) for name, cell in zip(names, row, strict=False) if name}
        if any(cells.values()):
            table.append(cells)
    return table


def write_table(names: tuple[str, ...], rows: list[dict[str, str]]) -> str:
    """Write rows so that a spreadsheet takes none of their cells for a formula."""
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_safe(row.get(name, "")) for name in names] for row in rows)
    return out.getvalue()


def _safe(cell: str) -> str:
    """Put an apostrophe before what would be a formula, and before one that is there already."""
    return f"'{cell}" if cell.startswith((*FORMULA, "'")) else cell


def _plain(cell: str) -> str:
    told = cell.strip(" ")
    return (told[1:] if told.startswith("'") and told[1:].startswith((*FORMULA, "'")) else told).strip()
