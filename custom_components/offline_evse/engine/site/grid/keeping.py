"""Limits as they are remembered over restarts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...model.grid import FAILSAFE_MINIMUM_S, GridLimit, GridSource, GridTerms
from ...model.shared_limit import LimitBasis
from ..memory import Json


def limit_fact(limit: GridLimit) -> dict[str, Json]:
    """Write a limit."""
    return {
        "event_id": limit.event_id,
        "source": limit.source.value,
        "limit_w": limit.limit_w,
        "start": limit.start.isoformat(),
        "duration_s": limit.duration_s,
        "basis": limit.basis.value,
        "name": limit.name,
        "may_stop": limit.may_stop,
        "raw_sha256": limit.raw_sha256,
        "terms": terms_fact(limit.terms),
    }


def terms_fact(terms: GridTerms) -> dict[str, Json]:
    """Write what is agreed."""
    return {
        "heartbeat_s": terms.heartbeat_s,
        "failsafe_w": terms.failsafe_w,
        "failsafe_minimum_s": terms.failsafe_minimum_s,
    }


def limit_of(fact: Mapping[str, Any]) -> GridLimit:
    """Read what `limit_fact` wrote; raises KeyError, TypeError or ValueError for anything else."""
    return GridLimit(
        event_id=str(fact["event_id"]),
        source=GridSource(fact["source"]),
        limit_w=float(fact["limit_w"]),
        start=datetime.fromisoformat(fact["start"]),
        duration_s=None if fact["duration_s"] is None else float(fact["duration_s"]),
        basis=LimitBasis(fact["basis"]),
        name=fact["name"],
        may_stop=fact["may_stop"] is True,
        raw_sha256=fact["raw_sha256"],
        terms=terms_of(fact["terms"]),
    )


def terms_of(fact: Mapping[str, Any]) -> GridTerms:
    """Read what `terms_fact` wrote."""
    return GridTerms(
        heartbeat_s=None if fact["heartbeat_s"] is None else float(fact["heartbeat_s"]),
        failsafe_w=None if fact["failsafe_w"] is None else float(fact["failsafe_w"]),
        failsafe_minimum_s=float(fact.get("failsafe_minimum_s", FAILSAFE_MINIMUM_S)),
    )
