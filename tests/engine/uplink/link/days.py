"""A line's days over a network, in virtual time: what its state did, and whether anything was missed."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.clock import sleep
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, UpstreamConfig
from custom_components.offline_evse.engine.uplink.line import Line
from custom_components.offline_evse.engine.uplink.link.budget import Budget

from ....simulation.closed_loop import VirtualClock
from ..doubles import Network, PaperSite
from .networks import DAY_S

SESSIONS_A_DAY = 6
VALUES_APART_S = 60.0
SESSION_VALUES = 90
"""Six sessions of an hour and a half: an ordinary charger's day."""
CONFIG = UpstreamConfig(
    upstream_id="csms", name="Monta", url="ws://127.0.0.1/ocpp", lines=(LineConfig(station_id="CP1", identity="CP1"),)
)


@dataclass(frozen=True, slots=True)
class Days:
    """What came of it."""

    transitions: list[tuple[float, LinkState]]
    """Second and state, for every change."""
    money: int
    money_told: int
    in_order: bool
    values_told: int
    dials: int
    states_seen: set[LinkState]

    def online_after(self, moment_s: float) -> float | None:
        """Return how long after a moment the line was online again, in s; None: never."""
        return next(
            (at_s - moment_s for at_s, state in self.transitions if at_s >= moment_s and state is LinkState.ONLINE),
            None,
        )


async def live(
    network: Callable[[Random], Network], seed: int, seconds: float, burst: tuple[float, int] | None = None
) -> Days:
    """Let one line live over a network for a while, while its charger charges.

    `burst`: when, and how many sessions' worth of money messages come to what waits at once.
    """
    clock = VirtualClock()
    random = Random(seed)
    site = PaperSite(clock, network(random), seed)
    began_s = clock.monotonic()
    transitions: list[tuple[float, LinkState]] = []
    line = Line(
        CONFIG,
        CONFIG.lines[0],
        site.equipment,
        Budget(CONFIG.traffic, site.equipment.zone),
        lambda: changed(),
        lambda _: None,
    )
    seen = line.link

    def changed() -> None:
        nonlocal seen
        if line.link is not seen:
            seen = line.link
            transitions.append((clock.monotonic() - began_s, seen))

    lane = site.lane()
    money: list[int] = []
    line.start(1)
    script = _script(random, seconds)
    if burst is not None:
        script = sorted(script + [(burst[0], True)] * (2 * burst[1]))
    for at_s, is_money in script:
        await sleep(clock, at_s - (clock.monotonic() - began_s))
        number = lane.add(is_money)
        if is_money:
            money.append(number)
        line.look()
    await sleep(clock, seconds - (clock.monotonic() - began_s))
    await line.close()
    backend = site.dialler.backend()
    told = [number for number in backend.told if number in set(money)]
    return Days(
        transitions=transitions,
        money=len(money),
        money_told=len(told),
        in_order=told == sorted(told),
        values_told=len(backend.told) - len(told),
        dials=len(backend.dialled_s),
        states_seen={state for _, state in transitions},
    )


def naive_transitions(network: Network, random: Random, seconds: float) -> int:
    """Count how often a line that is called ok, slow or failed by its last probe alone changes its name."""
    at_s, last, count = 0.0, "", 0
    while at_s < seconds:
        trip_s = network.trip(at_s)
        name = "failed" if trip_s is None else "slow" if trip_s > 1.0 else "ok"
        count += name != last
        last = name
        at_s += 15.0 * random.uniform(0.8, 1.2)
    return count


def _script(random: Random, seconds: float) -> list[tuple[float, bool]]:
    """Write when what happens, and whether money depends on it. The last hour is quiet, so that a line can catch up."""
    script: list[tuple[float, bool]] = []
    for number in range(round(SESSIONS_A_DAY * seconds / DAY_S)):
        start_s = (number + random.random() * 0.6) * DAY_S / SESSIONS_A_DAY
        script.append((start_s, True))
        script += [(start_s + at * VALUES_APART_S, False) for at in range(1, SESSION_VALUES)]
        script.append((start_s + SESSION_VALUES * VALUES_APART_S, True))
    return sorted(entry for entry in script if entry[0] < seconds - 3600.0)
