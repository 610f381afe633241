"""What of the goals outlives a restart."""

from datetime import UTC, datetime, time

from ...model.goal import ChargingMode
from ...model.station import EvseKey
from ..memory import Json, SiteMemory
from ..state import EvseState

_PEAK = "goal_peak"


async def keep_goal(memory: SiteMemory, evse: EvseState) -> None:
    """Remember what people want of an EVSE."""
    goal = evse.goal
    await memory.keep(
        _fact(evse.key),
        {
            "mode": goal.mode.value,
            "priority": goal.priority,
            "ready_by": None if goal.ready_by is None else goal.ready_by.isoformat(),
            "departs_at": None if goal.departs_at is None else goal.departs_at.isoformat(),
            "energy_target_wh": goal.energy_target_wh,
            "soc_target": goal.soc_target,
        },
    )


def restore_goal(memory: SiteMemory, evse: EvseState) -> None:
    """Give an EVSE back what was kept; what cannot be read is as if nobody had wanted it."""
    known = memory.mapping(_fact(evse.key))
    goal = evse.goal
    mode = known.get("mode")
    goal.mode = ChargingMode(mode) if mode in _KEPT_MODES else ChargingMode.FAST
    priority = known.get("priority")
    goal.priority = priority if isinstance(priority, int) else None
    goal.energy_target_wh = _number(known.get("energy_target_wh"))
    goal.soc_target = _number(known.get("soc_target"))
    try:
        ready_by, departs_at = known.get("ready_by"), known.get("departs_at")
        goal.ready_by = time.fromisoformat(ready_by) if isinstance(ready_by, str) else None
        goal.departs_at = datetime.fromisoformat(departs_at).astimezone(UTC) if isinstance(departs_at, str) else None
    except ValueError:
        goal.ready_by = goal.departs_at = None


async def keep_peak(memory: SiteMemory, month: str, peak_w: float) -> None:
    """Remember the peak of a month."""
    await memory.keep(_PEAK, {"month": month, "peak_w": round(peak_w)})


def kept_peak(memory: SiteMemory) -> tuple[str, float]:
    """Return the month and its peak in W that were kept; an empty month where there are none."""
    known = memory.mapping(_PEAK)
    month = known.get("month")
    return (month, _number(known.get("peak_w")) or 0.0) if isinstance(month, str) else ("", 0.0)


_KEPT_MODES = frozenset(mode.value for mode in ChargingMode if mode is not ChargingMode.PAUSED)


def _fact(key: EvseKey) -> str:
    return f"goal/{key.station_id}/{key.evse_id}"


def _number(fact: Json) -> float | None:
    return float(fact) if isinstance(fact, int | float) and not isinstance(fact, bool) else None
