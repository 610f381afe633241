"""Counting what chargers get wrong."""

from typing import Protocol


class Oddities(Protocol):
    """Where a codec counts what it had to coerce."""

    def count(self, oddity: str) -> None:
        """Note that `oddity` (a short snake_case word such as `meter_value_not_a_list`) was met once more."""
