"""A site whose chargers never stop charging, and whose backends are cut off in every way there is.

Everything is real but the speed of the site's clock: sockets of loopback, the ledger's file, one backend that is a
process and is killed between its commit and its answer, and the site itself, which is ended in the middle and goes on
from its ledger. What the chargers have told is compared with what every backend has in its book.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
import shutil
import sqlite3
from typing import override

from custom_components.offline_evse.engine.csms.settings import CsmsSettings
from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.clock import sleep
from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, Traffic, UpstreamConfig, UpstreamTls
from custom_components.offline_evse.engine.model.upstream.delivery import Settlement
from custom_components.offline_evse.engine.model.upstream.link import LinkTrouble
from custom_components.offline_evse.engine.site.config import SiteConfig
from custom_components.offline_evse.engine.site.opening import open_site
from custom_components.offline_evse.engine.site.site import Site
from simulator.backend.central import CentralSystem
from simulator.backend.chaos import Cut, Ending, Moment, Storm
from simulator.backend.passing import HANDSHAKE
from tests.engine.site.place import CONFIG, Place, charger
from tests.engine.uplink.wire.certificates import Authority, server_context

from .backend_accounts import Result, Told, compared, there_of
from .backend_drivers import Driver
from .backend_names import Names, host_of
from .backend_peers import PASSWORD, FarPeer, NearPeer, Peer
from .hurried_clock import HurriedClock

CARDS = ("DEADBEEF", "CAFEBABE01", "0BADF00D")
MAIN = Circuit(circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(1000, 1000, 1000))
PATIENCE_S = 90.0
STARTS = ("StartTransaction", "TransactionEvent")
PLANNED = tuple(
    Cut(moment, action, ending)
    for action in (
        "StartTransaction",
        "StopTransaction",
        "TransactionEvent",
        "MeterValues",
        "BootNotification",
        HANDSHAKE,
    )
    for moment, ending in zip(
        Moment, (Ending.RESET, Ending.CLOSE, Ending.CLOSE, Ending.RESET, Ending.CLOSE, Ending.RESET), strict=True
    )
)
"""Every moment of every message that matters, at every backend that gets it."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much of everything. A backend knows every charger under a name of its own."""

    chargers: int = 6
    sessions: int = 10
    """Of each charger."""
    restarts: int = 2
    """Of the site: one in due form, the others by losing the process."""
    kills: int = 3
    """Of the backend that is a process."""
    share: float = 0.08
    """Of all messages that are cut off at random, beside those that are planned."""
    speed: float = 30.0
    seed: int = 1


class HurriedPlace(Place):
    """A site that takes no charger for dead because the machine stands still for part of a second."""

    @override
    async def open(self, config: SiteConfig = CONFIG) -> Site:
        settings = CsmsSettings(ping_interval_s=600, ping_timeout_s=600, silence_limit_s=7200, call_timeout_s=600)
        self._site = await open_site(
            config=config, folder=self.folder, clock=self.clock, port=0, host="127.0.0.1", settings=settings
        )
        return self._site


class Storming:
    """The site, its chargers and its backends."""

    def __init__(self, folder: Path, scale: Scale) -> None:
        self.scale = scale
        self.clock = HurriedClock(scale.speed)
        self.place = HurriedPlace(folder / "site-0", self.clock)
        self.place.folder.mkdir(parents=True)
        self.restarts = 0
        self.peers: dict[str, Peer] = {
            "sixteen": FarPeer("sixteen", scale.seed, folder / "far", version="ocpp1.6"),
            "two": NearPeer("two", scale.seed, versions=("ocpp2.0.1",), knows_repeats=True),
            "forgetful": NearPeer("forgetful", scale.seed, versions=("ocpp1.6",), knows_repeats=False),
        }
        self._folder = folder
        self._random = Random(f"storm {scale.seed}")
        self._turn = asyncio.Lock()
        self._stations = tuple(f"CP{10 + number}" for number in range(scale.chargers))
        self._site_config = SiteConfig(
            name="Storm", circuits=(MAIN,), stations=tuple(charger(station_id) for station_id in self._stations)
        )
        self.drivers = [
            Driver(self.place, station_id, Random(f"{station_id} {scale.seed}"), self._turn, CARDS)
            for station_id in self._stations
        ]
        self._names = Names()
        self._open = ExitStack()
        self._elsewhere: dict[str, tuple[str, UpstreamTls]] = {}
        self._other_cuts: dict[str, Counter[str]] = {name: Counter() for name in self.peers}

    async def open(self) -> None:
        """Open everything, and let it be quiet at first."""
        # A loop that writes down where everything was scheduled is too slow for the speed of the clock.
        asyncio.get_running_loop().set_debug(False)
        self._open.enter_context(self._names.asked(self.clock))
        patience_s = 20.0 / self.clock.speed
        for name, peer in self.peers.items():
            stations = self._stations if name != "forgetful" else self._stations[: len(self._stations) // 2 + 1]
            await peer.open({f"{name}-{station_id}": PASSWORD for station_id in stations}, patience_s)
        await self.place.open(self._site_config)
        for card in CARDS:
            await self.place.enrol(card)
        await self.configure()
        for driver in self.drivers:
            await driver.connect()

    async def close(self) -> None:
        """Close everything."""
        self._open.close()
        await self.place.leave()
        for peer in self.peers.values():
            await peer.close()

    async def configure(self) -> None:
        """Set the backends up, as they are to be reached now."""
        await self.place.site.configure_upstreams(tuple(self._config(name) for name in self.peers))

    async def storm(self) -> None:
        """Let the chargers charge while everything else goes wrong."""
        for name, peer in self.peers.items():
            peer.chaos.storm = Storm(self.scale.share)
            actions = {"TransactionEvent"} if name != "two" else {"StartTransaction", "StopTransaction", "MeterValues"}
            peer.chaos.plan(*(cut for cut in PLANNED if cut.action not in actions))
        charging = asyncio.gather(*(driver.charge(self.scale.sessions) for driver in self.drivers))
        for trouble in self._troubles():
            await self._pause(3, 12)
            await trouble()
        await charging

    async def calm(self) -> None:
        """Let the weather clear up, and wait until every backend was told all that it can be told."""
        for peer in self.peers.values():
            peer.chaos.storm = None
            peer.chaos.unplan()
            await peer.heal()
        for name in self.peers:
            self.place.site.reconnect_upstream(name)
        async with asyncio.timeout(PATIENCE_S):
            for name in self.peers:
                while any(not it.delivery.state.parked for it in await self.place.site.untold_sessions(name)):
                    await asyncio.sleep(0.05)

    async def result(self) -> Result:
        """Compare what the chargers have told with what the backends have."""
        told = {name: await self._told(name) for name in self.peers}
        return Result(sum(len(driver.drawn) for driver in self.drivers), self.restarts, told)

    async def settle(self) -> int:
        """Decide as a person would: look at the backend, and match what is there, or send again what is not."""
        settled = 0
        for name, peer in self.peers.items():
            await peer.tolerate(sends=100)
            for due in await self.place.site.parked_sessions(name):
                there = there_of(self._config(name), due, (await peer.state())["sessions"])
                site, session_id = self.place.site, due.transaction.session_id
                if there and due.delivery.remote_id is None:
                    assert await site.settle_session(name, session_id, Settlement.MATCH, there[0]["id"])
                else:
                    assert await site.settle_session(name, session_id, Settlement.RESEND)
                settled += 1
        return settled

    def _troubles(self) -> list[Callable[[], Awaitable[None]]]:
        """Return what is to happen, in some order."""
        troubles: list[Callable[[], Awaitable[None]]] = [
            self._dark,
            self._nobody,
            self._name_gone,
            self._certificate_expired,
            self._slow,
            self._dark,
        ]
        troubles += [self._deaths] * 3 + [self._kill] * self.scale.kills
        self._random.shuffle(troubles)
        for number in range(self.scale.restarts):
            at = (number + 1) * len(troubles) // (self.scale.restarts + 1)
            troubles.insert(at, self._lose if number else self._restart)
        return troubles

    async def _dark(self) -> None:
        """Half-open lines: nothing passes, and nobody hangs up."""
        name, peer = self._any()
        self._other_cuts[name]["half_open"] += peer.chaos.open_count
        peer.chaos.darken()
        await self._pause(60, 120)
        peer.chaos.lighten()

    async def _nobody(self) -> None:
        """Nobody listens, and what was open is reset."""
        _, peer = self._any()
        await peer.chaos.refuse()
        peer.chaos.drop(Ending.RESET)
        await self._pause(20, 60)
        await peer.chaos.start()

    async def _name_gone(self) -> None:
        """The name server does not know the name any more."""
        name, peer = self._any()
        self._other_cuts[name]["name_gone"] += peer.chaos.open_count
        self._names.gone.add(host_of(name))
        peer.chaos.drop()
        await self._troubled(name, LinkTrouble.UNREACHABLE)
        self._names.gone.clear()
        self.place.site.reconnect_upstream(name)

    async def _certificate_expired(self) -> None:
        """The backend shows a certificate that has run out."""
        name, _ = self._any()
        central = CentralSystem()
        authority = Authority.make()
        expired = authority.sign(host_of(name), lasts=-timedelta(days=1))
        await central.start(tls=server_context(expired, self._folder))
        tls = UpstreamTls(authority_pem=authority.pem)
        self._elsewhere[name] = (f"wss://{host_of(name)}:{central.port}/ocpp", tls)
        self._other_cuts[name]["certificate_expired"] += self.peers[name].chaos.open_count
        await self.configure()
        await self._troubled(name, LinkTrouble.CERTIFICATE)
        del self._elsewhere[name]
        await self.configure()
        assert not central.connections
        await central.close()

    async def _troubled(self, name: str, trouble: LinkTrouble) -> None:
        """Wait until no line to a backend holds, all for this reason."""
        async with asyncio.timeout(PATIENCE_S):
            while {link.trouble for link in self.place.site.state.upstreams[name].lines.values()} != {trouble}:
                await asyncio.sleep(0.02)

    async def _slow(self) -> None:
        """Everything takes a second and more."""
        _, peer = self._any()
        peer.chaos.delay_s = 1.0 / self.clock.speed
        await self._pause(20, 60)
        peer.chaos.delay_s = 0.0

    async def _deaths(self) -> None:
        """The line dies after the commit and before the answer."""
        for name in ("two", "forgetful"):
            for action in ("TransactionEvent",) if name == "two" else ("StartTransaction", "StopTransaction"):
                await self.peers[name].die(action)
                self._other_cuts[name]["died_after_commit"] += 1

    async def _kill(self) -> None:
        """The process of a backend is killed after its commit and before its answer, and starts again."""
        peer = self.peers["sixteen"]
        assert isinstance(peer, FarPeer)
        await peer.die(self._random.choice(("StartTransaction", "StopTransaction")))
        async with asyncio.timeout(PATIENCE_S):
            await peer.rise()
        self._other_cuts["sixteen"]["killed_after_commit"] += 1

    async def _restart(self) -> None:
        """The site ends in due form, and begins again."""
        async with self._turn:
            await self.place.close()
            await self._begin_again()

    async def _lose(self) -> None:
        """The site is gone without a word: what was committed stays, and what it does from now on reaches nobody."""
        async with self._turn:
            for peer in self.peers.values():
                peer.chaos.darken()
            folder = self._folder / f"site-{self.restarts + 1}"
            folder.mkdir()
            with (
                sqlite3.connect(self.place.folder / "ledger.db") as ledger,
                sqlite3.connect(folder / "ledger.db") as copy,
            ):
                ledger.backup(copy)
            ledger.close()
            copy.close()
            for file in self.place.folder.iterdir():
                if not file.name.startswith("ledger.db"):
                    shutil.copy2(file, folder)
            await self.place.close()
            self.place.folder = folder
            for peer in self.peers.values():
                peer.chaos.lighten()
                peer.chaos.drop()
            await self._begin_again()

    async def _begin_again(self) -> None:
        await self.place.open(self._site_config)
        await self.configure()
        for driver in self.drivers:
            await driver.connect()
        self.restarts += 1

    async def _pause(self, least_s: float, most_s: float) -> None:
        await sleep(self.clock, self._random.uniform(least_s, most_s))

    def _any(self) -> tuple[str, Peer]:
        return self._random.choice(list(self.peers.items()))

    def _config(self, name: str) -> UpstreamConfig:
        peer = self.peers[name]
        stations = self._stations if name != "forgetful" else self._stations[: len(self._stations) // 2 + 1]
        url, tls = self._elsewhere.get(name, (f"ws://{host_of(name)}:{peer.chaos.port}/ocpp", UpstreamTls()))
        return UpstreamConfig(
            upstream_id=name,
            name=name,
            url=url,
            tls=tls,
            lines=tuple(
                LineConfig(station_id=station_id, identity=f"{name}-{station_id}", password=PASSWORD)
                for station_id in stations
            ),
            versions=(OcppVersion.V201,) if name == "two" else (OcppVersion.V16,),
            traffic=Traffic(live_interval_s=15),
            knows_repeats=name != "forgetful",
        )

    async def _told(self, name: str) -> Told:
        peer = self.peers[name]
        state = await peer.state()
        config = self._config(name)
        heard = {line.station_id for line in config.lines}
        drawn = [it for driver in self.drivers for it in driver.drawn if it.station_id in heard]
        told = compared(config, drawn, state["sessions"], await self.place.site.parked_sessions(name))
        told.faults, told.repeats = state["faults"], state["repeats"]
        told.cuts = peer.chaos.counts + self._other_cuts[name]
        told.cuts["all"] += self._other_cuts[name].total()
        return told
