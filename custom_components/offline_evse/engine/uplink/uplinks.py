"""All backends of a site."""

import asyncio
from collections.abc import Callable
from datetime import UTC, tzinfo
from functools import partial
from random import Random

from ..model.clock import Clock
from ..model.upstream.config import LineConfig, UpstreamConfig, UpstreamRole
from ..model.upstream.delivery import DeliveryBook, Settlement
from ..model.upstream.link import UpstreamView
from ..model.upstream.site import Grounds
from .control.desk import ControlDesk
from .control.hooks import ControlHooks
from .equipment import Dials, Equipment
from .outbox.lane import Lane
from .upstream import FACT, Upstream
from .wire.codec import preload
from .wire.dialling import Dialler, place_of

PLACE = "/place"
"""Under its id and this it is remembered where a backend is to be found."""


class Uplinks:
    """Keeps a line to every backend for every charger that it hears of."""

    def __init__(
        self,
        book: DeliveryBook,
        grounds: Grounds,
        clock: Clock,
        random: Random,
        zone: Callable[[], tzinfo] = lambda: UTC,
        dialler: Dials | None = None,
    ) -> None:
        """Begin with none; `zone` is the site's, for hours and days. `dialler`: another way than over the network."""

        def lane(config: UpstreamConfig, line: LineConfig) -> Lane:
            return Lane(config, line, book, clock, partial(grounds.remote_start_id, config.upstream_id))

        def desk(config: UpstreamConfig, line: LineConfig, hooks: ControlHooks) -> ControlDesk:
            return ControlDesk(config, line, book, grounds, clock, hooks)

        dialler = dialler or Dialler(clock)
        self._equipment = Equipment(book, grounds, clock, random, zone, dialler, lane, desk)
        self._upstreams: dict[str, Upstream] = {}
        self._turn = asyncio.Lock()
        self._ready = False
        self._ends = (
            book.on_recorded(self._recorded),
            grounds.on_status(self._status_changed),
            grounds.on_boot(self._booted),
        )

    async def configure(self, configs: tuple[UpstreamConfig, ...]) -> None:
        """Bring the lines to what is set up. A line that means the same as before keeps its socket."""
        async with self._turn:
            if not self._ready:
                await preload()
                self._ready = True
            book, grounds = self._equipment.book, self._equipment.grounds
            wanted = {config.upstream_id for config in configs}
            for upstream_id in tuple(self._upstreams):
                if upstream_id not in wanted:
                    await self._upstreams.pop(upstream_id).close()
            known = {key.removesuffix(FACT): fact for key, fact in grounds.kept("").items() if key.endswith(FACT)}
            for upstream_id in known.keys() - wanted:
                # It may have been removed while nobody was here to see it.
                await book.close_upstream(upstream_id)
                await grounds.keep(upstream_id + FACT, None)
                await grounds.keep(upstream_id + PLACE, None)
            for config in configs:
                await self._see_address(config)
                upstream = self._upstreams.get(config.upstream_id)
                if upstream is None:
                    if config.upstream_id not in known:
                        await grounds.keep(config.upstream_id + FACT, {})
                    kept = grounds.kept(config.upstream_id + FACT).get("")
                    upstream = Upstream(config, self._equipment, kept)
                await book.open_upstream(
                    config.upstream_id, config.since, stations=[line.station_id for line in config.lines]
                )
                self._upstreams[config.upstream_id] = upstream
                await upstream.configure(config)
            order = [config.upstream_id for config in configs]
            self._upstreams = {upstream_id: self._upstreams[upstream_id] for upstream_id in order}

    async def _see_address(self, config: UpstreamConfig) -> None:
        """Give what has begun to a person if a backend is to be found at another machine from now on."""
        grounds, key = self._equipment.grounds, config.upstream_id + PLACE
        place = place_of(config.url)
        before = grounds.kept(key).get("")
        if before == place:
            return
        if before is not None:
            # Nothing is said at the old address any more, not even what has just been worded.
            if (upstream := self._upstreams.pop(config.upstream_id, None)) is not None:
                await upstream.close()
            await self._equipment.book.moved(config.upstream_id)
        await grounds.keep(key, place)

    @property
    def upstreams(self) -> tuple[Upstream, ...]:
        """Every backend, in the order of the set-up."""
        return tuple(self._upstreams.values())

    @property
    def authority(self) -> Upstream | None:
        """The backend that is asked about cards; of several, for different chargers, the first."""
        return next((upstream for upstream in self.upstreams if upstream.config.role is UpstreamRole.AUTHORITY), None)

    def authority_at(self, station_id: str) -> Upstream | None:
        """Return the backend that is asked about cards at this charger."""
        authorities = (upstream for upstream in self.upstreams if upstream.config.role is UpstreamRole.AUTHORITY)
        return next((upstream for upstream in authorities if station_id in upstream.lines), None)

    def views(self) -> tuple[UpstreamView, ...]:
        """Every backend as it is now, in the order of the set-up."""
        return tuple(upstream.view for upstream in self.upstreams)

    async def settle(
        self, upstream_id: str, session_id: str, settlement: Settlement, remote_id: str | None = None
    ) -> bool:
        """Take a person's decision about a session that is parked; False: there is nothing to decide."""
        upstream = self._upstreams.get(upstream_id)
        return upstream is not None and await upstream.settle(session_id, settlement, remote_id)

    def reconnect(self, upstream_id: str) -> None:
        """Dial again at once, whatever the pace: somebody says that it will work now."""
        if (upstream := self._upstreams.get(upstream_id)) is not None:
            upstream.reconnect()

    def set_metered(self, upstream_id: str, metered: bool) -> None:
        """Hear whether the way to a backend costs money per byte: then nothing but money goes up."""
        if (upstream := self._upstreams.get(upstream_id)) is not None:
            upstream.set_metered(metered)

    def session_ended(self, station_id: str, session_id: str) -> None:
        """Let the backends' profiles for a session end with it."""
        for upstream in self.upstreams:
            if (line := upstream.lines.get(station_id)) is not None:
                line.session_ended(session_id)

    async def close(self) -> None:
        """Hang up everywhere; what is waiting goes on waiting in the book."""
        for end in self._ends:
            end()
        async with self._turn:
            await asyncio.gather(*(upstream.close() for upstream in self.upstreams))
            self._upstreams.clear()
            await self._equipment.dialler.close()

    def _recorded(self, station_id: str) -> None:
        for upstream in self.upstreams:
            upstream.recorded(station_id)

    def _booted(self, station_id: str, reason: str | None, ordered: frozenset[str]) -> None:
        for upstream in self.upstreams:
            told = "RemoteReset" if upstream.upstream_id in ordered else reason
            if told is not None:
                upstream.booted(station_id, told)

    def _status_changed(self, station_id: str) -> None:
        for upstream in self.upstreams:
            upstream.status_changed(station_id)
