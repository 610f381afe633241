"""When the next attempt is due: nothing here is ever tried again at once, or by everybody at the same moment."""

from random import Random

from ...model.access import LinkState

LOST_PROBE_S = 10.0
CONFIRMING_PROBE_S = 2.0
"""After a probe that failed the next one follows sooner: whether a line is lost is decided in 45 s, and the more has
been tried by then, the less depends on chance."""
MISCONFIGURED_S = 900.0
LONGEST_RECONNECT_S = 300.0
HELD_AFTER_S = 60.0
"""A connection that lasted so long was one; an earlier end counts as one more failed attempt."""
SHORTEST_BOOT_S = 10.0
USUAL_BOOT_S = 60.0
LONGEST_BOOT_S = 86_400.0
PROBE_WAIT_S = (5.0, 15.0)
"""A probe is waited for half as long again as slow answers take, within these."""


class Pace:
    """Draws the pauses of one line, in s."""

    def __init__(self, random: Random) -> None:
        """Begin with no failed attempt."""
        self._random = random
        self._attempts = 0

    def probe_s(self, state: LinkState, interval_s: float, *, confirm: bool) -> float:
        """Return the pause before the next sign of life: 15 s ±20 % as it is set up, 10 s ±50 % over a lost line."""
        if state is LinkState.OFFLINE:
            return LOST_PROBE_S * self._random.uniform(0.5, 1.5)
        return (min(CONFIRMING_PROBE_S, interval_s) if confirm else interval_s) * self._random.uniform(0.8, 1.2)

    def reconnect_s(self) -> float:
        """Return the pause before the next attempt to connect: full jitter under a ceiling that doubles to 300 s."""
        self._attempts += 1
        return self._random.uniform(0.0, min(LONGEST_RECONNECT_S, 2.0 ** min(self._attempts, 16)))

    def misconfigured_s(self) -> float:
        """Return the pause after a refusal that only people can put right: a quarter of an hour ±20 %."""
        return MISCONFIGURED_S * self._random.uniform(0.8, 1.2)

    def boot_s(self, interval_s: int | None) -> float:
        """Return the pause before the next BootNotification, which the backend decides; 0: it leaves that to us."""
        wanted_s = float(interval_s) if interval_s else USUAL_BOOT_S
        return min(LONGEST_BOOT_S, max(SHORTEST_BOOT_S, wanted_s)) * self._random.uniform(1.0, 1.1)

    def beginning_s(self, line_count: int) -> float:
        """Return the pause before the first attempt, so that the lines of a large site do not come in one moment."""
        return self._random.uniform(0.0, min(30.0, 0.2 * (line_count - 1)))

    def forget_attempts(self) -> None:
        """Begin anew with short pauses: the line has worked, or somebody says that it will."""
        self._attempts = 0


def probe_wait_s(state: LinkState, slow_s: float) -> float:
    """Return how long a probe is waited for, from what slow answers take; a lost line gets all the time there is."""
    shortest_s, longest_s = PROBE_WAIT_S
    if state is LinkState.OFFLINE:
        return longest_s
    return min(longest_s, max(shortest_s, 1.5 * slow_s))
