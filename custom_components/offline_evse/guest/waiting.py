"""Why a guest's car has less than it could take, in the few words that are of use to a guest."""

from math import ceil
from typing import Any, Final

from ..engine.model.offer import LimitReason
from ..engine.model.station import ChargingState
from ..engine.site.site import Site
from ..engine.site.state import EvseState

CAR: Final = "car"
"""The car asks for nothing, which no building can change."""

WHY: Final[dict[LimitReason, str | None]] = {
    LimitReason.NOT_CHARGING: CAR,
    LimitReason.CHARGER_MAXIMUM: None,
    LimitReason.USER_LIMIT: "staff",
    LimitReason.PAUSED: "paused",
    LimitReason.CIRCUIT: "full",
    LimitReason.CIRCUIT_POWER: "full",
    LimitReason.WAITING_TURN: "turn",
    LimitReason.METER_SILENT: "careful",
    LimitReason.SETTLING: "soon",
    LimitReason.PRIORITY: "full",
    LimitReason.VEHICLE: None,
    LimitReason.OFFLINE: "offline",
    LimitReason.STOPPED: "paused",
    LimitReason.MODE: "later",
    LimitReason.SOLAR: "sun",
    LimitReason.BATTERY: "sun",
    LimitReason.PRICE: "later",
    LimitReason.SCHEDULE: "later",
    LimitReason.PLAN: "later",
    LimitReason.PEAK: "full",
    LimitReason.GRID: "grid",
    LimitReason.SESSION_TIME: "time_over",
    LimitReason.SESSION_ENERGY: "used_up",
    LimitReason.TEMPERATURE: "careful",
    LimitReason.CHARGER_ERROR: "fault",
    LimitReason.NOT_OBEYING: "fault",
    LimitReason.FUSE_HOT: "full",
    LimitReason.USED_UP: "used_up",
    LimitReason.TIME_OVER: "time_over",
    LimitReason.DEAUTHORIZED: "ended",
    LimitReason.FEWER_PHASES: "full",
    LimitReason.BACKEND: "staff",
}
"""The page's sentence for each; None: it has what it can take, and there is nothing to say."""


def why(site: Site, evse: EvseState) -> dict[str, Any] | None:
    """Say why a session has no more; None: it has all that there is."""
    key = WHY[evse.offer.binding.reason]
    if evse.offer.current_a > 0 and evse.charging_state is ChargingState.SUSPENDED_EV:
        key = CAR
    if key is None:
        return None
    said: dict[str, Any] = {"key": key, "waits": not evse.charging or evse.offer.current_a == 0}
    if key == "turn" and (wait_s := site.longest_wait_s(evse.key)) is not None:
        said["minutes"] = ceil(wait_s / 60)
    return said
