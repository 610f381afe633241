"""A whole site: a tree of fuses with a house and charging points in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from .evse import Evse
from .fuse import Fuse
from .house import House
from .phases import ZERO, PerPhase

LONGEST_STEP_S = 1.0
"""Longer steps are cut into steps of this length."""

SOURCE_V = PerPhase(232.0, 231.0, 233.0)
"""Voltage at the street."""

SERVICE_OHM = 0.08
"""Resistance of the service cable: it costs 2 V at 25 A."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A fuse and its place in the tree; without a parent it is the main fuse."""

    name: str
    rating_a: float
    parent: str | None = None


class SimulatedSite:
    """The true state of everything electrical, advanced by `step`."""

    def __init__(
        self,
        branches: tuple[Branch, ...],
        evses: Mapping[str, tuple[str, Evse]],
        house: House | None = None,
        *,
        tau_s: float = 120.0,
    ) -> None:
        """Build it.

        `evses` maps a name to the branch it hangs in and the charging point; the house hangs in the main branch.
        Raises ValueError unless exactly one branch has no parent and every name that is used exists.
        """
        roots = [branch.name for branch in branches if branch.parent is None]
        if len(roots) != 1:
            raise ValueError(f"a site has one main fuse, not {len(roots)}")
        parents = {branch.name: branch.parent for branch in branches}
        self.main = roots[0]
        self.house = house
        self.evses = {name: evse for name, (_, evse) in evses.items()}
        self.fuses = {branch.name: Fuse(branch.rating_a, tau_s=tau_s) for branch in branches}
        self.currents_a = dict.fromkeys(self.fuses, ZERO)
        """True current of every branch, per phase."""
        self.active_w = ZERO
        """True power of the whole site, per phase."""
        self.voltages_v = SOURCE_V
        self.elapsed_s = 0.0
        self.imported_wh = 0.0
        self._paths = {name: self._path(branch, parents) for name, (branch, _) in evses.items()}

    def step(self, dt_s: float) -> None:
        """Advance by `dt_s` seconds."""
        while dt_s > 1e-9:
            part_s = min(dt_s, LONGEST_STEP_S)
            self._step(part_s)
            dt_s -= part_s

    def _step(self, dt_s: float) -> None:
        self.elapsed_s += dt_s
        volts = self.voltages_v
        uncontrolled = ZERO
        active = [0.0, 0.0, 0.0]
        if self.house is not None:
            self.house.step(dt_s, volts)
            uncontrolled = self.house.currents_a
            active = list(self.house.active_w)
        sums = {name: [0.0, 0.0, 0.0] for name in self.fuses}
        for phase in range(3):
            sums[self.main][phase] = uncontrolled[phase]
        for name, evse in self.evses.items():
            evse.step(dt_s, volts)
            for terminal_a, phase in zip(evse.terminals_a, evse.wiring, strict=True):
                active[phase] += terminal_a * volts[phase]
                for branch in self._paths[name]:
                    sums[branch][phase] += terminal_a
        for name, fuse in self.fuses.items():
            currents = PerPhase(*sums[name])
            self.currents_a[name] = currents
            fuse.step(dt_s, currents, uncontrolled if name == self.main else ZERO)
        self.active_w = PerPhase(*active)
        self.imported_wh += sum(active) * dt_s / 3600.0
        main_a = self.currents_a[self.main]
        self.voltages_v = PerPhase(*(SOURCE_V[p] - SERVICE_OHM * main_a[p] for p in range(3)))

    def _path(self, branch: str | None, parents: Mapping[str, str | None]) -> tuple[str, ...]:
        path: list[str] = []
        while branch is not None:
            if branch not in parents or branch in path:
                raise ValueError(f"branch {branch!r} is missing or its own parent")
            path.append(branch)
            branch = parents[branch]
        return tuple(path)
