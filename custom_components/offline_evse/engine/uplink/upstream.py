"""One backend: its lines, and how it is reached as a whole."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
import logging
from typing import Any, override

from ..model.access import Backend, BackendAnswer, LinkState
from ..model.clock import Timer
from ..model.id_token import IdToken
from ..model.upstream.config import LineConfig, UpstreamConfig
from ..model.upstream.delivery import Settlement
from ..model.upstream.link import Backlog, LinkView, UpstreamView
from .equipment import Equipment
from .line import Line
from .link.budget import Budget
from .outbox.outgoing import Told

_LOGGER = logging.getLogger(__name__)

FACT = "/link"
"""What is remembered of a backend is kept under its id and this."""
_SHOWN_APART_S = 1.0
_KEPT_APART_S = 300.0
_WORST_FIRST = (LinkState.OFFLINE, LinkState.RECOVERING, LinkState.DEGRADED, LinkState.ONLINE)


class Upstream(Backend):
    """The lines of one backend, what of it is shown, and what of it outlives a restart."""

    def __init__(self, config: UpstreamConfig, equipment: Equipment, kept: object) -> None:
        """Begin without a line; `kept`: what was remembered of it."""
        self.config = config
        self.lines: dict[str, Line] = {}
        self._equipment = equipment
        self._budget = Budget(config.traffic, equipment.zone)
        self._last_proof: datetime | None = None
        self._offline_since: dict[str, datetime] = {}
        """By station id, of lines that were out of reach when the last run ended."""
        self._backlog = Backlog()
        self._backlog_known = False
        self._waited_count: int | None = None
        self._link = LinkState.OFFLINE
        self._callbacks: dict[object, Callable[[LinkState], None]] = {}
        self._shown: UpstreamView | None = None
        self._shown_at_s: float | None = None
        self._kept_at_s = equipment.clock.monotonic()
        self._timer: Timer | None = None
        self._work: set[asyncio.Task[None]] = set()
        self._closed = False
        self._restore(kept)

    @property
    def upstream_id(self) -> str:
        """Which backend it is."""
        return self.config.upstream_id

    @property
    @override
    def link(self) -> LinkState:
        """How it can be reached: as over its worst line.

        A line that waits for somebody to put its set-up right does not count while there are others: a typing error in
        the name of one charger is no reason to stop asking about cards at the rest.
        """
        links = [line.view for line in self.lines.values()]
        working = [link for link in links if link.trouble is None or not link.trouble.misconfigured]
        return _worst(working or links).state

    @override
    def link_at(self, station_id: str) -> LinkState | None:
        line = self.lines.get(station_id)
        return None if line is None else line.link

    @property
    def view(self) -> UpstreamView:
        """The backend as it is now."""
        now = self._equipment.clock.now()
        lines = {station_id: line.view for station_id, line in self.lines.items()}
        link = _worst(list(lines.values()))
        return UpstreamView(
            upstream_id=self.upstream_id,
            name=self.config.name,
            link=link,
            lines=lines,
            backlog=self._backlog,
            last_proof=self._last_proof,
            sent_today_bytes=self._budget.today_bytes(now),
            budget_spent=self._budget.spent(now),
            metered=self._budget.metered,
            recovered=self._recovered(link.state),
        )

    @override
    async def ask(self, id_token: IdToken, station_id: str, evse_id: int | None) -> BackendAnswer:
        """Ask about a card, over the line of the charger where it is; raises ConnectionError without an answer."""
        line = self.lines.get(station_id)
        if line is None or not line.link.askable:
            raise ConnectionError("The backend cannot be asked about this charger")
        return await line.ask(id_token)

    @override
    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        key = object()
        self._callbacks[key] = callback
        return lambda: self._callbacks.pop(key, None) and None

    async def configure(self, config: UpstreamConfig) -> None:
        """Take a set-up. Lines that are no longer in it hang up, new ones dial, the others go on."""
        self.config = config
        self._budget.traffic = config.traffic
        wanted = {line.station_id: line for line in config.lines}
        gone = [self.lines.pop(station_id) for station_id in tuple(self.lines) if station_id not in wanted]
        await asyncio.gather(*(line.close() for line in gone))
        for station_id, line_config in wanted.items():
            if (line := self.lines.get(station_id)) is not None:
                line.configure(config, line_config)
            else:
                self._begin(config, line_config)
        self._backlog_known = False
        self.changed()

    async def settle(self, session_id: str, settlement: Settlement, remote_id: str | None) -> bool:
        """Take a person's decision about a session that is parked, also of a charger that it hears no more of."""
        due = await self._equipment.book.delivery(self.upstream_id, session_id)
        if due is None:
            return False
        station_id = due.delivery.station_id
        if (line := self.lines.get(station_id)) is not None:
            settled = await line.settle(session_id, settlement, remote_id)
        else:
            lane = self._equipment.lane(self.config, LineConfig(station_id=station_id, identity=station_id))
            settled = await lane.settle(session_id, settlement, remote_id)
        self._backlog_known = False
        self.changed()
        return settled

    def reconnect(self) -> None:
        """Dial again at once on every line that has no connection, and renew those that have one."""
        for line in self.lines.values():
            line.reconnect()

    def set_metered(self, metered: bool) -> None:
        """Hear whether the way costs money per byte."""
        self._budget.metered = metered
        for line in self.lines.values():
            line.look()
        self.changed()

    def recorded(self, station_id: str) -> None:
        """There is something new about a charger's sessions."""
        if (line := self.lines.get(station_id)) is not None:
            self._backlog_known = False
            line.look()
            self.changed()

    def status_changed(self, station_id: str) -> None:
        """There is something new about a charger's connectors."""
        if (line := self.lines.get(station_id)) is not None:
            line.look()

    def booted(self, station_id: str, reason: str) -> None:
        """A charger has restarted."""
        if (line := self.lines.get(station_id)) is not None:
            line.booted(reason)

    def changed(self) -> None:
        """See what has become different, and show it, at most once a second."""
        self._see_link()
        if self._timer is None and not self._closed:
            now_s = self._equipment.clock.monotonic()
            due_s = now_s if self._shown_at_s is None else self._shown_at_s + _SHOWN_APART_S
            self._timer = self._equipment.clock.call_later(max(0.0, due_s - now_s), self._show_soon)

    async def close(self) -> None:
        """Hang up, and remember."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*(line.close() for line in self.lines.values()))
        # What a backend has denied is carried to its end; it is the site's own work, and short.
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._keep()

    def _begin(self, config: UpstreamConfig, line_config: LineConfig) -> None:
        since = self._offline_since.pop(line_config.station_id, None)
        line = Line(config, line_config, self._equipment, self._budget, self.changed, self._told, since)
        self.lines[line_config.station_id] = line
        line.start(len(config.lines))

    def _told(self, told: Told) -> None:
        """Take in what the end of a message came to."""
        if told.money:
            self._last_proof = self._equipment.clock.now()
        if told.money or told.parked or told.denied is not None:
            self._backlog_known = False
        if told.denied is not None and told.id_token is not None:
            grounds = self._equipment.grounds
            self._do(grounds.denied(self.upstream_id, told.session_id, told.id_token, told.denied))
        self.changed()

    def _see_link(self) -> None:
        before, self._link = self._link, self.link
        if before is self._link:
            return
        if self._link is LinkState.RECOVERING:
            self._waited_count = None
        for callback in tuple(self._callbacks.values()):
            callback(self._link)

    def _recovered(self, state: LinkState) -> float | None:
        if state is not LinkState.RECOVERING or not self._backlog_known:
            return None
        waits = self._backlog.session_count - self._backlog.parked_count
        self._waited_count = max(waits, self._waited_count or 0)
        return 1.0 if self._waited_count == 0 else round(1.0 - waits / self._waited_count, 3)

    def _show_soon(self) -> None:
        self._timer = None
        self._shown_at_s = self._equipment.clock.monotonic()
        self._do(self._show())

    async def _show(self) -> None:
        if not self._backlog_known:
            self._backlog_known = True
            self._backlog = await self._equipment.book.backlog(self.upstream_id)
        if (view := self.view) != self._shown:
            self._shown = view
            self._equipment.grounds.shown(view)
        if self._equipment.clock.monotonic() - self._kept_at_s >= _KEPT_APART_S:
            await self._keep()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name=f"offline_evse backend {self.upstream_id}")
        self._work.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("What is known of %s could not be brought up to date", self.config.name, exc_info=error)

    async def _keep(self) -> None:
        self._kept_at_s = self._equipment.clock.monotonic()
        facts = {
            **self._budget.kept(),
            "proof": self._last_proof.isoformat() if self._last_proof else None,
            "offline": {
                station_id: line.watch.since.isoformat()
                for station_id, line in self.lines.items()
                if line.link is LinkState.OFFLINE
            },
        }
        await self._equipment.grounds.keep(self.upstream_id + FACT, facts)

    def _restore(self, kept: object) -> None:
        if not isinstance(kept, dict):
            return
        self._budget.restore(kept, self._equipment.clock.now())
        self._last_proof = self._moment(kept.get("proof"))
        if isinstance(offline := kept.get("offline"), dict):
            moments = {station_id: self._moment(since) for station_id, since in offline.items()}
            self._offline_since = {station_id: since for station_id, since in moments.items() if since is not None}

    def _moment(self, kept: object) -> datetime | None:
        """Read a time that was kept; None where there is none, or none that can be read."""
        try:
            moment = datetime.fromisoformat(kept) if isinstance(kept, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            if kept is not None:
                _LOGGER.debug("A time that was kept of %s cannot be read", self.config.name)
            return None
        return moment


def _worst(links: list[LinkView]) -> LinkView:
    """Return the worst of several links; among those, one that says why."""
    if not links:
        return LinkView()
    return min(links, key=lambda link: (_WORST_FIRST.index(link.state), link.trouble is None))
