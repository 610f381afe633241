"""The check list, gone through from the disk to the cards."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ..site import Site
from .chargers import chargers
from .facts import AuditFacts, gathered
from .item import AuditItem, failed, passed, warned
from .upstreams import upstreams

FREE_WARN_BYTES = 1024**3
FREE_FAIL_BYTES = 200 * 1024**2
DAYS_WARN = 90
DAYS_FAIL = 14
STEP_WARN_S = 5.0
AHEAD = timedelta(minutes=2)
"""An entry that is later than now by more than this was written by a clock that was ahead, or ours is behind."""
EARLIEST = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
"""Before this nothing of the kind existed: a clock that shows less has not been set."""
EXPOSURE_WARN = 0.8


async def audit(site: Site, now: datetime) -> tuple[AuditItem, ...]:
    """Look at a site and return every check, in the order in which it is told."""
    return checked(await gathered(site, now))


def checked(facts: AuditFacts) -> tuple[AuditItem, ...]:
    """Judge what was gathered."""
    return (
        *_storage(facts),
        *_clock(facts),
        *_site(facts),
        *_meters(facts),
        *_tree(facts),
        *chargers(facts),
        *_exposure(facts),
        *upstreams(facts),
    )


def _storage(facts: AuditFacts) -> Iterator[AuditItem]:
    """Records: can they be written, and for how long."""
    if facts.state.ledger_failed or facts.storage is None:
        yield failed("ledger_failed")
    else:
        yield passed("ledger_ok")
    if facts.storage is None:
        return
    free, days = facts.storage.free_bytes, facts.storage.days_left
    figures = {
        "free_mb": round(free / 1e6),
        "size_mb": round(facts.storage.size_bytes / 1e6, 1),
        "growth_mb": round(facts.storage.growth_bytes / 1e6, 2),
    }
    if days is not None:
        figures["days_left"] = round(min(days, 36_500))
    if free < FREE_FAIL_BYTES or (days is not None and days < DAYS_FAIL):
        yield failed("space_out", **figures)
    elif free < FREE_WARN_BYTES or (days is not None and days < DAYS_WARN):
        yield warned("space_low", **figures)
    else:
        yield passed("space_ok", **figures)


def _clock(facts: AuditFacts) -> Iterator[AuditItem]:
    """Times: ours, and those of chargers."""
    storage = facts.storage
    newest = storage.newest if storage else None
    if facts.now < EARLIEST or (newest is not None and newest > facts.now + AHEAD):
        yield failed("clock_wrong", now=facts.now.isoformat(timespec="minutes"))
    elif storage is not None and storage.clock_steps:
        yield warned("clock_stepped", count=storage.clock_steps, largest_s=round(storage.largest_step_s, 1))
    else:
        yield passed("clock_ok")


def _site(facts: AuditFacts) -> Iterator[AuditItem]:
    """Switches that keep everybody from charging, or from being steered."""
    if facts.state.stopped:
        yield failed("stopped")
    if facts.state.shadow:
        yield failed("shadow")
    outlook = facts.state.outlook
    if outlook is None:
        return
    if not outlook.safe:
        yield failed(
            "outlook_unsafe",
            outlook.circuit_id,
            load=round(outlook.load, 1),
            limit=round(outlook.limit, 1),
            unit="W" if outlook.phase is None else "A",
        )
    elif not outlook.safe_when_full:
        yield warned(
            "outlook_full_unsafe",
            outlook.full_circuit_id,
            load=round(outlook.full_load, 1),
            limit=round(outlook.full_limit, 1),
            unit="W" if outlook.full_phase is None else "A",
        )
    else:
        yield passed("outlook_ok")


def _meters(facts: AuditFacts) -> Iterator[AuditItem]:
    """Meters: those that are silent first, then those that are not believed."""
    metered = [circuit for circuit in facts.config.circuits if circuit.metered]
    if not metered:
        yield passed("meters_none")
    for circuit in metered:
        if circuit.circuit_id in facts.state.distrusted_meters:
            yield failed("meter_distrusted", circuit.circuit_id)
        elif circuit.circuit_id in facts.state.silent_meters:
            yield failed("meter_silent", circuit.circuit_id)
        elif any(it.circuit_id == circuit.circuit_id and not it.proven for it in facts.state.meter_findings):
            yield warned("meter_suspected", circuit.circuit_id)
        else:
            yield passed("meter_ok", circuit.circuit_id)


def _tree(facts: AuditFacts) -> Iterator[AuditItem]:
    """What is possible in the fuse tree, but hardly meant."""
    if not facts.doubts:
        yield passed("tree_ok")
    for doubt in facts.doubts:
        yield warned(f"tree_{doubt.code}", **doubt.placeholders)


def _exposure(facts: AuditFacts) -> Iterator[AuditItem]:
    """What was given to people whom nobody has confirmed."""
    exposure = facts.state.exposure
    figures = {"energy_kwh": round(exposure.energy_wh / 1000, 1)}
    if exposure.limit_wh is None:
        yield passed("exposure_unlimited", **figures)
        return
    share = exposure.energy_wh / exposure.limit_wh if exposure.limit_wh else 1.0
    figures["limit_kwh"] = round(exposure.limit_wh / 1000, 1)
    if share >= 1:
        yield failed("exposure_full", **figures)
    elif share >= EXPOSURE_WARN:
        yield warned("exposure_near", **figures)
    else:
        yield passed("exposure_ok", **figures)
