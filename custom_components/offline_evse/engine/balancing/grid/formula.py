"""What controllable devices keep under §14a EnWG, however low a limit is stated.

From memory of ruling BK6-22-300 of the Bundesnetzagentur, annex 1: the figures of the simultaneity factor are to be
checked against the text as published before anybody relies on them in a dispute.
"""

from ...model.grid import DEVICE_FLOOR_W

_SIMULTANEITY = (0.80, 0.75, 0.70, 0.65, 0.60, 0.55, 0.50)
"""Factor for 2, 3, … 8 devices (BK6-22-300, annex 1)."""
_SIMULTANEITY_OF_MANY = 0.45
"""Factor for nine devices and more."""


def simultaneity(devices: int) -> float:
    """Return the simultaneity factor (GZF) of a number of devices behind one energy management.

    Raises ValueError below one device. For one device the factor has no effect; 1 is returned.
    """
    if devices < 1:
        raise ValueError(f"{devices} devices have no simultaneity")
    if devices == 1:
        return 1.0
    return _SIMULTANEITY[devices - 2] if devices - 2 < len(_SIMULTANEITY) else _SIMULTANEITY_OF_MANY


def group_floor_w(devices: int, device_floor_w: float = DEVICE_FLOOR_W) -> float:
    """Return what a number of devices keeps together, in W: P_min = P + (n − 1) · GZF · P. 0 without a device."""
    if devices < 1:
        return 0.0
    return device_floor_w * (1.0 + (devices - 1) * simultaneity(devices))


def held_to_floor(limit_w: float, floor_w: float, *, may_stop: bool) -> float:
    """Return the limit that is really set, in W: never below the floor unless it may stop charging altogether."""
    return max(0.0, limit_w) if may_stop else max(limit_w, floor_w)
