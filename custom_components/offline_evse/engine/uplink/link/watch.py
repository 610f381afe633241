"""A line's state on a clock: the machine's deadlines, and whoever wants to know."""

from collections.abc import Callable
from datetime import datetime

from ...model.access import LinkState
from ...model.clock import Clock, Timer
from ...model.upstream.link import LinkTrouble, LinkView
from .machine import LinkMachine


class LinkWatch:
    """Drives one LinkMachine. `on_change` is called with the state before, after each change of it."""

    def __init__(
        self, clock: Clock, on_change: Callable[[LinkState], None], offline_since: datetime | None = None
    ) -> None:
        """Begin out of reach; `offline_since`: as it has been since then, in an earlier run too."""
        self._clock = clock
        self._on_change = on_change
        self._machine = LinkMachine(clock.monotonic())
        self._told = self._machine.state
        now = clock.now()
        self._since = now if offline_since is None else min(offline_since, now)
        self._timer: Timer | None = None

    @property
    def state(self) -> LinkState:
        """How the line is now."""
        return self._machine.state

    @property
    def since(self) -> datetime:
        """Since when."""
        return self._since

    @property
    def slow_s(self) -> float | None:
        """Slow round trips (95th percentile) in s."""
        return self._machine.window.slow_s

    def view(self, version: str | None) -> LinkView:
        """Return what is shown of the line; `version`: of the connection that there is."""
        machine = self._machine
        slow_s = machine.window.slow_s
        return LinkView(
            state=machine.state,
            since=self._since,
            trouble=machine.trouble,
            detail=machine.detail,
            latency_s=None if slow_s is None else round(slow_s, 2),
            version=version,
        )

    def succeeded(self, rtt_s: float) -> None:
        """Something came back."""
        self._machine.succeeded(self._clock.monotonic(), rtt_s)
        self._look()

    def failed(self, trouble: LinkTrouble = LinkTrouble.SILENT, detail: str | None = None) -> None:
        """Nothing came back."""
        self._machine.failed(self._clock.monotonic(), trouble, detail)
        self._look()

    def refused(self, trouble: LinkTrouble, detail: str | None = None) -> None:
        """The other side does not want this line, or must not be trusted."""
        self._machine.refused(self._clock.monotonic(), trouble, detail)
        self._look()

    def drained(self) -> None:
        """Nothing that money depends on is left to be told."""
        self._machine.drained(self._clock.monotonic())
        self._look()

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        self._machine.tick(self._clock.monotonic())
        self._look()

    def _look(self) -> None:
        """Set the timer for what time alone will change, and tell of a change."""
        self.close()
        if (due_at := self._machine.due_at) is not None:
            # A timer of the loop may fire a little early; a deadline is not looked at again in the same moment.
            delay_s = max(0.001, due_at - self._clock.monotonic())
            self._timer = self._clock.call_later(delay_s, self._tick)
        before, self._told = self._told, self._machine.state
        if before is not self._told:
            self._since = self._clock.now()
            self._on_change(before)
