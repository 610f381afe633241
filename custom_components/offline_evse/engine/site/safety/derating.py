"""Less current for a charger that is hot, and for one that reports an error that calls for it."""

from typing import Final

from ...model.offer import LimitReason
from ...model.station import EvseKey
from ..register import SiteRegister
from ..state import EvseState
from ..steering.demands import Ceiling

TO_MINIMUM_K: Final = 10.0
"""This far above the temperature at which derating begins, the charger is at its minimum current."""
TO_NOTHING_K: Final = 20.0
"""And this far above it gets nothing, until it has cooled down to where the minimum is allowed again."""
HYSTERESIS_K: Final = 2.0
"""A temperature has to fall this far below the one that was acted on before it gives anything back."""

_HEAT: Final = frozenset({"hightemperature"})
_LESS: Final = frozenset({"overcurrentfailure", "powermeterfailure", "undervoltage"})
_NOTHING: Final = frozenset({"groundfailure", "powerswitchfailure", "overvoltage"})
"""OCPP 1.6 ChargePointErrorCode in lower case: what calls for less current, and what for none. A weak radio signal, a
broken card reader and the like are no reason. PowerMeterFailure: it cannot say what it draws any more."""


class Derating:
    """Lowers a hot charger step by step, so that it neither shuts itself off nor flickers."""

    def __init__(self, register: SiteRegister) -> None:
        """Begin with nobody hot."""
        self._register = register
        self._acted_on_c: dict[EvseKey, float] = {}
        self._too_hot: set[EvseKey] = set()

    def ceiling(self, evse: EvseState) -> Ceiling | None:
        """Return what a charger may have at its temperature; None where that is no limit."""
        config = self._register.configs.get(evse.key.station_id)
        if config is None or config.derate_from_c is None or evse.sample is None or evse.sample.temperature_c is None:
            self._acted_on_c.pop(evse.key, None)
            self._too_hot.discard(evse.key)
            return None
        above_k = self._acted_on(evse.key, evse.sample.temperature_c) - config.derate_from_c
        if above_k >= TO_NOTHING_K:
            self._too_hot.add(evse.key)
        elif above_k <= TO_MINIMUM_K:
            self._too_hot.discard(evse.key)
        if evse.key in self._too_hot:
            return Ceiling(0.0, LimitReason.TEMPERATURE)
        if above_k <= 0:
            return None
        share = min(1.0, above_k / TO_MINIMUM_K)
        return Ceiling(evse.maximum_a - share * (evse.maximum_a - evse.minimum_a), LimitReason.TEMPERATURE)

    def _acted_on(self, key: EvseKey, told_c: float) -> float:
        """Return the temperature to act on: it follows up at once, and down with a distance."""
        acted_on_c = self._acted_on_c.get(key, told_c)
        acted_on_c = max(told_c, min(acted_on_c, told_c + HYSTERESIS_K))
        self._acted_on_c[key] = acted_on_c
        return acted_on_c


def ceiling_of_error(evse: EvseState) -> Ceiling | None:
    """Return what a charger may have that reports an error while it goes on charging."""
    error = (evse.error_code or "").lower()
    if error in _HEAT:
        return Ceiling(evse.minimum_a, LimitReason.TEMPERATURE)
    if error in _LESS:
        return Ceiling(evse.minimum_a, LimitReason.CHARGER_ERROR)
    if error in _NOTHING:
        return Ceiling(0.0, LimitReason.CHARGER_ERROR)
    return None
