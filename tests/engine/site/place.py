"""A site with a real listener, a real ledger and chargers on real sockets, by a clock that the test owns."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.clock import Clock
from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.decision import Decision
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.model.transaction import Transaction
from custom_components.offline_evse.engine.site.announcement import Announcement
from custom_components.offline_evse.engine.site.config import SiteConfig, StationConfig
from custom_components.offline_evse.engine.site.opening import open_site
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.engine.site.state import EvseState
from tests.engine.clock import ManualClock, settle

from .wallbox import PATIENCE_S, Payload, Post

ONE, TWO = EvseKey("ONE", 1), EvseKey("TWO", 1)
MAIN = Circuit(circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(25, 25, 25))


def charger(station_id: str, **more: Any) -> StationConfig:
    """Set a charger of 16 A up."""
    return StationConfig(station_id=station_id, name=station_id.title(), circuit_id="main", **more)


CONFIG = SiteConfig(name="Home", circuits=(MAIN,), stations=(charger("ONE"), charger("TWO")))


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, for as long as the machine may need."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.001)


class Place:
    """An open site, the news from it, and the chargers that have dialled in."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Prepare; nothing is open before `open`."""
        self.folder = folder
        self.clock = clock
        self.news: list[Announcement] = []
        self.order: list[tuple[str, Payload]] = []
        """What was told to any charger, in one order."""
        self.posts: list[tuple[aiohttp.ClientSession, Post, asyncio.Task[None]]] = []
        self._site: Site | None = None

    @property
    def site(self) -> Site:
        """The open site."""
        assert self._site is not None
        return self._site

    async def open(self, config: SiteConfig = CONFIG) -> Site:
        """Open the site of the folder on a free port."""
        self._site = await open_site(config=config, folder=self.folder, clock=self.clock, port=0, host="127.0.0.1")
        self._site.announce_to(self.news.append)
        return self._site

    async def close(self) -> None:
        """Close the site, if one is open."""
        if self._site is not None:
            site, self._site = self._site, None
            await site.close()

    async def reopen(self, config: SiteConfig = CONFIG) -> Site:
        """Close the site and open it again."""
        await self.close()
        return await self.open(config)

    async def dial[P: Post](
        self, kind: type[P], station_id: str = "ONE", *, login: str | None = None, port: int | None = None
    ) -> P:
        """Connect a charger; `login` is `user:password`. Raises as aiohttp does where it is refused."""
        headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
        session = aiohttp.ClientSession()
        try:
            socket = await session.ws_connect(
                f"ws://127.0.0.1:{port or self.site.port}/{station_id}",
                protocols=[kind.protocol],
                headers=headers,
                max_msg_size=0,
            )
        except BaseException:
            await session.close()
            raise
        post = kind(socket, self.clock, self.order)
        self.posts.append((session, post, asyncio.create_task(post.listen())))
        return post

    async def leave(self) -> None:
        """Hang all chargers up and close the site."""
        for session, post, listening in self.posts:
            await post.hang_up()
            await listening
            await session.close()
        await self.close()

    async def pass_time(self, seconds: float, *alive: Post) -> None:
        """Let time pass while these chargers send their heartbeats."""
        assert isinstance(self.clock, ManualClock)
        while seconds > 0:
            step_s = min(5.0, seconds)
            await self.clock.advance(step_s)
            for post in alive:
                await post.say("Heartbeat", {})
            await settle()
            seconds -= step_s

    async def reload(self, **changes: Any) -> None:
        """Take over a changed set-up."""
        self.site.configure(replace(self.site.config, **changes))

    async def enrol(self, number: str = "CARD", name: str = "Ada", **more: Any) -> None:
        """Enrol a card."""
        await self.site.enrol_card(Credential(id_token=IdToken(number), name=name, **more))

    def evse(self, key: EvseKey = ONE) -> EvseState:
        """Return an EVSE that has been met."""
        return self.site.evses[key]

    def session(self, key: EvseKey = ONE) -> Transaction:
        """Return the transaction that runs at an EVSE, or the last one that did."""
        transaction = self.evse(key).transaction
        assert transaction is not None
        return transaction

    def decision(self, key: EvseKey = ONE) -> Decision:
        """Return what was decided about the last card at an EVSE."""
        decision = self.evse(key).decision
        assert decision is not None
        return decision

    def heard_of[N](self, kind: type[N]) -> list[N]:
        """Return the news of one kind."""
        return [it for it in self.news if isinstance(it, kind)]

    async def only(self) -> Transaction:
        """Return the one transaction that is recorded."""
        (transaction,) = await self.site.transactions()
        return transaction
