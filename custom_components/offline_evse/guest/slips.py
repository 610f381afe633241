"""The slip that the front desk prints: code and QR of a pass, for as long as it takes to print them."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from html import escape
import secrets
from typing import Any, Final

SLIP_S: Final = 900.0
"""How long a slip can be opened. After that nobody here knows the code any more."""
MOST_SLIPS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What stands on a slip."""

    site: str
    name: str
    guest: str | None
    code: str | None
    page: str | None
    svg: str | None
    valid_from: datetime | None
    valid_until: datetime | None


class Slips:
    """Keeps slips in memory, each under a name that cannot be guessed."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin without; `clock` returns monotonic seconds."""
        self._clock = clock
        self._slips: OrderedDict[str, tuple[float, Slip]] = OrderedDict()

    def keep(self, slip: Slip) -> str:
        """Keep a slip for a while; returns its name."""
        name = secrets.token_urlsafe(24)
        while len(self._slips) >= MOST_SLIPS:
            self._slips.popitem(last=False)
        self._slips[name] = (self._clock() + SLIP_S, slip)
        return name

    def find(self, name: str) -> Slip | None:
        """Return the slip of a name; None where there is none, or not any longer."""
        until_s, slip = self._slips.get(name, (0.0, None))
        if slip is not None and until_s <= self._clock():
            del self._slips[name]
            return None
        return slip

    def forget(self) -> None:
        """Forget all of them."""
        self._slips.clear()


def slip_html(slip: Slip, words: dict[str, Any], language: str, style: str) -> str:
    """Write a slip as a page without scripts. `words`: its texts; `style`: the address of its style sheet."""

    def line(label: str, value: str | None) -> str:
        return f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" if value else ""

    def at(moment: datetime | None) -> str | None:
        return moment.strftime("%Y-%m-%d %H:%M") if moment else None

    code = f'<p class="code">{escape(slip.code)}</p>' if slip.code else ""
    # Whoever cannot scan types the address, and then the code.
    address = slip.page.partition("://")[2] if slip.page and slip.code else None
    facts = "".join(
        (
            line(words["guest"], slip.guest),
            line(words["from"], at(slip.valid_from)),
            line(words["until"], at(slip.valid_until)),
            line(words["address"], address),
        )
    )
    picture = f"<figure>{slip.svg}</figure>" if slip.svg else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(words["title"])}</title>'
        f'<link rel="stylesheet" href="{style}"></head><body class="slip"><main><p>{escape(slip.site)}</p>'
        f"<h1>{escape(words['title'])}: {escape(slip.name)}</h1>{picture}"
        f"<p>{escape(words['scan'])}</p>{code}<dl>{facts}</dl></main></body></html>"
    )
