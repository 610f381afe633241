"""Meter values of EVSEs: what is shown as present, and what the balancing learns from it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ...model.meter import EvseSample
from ...model.station import EvseKey
from ..state import EvseState

NOMINAL_VOLTAGE_V = 230.0

_CLOCK_TOLERANCE = timedelta(minutes=1)
_OLD_AFTER = timedelta(minutes=10)
"""A value that is older than this is history, unless the charger's clock is behind."""
_CLOCK_JITTER = timedelta(seconds=2)


class Metering:
    """Keeps the newest values of every EVSE. A late value goes to the ledger only, never into the present."""

    def __init__(self, draw_reported: Callable[[EvseKey, tuple[float, ...]], None]) -> None:
        """Tell `draw_reported` the currents per terminal, in A, whenever an EVSE reports them."""
        self._draw_reported = draw_reported
        self._audience: list[Callable[[EvseState, EvseSample | None], None]] = []
        self._old: dict[EvseKey, tuple[datetime, datetime]] = {}
        """The last value of an EVSE that seemed old: its time by the charger, and by us."""

    def tell(self, listener: Callable[[EvseState, EvseSample | None], None]) -> None:
        """Tell `listener` every present sample of an EVSE; None when its session is over."""
        self._audience.append(listener)

    def take(self, evse: EvseState, samples: Iterable[EvseSample], received_at: datetime) -> bool:
        """Take in samples in the order of their time; returns whether anything present has changed."""
        before = evse.sample
        for sample in samples:
            if not sample.is_empty and not self._is_late(evse, sample, received_at):
                evse.sample = _merged(evse.sample, sample)
                for listener in self._audience:
                    listener(evse, sample)
                if (draw_a := terminals_a(sample, evse.terminals)) is not None:
                    self._draw_reported(evse.key, draw_a)
        return evse.sample is not before

    def _is_late(self, evse: EvseState, sample: EvseSample, received_at: datetime) -> bool:
        present = evse.sample
        if present is not None and sample.timestamp < present.timestamp:
            # A charger whose clock was ahead and has been put right would otherwise never be believed again.
            return present.timestamp <= received_at + _CLOCK_TOLERANCE
        if received_at - sample.timestamp <= _OLD_AFTER:
            return False
        # The clock is behind if its times go on as ours do. What was kept while nobody listened comes much faster.
        before = self._old.get(evse.key)
        self._old[evse.key] = (sample.timestamp, received_at)
        return before is None or sample.timestamp - before[0] > received_at - before[1] + _CLOCK_JITTER

    def rest(self, evse: EvseState, at: datetime) -> None:
        """Note that nothing flows any more: a charger that has ended a transaction often sends no last sample."""
        if evse.sample is not None and (evse.sample.power_w or any(evse.sample.currents_a or ())):
            evse.sample = replace(
                evse.sample,
                power_w=None if evse.sample.power_w is None else 0.0,
                currents_a=None if evse.sample.currents_a is None else tuple(0.0 for _ in evse.sample.currents_a),
            )
        self._draw_reported(evse.key, (0.0,) * evse.terminals)
        for listener in self._audience:
            listener(evse, None)


def terminals_a(sample: EvseSample, terminals: int) -> tuple[float, ...] | None:
    """Return the draw per terminal in A, from currents or else from the power; None where neither was told."""
    if sample.currents_a is not None:
        if not sample.phases_known and sample.currents_a:
            # Any terminal may be among those that it draws on, so each is taken to be.
            return (max(sample.currents_a),) * terminals
        return sample.currents_a
    if sample.power_w is not None:
        return (sample.power_w / (NOMINAL_VOLTAGE_V * terminals),) * terminals
    return None


def _merged(present: EvseSample | None, sample: EvseSample) -> EvseSample:
    if present is None:
        return sample
    return EvseSample(
        timestamp=sample.timestamp,
        context=sample.context,
        energy_import_wh=_newer(sample.energy_import_wh, present.energy_import_wh),
        power_w=_newer(sample.power_w, present.power_w),
        currents_a=_newer(sample.currents_a, present.currents_a),
        phases_known=present.phases_known if sample.currents_a is None else sample.phases_known,
        voltages_v=_newer(sample.voltages_v, present.voltages_v),
        offered_a=_newer(sample.offered_a, present.offered_a),
        soc_percent=_newer(sample.soc_percent, present.soc_percent),
        temperature_c=_newer(sample.temperature_c, present.temperature_c),
        signed_data=sample.signed_data,
    )


def _newer[T](told: T | None, present: T | None) -> T | None:
    return present if told is None else told
