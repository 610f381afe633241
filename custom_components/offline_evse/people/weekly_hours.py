"""Hours of the week as people write them: `mon-fri 07:00-19:00, sat 08:00-12:00`."""

from datetime import time
import re
from typing import Final

from ..engine.model.credential import WeeklyHours

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_SPAN: Final = re.compile(r"(?:(?P<days>[a-z\s,+-]+?)\s+)?(?P<begins>\d{1,2}:\d{2})\s*-\s*(?P<ends>\d{1,2}:\d{2})")


def parse_hours(text: str) -> tuple[WeeklyHours, ...]:
    """Read spans, parted by commas or semicolons; without days, a span holds on all of them.

    Raises:
        ValueError: Something in the text is no span.

    """
    found: list[WeeklyHours] = []
    rest = re.sub(r"\s*-\s*", "-", text.strip().casefold())
    while rest:
        span = _SPAN.match(rest)
        if span is None:
            raise ValueError(text)
        days = _days(span["days"]) if span["days"] else frozenset(range(7))
        found.append(WeeklyHours(days, _time(span["begins"]), _time(span["ends"])))
        rest = rest[span.end() :].strip()
        if rest:
            if rest[0] not in ",;":
                raise ValueError(text)
            rest = rest[1:].strip()
    return tuple(found)


def format_hours(hours: tuple[WeeklyHours, ...]) -> str:
    """Write spans so that `parse_hours` reads the same."""
    return ", ".join(f"{_day_text(span.weekdays)} {span.begins:%H:%M}-{span.ends:%H:%M}" for span in hours)


def _days(text: str) -> frozenset[int]:
    """Read `mon-fri`, `sat+sun`, `fri-mon` and the like."""
    days: set[int] = set()
    for part in re.split(r"[\s,+]+", text.strip()):
        names = [name.strip() for name in part.split("-")]
        if len(names) > 2 or any(name[:3] not in DAYS for name in names):
            raise ValueError(text)
        first, last = DAYS.index(names[0][:3]), DAYS.index(names[-1][:3])
        days |= {day % 7 for day in range(first, (last if last >= first else last + 7) + 1)}
    return frozenset(days)


def _day_text(weekdays: frozenset[int]) -> str:
    days = sorted(weekdays)
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{DAYS[days[0]]}-{DAYS[days[-1]]}"
    return "+".join(DAYS[day] for day in days)


def _time(text: str) -> time:
    hours, _, minutes = text.partition(":")
    # A day that ends at 24:00 ends when the next one begins.
    return time(0 if hours == "24" else int(hours), int(minutes))
