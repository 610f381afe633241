"""How figures are printed: the machine first, then one small table."""

from collections.abc import Sequence
from datetime import UTC, datetime
import os
from pathlib import Path
import platform


def machine() -> str:
    """Describe what is measured on, and how busy it is with other things."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    today = datetime.now(UTC).date().isoformat()
    return f"{today}, {processor}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as Markdown has it, with the machine above it."""
    widths = [max(len(row[at]) for row in (columns, *rows)) for at in range(len(columns))]
    print(f"\n{title}\n{machine()}\n")
    for number, row in enumerate((columns, *rows)):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
