"""Backends: how each can be reached, and what waits for it."""

from collections.abc import Iterator
from datetime import timedelta

from ...model.access import LinkState
from ...model.upstream.link import UpstreamView
from .facts import AuditFacts
from .item import AuditItem, failed, passed, warned

LONG = timedelta(hours=24)
"""After a day without a word, somebody has to look at it rather than wait."""


def upstreams(facts: AuditFacts) -> Iterator[AuditItem]:
    """Look at every backend; a site without one lacks nothing."""
    if not facts.upstreams:
        yield passed("links_none")
    for view in facts.upstreams.values():
        yield _link(view)
        if view.backlog.parked_count:
            yield warned("link_parked", view.upstream_id, count=view.backlog.parked_count)
        elif view.backlog.oldest is not None and facts.now - view.backlog.oldest > LONG:
            hours = round((facts.now - view.backlog.oldest) / timedelta(hours=1))
            yield warned("link_behind", view.upstream_id, count=view.backlog.session_count, hours=hours)
        if view.budget_spent:
            yield warned("link_budget_spent", view.upstream_id)


def _link(view: UpstreamView) -> AuditItem:
    waiting = view.backlog.session_count
    if view.link.trouble is not None and view.link.trouble.misconfigured:
        return failed("link_misconfigured", view.upstream_id, trouble=view.link.trouble.value, waiting=waiting)
    match view.link.state:
        case LinkState.ONLINE:
            return passed("link_online", view.upstream_id, waiting=waiting)
        case LinkState.OFFLINE:
            return warned("link_offline", view.upstream_id, waiting=waiting)
        case LinkState.DEGRADED:
            return warned("link_degraded", view.upstream_id, waiting=waiting)
        case LinkState.RECOVERING:
            return warned("link_recovering", view.upstream_id, waiting=waiting)
