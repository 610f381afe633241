"""What is said about backends: "Charging continues. 3 sessions wait for Monta; oldest 14:02."."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from homeassistant.util import dt as dt_util

from ..engine.model.access import LinkState
from ..engine.model.upstream.link import LinkTrouble, UpstreamView
from ..sentences import LONGEST, Sentences

_TENTHS: Final = 10
"""A share is told in steps of 10 %: another sentence for every percent would fill the activity of the site."""


def backends_sentence(sentences: Sentences, views: Iterable[UpstreamView]) -> str | None:
    """Say how all backends of a site are; None: there are none. What is worst comes first."""
    ordered = sorted(views, key=lambda view: (-_weight(view), view.name.casefold()))
    if not ordered:
        return None
    told = [sentence for view in ordered if (sentence := _told(sentences, view))]
    if not told:
        key = "backend_well_one" if len(ordered) == 1 else "backend_well_many"
        return sentences.say(key, backend=", ".join(view.name for view in ordered))
    if any(_is_away(view) for view in ordered):
        told.insert(0, sentences.say("backend_charging_continues"))
    return " ".join(told)[:LONGEST]


def clock_time(when: datetime) -> str:
    """Write a time of day for people, with the day where it is not this one."""
    local = dt_util.as_local(when)
    return f"{local:%H:%M}" if local.date() == dt_util.now().date() else day_and_time(when)


def day_and_time(when: datetime) -> str:
    """Write a time for people where it stays."""
    return f"{dt_util.as_local(when):%Y-%m-%d %H:%M}"


def _is_away(view: UpstreamView) -> bool:
    """Tell whether it is known that a backend cannot be reached; after a start it takes a moment to find out."""
    return view.link.state is LinkState.OFFLINE and (view.link.trouble is not None or view.backlog.session_count > 0)


def _weight(view: UpstreamView) -> int:
    """Tell how much a backend needs to be told of."""
    if view.link.trouble is not None and view.link.trouble.misconfigured:
        return 4
    states = {LinkState.OFFLINE: 3, LinkState.RECOVERING: 2, LinkState.DEGRADED: 1, LinkState.ONLINE: 0}
    return states[view.link.state]


def _told(sentences: Sentences, view: UpstreamView) -> str:
    """Say how one backend is; nothing where all is well."""
    if not view.lines:
        return sentences.say("backend_no_charger", backend=view.name)
    parts = []
    if view.link.trouble is not None and view.link.trouble.misconfigured:
        parts.append(sentences.say("backend_misconfigured", backend=view.name))
    elif view.link.trouble is LinkTrouble.NOT_ACCEPTED:
        parts.append(sentences.say("backend_not_accepted", backend=view.name))
    elif view.link.state is LinkState.DEGRADED:
        parts.append(sentences.say("backend_degraded", backend=view.name))
    elif view.link.state is LinkState.RECOVERING:
        share = int((view.recovered or 0.0) * _TENTHS) * 100 // _TENTHS
        caught_up = view.recovered == 1.0 and view.backlog.session_count == 0
        key = "backend_is_back" if caught_up else "backend_recovering"
        parts.append(sentences.say(key, backend=view.name, share=str(share)))
    waiting = view.backlog.session_count - view.backlog.parked_count
    if waiting > 0 and view.backlog.oldest is not None and view.link.state is not LinkState.ONLINE:
        key = "backend_waits_one" if waiting == 1 else "backend_waits_many"
        filled = {"backend": view.name, "count": str(waiting), "time": clock_time(view.backlog.oldest)}
        parts.append(sentences.say(key, **filled))
    elif not parts and view.link.state is LinkState.OFFLINE:
        key = "backend_away" if _is_away(view) else "backend_dialling"
        parts.append(sentences.say(key, backend=view.name))
    if view.budget_spent:
        parts.append(sentences.say("backend_budget_spent", backend=view.name))
    if parked := view.backlog.parked_count:
        key = "backend_parked_one" if parked == 1 else "backend_parked_many"
        parts.append(sentences.say(key, backend=view.name, count=str(parked)))
    return " ".join(parts)
