"""Lines to backends that go nowhere, and say what a test wants."""

import asyncio
from collections.abc import Callable
from datetime import tzinfo
from random import Random
from typing import override

from custom_components.offline_evse.engine.model.access import Backend, BackendAnswer, LinkState
from custom_components.offline_evse.engine.model.clock import Clock
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.upstream.config import (
    LineConfig,
    UpstreamConfig,
    UpstreamPermit,
    UpstreamRole,
)
from custom_components.offline_evse.engine.model.upstream.delivery import DeliveryBook, Settlement
from custom_components.offline_evse.engine.model.upstream.link import LinkView, UpstreamView
from custom_components.offline_evse.engine.model.upstream.site import Grounds
from custom_components.offline_evse.engine.model.upstream.wish import UpstreamWish, WishAnswer

YES, NO = BackendAnswer(accepted=True), BackendAnswer(accepted=False)


def upstream(
    upstream_id: str = "monta",
    role: UpstreamRole = UpstreamRole.CONTROL,
    stations: tuple[str, ...] = ("ONE", "TWO"),
    permits: frozenset[UpstreamPermit] = frozenset(),
    vendor_ids: frozenset[str] = frozenset(),
) -> UpstreamConfig:
    """Set a backend up."""
    return UpstreamConfig(
        upstream_id=upstream_id,
        name=upstream_id.title(),
        url="ws://127.0.0.1:1/ocpp",
        role=role,
        lines=tuple(LineConfig(station_id=station_id, identity=f"CS-{station_id}") for station_id in stations),
        permits=permits,
        vendor_ids=vendor_ids,
    )


class FakeUpstream(Backend):
    """Answers what is in `answers`; whom it does not know it lets wait until `tell`."""

    def __init__(self, upstream_id: str) -> None:
        """Begin with nobody known."""
        self.upstream_id = upstream_id
        self.answers: dict[str, BackendAnswer] = {}
        self.asked: list[str] = []
        self._waiting: list[asyncio.Future[BackendAnswer]] = []

    @property
    @override
    def link(self) -> LinkState:
        raise AssertionError("lines are looked at one by one")

    @override
    async def ask(self, id_token: IdToken, station_id: str, evse_id: int | None) -> BackendAnswer:
        self.asked.append(id_token.value)
        if (answer := self.answers.get(id_token.value)) is not None:
            return answer
        waiting: asyncio.Future[BackendAnswer] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return await waiting

    @override
    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        raise AssertionError("links are heard of by what is shown")

    def tell(self, answer: BackendAnswer) -> None:
        """Answer everybody who waits."""
        waiting, self._waiting = self._waiting, []
        for asked in waiting:
            if not asked.done():
                asked.set_result(answer)


class FakeUplinks:
    """All backends of a site, none of them anywhere."""

    opened: list[FakeUplinks]

    def __init__(
        self, book: DeliveryBook, grounds: Grounds, clock: Clock, random: Random, zone: Callable[[], tzinfo]
    ) -> None:
        """Begin with none."""
        self.book = book
        self.grounds = grounds
        self.zone = zone
        self.configs: dict[str, UpstreamConfig] = {}
        self.upstreams: dict[str, FakeUpstream] = {}
        self.links: dict[tuple[str, str], LinkState] = {}
        self.done: list[tuple[object, ...]] = []
        self.closed = False
        FakeUplinks.opened.append(self)

    async def configure(self, configs: tuple[UpstreamConfig, ...]) -> None:
        """Take over what is set up."""
        self.configs = {config.upstream_id: config for config in configs}
        self.upstreams = {name: self.upstreams.get(name, FakeUpstream(name)) for name in self.configs}
        for name in self.configs:
            self.grounds.shown(self.view(name))

    def authority_at(self, station_id: str) -> FakeUpstream | None:
        """The backend that is asked about cards at a charger."""
        for name, config in self.configs.items():
            if config.role is UpstreamRole.AUTHORITY and config.line(station_id) is not None:
                return self.upstreams[name]
        return None

    def views(self) -> tuple[UpstreamView, ...]:
        """Every backend as it is now."""
        return tuple(self.view(name) for name in self.configs)

    def view(self, upstream_id: str) -> UpstreamView:
        """One backend as it is now."""
        config = self.configs[upstream_id]
        lines = {
            line.station_id: LinkView(state=self.links.get((upstream_id, line.station_id), LinkState.OFFLINE))
            for line in config.lines
        }
        return UpstreamView(upstream_id=upstream_id, name=config.name, lines=lines)

    async def settle(
        self, upstream_id: str, session_id: str, settlement: Settlement, remote_id: str | None = None
    ) -> bool:
        """Note what a person has decided."""
        self.done.append(("settle", upstream_id, session_id, settlement, remote_id))
        return True

    def reconnect(self, upstream_id: str) -> None:
        """Note it."""
        self.done.append(("reconnect", upstream_id))

    def set_metered(self, upstream_id: str, metered: bool) -> None:
        """Note it."""
        self.done.append(("metered", upstream_id, metered))

    def session_ended(self, station_id: str, session_id: str) -> None:
        """Note it."""
        self.done.append(("ended", station_id, session_id))

    async def close(self) -> None:
        """Note it."""
        self.closed = True

    def become(self, link: LinkState, upstream_id: str = "monta", station_id: str | None = None) -> None:
        """Have the lines of a backend, or one of them, in a state."""
        for line in self.configs[upstream_id].lines:
            if station_id in (None, line.station_id):
                self.links[upstream_id, line.station_id] = link
        self.grounds.shown(self.view(upstream_id))

    async def wish(self, wish: UpstreamWish, upstream_id: str = "monta", station_id: str = "ONE") -> WishAnswer:
        """Want something of the site."""
        return await self.grounds.wish(upstream_id, station_id, wish)
