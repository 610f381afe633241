"""Judges a circuit's meter by the steps of cars: does it show them, on the right phase, upwards, and in full?"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, combinations

from ...model.commissioning import FindingKind, MeterFinding
from ...model.phases import Phase, PhaseAmperes
from ...model.station import EvseKey
from .steps import Step
from .wiring import CLOSE_A, alike, close

SUSPECTED_AFTER = 2
PROVEN_AFTER = 4
"""Steps that have to agree, some of them upwards and some downwards; chance does not do that."""
FORGIVEN = 2
"""What a step that the meter shows as it should takes from every suspicion against it."""
_SMALLEST_SCALED_A = 6.0
_SCALES = (1 / 3, 0.5, 2.0, 3.0)
"""A meter that counts one phase of three, half the current, both conductors, or each phase three times."""

type _Key = tuple[FindingKind, Phase | None, EvseKey | None, float | None]


@dataclass(slots=True)
class _Score:
    hits: int = 0
    rises: int = 0
    against: int = 0
    seen_in: str | None = None

    @property
    def proven(self) -> bool:
        return self.hits >= PROVEN_AFTER and 0 < self.rises < self.hits

    @property
    def confidence(self) -> float:
        return self.hits / (self.hits + self.against + 1)


class MeterCheck:
    """What speaks against the meter of one circuit."""

    def __init__(self, circuit_id: str, phases: tuple[Phase, ...], *, by_phase: bool) -> None:
        """Begin without suspicion. `by_phase`: whether the meter tells the phases, or only their sum."""
        self.circuit_id = circuit_id
        self.phases = phases
        self.by_phase = by_phase
        self._scores: dict[_Key, _Score] = {}

    def take(self, step: Step, measured: PhaseAmperes, expected: Iterable[PhaseAmperes], seen_in: str | None) -> None:
        """Take in a step and what the meter showed of it.

        `expected` are the rises per phase that would be right: several where the charger's wiring or the car's phases
        are not known. `seen_in` is another circuit whose meter shows the step, if there is one.
        """
        if self.by_phase:
            candidates = list(expected)
            shown = measured
        else:
            candidates = [PhaseAmperes(step.total_a, 0.0, 0.0)]
            shown = PhaseAmperes(measured.total, 0.0, 0.0)
        size_a = max(max(map(abs, candidate)) for candidate in candidates)
        right = [candidate for candidate in candidates if alike(shown, candidate, size_a)]
        if right:
            self._exonerate(step.evse, right[0])
            return
        if all(close(current_a, 0.0, CLOSE_A) for current_a in shown):
            self._hit((FindingKind.NOT_SEEN, None, step.evse, None), step, seen_in)
            return
        for candidate in candidates:
            if flipped := _flipped(shown, candidate, size_a):
                for phase in flipped:
                    self._hit((FindingKind.SIGN, phase, None, None), step)
                for phase in Phase:
                    if phase not in flipped and abs(candidate[phase]) > CLOSE_A:
                        self._forgive((FindingKind.SIGN, phase, None, None))
                return
        if size_a >= _SMALLEST_SCALED_A:
            for candidate in candidates:
                for scale in _SCALES:
                    if alike(shown, PhaseAmperes(*(scale * due_a for due_a in candidate)), scale * size_a):
                        self._hit((FindingKind.SCALE, None, None, scale), step)
                        return

    def believe(self, finding: MeterFinding) -> None:
        """Take over what was proven before."""
        phases = self.phases if finding.kind is FindingKind.SIGN and finding.phase is None else (finding.phase,)
        for phase in phases:
            key = (finding.kind, phase, finding.evse, finding.factor)
            self._scores[key] = _Score(PROVEN_AFTER, 1, 0, finding.seen_in)

    def findings(self) -> list[MeterFinding]:
        """Return what is suspected or proven."""
        found = [
            MeterFinding(
                circuit_id=self.circuit_id,
                kind=kind,
                phase=phase,
                evse=evse,
                seen_in=score.seen_in,
                factor=factor,
                proven=score.proven,
                confidence=score.confidence,
            )
            for (kind, phase, evse, factor), score in self._scores.items()
            if score.hits >= SUSPECTED_AFTER
        ]
        signs = [finding for finding in found if finding.kind is FindingKind.SIGN]
        if not self.by_phase or len(signs) < len(self.phases) or len({finding.proven for finding in signs}) > 1:
            return [it if self.by_phase or it.kind is not FindingKind.SIGN else _whole(it) for it in found]
        return [it for it in found if it.kind is not FindingKind.SIGN] + [_whole(signs[0])]

    def _hit(self, key: _Key, step: Step, seen_in: str | None = None) -> None:
        score = self._scores.setdefault(key, _Score())
        score.hits += 1
        score.rises += step.rises
        score.seen_in = seen_in or score.seen_in

    def _forgive(self, key: _Key) -> None:
        score = self._scores.get(key)
        if score is not None:
            score.against += 1
            score.hits -= FORGIVEN
            score.rises = min(score.rises, max(0, score.hits))
            if score.hits <= 0:
                del self._scores[key]

    def _exonerate(self, evse: EvseKey, right: PhaseAmperes) -> None:
        self._forgive((FindingKind.NOT_SEEN, None, evse, None))
        for scale in _SCALES:
            self._forgive((FindingKind.SCALE, None, None, scale))
        for phase in Phase:
            if abs(right[phase]) > CLOSE_A:
                self._forgive((FindingKind.SIGN, phase, None, None))


def _flipped(shown: PhaseAmperes, candidate: PhaseAmperes, size_a: float) -> tuple[Phase, ...]:
    """Return the phases that would have to be turned round for a meter to be right; none where that does not help."""
    stepped = [phase for phase in Phase if abs(candidate[phase]) > CLOSE_A]
    for flipped in chain.from_iterable(combinations(stepped, count) for count in range(1, len(stepped) + 1)):
        turned = PhaseAmperes(*(-due if Phase(phase) in flipped else due for phase, due in enumerate(candidate)))
        if alike(shown, turned, size_a):
            return flipped
    return ()


def _whole(finding: MeterFinding) -> MeterFinding:
    return MeterFinding(
        circuit_id=finding.circuit_id, kind=finding.kind, proven=finding.proven, confidence=finding.confidence
    )
