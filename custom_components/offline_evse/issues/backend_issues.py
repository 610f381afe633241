"""Repairs about backends: what keeps one from being reached, what a person has to decide, and what to do meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from ..backends.backend_config import CONF_ADDRESS, CONF_CHARGERS, CONF_IDENTITY, CONF_ROLE, backend_subentry
from ..backends.desk import BackendDesk
from ..const import DOMAIN, SUBENTRY_CHARGER
from ..descriptions.backend_sentences import day_and_time
from ..devices import charger_subentry
from ..engine.model.access import AccessMode, LinkState
from ..engine.model.failure import UpstreamError
from ..engine.model.upstream.config import UpstreamRole
from ..engine.model.upstream.link import LinkTrouble, UpstreamView
from ..engine.site.site import Site
from ..people.access_config import access_config, charger_mode

PARKED: Final = "backend_parked"
AWAY: Final = "backend_away"
CONFLICT: Final = "backends_conflict"
CONFLICTS: Final = frozenset({"two_authorities", "same_identity"})
"""Faults between backends that can be filled in, one form not knowing of the other."""
TROUBLES: Final = frozenset(LinkTrouble) - {LinkTrouble.UNREACHABLE, LinkTrouble.SILENT}
"""What somebody can be told to put right. Of the rest there is a word after a day."""
AWAY_FOR: Final = timedelta(hours=24)
"""How long a backend has to be out of reach before there is more about it than an entity."""
NOT_ACCEPTED_FOR: Final = timedelta(minutes=15)
"""How long a backend may take to accept a charger before somebody is told."""
BACKLOG_FOR: Final = timedelta(days=7)
"""How long a session may wait for a backend that can be reached."""
LOOK_EVERY: Final = timedelta(minutes=5)
"""How often is looked at what comes about by time alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An issue as it is to be."""

    key: str
    """Of its texts."""
    placeholders: dict[str, str]
    fixable: bool = False
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING


class BackendIssues:
    """Creates the issues of all backends, and removes them when they are over."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site, backends: BackendDesk) -> None:
        """Begin without issues."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._backends = backends
        self._present: dict[str, _Wanted] = {}
        """By the id of the issue."""
        self._unaccepted: dict[str, datetime] = {}
        """Since when a backend has not accepted a charger."""
        self._unsubscribe: list[CALLBACK_TYPE] = []

    @callback
    def start(self) -> None:
        """Follow what the site says of its backends."""
        self._unsubscribe = [
            self._site.state.listen(self.look),
            self._backends.on_conflict(self.look),
            async_track_time_interval(self._hass, self._look_again, LOOK_EVERY, cancel_on_shutdown=True),
        ]

    @callback
    def stop(self, *, forget: bool) -> None:
        """Follow it no longer. `forget`: leave no issue behind that nobody would remove."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        for issue_id in tuple(self._present) if forget else ():
            self._drop(issue_id)

    @callback
    def look(self) -> None:
        """Have the issues that there should be now, and no others."""
        conflict = self._backends.conflict
        if not self._site.state.upstreams and not self._present and conflict is None:
            return
        wanted: dict[str, tuple[str | None, _Wanted]] = {}
        if conflict is not None and conflict.code in CONFLICTS:
            wanted[f"{CONFLICT}_{self._entry.entry_id}"] = (None, self._conflict(conflict))
        for upstream_id, view in self._site.state.upstreams.items():
            if subentry := backend_subentry(self._entry, upstream_id):
                for kind, issue in self._issues(subentry, view):
                    wanted[f"{kind}_{upstream_id}"] = (upstream_id, issue)
        for issue_id in self._present.keys() - wanted.keys():
            self._drop(issue_id)
        for issue_id, (of_backend, issue) in wanted.items():
            if self._present.get(issue_id) != issue:
                self._create(issue_id, of_backend, issue)

    @callback
    def _look_again(self, _now: datetime) -> None:
        self.look()

    def _issues(self, subentry: ConfigSubentry, view: UpstreamView) -> Iterator[tuple[str, _Wanted]]:
        """Find what is to be told of a backend, by kind."""
        now = dt_util.utcnow()
        told = {"backend": subentry.title}
        trouble = view.link.trouble
        if trouble is not LinkTrouble.NOT_ACCEPTED:
            self._unaccepted.pop(subentry.subentry_id, None)
        elif now - self._unaccepted.setdefault(subentry.subentry_id, now) < NOT_ACCEPTED_FOR:
            trouble = None
        if not any(charger_subentry(self._entry, it) for it in subentry.data[CONF_CHARGERS]):
            yield "backend_no_charger", _Wanted(key="backend_no_charger", placeholders=told, fixable=True)
        elif trouble in TROUBLES:
            yield (
                "backend_trouble",
                _Wanted(
                    key=f"backend_{trouble}",
                    placeholders=told | self._place_of(subentry, view, trouble),
                    fixable=trouble.misconfigured,
                    severity=ir.IssueSeverity.ERROR if trouble.misconfigured else ir.IssueSeverity.WARNING,
                ),
            )
        elif (since := self._away_since(view)) is not None and now - since >= AWAY_FOR:
            yield (
                AWAY,
                _Wanted(
                    key=f"backend_away_{self._asked(subentry)}",
                    placeholders=told | {"since": day_and_time(since), "waiting": str(view.backlog.session_count)},
                ),
            )
        elif view.backlog.oldest is not None and self._is_late(view, now):
            yield (
                "backend_backlog",
                _Wanted(
                    key="backend_backlog",
                    placeholders=told
                    | {"oldest": day_and_time(view.backlog.oldest), "waiting": str(view.backlog.session_count)},
                ),
            )
        if view.backlog.parked_count:
            count = str(view.backlog.parked_count)
            yield PARKED, _Wanted(key=PARKED, placeholders=told | {"count": count}, fixable=True)

    def _conflict(self, error: UpstreamError) -> _Wanted:
        """Say which backends cannot be together."""
        told = dict(error.placeholders)
        if (station_id := told.get("charger")) and (charger := charger_subentry(self._entry, station_id)):
            told["charger"] = charger.title
        return _Wanted(key=f"backends_{error.code}", placeholders=told, severity=ir.IssueSeverity.ERROR)

    def _away_since(self, view: UpstreamView) -> datetime | None:
        """Tell since when a backend is out of reach; None: it is not, or nobody has tried yet since the start."""
        if view.link.state is not LinkState.OFFLINE:
            return None
        tried = view.link.trouble is not None or f"{AWAY}_{view.upstream_id}" in self._present
        return view.link.since if tried else None

    def _is_late(self, view: UpstreamView, now: datetime) -> bool:
        """Tell whether a session has waited for too long, while the backend takes none."""
        oldest, proof = view.backlog.oldest, view.last_proof
        if oldest is None or view.backlog.session_count <= view.backlog.parked_count:
            return False
        return now - oldest >= BACKLOG_FOR and (proof is None or now - proof >= AWAY_FOR)

    def _place_of(self, subentry: ConfigSubentry, view: UpstreamView, trouble: LinkTrouble) -> dict[str, str]:
        """Say at which chargers a backend has this trouble, and what was said."""
        stations = [it for it, line in view.lines.items() if line.trouble is trouble] or list(view.lines)
        lines = subentry.data[CONF_CHARGERS]
        names = [charger.title for it in stations if (charger := charger_subentry(self._entry, it))]
        return {
            "address": subentry.data[CONF_ADDRESS],
            "chargers": ", ".join(names) or "–",
            "identities": ", ".join(lines[it][CONF_IDENTITY] for it in stations if it in lines) or "–",
            "detail": view.link.detail or "–",
        }

    def _asked(self, subentry: ConfigSubentry) -> str:
        """Name the mode in which a backend is asked about cards; `report` where it is not asked at all."""
        if subentry.data[CONF_ROLE] != UpstreamRole.AUTHORITY:
            return "report"
        site_mode = access_config(self._entry).mode
        modes = {
            charger_mode(it.data) or site_mode
            for it in self._entry.get_subentries_of_type(SUBENTRY_CHARGER)
            if it.unique_id in subentry.data[CONF_CHARGERS]
        }
        # Where chargers differ, the mode is told that lets in the least.
        strictest = (AccessMode.BACKEND_FIRST, AccessMode.LOCAL_FIRST, AccessMode.BOTH)
        return next((str(mode) for mode in strictest if mode in modes), "report")

    @callback
    def _create(self, issue_id: str, upstream_id: str | None, issue: _Wanted) -> None:
        before = self._present.get(issue_id)
        if before is not None and before.key != issue.key:
            # Another thing is wrong now: whoever has ignored the first has not heard of it.
            self._drop(issue_id)
        self._present[issue_id] = issue
        data: dict[str, str | int | float | None] = {"entry_id": self._entry.entry_id, "subentry_id": upstream_id}
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data=data,
            is_fixable=issue.fixable,
            severity=issue.severity,
            translation_key=issue.key,
            translation_placeholders=issue.placeholders,
        )

    @callback
    def _drop(self, issue_id: str) -> None:
        if self._present.pop(issue_id, None) is not None:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
