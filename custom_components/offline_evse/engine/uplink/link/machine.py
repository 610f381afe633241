"""The four states of a line: thresholds, hysteresis, and damping of a line that comes and goes."""

from collections import deque

from ...model.access import LinkState
from ...model.upstream.link import LinkTrouble
from .window import Window

DEGRADED_ERROR_SHARE = 0.25
DEGRADED_SLOW_S = 2.0
FINE_ERROR_SHARE = 0.05
FINE_SLOW_S = 1.0
FINE_FOR_S = 120.0
GONE_FAILURES = 3
GONE_AFTER_S = 45.0
SILENT_AFTER_S = 90.0
PROBES_TO_RETURN = 3
MOST_PROBES_TO_RETURN = 32
FREE_FALLS = 2
"""So many falls in an hour cost nothing; each one more doubles the probes that are wanted."""
FALLS_COUNT_FOR_S = 3600.0
RECOVERING_FOR_S = 30.0
PROBE_APART_S = 5.0
"""Good answers closer together than the shortest pause between probes of a lost line count as one on the way back."""


class LinkMachine:
    """Judges a line by what came back and what did not.

    Times are monotonic seconds. A call that is earlier than the one before it counts as of the same moment. Whoever
    drives the machine calls `tick` at `due_at`.
    """

    def __init__(self, at: float) -> None:
        """Begin out of reach: a line is believed when it has shown that it works."""
        self.window = Window()
        self._at = at
        self._state = LinkState.OFFLINE
        self._since = at
        self._trouble: LinkTrouble | None = None
        self._detail: str | None = None
        self._last_success: float | None = None
        self._failures = 0
        self._last_failure: float | None = None
        self._good_probes = 0
        self._last_good_probe: float | None = None
        self._falls: deque[float] = deque(maxlen=64)
        self._fine_since: float | None = None
        self._drained = False

    @property
    def state(self) -> LinkState:
        """How the line is now."""
        return self._state

    @property
    def since(self) -> float:
        """Since when."""
        return self._since

    @property
    def trouble(self) -> LinkTrouble | None:
        """Why it is out of reach, as far as that was said; None as soon as something comes back."""
        return self._trouble

    @property
    def detail(self) -> str | None:
        """What exactly was said."""
        return self._detail

    @property
    def falls_in_last_hour(self) -> int:
        """How often it went out of reach in the last hour."""
        return sum(self._at - fall < FALLS_COUNT_FOR_S for fall in self._falls)

    @property
    def probes_to_return(self) -> int:
        """How many good probes in a row a lost line has to show."""
        doublings = max(0, self.falls_in_last_hour - FREE_FALLS)
        return min(MOST_PROBES_TO_RETURN, PROBES_TO_RETURN << min(doublings, 8))

    @property
    def due_at(self) -> float | None:
        """When time alone will change something; None: never."""
        if self._state is LinkState.OFFLINE or self._last_success is None:
            return None
        due = [self._last_success + (GONE_AFTER_S if self._failures >= GONE_FAILURES else SILENT_AFTER_S)]
        if self._state is LinkState.RECOVERING and self._drained and not self._failures:
            due.append(self._held_since + RECOVERING_FOR_S)
        if self._state is LinkState.DEGRADED and self._fine_since is not None:
            due.append(self._fine_since + FINE_FOR_S)
        return min(due)

    def succeeded(self, at: float, rtt_s: float) -> LinkState:
        """Something came back, after `rtt_s`."""
        self._pass(at)
        self._last_success = self._at
        self._failures = 0
        self._trouble = self._detail = None
        if self._state is LinkState.OFFLINE:
            if self._last_good_probe is None or self._at - self._last_good_probe >= PROBE_APART_S:
                self._good_probes += 1
                self._last_good_probe = self._at
            if self._good_probes >= self.probes_to_return:
                self._drained = False
                self._become(LinkState.RECOVERING)
        else:
            self.window.note(self._at, rtt_s)
        return self._judge()

    def failed(self, at: float, trouble: LinkTrouble = LinkTrouble.SILENT, detail: str | None = None) -> LinkState:
        """Nothing came back, or nobody could be reached."""
        self._pass(at)
        self._failures += 1
        self._last_failure = self._at
        self._good_probes = 0
        self._last_good_probe = None
        self._trouble, self._detail = trouble, detail
        if self._state is not LinkState.OFFLINE:
            self.window.note(self._at, None)
        return self._judge()

    def refused(self, at: float, trouble: LinkTrouble, detail: str | None = None) -> LinkState:
        """The other side does not want this line, or we must not trust it: no quality helps here."""
        self._pass(at)
        self._good_probes = 0
        self._last_good_probe = None
        self._fall()
        self._trouble, self._detail = trouble, detail
        return self._state

    def drained(self, at: float) -> LinkState:
        """Nothing that money depends on is left to be told."""
        self._pass(at)
        self._drained = True
        return self._judge()

    def tick(self, at: float) -> LinkState:
        """See what time alone has changed."""
        self._pass(at)
        return self._judge()

    def _pass(self, at: float) -> None:
        """Let time pass; what falls due on the way happens when it is due, and not when somebody looks."""
        while (due_at := self.due_at) is not None and due_at <= at:
            self._at = max(self._at, due_at)
            state, fine_since = self._state, self._fine_since
            self._judge()
            if (self._state, self._fine_since) == (state, fine_since):
                break
        self._at = max(self._at, at)

    @property
    def _gone(self) -> bool:
        """Whether nothing has come back for so long that the line counts as lost."""
        if self._last_success is None:
            return True
        if self._failures >= GONE_FAILURES:
            return self._at >= self._last_success + GONE_AFTER_S
        return self._at >= self._last_success + SILENT_AFTER_S

    @property
    def _recovered(self) -> bool:
        """Whether it has held long enough without a failure, and everything that counts is told."""
        return self._drained and not self._failures and self._at >= self._held_since + RECOVERING_FOR_S

    @property
    def _held_since(self) -> float:
        """Since when it has been as it is without a failure."""
        return self._since if self._last_failure is None else max(self._since, self._last_failure)

    def _judge(self) -> LinkState:
        window = self.window
        slow_s = window.slow_s or 0.0
        poor = window.enough and (window.error_share >= DEGRADED_ERROR_SHARE or slow_s > DEGRADED_SLOW_S)
        fine = window.error_share <= FINE_ERROR_SHARE and slow_s < FINE_SLOW_S
        if self._state is not LinkState.OFFLINE and self._gone:
            self._fall()
        match self._state:
            case LinkState.ONLINE if poor:
                self._become(LinkState.DEGRADED)
            case LinkState.RECOVERING if self._recovered:
                self._become(LinkState.DEGRADED if poor else LinkState.ONLINE)
        if self._state is LinkState.DEGRADED:
            if not fine:
                self._fine_since = None
            elif self._fine_since is None:
                self._fine_since = self._at
            elif self._at >= self._fine_since + FINE_FOR_S:
                self._become(LinkState.ONLINE)
        return self._state

    def _fall(self) -> None:
        if self._state is LinkState.OFFLINE:
            return
        self._falls.append(self._at)
        if self._last_success is not None:
            self.window.forget_since(self._last_success)
        self._good_probes = 0
        self._last_good_probe = None
        self._become(LinkState.OFFLINE)

    def _become(self, state: LinkState) -> None:
        self._state = state
        self._since = self._at
        self._fine_since = None
