"""Shared limits as further rows of the tree."""

from collections.abc import Iterable, Mapping
from math import inf, isnan
from typing import NamedTuple

from ...model.phases import Phase, PhaseAmperes
from ...model.shared_limit import LimitBasis, SharedLimit
from ...model.station import EvseKey

_NOBODY: frozenset[int] = frozenset()


class LimitRows(NamedTuple):
    """Where a limit has its rows, and what they may carry."""

    circuit_id: str
    basis: LimitBasis
    limit_a: PhaseAmperes | None
    first_row: int
    """The row for L1, if it has a limit per phase; those for L2 and L3 follow."""
    limit_w: float | None
    power_row: int
    """The row in W, if it has such a limit."""


class SharedRows:
    """Shared limits in one tree: their rows, numbered from `first`, and who loads them.

    A limit on a circuit that does not exist, without a value, or without a member below its circuit has no rows. A
    value that is no number limits nothing; one below 0 leaves nothing.
    """

    def __init__(self, first: int, limits: Iterable[SharedLimit], below: Mapping[str, tuple[EvseKey, ...]]) -> None:
        """Number the rows; `below` has all EVSEs of every circuit."""
        self.limits: list[LimitRows] = []
        self.of_rows: list[tuple[SharedLimit, Phase | None]] = []
        """The limit and the phase of every row; None: in W."""
        values: list[float] = []
        shape: list[tuple[object, ...]] = []
        members: dict[EvseKey, set[int]] = {}
        others: dict[EvseKey, set[int]] = {}
        for limit in limits:
            fed = below.get(limit.circuit_id, ())
            inside = {evse for evse in fed if limit.members is None or evse in limit.members}
            if not inside or (limit.limit_a is None and limit.limit_w is None):
                continue
            first_row = first + len(values)
            limit_a = limit_w = None
            if limit.limit_a is not None:
                limit_a = PhaseAmperes(*(_sane(value) for value in limit.limit_a))
                values.extend(limit_a)
                self.of_rows.extend((limit, phase) for phase in Phase)
            power_row = first + len(values)
            if limit.limit_w is not None:
                limit_w = _sane(limit.limit_w)
                values.append(limit_w)
                self.of_rows.append((limit, None))
            for evse in fed:
                if evse in inside:
                    members.setdefault(evse, set()).add(len(self.limits))
                elif limit.basis is LimitBasis.TOTAL:
                    others.setdefault(evse, set()).add(len(self.limits))
            self.limits.append(LimitRows(limit.circuit_id, limit.basis, limit_a, first_row, limit_w, power_row))
            has = (limit_a is not None, limit_w is not None)
            shape.append((limit.limit_id, limit.reason, limit.circuit_id, limit.basis, has, limit.members))
        self.values = tuple(values)
        """By row, in A or W."""
        self.shape = tuple(shape)
        """Differs if the rows are others, or are loaded by others; not if only their values have changed."""
        self.counts_others = bool(others)
        """Whether one of them counts what EVSEs draw that are not its members."""
        self._members = {evse: frozenset(positions) for evse, positions in members.items()}
        self._others = {evse: frozenset(positions) for evse, positions in others.items()}

    def member_of(self, evse: EvseKey) -> frozenset[int]:
        """Return the positions in `limits` of those that an EVSE has to fit in."""
        return self._members.get(evse, _NOBODY)

    def counted_in(self, evse: EvseKey) -> frozenset[int]:
        """Return the positions in `limits` of those that do not hold for an EVSE, but count what it draws."""
        return self._others.get(evse, _NOBODY)

    def costs(self, positions: Iterable[int], phases: Iterable[Phase], watts: float) -> list[tuple[int, float]]:
        """Return what one ampere on each of these phases, or that many watts, takes from these limits, by row."""
        costs: list[tuple[int, float]] = []
        for position in positions:
            limit = self.limits[position]
            if limit.limit_a is not None:
                costs.extend((limit.first_row + phase, 1.0) for phase in phases)
            if limit.limit_w is not None:
                costs.append((limit.power_row, watts))
        return costs


def _sane(value: float) -> float:
    return inf if isnan(value) else max(0.0, value)
