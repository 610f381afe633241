"""Meter values of EVSEs: what is shown as present, and what the balancing learns from it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ..model.meter import EvseSample
from ..model.station import EvseKey
from .state import EvseState

NOMINAL_VOLTAGE_V = 230.0

_CLOCK_TOLERANCE = timedelta(minutes=1)


class Metering:
    """Keeps the newest values of every EVSE. A late value goes to the ledger only, never into the present."""

    def __init__(self, draw_reported: Callable[[EvseKey, tuple[float, ...]], None]) -> None:
        """Tell `draw_reported` the currents per terminal, in A, whenever an EVSE reports them."""
        self._draw_reported = draw_reported

    def take(self, evse: EvseState, samples: Iterable[EvseSample], received_at: datetime) -> bool:
        """Take in samples in the order of their time; returns whether anything present has changed."""
        before = evse.sample
        for sample in samples:
            if not sample.is_empty and not _is_late(sample, evse.sample, received_at):
                evse.sample = _merged(evse.sample, sample)
                if (draw_a := terminals_a(sample, evse.terminals)) is not None:
                    self._draw_reported(evse.key, draw_a)
        return evse.sample is not before

    def rest(self, evse: EvseState, at: datetime) -> None:
        """Note that nothing flows any more: a charger that has ended a transaction often sends no last sample."""
        if evse.sample is not None and (evse.sample.power_w or any(evse.sample.currents_a or ())):
            evse.sample = replace(
                evse.sample,
                power_w=None if evse.sample.power_w is None else 0.0,
                currents_a=None if evse.sample.currents_a is None else tuple(0.0 for _ in evse.sample.currents_a),
            )
        self._draw_reported(evse.key, (0.0,) * evse.terminals)


def terminals_a(sample: EvseSample, terminals: int) -> tuple[float, ...] | None:
    """Return the draw per terminal in A, from currents or else from the power; None where neither was told."""
    if sample.currents_a is not None:
        if len(sample.currents_a) == 1 and terminals > 1:
            # One figure for a three-phase charger: it stands for every phase that the car draws on.
            return sample.currents_a * terminals
        return sample.currents_a
    if sample.power_w is not None:
        return (sample.power_w / (NOMINAL_VOLTAGE_V * terminals),) * terminals
    return None


def _is_late(sample: EvseSample, present: EvseSample | None, received_at: datetime) -> bool:
    if present is None or sample.timestamp >= present.timestamp:
        return False
    # A charger whose clock was ahead and has been put right would otherwise never be believed again.
    return present.timestamp <= received_at + _CLOCK_TOLERANCE


def _merged(present: EvseSample | None, sample: EvseSample) -> EvseSample:
    if present is None:
        return sample
    return EvseSample(
        timestamp=sample.timestamp,
        context=sample.context,
        energy_import_wh=_newer(sample.energy_import_wh, present.energy_import_wh),
        power_w=_newer(sample.power_w, present.power_w),
        currents_a=_newer(sample.currents_a, present.currents_a),
        voltages_v=_newer(sample.voltages_v, present.voltages_v),
        offered_a=_newer(sample.offered_a, present.offered_a),
        soc_percent=_newer(sample.soc_percent, present.soc_percent),
        temperature_c=_newer(sample.temperature_c, present.temperature_c),
        signed_data=sample.signed_data,
    )


def _newer[T](told: T | None, present: T | None) -> T | None:
    return present if told is None else told
