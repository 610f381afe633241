"""What a run of the site is judged by: what the chargers know against what the ledger knows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_OVER_CURRENT_S = 15.0
TRIP_THETA = 1.277


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `right` is None where a figure is only told."""

    name: str
    value: str
    wanted: str = ""
    holds: bool | None = None

    @property
    def right(self) -> bool:
        """Whether it is as it has to be."""
        return self.holds is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The transactions of the chargers, held against the sessions of the ledger."""

    transactions: int
    sessions: int
    register_wh: int
    ledger_wh: int
    lost: int
    doubled: int
    unequal: int
    """Sessions whose energy differs from their charger's registers."""


def account(state: Mapping[str, Any], sessions: Iterable[Mapping[str, Any]]) -> Account:
    """Compare the simulator's `state` with what list_sessions answered."""
    by_key: dict[tuple[str, int, str], list[Mapping[str, Any]]] = {}
    recorded = list(sessions)
    for session in recorded:
        key = (session["station_id"], session["connector"], _second(session["started"]))
        by_key.setdefault(key, []).append(session)
    lost = doubled = unequal = 0
    transactions = [*state["transactions"], *_running(state)]
    for transaction in transactions:
        key = (transaction["charger"], transaction["connector"], _second(transaction["started_at"]))
        found = by_key.get(key, [])
        lost += not found
        doubled += max(0, len(found) - 1)
        if found and transaction["stop_wh"] is not None:
            unequal += round(found[0]["energy_kwh"] * 1000) != transaction["stop_wh"] - transaction["start_wh"]
    known = Counter(
        (transaction["charger"], transaction["connector"], _second(transaction["started_at"]))
        for transaction in transactions
    )
    doubled += sum(len(found) for key, found in by_key.items() if key not in known)
    return Account(
        transactions=len(transactions),
        sessions=len(recorded),
        register_wh=sum((t["stop_wh"] or t["start_wh"]) - t["start_wh"] for t in transactions),
        ledger_wh=sum(round(session["energy_kwh"] * 1000) for session in recorded),
        lost=lost,
        doubled=doubled,
        unequal=unequal,
    )


def judged(books: Account, state: Mapping[str, Any], commands: int, adopted: int) -> list[Figure]:
    """Turn what was found into lines, with what has to be."""
    connected = sum(charger["accepted"] for charger in state["chargers"].values())
    longest_s = max(_worst(fuse["longest_over_current_s"]) for fuse in state["fuses"].values())
    theta = max(fuse["theta_max"] for fuse in state["fuses"].values())
    tripped = [name for name, fuse in state["fuses"].items() if fuse["tripped"]]
    return [
        Figure("chargers connected", f"{connected}", f"{adopted}", connected == adopted),
        Figure(
            "sessions: by chargers, by ledger",
            f"{books.transactions}, {books.sessions}",
            "equal, at least 4",
            books.transactions == books.sessions >= 4,
        ),
        Figure(
            "energy: by charger registers, by ledger",
            f"{books.register_wh / 1000:.3f} kWh, {books.ledger_wh / 1000:.3f} kWh",
            "equal to the Wh",
            books.register_wh == books.ledger_wh and not books.unequal and books.ledger_wh > 0,
        ),
        Figure("sessions lost", f"{books.lost}", "0", books.lost == 0),
        Figure("sessions doubled", f"{books.doubled}", "0", books.doubled == 0),
        Figure("limits sent to chargers", f"{commands}", "some", commands > 0),
        Figure(
            "longest over-current on any fuse",
            f"{longest_s:.1f} s",
            f"at most {LONGEST_OVER_CURRENT_S:.0f} s",
            longest_s <= LONGEST_OVER_CURRENT_S,
        ),
        Figure(
            "warmest fuse (trips at 1.277)",
            f"{theta:.3f}",
            "no trip",
            not tripped and theta < TRIP_THETA,
        ),
    ]


def table(figures: Iterable[Figure], wall_s: float) -> str:
    """Lay the figures out for reading."""
    rows = list(figures)
    width = max(len(row.name) for row in rows)
    value_width = max(len(row.value) for row in rows)
    lines = [
        f"{'ok   ' if row.right else 'WRONG'}  {row.name:<{width}}  {row.value:>{value_width}}  ({row.wanted})"
        for row in rows
    ]
    wrong = sum(not row.right for row in rows)
    verdict = "everything as it has to be" if not wrong else f"{wrong} figures are wrong"
    return "\n".join(["", *lines, f"{verdict}, in {wall_s:.0f} s"])


def _running(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"charger": identity, **point["transaction"]}
        for identity, charger in state["chargers"].items()
        for point in charger["connectors"].values()
        if point["transaction"] is not None
    ]


def _second(stamp: str) -> str:
    return stamp[:19]


def _worst(value: Any) -> float:
    return max(value) if isinstance(value, list) else float(value)
