"""How calmly the state of a line follows its network: days over six networks, in virtual time.

Beside it stands what a line would do that is called ok, slow or failed by its last probe alone. The line, its pauses
and the turns of its CALLs are the real ones; network, backend and what there is to tell are on paper.
"""

import argparse
from collections.abc import Callable
from random import Random
from statistics import mean

from tests.engine.uplink.doubles import Network
from tests.engine.uplink.link.days import Days, live, naive_transitions
from tests.engine.uplink.link.networks import DAY_S, HOUR_S, fibre, flapping, four_hours_out, lte, poor, three_days_out
from tests.simulation.closed_loop import play

from .report import print_table

type Profile = Callable[[Random], Network]

_PROFILES: list[tuple[str, Profile, float, int | None, float | None]] = [
    ("fibre", fibre, 1, 2, None),
    ("LTE, 2 % loss", lte, 1, 2, None),
    ("25 % loss", poor, 1, 92, None),
    ("40 s there, 40 s away", flapping, 1, 206, None),
    ("away for 4 hours", four_hours_out, 1, 5, 12 * HOUR_S),
    ("away for 3 of 5 days", three_days_out, 5, None, 4 * DAY_S),
]
"""Name, network, days, most changes of state in a day (None: no aim), end of the outage in s."""


def _lived(profile: Profile, seed: int, days: float) -> Days:
    return play(lambda: live(profile, seed, days * DAY_S))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many runs over every network")
    seeds = range(1, parser.parse_args().seeds + 1)
    rows = []
    for name, profile, days, most, restored_s in _PROFILES:
        lived = [_lived(profile, seed, days) for seed in seeds]
        naive = [naive_transitions(profile(Random(seed)), Random(seed), days * DAY_S) for seed in seeds]
        back = [each.online_after(restored_s) for each in lived] if restored_s is not None else []
        changes = [len(each.transitions) for each in lived]
        rows.append(
            [
                name,
                f"{mean(naive):,.0f}",
                f"{mean(changes):.0f} ({max(changes)})",
                "–" if most is None else f"≤ {most}",
                f"{sum(each.money_told for each in lived)} of {sum(each.money for each in lived)}",
                "yes" if all(each.in_order for each in lived) else "no",
                f"{mean(each.dials for each in lived) / days:,.0f}",
                f"{max(seconds if seconds is not None else float('inf') for seconds in back):.0f} s" if back else "–",
            ]
        )
    print_table(
        f"Changes of a line's state, {len(seeds)} seeds",
        [
            "Network",
            "by the last probe",
            "mean (most)",
            "aim",
            "messages told",
            "in order",
            "dials per day",
            "online again after at most",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
