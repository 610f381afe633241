"""The survey of a site: who hangs where, put to the test whenever a car takes more or less."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations

from ...model.circuit import Circuit, EvsePlacement, SiteLayout
from ...model.commissioning import FindingKind, MeterFinding, WiringLearned
from ...model.phases import Phase, PhaseAmperes, Wiring, on_building
from ...model.station import EvseKey
from ..tree.fuse_tree import FuseTree
from .meter_check import MeterCheck
from .steps import Step, StepFinder
from .wiring import CLOSE_A, WiringLearner, alike, single_phase

CHARGERS_AGREE = 2
"""Chargers whose steps all appear on the same other phase before the meter is blamed, and not their wiring."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What has been found out so far."""

    findings: tuple[MeterFinding, ...] = ()
    wirings: tuple[WiringLearned, ...] = ()
    """Only those that differ from what is set up, or of chargers whose wiring is to be learned."""
    one_phase: frozenset[EvseKey] = frozenset()
    """EVSEs whose car has last been seen to step on a single phase, although the charger tells only the whole."""


class Surveyor:
    """Judges meters and wirings by the steps of cars."""

    def __init__(self) -> None:
        """Begin with an empty site."""
        self._tree = FuseTree(SiteLayout())
        self._learning: frozenset[EvseKey] = frozenset()
        self._steps = StepFinder()
        self._learner = WiringLearner()
        self._checks: dict[str, MeterCheck] = {}
        self._one_phase: set[EvseKey] = set()

    def set_layout(self, layout: SiteLayout, learning: Iterable[EvseKey] = ()) -> None:
        """Take over the tree as it is set up; `learning` are EVSEs whose wiring nobody knows. Raises LayoutError.

        What was learned of circuits and chargers that have not changed is kept.
        """
        tree = FuseTree(layout)
        for evse, placement in tree.placements.items():
            before = self._tree.placements.get(evse)
            if before is not None and (before.circuit_id, before.wiring) != (placement.circuit_id, placement.wiring):
                self._learner.forget(evse)
        self._tree = tree
        self._learning = frozenset(learning)
        evses, metered = frozenset(tree.placements), {it.circuit_id: it for it in tree.circuits.values() if it.metered}
        self._steps.keep_only(evses, frozenset(metered))
        self._learner.keep_only(evses)
        self._one_phase &= evses
        kept = self._checks
        self._checks = {}
        for circuit_id, circuit in metered.items():
            phases, by_phase = _phases(circuit), circuit.phases_measured
            check = kept.get(circuit_id)
            if check is None or (check.phases, check.by_phase) != (phases, by_phase):
                check = MeterCheck(circuit_id, phases, by_phase=by_phase)
            self._checks[circuit_id] = check

    def meter(self, circuit_id: str, currents_a: PhaseAmperes, at_s: float) -> None:
        """Take in what the meter of a circuit shows."""
        if circuit_id in self._checks:
            self._steps.meter(circuit_id, currents_a, at_s)

    def draw(self, evse: EvseKey, drawn_a: tuple[float, ...], at_s: float, *, by_terminal: bool = True) -> None:
        """Take in what an EVSE draws, in A per terminal, or as their sum where it does not tell them apart."""
        if evse in self._tree.placements:
            self._steps.draw(evse, drawn_a, at_s, by_terminal=by_terminal)

    def look(self, at_s: float) -> Survey | None:
        """Judge what can be judged by now; returns the new state of things where anything was."""
        steps = self._steps.settled(at_s)
        for step in steps:
            self._take(step)
        return self.survey() if steps else None

    def forget_meter(self, circuit_id: str) -> None:
        """Begin anew with a meter that is read in another way from now on."""
        self._steps.forget_meter(circuit_id)
        if (check := self._checks.get(circuit_id)) is not None:
            self._checks[circuit_id] = MeterCheck(circuit_id, check.phases, by_phase=check.by_phase)
        for evse in self._tree.evses_below(circuit_id) if circuit_id in self._tree.circuits else ():
            self._learner.forget(evse)

    def believe(self, findings: Iterable[MeterFinding], wirings: Iterable[WiringLearned]) -> None:
        """Take over what was found out before a restart; it is given up as anything else is."""
        for finding in findings:
            if (check := self._checks.get(finding.circuit_id)) is not None:
                check.believe(finding)
        for learned in wirings:
            placement = self._tree.placements.get(learned.evse)
            if placement is not None and len(placement.wiring) == len(learned.wiring):
                self._learner.believe(learned)

    def survey(self) -> Survey:
        """Return what has been found out so far."""
        found = [finding for check in self._checks.values() for finding in check.findings()]
        swapped = [finding for circuit_id in self._checks for finding in self._swapped(circuit_id)]
        blamed = {evse for finding in swapped for evse in self._tree.evses_below(finding.circuit_id)}
        wirings = []
        for evse, placement in self._tree.placements.items():
            learned = self._learner.wiring(evse, len(placement.wiring))
            if learned is None or evse in blamed:
                continue
            if evse in self._learning or self._differs(placement):
                wirings.append(WiringLearned(evse, *learned))
        return Survey((*found, *swapped), tuple(wirings), frozenset(self._one_phase))

    def _take(self, step: Step) -> None:
        placement = self._tree.placements.get(step.evse)
        if placement is None:
            return
        above = self._tree.ancestry(placement.circuit_id)
        told = [it for it in above if it in step.meters and it in self._checks and self._checks[it].by_phase]
        if told:
            measured = step.meters[told[0]]
            self._learner.take(step, measured, len(placement.wiring))
            self._note_phases(step, measured)
        expected = self._expected(step, placement)
        showing = [
            circuit_id
            for circuit_id, measured in step.meters.items()
            if circuit_id not in above and any(alike(measured, it, step.total_a) for it in expected)
        ]
        for circuit_id in above:
            if circuit_id in step.meters and circuit_id in self._checks:
                seen_in = showing[0] if showing else None
                self._checks[circuit_id].take(step, step.meters[circuit_id], expected, seen_in)

    def _note_phases(self, step: Step, measured: PhaseAmperes) -> None:
        if step.by_terminal:
            return
        if step.rises and single_phase(step, measured) is not None:
            self._one_phase.add(step.evse)
        else:
            self._one_phase.discard(step.evse)

    def _expected(self, step: Step, placement: EvsePlacement) -> list[PhaseAmperes]:
        terminals = len(placement.wiring)
        wirings: list[Wiring] = [placement.wiring]
        if placement.evse in self._learning:
            learned = self._learner.wiring(placement.evse, terminals)
            wirings = [learned[0]] if learned else [tuple(it) for it in permutations(Phase, terminals)]
        if step.by_terminal:
            return [on_building(step.drawn_a, wiring) for wiring in wirings]
        spread = [on_building((step.total_a / terminals,) * terminals, wirings[0])]
        return spread + [on_building((step.total_a,), wiring) for wiring in wirings]

    def _differs(self, placement: EvsePlacement) -> bool:
        known = self._learner.known(placement.evse, len(placement.wiring))
        return any(seen is not None and seen != told for seen, told in zip(known, placement.wiring, strict=True))

    def _swapped(self, circuit_id: str) -> list[MeterFinding]:
        """Blame the meter where several chargers, set up on one phase, all appear on the same other one."""
        seen: dict[Phase, list[Phase]] = {}
        for evse in self._tree.evses_below(circuit_id):
            placement = self._tree.placements[evse]
            if evse in self._learning or self._nearest_meter(placement) != circuit_id:
                continue
            known = self._learner.known(evse, len(placement.wiring))
            for told, found in zip(placement.wiring, known, strict=True):
                if found is not None:
                    seen.setdefault(told, []).append(found)
        return [
            MeterFinding(
                circuit_id=circuit_id,
                kind=FindingKind.PHASES_SWAPPED,
                phase=told,
                seen_on=found[0],
                proven=True,
                confidence=len(found) / (len(found) + 1),
            )
            for told, found in sorted(seen.items())
            if len(found) >= CHARGERS_AGREE and len(set(found)) == 1 and found[0] != told
        ]

    def _nearest_meter(self, placement: EvsePlacement) -> str | None:
        for circuit_id in self._tree.ancestry(placement.circuit_id):
            if circuit_id in self._checks and self._checks[circuit_id].by_phase:
                return circuit_id
        return None


def _phases(circuit: Circuit) -> tuple[Phase, ...]:
    return tuple(phase for phase in Phase if circuit.limit_a[phase] > CLOSE_A)
