"""Meter values of a session that was not watched live: one a quarter of an hour, on the hour's quarters.

That is what contracts bill by, and what a slow line can carry after three days. What a meter has signed at the
beginning and at the end of a session goes along whole: a signature cannot be thinned.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil

from ...model.meter import EvseSample, ReadingContext
from .registers import VirtualRegister

STEP_S = 900
MOST_VALUES = 200
"""Beyond so many in one message the steps are widened: some backends take no frame of more than 64 KiB."""
_BOUNDARIES = (ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END)

type Span = tuple[datetime, datetime]


def thinned(
    samples: Iterable[EvseSample], spans: Sequence[Span], register: VirtualRegister, stop_wh: int
) -> tuple[EvseSample, ...]:
    """Return what is told of `spans`, by time: the first register in every step, and what was signed.

    `register` stands at the start of the session; nothing beyond `stop_wh` is told.
    """
    step_s = _step_s(spans)
    kept: list[EvseSample] = []
    told: set[int] = set()
    signed: set[str] = set()
    highest_wh = 0
    for sample in sorted(samples, key=lambda sample: sample.timestamp):
        energy_wh = None
        if sample.energy_import_wh is not None:
            energy_wh = register.read(sample.energy_import_wh, sample.timestamp)
        if energy_wh is not None and not highest_wh <= energy_wh <= stop_wh:
            energy_wh = None
        if sample.signed_data is not None and sample.context in _BOUNDARIES and sample.signed_data not in signed:
            signed.add(sample.signed_data)
            kept.append(_bare(sample, energy_wh, sample.signed_data))
        elif energy_wh is not None and sample.context not in _BOUNDARIES and _within(sample.timestamp, spans):
            step = int(sample.timestamp.timestamp()) // step_s
            if step in told:
                continue
            told.add(step)
            kept.append(_bare(sample, energy_wh, None))
        else:
            continue
        highest_wh = highest_wh if energy_wh is None else energy_wh
    return tuple(kept)


def _bare(sample: EvseSample, energy_wh: int | None, signed_data: str | None) -> EvseSample:
    bare = EvseSample(timestamp=sample.timestamp, context=sample.context, energy_import_wh=energy_wh)
    return replace(bare, signed_data=signed_data)


def _within(at: datetime, spans: Sequence[Span]) -> bool:
    return any(begin < at < end for begin, end in spans)


def _step_s(spans: Sequence[Span]) -> int:
    whole_s = sum(max(0.0, (end - begin).total_seconds()) for begin, end in spans)
    return STEP_S * max(1, ceil(whole_s / (STEP_S * MOST_VALUES)))
