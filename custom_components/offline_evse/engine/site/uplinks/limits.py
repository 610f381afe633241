"""Limits that backends want: the lowest counts, and none of them can raise anything."""

from collections.abc import Callable, Iterator

from ...model.offer import LimitReason
from ...model.phases import PhaseAmperes
from ...model.shared_limit import LimitBasis, SharedLimit
from ...model.station import EvseKey
from ...model.upstream.site import UpstreamLimit
from ..register import SiteRegister
from ..state import EvseState
from ..steering.demands import Ceiling
from ..steering.steering import Steering

WHOLE_STATION = 0
_SOURCE = "backend"


def upstream_of(limit_id: str | None) -> str | None:
    """Return whose limit for a whole charger this is; None: it is no backend's."""
    source, _, rest = (limit_id or "").partition("/")
    return rest.partition("/")[0] if source == _SOURCE else None


class UpstreamLimits:
    """One ceiling per EVSE from however many backends. What they want is kept where their profiles are."""

    def __init__(self, register: SiteRegister, steering: Steering, name_of: Callable[[str], str]) -> None:
        """Begin with none; `name_of` gives what people call a backend."""
        self._register = register
        self._steering = steering
        self._name_of = name_of
        self._wanted: dict[tuple[str, str], dict[int, float]] = {}
        steering.demands.add_ceiling(self.ceiling)

    def want(self, upstream_id: str, station_id: str, evse_id: int, current_a: float | None) -> None:
        """Hold an EVSE (0: all of the charger together) at this, in A per phase; None: no more."""
        wanted = self._wanted.setdefault((upstream_id, station_id), {})
        if current_a is None:
            wanted.pop(evse_id, None)
        else:
            wanted[evse_id] = max(0.0, current_a)
        self._look(station_id)

    def keep_only(self, lines: frozenset[tuple[str, str]]) -> None:
        """Let go of what is wanted over other lines than these (backend, charger)."""
        for line in [line for line in self._wanted if line not in lines]:
            del self._wanted[line]
            self._look(line[1])

    def ceiling(self, evse: EvseState) -> Ceiling | None:
        """Return the lowest that any backend wants."""
        lowest = self._lowest(evse.key)
        return None if lowest is None else Ceiling(lowest.current_a, LimitReason.BACKEND)

    def _look(self, station_id: str) -> None:
        self._steering.set_shared_limits(_SOURCE, tuple(self._shared()))
        for evse in self._register.of_station(station_id):
            lowest = self._lowest(evse.key)
            if lowest != evse.upstream_limit:
                evse.upstream_limit = lowest
                self._steering.demand_changed(evse)
                evse.changed()

    def _shared(self) -> Iterator[SharedLimit]:
        """Yield what the EVSEs of a charger may have together; a lone one has its ceiling."""
        for (upstream_id, station_id), wanted in self._wanted.items():
            limit_a = wanted.get(WHOLE_STATION)
            config = self._register.configs.get(station_id)
            members = frozenset(evse.key for evse in self._register.of_station(station_id))
            if limit_a is not None and config is not None and len(members) > 1:
                yield SharedLimit(
                    limit_id=f"{_SOURCE}/{upstream_id}/{station_id}",
                    reason=LimitReason.BACKEND,
                    circuit_id=config.circuit_id,
                    basis=LimitBasis.CHARGING,
                    limit_a=PhaseAmperes(limit_a, limit_a, limit_a),
                    members=members,
                )

    def _lowest(self, key: EvseKey) -> UpstreamLimit | None:
        limits = [
            UpstreamLimit(upstream_id, self._name_of(upstream_id), wanted[evse_id])
            for (upstream_id, station_id), wanted in self._wanted.items()
            if station_id == key.station_id
            for evse_id in (WHOLE_STATION, key.evse_id)
            if evse_id in wanted
        ]
        return min(limits, key=lambda limit: limit.current_a, default=None)
