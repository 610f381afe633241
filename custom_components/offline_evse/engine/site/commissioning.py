"""The site surveys itself: whether meters are right, which phases chargers and cars use, and what to do till then."""

from collections.abc import Callable, Iterable

from ..balancing.commissioning.survey import Survey, Surveyor
from ..model.circuit import EvsePlacement, SiteLayout
from ..model.clock import Clock, Timer
from ..model.commissioning import FindingKind, MeterFinding, WiringLearned
from ..model.meter import EvseSample
from ..model.phases import IN_ORDER, Phase, PhaseAmperes, Wiring
from ..model.station import EvseKey
from .announcement import Announcement, EvseFound, SessionStarted
from .background import Background
from .config import StationConfig
from .memory import Json, SiteMemory
from .register import SiteRegister
from .state import EvseState
from .steering.metering import NOMINAL_VOLTAGE_V
from .steering.terminals import TerminalWatch

LOOK_EVERY_S = 5.0
HIGHEST_VOLTAGE_V = 253.0
_FACT = "survey"


class Commissioning:
    """Feeds the surveyor, and lets the site be careful where something is wrong.

    A meter that shows the wrong thing is not believed. A charger whose wiring is in doubt counts on every phase that
    its circuit has.
    """

    def __init__(
        self,
        register: SiteRegister,
        memory: SiteMemory,
        clock: Clock,
        background: Background,
        *,
        distrust: Callable[[str, bool], None],
        wirings_changed: Callable[[], None],
        phases_changed: Callable[[EvseState], None],
    ) -> None:
        """Survey what is in the register. `distrust` is told of a circuit whose meter is (not) to be believed."""
        self._register = register
        self._memory = memory
        self._clock = clock
        self._background = background
        self._distrust = distrust
        self._wirings_changed = wirings_changed
        self._phases_changed = phases_changed
        self._surveyor = Surveyor()
        self._terminals = TerminalWatch()
        self._survey = Survey()
        self._timer: Timer | None = None
        self._told_one_phase: set[EvseKey] = set()
        register.wiring_of = self.wiring
        register.announce_to(self._heard)

    def start(self) -> None:
        """Take up what was proven before a restart, and begin to look."""
        self.layout_changed()
        self._recall()
        self._publish(self._surveyor.survey(), keep=False)
        self._tick()

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def layout_changed(self) -> None:
        """Take over the tree as it is set up; a charger or a circuit that has changed is surveyed anew."""
        register = self._register
        placements, learning = [], []
        for key in sorted(register.evses):
            config = register.configs[key.station_id]
            placements.append(EvsePlacement(evse=key, circuit_id=config.circuit_id, wiring=config.wiring))
            if config.learn_wiring:
                learning.append(key)
        layout = SiteLayout(circuits=register.config.circuits, placements=tuple(placements))
        self._surveyor.set_layout(layout, learning)
        self._publish(self._surveyor.survey())

    def meter_changed(self, circuit_id: str) -> None:
        """Begin anew with a meter that is read in another way from now on."""
        self._surveyor.forget_meter(circuit_id)
        self._publish(self._surveyor.survey())

    def meter_reported(self, circuit_id: str, currents_a: PhaseAmperes) -> None:
        """Take in what the meter of a circuit shows."""
        self._surveyor.meter(circuit_id, currents_a, self._clock.monotonic())

    def sampled(self, evse: EvseState, sample: EvseSample | None) -> None:
        """Take in what an EVSE's meter says now; None: its session is over, and nothing flows."""
        at_s = self._clock.monotonic()
        if sample is None:
            self._surveyor.draw(evse.key, (0.0,) * evse.terminals, at_s)
            self._told_one_phase.discard(evse.key)
            self._terminals.rest(evse.key)
            self._use(evse, None)
            return
        by_terminal = sample.currents_a is not None and (sample.phases_known or evse.terminals == 1)
        if sample.currents_a is not None and by_terminal:
            drawn_a = (*sample.currents_a, 0.0, 0.0, 0.0)[: evse.terminals]
            self._surveyor.draw(evse.key, drawn_a, at_s)
            if evse.has_transaction:
                self._use(evse, self._terminals.take(evse.key, drawn_a, at_s))
            return
        if sample.currents_a is not None:
            total_a = sum(sample.currents_a)
        elif sample.power_w is not None and (evse.sample is None or evse.sample.currents_a is None):
            total_a = sample.power_w / NOMINAL_VOLTAGE_V
        else:
            return
        self._surveyor.draw(evse.key, (total_a,), at_s, by_terminal=evse.terminals == 1)
        if evse.key in self._told_one_phase and (sample.power_w or 0.0) > HIGHEST_VOLTAGE_V * evse.maximum_a:
            self._told_one_phase.discard(evse.key)
            self._use(evse, None)

    def wiring(self, key: EvseKey, config: StationConfig) -> Wiring:
        """Return the wiring to reckon with: as set up, as learned, or, in doubt, every phase that the circuit has."""
        learned = next((it for it in self._survey.wirings if it.evse == key), None)
        if learned is None and not config.learn_wiring:
            return config.wiring
        if learned is not None and config.learn_wiring:
            return learned.wiring
        if len(config.wiring) == len(IN_ORDER):
            return config.wiring
        circuit = self._register.state.layout.get(config.circuit_id)
        there = tuple(phase for phase in Phase if circuit is not None and circuit.limit_a[phase] > 0)
        return there or config.wiring

    def _tick(self) -> None:
        self._timer = self._clock.call_later(LOOK_EVERY_S, self._tick)
        survey = self._surveyor.look(self._clock.monotonic())
        if survey is not None:
            self._publish(survey)

    def _heard(self, news: Announcement) -> None:
        """A session begins with a car that draws nothing yet, unless its charger has said otherwise."""
        if isinstance(news, EvseFound):
            self.layout_changed()
        if isinstance(news, SessionStarted) and (evse := self._register.evses.get(news.evse)) is not None:
            sample = evse.sample
            if sample is None or not (sample.power_w or any(sample.currents_a or ())):
                self._surveyor.draw(evse.key, (0.0,) * evse.terminals, self._clock.monotonic())

    def _publish(self, survey: Survey, *, keep: bool = True) -> None:
        before, self._survey = self._survey, survey
        state = self._register.state
        distrusted = frozenset(finding.circuit_id for finding in survey.findings if finding.dangerous)
        known = {circuit_id for circuit_id, circuit in state.layout.items() if circuit.metered}
        for circuit_id in known:
            self._distrust(circuit_id, circuit_id in distrusted)
        for evse in self._register.evses.values():
            self._note_doubt(evse)
            self._note_one_phase(evse, survey)
        if survey.wirings != before.wirings:
            self._wirings_changed()
        if (state.meter_findings, state.wirings_learned, state.distrusted_meters) != (
            survey.findings,
            survey.wirings,
            distrusted,
        ):
            state.meter_findings = survey.findings
            state.wirings_learned = survey.wirings
            state.distrusted_meters = distrusted
            state.changed()
        if keep and (survey.findings, survey.wirings) != (before.findings, before.wirings):
            self._background.run(self._memory.keep(_FACT, _as_json(survey)), "memory of the survey")

    def _note_doubt(self, evse: EvseState) -> None:
        """A car's terminals say which phases it uses only where it is known on which phases these are."""
        config = self._register.configs[evse.key.station_id]
        learned = any(it.evse == evse.key for it in self._survey.wirings)
        known = learned == config.learn_wiring
        if evse.wiring_known != known:
            evse.wiring_known = known
            self._phases_changed(evse)

    def _note_one_phase(self, evse: EvseState, survey: Survey) -> None:
        if evse.key in survey.one_phase and evse.has_transaction:
            self._told_one_phase.add(evse.key)
            self._use(evse, (0,))
        elif evse.key in self._told_one_phase:
            self._told_one_phase.discard(evse.key)
            self._use(evse, None)

    def _use(self, evse: EvseState, phases_used: tuple[int, ...] | None) -> None:
        if evse.phases_used != phases_used:
            evse.phases_used = phases_used
            self._phases_changed(evse)

    def _recall(self) -> None:
        """Believe what was proven before a restart."""
        kept = self._memory.mapping(_FACT)
        self._surveyor.believe(_findings(kept.get("findings")), _wirings(kept.get("wirings")))


def _as_json(survey: Survey) -> dict[str, Json]:
    findings: list[Json] = [
        {
            "circuit": it.circuit_id,
            "kind": it.kind.value,
            "phase": it.phase,
            "evse": list(it.evse) if it.evse else None,
            "seen_in": it.seen_in,
            "factor": it.factor,
        }
        for it in survey.findings
        if it.proven and it.kind is not FindingKind.PHASES_SWAPPED
    ]
    wirings: list[Json] = [
        {"evse": list(it.evse), "wiring": [int(phase) for phase in it.wiring], "sure": it.sure} for it in survey.wirings
    ]
    return {"findings": findings, "wirings": wirings}


def _findings(kept: Json) -> Iterable[MeterFinding]:
    for fact in kept if isinstance(kept, list) else ():
        match fact:
            case {"circuit": str(circuit_id), "kind": str(kind), **rest} if kind in FindingKind:
                phase, factor, seen_in = rest.get("phase"), rest.get("factor"), rest.get("seen_in")
                yield MeterFinding(
                    circuit_id=circuit_id,
                    kind=FindingKind(kind),
                    phase=Phase(phase) if isinstance(phase, int) else None,
                    evse=_evse(rest.get("evse")),
                    seen_in=seen_in if isinstance(seen_in, str) else None,
                    factor=factor if isinstance(factor, float) else None,
                    proven=True,
                )


def _wirings(kept: Json) -> Iterable[WiringLearned]:
    for fact in kept if isinstance(kept, list) else ():
        match fact:
            case {"evse": evse, "wiring": list(phases), "sure": bool(sure)} if (key := _evse(evse)) is not None:
                yield WiringLearned(key, tuple(Phase(phase) for phase in phases if isinstance(phase, int)), sure)


def _evse(kept: object) -> EvseKey | None:
    match kept:
        case [str(station_id), int(evse_id)]:
            return EvseKey(station_id, evse_id)
    return None
