"""The index of bugs seen in the field names tests that exist."""

from pathlib import Path
import re

HERE = Path(__file__).parent
INDEX = HERE.parents[1] / "docs" / "field-bugs.md"


def test_every_test_in_the_index_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", INDEX.read_text())
    assert len(named) > 50
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (HERE / path).is_file() or f"def {name}(" not in (HERE / path).read_text()
    ]
    assert missing == []


def test_every_row_of_the_index_names_a_test() -> None:
    rows = [line for line in INDEX.read_text().splitlines() if line.startswith("| ") and "| Test |" not in line]
    assert rows
    assert [row for row in rows if ".py::" not in row] == []
