"""Whether an EVSE that can do both is to charge on one phase or on all three."""

from enum import Enum, auto

from ..settings import BalancingSettings

_NOTHING_A = 0.5


class PhaseMode(Enum):
    """How many phases are in use; while that changes the EVSE is off."""

    ALL = auto()
    TO_ONE = auto()
    ONE = auto()
    TO_ALL = auto()


class PhaseChoice:
    """One EVSE's choice, for one session. All times are monotonic seconds.

    Down only when there has been no room on all phases for a while, up only when there has been for much longer. It is
    switched off for the change. Until the station has confirmed that it uses one phase, and again from the moment it is
    to use all, its offers count on all of them.
    """

    __slots__ = ("_confirmed", "_settings", "_since_s", "_switches", "_switching_s", "mode")

    def __init__(self, settings: BalancingSettings) -> None:
        """Begin with all phases."""
        self._settings = settings
        self.restart()

    def restart(self) -> None:
        """Begin anew, with all phases: another car."""
        self._switches = 0
        self._since_s: float | None = None
        """Since when the other choice would have been better."""
        self._switching_s = 0.0
        self._confirmed = False
        self.mode = PhaseMode.ALL

    @property
    def terminals(self) -> int | None:
        """How many terminals it is to be told to use; None: all."""
        return 1 if self.mode is PhaseMode.TO_ONE or self.mode is PhaseMode.ONE else None

    @property
    def one(self) -> bool:
        """Whether it is known to use one phase only."""
        return self.mode is PhaseMode.ONE

    @property
    def switching(self) -> bool:
        """Whether it has to be off."""
        return self.mode is PhaseMode.TO_ONE or self.mode is PhaseMode.TO_ALL

    @property
    def switched(self) -> bool:
        """Whether it has been switched in this session, so that what was seen of its car's phases may be its own."""
        return self._switches > 0

    def look(self, at_s: float, *, better: bool, off: bool) -> bool:
        """Decide; returns whether the phases that count have changed.

        `better`: the other choice would let this car charge (from all to one), or there is room on all phases (from
        one to all). `off`: it is offered nothing, and no older offer is still possible.
        """
        if self.switching:
            return self._go_on(at_s, off=off)
        if not better or self._switches >= self._settings.most_phase_switches:
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = at_s
        down = self.mode is PhaseMode.ALL
        wait_s = self._settings.fewer_phases_after_s if down else self._settings.more_phases_after_s
        if at_s - self._since_s < wait_s:
            return False
        self.mode = PhaseMode.TO_ONE if down else PhaseMode.TO_ALL
        self._switches += 1
        self._since_s = None
        self._switching_s = at_s
        self._confirmed = False
        return not down

    def _go_on(self, at_s: float, *, off: bool) -> bool:
        waited_s = at_s - self._switching_s
        if self._confirmed and off and waited_s >= self._settings.phase_switch_s:
            down = self.mode is PhaseMode.TO_ONE
            self.mode = PhaseMode.ONE if down else PhaseMode.ALL
            return True
        if waited_s >= self._settings.phase_confirm_s and self.mode is PhaseMode.TO_ONE and not self._confirmed:
            # It cannot, whatever it said: leave it alone for this session.
            self.mode = PhaseMode.ALL
            self._switches = self._settings.most_phase_switches
            return True
        if waited_s >= self._settings.phase_confirm_s and self.mode is PhaseMode.TO_ALL:
            self.mode = PhaseMode.ALL
            return True
        return False

    def confirm(self, current_a: float) -> None:
        """Note that the station has taken a limit."""
        if self.switching and not current_a:
            self._confirmed = True

    def saw(self, terminals_a: tuple[float, ...]) -> bool:
        """Take in a draw; returns whether it shows that the EVSE does not do what it said."""
        if self.mode is PhaseMode.ONE and any(current_a > _NOTHING_A for current_a in terminals_a[1:]):
            self.mode = PhaseMode.ALL
            self._switches = self._settings.most_phase_switches
            return True
        return False

    def changes_at(self) -> float | None:
        """Return when it will change if everything stays as it is."""
        if self.switching:
            return self._switching_s + self._settings.phase_switch_s
        if self._since_s is None:
            return None
        down = self.mode is PhaseMode.ALL
        return self._since_s + (self._settings.fewer_phases_after_s if down else self._settings.more_phases_after_s)
