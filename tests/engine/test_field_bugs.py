"""What the documentation names is there: tests of the bug index and of the safety case, folders of the architecture."""

from collections.abc import Iterator
from pathlib import Path
import re

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")

FIELD_BUGS = (ROOT / "docs" / "field-bugs.md").read_text(encoding="utf-8")
SAFETY_CASE = (ROOT / "docs" / "load-balancing.md").read_text(encoding="utf-8").partition("## The safety case")[2]

DOCUMENTS = pytest.mark.parametrize(
    ("text", "folder"), [(FIELD_BUGS, HERE), (SAFETY_CASE, ROOT)], ids=["field-bugs", "safety case"]
)


def faults(text: str, folder: Path) -> Iterator[str]:
    """Tell which tests are named and do not exist, and which rows of tables name none."""
    for path, name in NAMED.findall(text):
        file = folder / path
        if not file.is_file() or not re.search(rf"def {name}\(", file.read_text(encoding="utf-8")):
            yield f"no such test: {path}::{name}"
    for row in text.splitlines():
        if row.startswith("| ") and not re.search(r"\| Test (\||$)", row) and not NAMED.search(row):
            yield f"no test: {row}"


@DOCUMENTS
def test_every_row_names_a_test_that_exists(text: str, folder: Path) -> None:
    assert len(NAMED.findall(text)) > 30
    assert list(faults(text, folder)) == []


@DOCUMENTS
def test_what_is_missing_is_found(text: str, folder: Path) -> None:
    path, name = NAMED.findall(text)[0]
    assert list(faults(text.replace(f"{path}::{name}`", f"{path}::{name}_of_old`", 1), folder)) == [
        f"no such test: {path}::{name}_of_old"
    ]
    assert list(faults(f"{text}\n| a hazard | nothing |\n", folder)) == ["no test: | a hazard | nothing |"]


def test_every_folder_of_the_architecture_is_there() -> None:
    tree = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("```\n")[2].partition("```")[0]
    path: list[str] = []
    folders = []
    for line in tree.splitlines():
        names = re.findall(r"(?<!\S)[\w/]+/(?= |$)", line.partition("   ")[0] if line[0] != " " else line[:37])
        depth = (len(line) - len(line.lstrip())) // 2
        if names:
            path[depth:] = [names[-1]]
            folders += [ROOT.joinpath(*path[:depth], name) for name in names]
    assert len(folders) > 20
    assert [folder for folder in folders if not folder.is_dir()] == []
