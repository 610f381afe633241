"""Which building phase each terminal of a charger is on, learned from where the meter rises when a car does."""

from dataclasses import dataclass, field
from itertools import permutations

from ...model.commissioning import WiringLearned
from ...model.phases import Phase, PhaseAmperes, Wiring, on_building
from ...model.station import EvseKey
from .steps import SMALLEST_STEP_A, Step

KNOWN_AFTER = 3
"""Steps that have to agree before a terminal counts as known."""
CLOSE_A = 1.5
CLOSE_SHARE = 0.2
"""A meter's step may differ by this much from the car's: 1.5 A, or this share of it where that is more."""


def close(measured_a: float, expected_a: float, scale_a: float) -> bool:
    """Tell whether two steps on a phase are the same, in A; `scale_a` is the size of the whole step."""
    return abs(measured_a - expected_a) <= max(CLOSE_A, CLOSE_SHARE * abs(scale_a))


def alike(measured: PhaseAmperes, expected: PhaseAmperes, scale_a: float) -> bool:
    """Tell whether a meter shows what is expected of it on every phase."""
    return all(close(shown, due, scale_a) for shown, due in zip(measured, expected, strict=True))


@dataclass(slots=True)
class _Terminals:
    votes: list[list[int]] = field(default_factory=lambda: [[0, 0, 0] for _ in range(3)])

    def vote(self, terminal: int, phase: Phase) -> None:
        for other in Phase:
            if other != phase:
                self.votes[terminal][other] = max(0, self.votes[terminal][other] - 2)
        self.votes[terminal][phase] = min(self.votes[terminal][phase] + 1, 3 * KNOWN_AFTER)

    def known(self, terminal: int) -> Phase | None:
        return next((phase for phase in Phase if self.votes[terminal][phase] >= KNOWN_AFTER), None)


class WiringLearner:
    """Collects where the steps of each charger's terminals appear.

    A car that uses all phases alike tells nothing of their order, and needs none. A car on one phase tells the first
    terminal, one on two phases the third.
    """

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._terminals: dict[EvseKey, _Terminals] = {}

    def take(self, step: Step, measured: PhaseAmperes, terminals: int) -> None:
        """Take in a step, as a meter that tells the phases shows it."""
        if step.by_terminal:
            fitting = [
                wiring
                for wiring in permutations(Phase, terminals)
                if alike(measured, on_building(step.drawn_a, wiring), max(map(abs, step.drawn_a)))
            ]
        else:
            # It tells the sum only. A car on a single phase uses the first terminal.
            phase = single_phase(step, measured)
            fitting = [wiring for wiring in permutations(Phase, terminals) if wiring[0] == phase]
        for terminal in range(terminals):
            phases = {wiring[terminal] for wiring in fitting}
            if len(phases) == 1:
                self._terminals.setdefault(step.evse, _Terminals()).vote(terminal, phases.pop())

    def known(self, evse: EvseKey, terminals: int) -> tuple[Phase | None, ...]:
        """Return the phase of each terminal; None for one that is not known yet."""
        if evse not in self._terminals:
            return (None,) * terminals
        return tuple(self._terminals[evse].known(terminal) for terminal in range(terminals))

    def wiring(self, evse: EvseKey, terminals: int) -> tuple[Wiring, bool] | None:
        """Return the whole wiring, and whether it is sure; None as long as the first terminal is not known.

        Where only the first terminal is known, the others follow in the order in which electricians rotate them.
        """
        known = self.known(evse, terminals)
        fitting = [
            wiring
            for wiring in permutations(Phase, terminals)
            if all(phase is None or phase == given for phase, given in zip(known, wiring, strict=True))
        ]
        if len(fitting) == 1:
            return fitting[0], True
        if known[0] is None or not fitting:
            return None
        rotated = tuple(Phase((known[0] + terminal) % 3) for terminal in range(terminals))
        return (rotated if rotated in fitting else fitting[0]), False

    def believe(self, learned: WiringLearned) -> None:
        """Take over what was learned before: the first terminal, or all of them where that was sure."""
        terminals = self._terminals.setdefault(learned.evse, _Terminals())
        for terminal, phase in enumerate(learned.wiring if learned.sure else learned.wiring[:1]):
            terminals.votes[terminal][phase] = KNOWN_AFTER

    def forget(self, evse: EvseKey) -> None:
        """Begin anew with a charger."""
        self._terminals.pop(evse, None)

    def keep_only(self, evses: frozenset[EvseKey]) -> None:
        """Forget chargers that do not belong to the site any more."""
        for evse in self._terminals.keys() - evses:
            del self._terminals[evse]


def single_phase(step: Step, measured: PhaseAmperes) -> Phase | None:
    """Return the phase on which the whole of a step appears; None where it does not appear on just one."""
    if abs(step.total_a) < SMALLEST_STEP_A:
        return None
    for phase in Phase:
        expected = PhaseAmperes(*(step.total_a if other == phase else 0.0 for other in Phase))
        if alike(measured, expected, step.total_a):
            return phase
    return None
