"""What every EVSE would take if no fuse bound it: the lowest of all ceilings, and its rank among the others."""

from collections.abc import Callable
from typing import NamedTuple

from ...model.offer import EvseDemand, LimitReason
from ...model.station import ConnectorStatus
from ..state import EvseState


class Ceiling(NamedTuple):
    """The most that somebody or something allows an EVSE."""

    current_a: float
    reason: LimitReason


class Rank(NamedTuple):
    """Its place among those that want current; None: what the connector's set-up says."""

    priority: int | None = None
    weight: float | None = None
    laxity_s: float | None = None


type CeilingSource = Callable[[EvseState], Ceiling | None]
"""Asked whenever the demand of an EVSE is worked out; None: no limit from there."""
type RankSource = Callable[[EvseState], Rank | None]


_WISHES = frozenset(
    {
        LimitReason.PAUSED,
        LimitReason.MODE,
        LimitReason.SOLAR,
        LimitReason.BATTERY,
        LimitReason.PRICE,
        LimitReason.SCHEDULE,
        LimitReason.PLAN,
        LimitReason.PEAK,
    }
)
"""Why somebody would have it paused, without any danger in it."""


class Demands:
    """Puts demands together from what is known of an EVSE and from everybody who has a say in it.

    A source is asked anew on every change of the EVSE. A source whose answer changes for another reason has to have
    `Steering.demand_changed` called.
    """

    def __init__(self) -> None:
        """Begin with what lies in the EVSE itself."""
        self._ceilings: list[CeilingSource] = [_set_by_people, _refused]
        self._ranks: list[RankSource] = []

    def add_ceiling(self, source: CeilingSource) -> None:
        """Ask this source too; of equal ceilings the one of the source that was added first is named."""
        self._ceilings.append(source)

    def add_rank(self, source: RankSource) -> None:
        """Ask this source too; of several that say something the first is heard."""
        self._ranks.append(source)

    def of(self, evse: EvseState, *, reachable: bool, taken_out: bool = False) -> EvseDemand:
        """Work out the demand of an EVSE; `taken_out`: it is out of service because that is how it is paused."""
        ceiling = Ceiling(evse.maximum_a, LimitReason.CHARGER_MAXIMUM)
        for source in self._ceilings:
            other = source(evse)
            if other is not None and other.reason in _WISHES and not evse.pausable:
                # A session would die of a pause that is only a wish.
                other = Ceiling(max(other.current_a, evse.minimum_a), other.reason)
            if other is not None and other.current_a < ceiling.current_a:
                ceiling = other
        rank = Rank()
        for source_of_rank in self._ranks:
            if (told := source_of_rank(evse)) is not None:
                rank = Rank(
                    told.priority if rank.priority is None else rank.priority,
                    told.weight if rank.weight is None else rank.weight,
                    told.laxity_s if rank.laxity_s is None else rank.laxity_s,
                )
        status = evse.connector_status
        out_of_order = status is ConnectorStatus.FAULTED or (status is ConnectorStatus.UNAVAILABLE and not taken_out)
        return EvseDemand(
            evse=evse.key,
            connected=reachable,
            wants_current=evse.has_transaction and not out_of_order,
            ceiling_a=ceiling.current_a,
            ceiling_reason=ceiling.reason,
            phases_used=evse.phases_used if evse.wiring_known else None,
            priority=rank.priority,
            weight=rank.weight,
            laxity_s=rank.laxity_s,
            minimum_a=evse.vehicle_minimum_a,
            pausable=evse.pausable,
        )


def _set_by_people(evse: EvseState) -> Ceiling | None:
    if evse.paused:
        return Ceiling(0.0, LimitReason.PAUSED)
    return None if evse.limit_a is None else Ceiling(evse.limit_a, LimitReason.USER_LIMIT)


def _refused(evse: EvseState) -> Ceiling | None:
    if evse.decision is not None and evse.has_transaction and not evse.decision.accepted:
        return Ceiling(0.0, LimitReason.DEAUTHORIZED)
    return None
