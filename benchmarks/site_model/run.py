"""One run of a scenario under a control law."""

from collections import defaultdict
from collections.abc import Callable

from benchmarks.control_laws.law import ControlLaw
from benchmarks.judging.figures import CommandWatch, Figures, FuseWatch, jain
from benchmarks.scenarios.scenario import Scenario

from .household import Load
from .meter import Fault, Meter
from .vehicle import EXPIRES_AFTER_S, MINIMUM_A, Vehicle

REPORTS_EVERY_S = 10
"""MeterValues of all chargers, aligned to the clock, so that laws which decide every 10 s have them fresh."""
REPEATED_AFTER_S = 120
"""A limit is repeated so that it does not run out while somebody is there to repeat it."""
FULL_SHARE = 0.99


class Run:
    """The site, second by second. What goes wrong is done to it by the events of its scenario."""

    def __init__(self, scenario: Scenario, seed: int, law: Callable[[], ControlLaw]) -> None:
        """Build the site; the law is made anew whenever its machine restarts."""
        self.scenario = scenario
        self.seconds = round(scenario.hours * 3600)
        self.now_s = 0
        self.figures = Figures(hours=scenario.hours)
        self._make_law = law
        self.law: ControlLaw | None = None
        layout = scenario.layout
        self._index = {circuit.circuit_id: number for number, circuit in enumerate(layout.circuits)}
        parents = {circuit.circuit_id: circuit.parent_id for circuit in layout.circuits}
        self.paths: list[tuple[int, ...]] = []
        for placement in layout.placements:
            self.paths.append(self._path(placement.circuit_id, parents))
        self.limits_a = [limit_a for circuit in layout.circuits for limit_a in circuit.limit_a]
        self.uncontrolled = self._uncontrolled(scenario.loads(seed, self.seconds), parents)
        wirings = scenario.wirings or tuple(placement.wiring for placement in layout.placements)
        self.vehicles = [
            Vehicle(car, tuple(int(phase) for phase in wiring), placement.safe_a)
            for car, wiring, placement in zip(scenario.cars, wirings, layout.placements, strict=True)
        ]
        self._terminals = [len(wiring) for wiring in wirings]
        self.meters = {circuit_id: Meter(model) for circuit_id, model in scenario.meters.items()}
        self._events: dict[int, list[Callable[..., None]]] = defaultdict(list)
        for at_s, action in scenario.events:
            self._events[at_s].append(action)
        for number, car in enumerate(scenario.cars):
            self._events[car.arrives_s].append(lambda run, number=number: run.plug(number))
            if car.leaves_s < self.seconds:
                self._events[int(car.leaves_s)].append(lambda run, number=number: run.unplug(number))
        self._commands = [CommandWatch(self.figures, vehicle.limit_a) for vehicle in self.vehicles]
        self._retry_s = [0] * len(self.vehicles)
        self._hungry_s = [0] * len(self.vehicles)
        self.currents_a: list[float] = [0.0] * len(self.limits_a)
        """True current of every row: three for each circuit."""

    def run(self, probe_every_s: int = 0) -> Figures:
        """Live through the scenario, and return its figures."""
        watch = FuseWatch(self.limits_a, self.figures)
        self.start_law()
        quarter_wh = 0.0
        every_second = self.scenario.every_second
        for now_s in range(self.seconds):
            self.now_s = now_s
            for action in self._events.pop(now_s, ()):
                action(self)
            uncontrolled_a = self.uncontrolled[now_s]
            currents_a = self.currents_a = list(uncontrolled_a)
            for vehicle, path in zip(self.vehicles, self.paths, strict=True):
                vehicle.second(now_s)
                if draw_a := vehicle.draw_a:
                    for first in path:
                        for phase in vehicle.phases:
                            currents_a[first + phase] += draw_a
            watch.second(currents_a, uncontrolled_a)
            quarter_wh += sum(currents_a[:3]) * 230.0 / 3600.0
            if now_s % 900 == 899:
                self.figures.quarter_kw = max(self.figures.quarter_kw, quarter_wh / 250.0)
                quarter_wh = 0.0
            if every_second is not None:
                every_second(self)
            if self.law is not None:
                self._tell(self.law, now_s)
                for evse, current_a in self.law.decide(now_s):
                    self._send(self.law, evse, current_a, now_s)
                if probe_every_s and now_s % probe_every_s == probe_every_s - 1:
                    self._probe(self.law, now_s)
            self._count_hungry()
        watch.finish()
        self._settle()
        return self.figures

    def start_law(self) -> None:
        """Let the law begin, with whatever is going on at the site."""
        self.law = self._make_law()
        self.law.set_up(self.scenario.layout)
        for evse, vehicle in enumerate(self.vehicles):
            if vehicle.plugged:
                self.law.found(evse, vehicle.limit_a, self.now_s)
                self.law.demand(evse, online=vehicle.online, wants=True, now_s=self.now_s)

    def stop_law(self) -> None:
        """Take the machine down on which the law runs."""
        self.law = None

    def plug(self, evse: int) -> None:
        """Let a car arrive."""
        self.vehicles[evse].plug()
        self._demand(evse)

    def unplug(self, evse: int) -> None:
        """Let a car go."""
        vehicle = self.vehicles[evse]
        self.figures.car_hours += (self.now_s - vehicle.model.arrives_s) / 3600
        vehicle.unplug()
        self._demand(evse)
        if self.law is not None:
            self.law.draw(evse, (0.0,) * self._terminals[evse], self.now_s)

    def cut_link(self, evse: int) -> None:
        """Take a station out of sight; its limit runs out after a while."""
        self.vehicles[evse].online = False
        self._demand(evse)
        self._events[self.now_s + EXPIRES_AFTER_S].append(lambda run: run.presume_expired(evse))

    def mend_link(self, evse: int) -> None:
        """Let a station come back. It gets its floor before anything else."""
        vehicle = self.vehicles[evse]
        vehicle.online = True
        vehicle.limit_a, vehicle.told_at_s = vehicle.safe_a, float("inf")
        if self.law is not None:
            self.law.found(evse, vehicle.safe_a, self.now_s)
        self._demand(evse)

    def presume_expired(self, evse: int) -> None:
        """Tell the law that a station that is still out of sight ought to have fallen to its safe current."""
        vehicle = self.vehicles[evse]
        if not vehicle.online and self.law is not None:
            self.law.found(evse, vehicle.safe_a, self.now_s)

    def break_meter(self, circuit_id: str, fault: Fault | None) -> None:
        """Let a meter fail, or recover with None."""
        self.meters[circuit_id].fault = fault

    def _demand(self, evse: int) -> None:
        if self.law is not None:
            vehicle = self.vehicles[evse]
            self.law.demand(evse, online=vehicle.online, wants=vehicle.plugged, now_s=self.now_s)

    def _tell(self, law: ControlLaw, now_s: int) -> None:
        currents_a = self.currents_a
        for circuit_id, meter in self.meters.items():
            first = 3 * self._index[circuit_id]
            told_a = meter.second(now_s, (currents_a[first], currents_a[first + 1], currents_a[first + 2]))
            if told_a is not None:
                law.meter(circuit_id, told_a, now_s)
        aligned = now_s % REPORTS_EVERY_S == 0
        if not aligned and not law.polls:
            return
        for evse, vehicle in enumerate(self.vehicles):
            if vehicle.plugged and vehicle.online:
                used = len(vehicle.phases)
                terminals = self._terminals[evse]
                draw_a = round(vehicle.draw_a, 1)
                law.draw(evse, (draw_a,) * used + (0.0,) * (terminals - used), now_s)
                if now_s - vehicle.told_at_s >= REPEATED_AFTER_S:
                    vehicle.told_at_s = now_s

    def _send(self, law: ControlLaw, evse: int, current_a: float, now_s: int) -> None:
        vehicle = self.vehicles[evse]
        if not vehicle.online or not vehicle.plugged or now_s < self._retry_s[evse]:
            return
        self._commands[evse].sent(current_a, now_s)
        taken = vehicle.tell(current_a, now_s)
        if not taken:
            self._retry_s[evse] = now_s + 5
        law.sent(evse, current_a, now_s + 0.3, taken=taken)

    def _probe(self, law: ControlLaw, now_s: int) -> None:
        probe = getattr(law, "probe", None)
        if probe is not None:
            named, rightly = probe(now_s)
            self.figures.explained += named
            self.figures.explained_rightly += rightly

    def _count_hungry(self) -> None:
        if not any(vehicle.draw_a for vehicle in self.vehicles):
            return
        for evse, vehicle in enumerate(self.vehicles):
            if vehicle.limit_a < MINIMUM_A and vehicle.wants:
                self._hungry_s[evse] += 1
                self.figures.starved_s = max(self.figures.starved_s, self._hungry_s[evse])
            else:
                self._hungry_s[evse] = 0

    def _settle(self) -> None:
        figures = self.figures
        shares = []
        for vehicle in self.vehicles:
            if vehicle.plugged:
                figures.car_hours += (self.seconds - vehicle.model.arrives_s) / 3600
            figures.energy_kwh += vehicle.energy_wh / 1000
            figures.pauses += vehicle.pauses
            need_wh = vehicle.model.need_wh
            if need_wh < float("inf"):
                figures.needed_kwh += need_wh / 1000
                figures.met_kwh += min(vehicle.energy_wh, need_wh) / 1000
                figures.served.append(min(1.0, vehicle.energy_wh / need_wh))
                shares.append(min(1.0, vehicle.energy_wh / need_wh))
            else:
                stay_s = min(vehicle.model.leaves_s, self.seconds) - vehicle.model.arrives_s
                shares.append(vehicle.energy_wh / len(vehicle.phases) / stay_s)
        if self.scenario.fair and len(shares) > 1:
            figures.jain.append(jain(shares))

    def _path(self, circuit_id: str | None, parents: dict[str, str | None]) -> tuple[int, ...]:
        path = []
        while circuit_id is not None:
            path.append(3 * self._index[circuit_id])
            circuit_id = parents[circuit_id]
        return tuple(path)

    def _uncontrolled(self, loads: dict[str, Load], parents: dict[str, str | None]) -> list[list[float]]:
        rows = [[0.0] * len(self.limits_a) for _ in range(self.seconds)]
        for circuit_id, load in loads.items():
            for first in self._path(circuit_id, parents):
                for row, amperes in zip(rows, load, strict=True):
                    row[first] += amperes[0]
                    row[first + 1] += amperes[1]
                    row[first + 2] += amperes[2]
        return rows
