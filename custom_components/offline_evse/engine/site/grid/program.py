"""A program's events, brought to the desk: what is new is set, what is gone is taken back."""

from collections.abc import Iterable
from datetime import datetime

from ...balancing.grid.program import limits_of
from ...model.grid import GridLimit, GridSource
from ...model.grid_program import ProgramEvent
from ...model.shared_limit import LimitBasis
from .desk import GridDesk
from .events import GridEvent


async def take_program(
    desk: GridDesk,
    events: Iterable[ProgramEvent],
    now: datetime,
    *,
    basis: LimitBasis = LimitBasis.CHARGING,
    name: str | None = None,
) -> None:
    """Make the limits of a program those of its events as they are told now. Raises as the ledger does."""
    wanted = limits_of(events, now, basis=basis, name=name)
    stated = desk.stated(GridSource.OPENADR)
    for event_id in stated.keys() - wanted.keys():
        await desk.clear(event_id, GridSource.OPENADR)
    for event_id, limit in wanted.items():
        if _differ(stated.get(event_id), limit):
            await desk.set_limit(
                limit.limit_w,
                source=GridSource.OPENADR,
                event_id=event_id,
                start=limit.start,
                duration_s=limit.duration_s,
                basis=limit.basis,
                name=limit.name,
                raw_sha256=limit.raw_sha256,
            )


def report_due(event: ProgramEvent, recorded: Iterable[GridEvent]) -> tuple[GridEvent, ...]:
    """Return what can be reported of an event, in order: all its intervals, once the last one that began has ended."""
    prefix = f"{event.event_id}/"
    found = sorted((it for it in recorded if it.event_id.startswith(prefix)), key=lambda it: it.received_at)
    if not event.reports or not found or any(it.ended_at is None for it in found):
        return ()
    return tuple(found)


def _differ(stated: GridLimit | None, told: GridLimit) -> bool:
    if stated is None:
        return True
    began_alike = stated.start == told.start or told.duration_s is None
    before = (stated.limit_w, stated.duration_s, stated.basis)
    return not began_alike or before != (told.limit_w, told.duration_s, told.basis)
