"""A site to survey: cars that go up and down behind meters of which the test decides what they show."""

from collections.abc import Callable
from random import Random

from custom_components.offline_evse.engine.balancing.commissioning.survey import Survey, Surveyor
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.phases import IN_ORDER, PhaseAmperes, Wiring, on_building

from .sites import key

type Wrong = Callable[[PhaseAmperes], PhaseAmperes]


class SurveyedSite:
    """Cars that come and go behind meters of which the test decides what they show."""

    def __init__(
        self,
        wrong: Wrong = lambda it: it,
        *,
        cars: int = 1,
        real: Wiring = IN_ORDER,
        told: Wiring = IN_ORDER,
        terminals: int = 3,
        by_terminal: bool = True,
        by_phase: bool = True,
        meter_s: int = 1,
        report_s: int = 10,
        noise_a: float = 0.3,
        learning: bool = False,
    ) -> None:
        self.wrong = wrong
        self.real = real
        self.terminals = terminals
        self.by_terminal = by_terminal
        self.meter_s, self.report_s, self.noise_a = meter_s, report_s, noise_a
        self.surveyor = Surveyor()
        self.cars = [key(number) for number in range(cars)]
        main = Circuit(
            circuit_id="main", name="Main", limit_a=PhaseAmperes(40, 40, 40), metered=True, phases_measured=by_phase
        )
        placements = tuple(EvsePlacement(evse=evse, circuit_id="main", wiring=told) for evse in self.cars)
        self.surveyor.set_layout(SiteLayout(circuits=(main,), placements=placements), self.cars if learning else ())
        self.random = Random(7)
        self.now_s = 0
        self.draws = dict.fromkeys(self.cars, 0.0)
        self.house = [2.0, 3.0, 1.0]
        self.seen = Survey()

    def run(self, seconds: int) -> Survey:
        for _ in range(seconds):
            self.now_s += 1
            total = [load_a + self.random.uniform(-self.noise_a, self.noise_a) for load_a in self.house]
            for evse in self.cars:
                drawn = (self.draws[evse],) * self.terminals
                for phase, current_a in enumerate(on_building(drawn, self.real)):
                    total[phase] += current_a
                if self.now_s % self.report_s == 0:
                    told = (*drawn, 0.0, 0.0)[: len(self.real)] if self.by_terminal else (sum(drawn),)
                    self.surveyor.draw(evse, told, float(self.now_s), by_terminal=self.by_terminal)
            if self.now_s % self.meter_s == 0:
                self.surveyor.meter("main", self.wrong(PhaseAmperes(*total)), float(self.now_s))
            self.seen = self.surveyor.look(float(self.now_s)) or self.seen
        return self.seen

    def steps(self, count: int, current_a: float = 10.0) -> Survey:
        """One car after the other goes up and down."""
        for number in range(count):
            evse = self.cars[number // 2 % len(self.cars)]
            self.draws[evse] = 0.0 if self.draws[evse] else current_a
            self.run(45)
        return self.seen
