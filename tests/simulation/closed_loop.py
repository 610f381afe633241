"""The whole engine against the whole simulator, in one process and in time that jumps.

Nothing is left out between the two: stations of the `ocpp` library dial over aiohttp, frames go over a network in
memory, the engine answers over its own listener, and its ledger is on disk. Hours pass in seconds because nobody
sleeps; no time passes while a commit is on its way to the disk.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import shutil
from typing import Any, override

import aiohttp

from custom_components.offline_evse.engine.ledger.entry import Stamp
from custom_components.offline_evse.engine.ledger.writer import Work, Writer
from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.clock import SystemClock
from custom_components.offline_evse.engine.model.credential import Credential
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.offer import Binding, LimitReason
from custom_components.offline_evse.engine.model.phases import WIRINGS, PhaseAmperes
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.model.transaction import Transaction
from custom_components.offline_evse.engine.site.config import SiteConfig, StationConfig
from custom_components.offline_evse.engine.site.opening import open_site
from custom_components.offline_evse.engine.site.site import Site
from simulator.description import SiteDescription
from simulator.harbour_house import GUEST_TAG, OWNER_TAG
from simulator.headless.loop import VirtualLoop
from simulator.live import LiveSite
from simulator.meter.telegram import MeterReading
from simulator.simulator import Simulator
from simulator.station.charging_point import ChargingPoint

from .ideal import Ideal

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PORT = 9000


class VirtualClock(SystemClock):
    """The loop's time as a clock, for both sides."""

    def __init__(self) -> None:
        self._began_s = self.monotonic()
        self.off = timedelta()
        """How far it has been set away from the true time."""

    @override
    def now(self) -> datetime:
        return START + self.off + timedelta(seconds=self.monotonic() - self._began_s)


@dataclass
class Judgement:
    """What a watcher on the roof wrote down, second by second."""

    seconds: int = 0
    impossible_offers: list[float] = field(default_factory=list)
    """Offers between 0 and 6 A."""
    paused_s: dict[EvseKey, int] = field(default_factory=dict)
    """Seconds without an offer while a transaction ran."""
    longest_wait_s: dict[EvseKey, int] = field(default_factory=dict)
    bindings: dict[EvseKey, set[Binding]] = field(default_factory=dict)
    pauses: int = 0
    ideal_wh: float = 0.0
    car_hours: float = 0.0
    waiting_s: dict[EvseKey, int] = field(default_factory=dict)
    """How long each has been without an offer now."""
    was_on: set[EvseKey] = field(default_factory=set)


class ClosedLoop:
    """A site of the simulator with an engine that runs it."""

    def __init__(self, description: SiteDescription, folder: Path, seed: int = 1, **set_up: Any) -> None:
        """Build it; `set_up` goes to `config_of`."""
        self.clock = VirtualClock()
        self.engine_clock = VirtualClock()
        """The clock of the machine that the engine runs on; it may be set, and the chargers' do not follow."""
        self.description = description
        self.simulator = Simulator(description, seed, self.clock)
        self.live = LiveSite(
            self.simulator, f"ws://site:{PORT}", connector=aiohttp.UnixConnector(str(PORT), force_close=True)
        )
        self.simulator.meter.watcher = self._meter_says
        self.meter_shows: Callable[[PhaseAmperes], PhaseAmperes] = lambda currents_a: currents_a
        """What kind of meter it is: what it makes of the currents."""
        self.meter_every_s = 1
        self.meter_late_s = 0
        """How old a value is when it arrives."""
        self.config = config_of(description, **set_up)
        self.judgement = Judgement()
        self.commands = 0
        """Limits sent by engines that are gone."""
        self.watchers: list[Callable[[], None]] = []
        """Called once a second."""
        self._ideal = Ideal(description, margin_a=self.config.circuits[0].margin_a)
        self._folder = folder
        self._lives = 0
        self._site: Site | None = None

    @property
    def site(self) -> Site:
        """The engine that runs now."""
        assert self._site is not None
        return self._site

    async def start(self) -> None:
        """Open the engine, then let the stations dial."""
        await self._open()
        for tag in (OWNER_TAG, GUEST_TAG):
            await self.site.enrol_card(Credential(id_token=IdToken(tag), name=tag))
        await self.live.start()

    async def stop(self) -> None:
        """Close everything."""
        await self.live.stop()
        if self._site is not None:
            await self._site.close()

    async def run(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def until(self, reached: Callable[[], object], within_s: float) -> float:
        """Let time pass until something is so; return how long it took, in s."""
        for second in range(int(within_s) + 1):
            if reached():
                return second
            await asyncio.sleep(1)
        raise AssertionError(f"not reached within {within_s} s")

    async def kill(self) -> None:
        """End the engine without a word: what is on the disk stays, and what it does from now on reaches nobody."""
        dead, self._site = self.site, None
        self.commands += dead.commands_sent
        before, self._lives = self._life, self._lives + 1
        self._life.mkdir()
        for file in before.iterdir():
            # The index of the log is memory of the process and goes with it.
            if file.is_file() and not file.name.endswith("-shm"):
                shutil.copy2(file, self._life / file.name)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.network.cut(PORT)
        await dead.close()

    async def revive(self) -> None:
        """Start an engine from what is on the disk."""
        await self._open()

    def point(self, key: EvseKey) -> ChargingPoint:
        """An EVSE of the simulator."""
        return self.simulator.stations[key.station_id].points[key.evse_id]

    def points(self) -> Iterator[tuple[EvseKey, ChargingPoint]]:
        """All EVSEs of the simulator."""
        for station_id, station in self.simulator.stations.items():
            for evse_id, point in station.points.items():
                yield EvseKey(station_id, evse_id), point

    def plug_all(self, tag: str = OWNER_TAG) -> None:
        """Plug a car in wherever there is one, and hold a card to the charger."""
        for key, point in self.points():
            if point.evse.car is None and self._free_cars():
                self.simulator.plug(charger=key.station_id, connector=key.evse_id)
                self.simulator.swipe(charger=key.station_id, connector=key.evse_id, tag=tag)

    async def finish(self) -> list[Transaction]:
        """Take all cars away, wait until everything is told, and return what the ledger has."""
        for key, point in self.points():
            if point.evse.car is not None:
                self.simulator.unplug(charger=key.station_id, connector=key.evse_id)
        stations = self.simulator.stations.values()
        await self.until(lambda: all(station.online and not station.outbox.durable for station in stations), 300)
        return list(await self.site.transactions(limit=1000))

    @property
    def commands_sent(self) -> int:
        """Limits sent to chargers so far."""
        return self.commands + (self._site.commands_sent if self._site else 0)

    @property
    def delivered_wh(self) -> int:
        """What all registers have counted since the start."""
        return sum(
            self.simulator.stations[station.model.identity].points[number].evse.register_wh - point.register_wh
            for station in self.description.stations
            for number, point in enumerate(station.points, 1)
        )

    @property
    def longest_over_s(self) -> float:
        """Longest time without a break that any fuse has carried too much."""
        return max(fuse.longest_s for fuse in self.simulator.site.fuses.values())

    @property
    def highest_theta(self) -> float:
        """Heat of the hottest fuse at its worst."""
        return max(fuse.theta_max for fuse in self.simulator.site.fuses.values())

    @property
    def _life(self) -> Path:
        return self._folder / f"life-{self._lives}"

    async def _open(self) -> None:
        self._life.mkdir(exist_ok=True, parents=True)
        self._site = await open_site(
            config=self.config, folder=self._life, clock=self.engine_clock, port=PORT, host="127.0.0.1"
        )

    def _free_cars(self) -> bool:
        taken = {point.evse.car.name for _, point in self.points() if point.evse.car is not None}
        return len(taken) < len(self.simulator.cars)

    def _meter_says(self, reading: MeterReading) -> None:
        """Hand a reading over as the integration does from power and voltage per phase."""
        if self.simulator.meter.published % self.meter_every_s:
            return
        currents_a = (power / volts for power, volts in zip(reading.power_w, reading.voltage_v, strict=True))
        shown_a = self.meter_shows(PhaseAmperes(*currents_a))
        if self.meter_late_s:
            asyncio.get_running_loop().call_later(self.meter_late_s, self._meter_heard, shown_a)
        else:
            self._meter_heard(shown_a)

    def _meter_heard(self, currents_a: PhaseAmperes) -> None:
        if self._site is not None:
            self._site.meter_reported(self.simulator.site.main, currents_a)

    def judge_every_second(self) -> asyncio.Task[None]:
        """Begin to write down what happens."""

        async def judge() -> None:
            while True:
                await asyncio.sleep(1)
                self._judge()
                for watcher in self.watchers:
                    watcher()

        return asyncio.create_task(judge())

    def _judge(self) -> None:
        judgement = self.judgement
        judgement.seconds += 1
        running = [(key, point) for key, point in self.points() if point.transaction is not None]
        judgement.car_hours += len(running) / 3600
        judgement.ideal_wh += self._ideal.second_wh(running, self.simulator.house.currents_a)
        if self._site is None:
            return
        for key, _ in running:
            evse = self._site.evses.get(key)
            if evse is None or not evse.has_transaction:
                continue
            offer = evse.offer
            judgement.bindings.setdefault(key, set()).add(offer.binding)
            if 0 < offer.current_a < 6:
                judgement.impossible_offers.append(offer.current_a)
            if offer.current_a:
                judgement.waiting_s[key] = 0
                judgement.was_on.add(key)
            elif offer.binding.reason is not LimitReason.PAUSED:
                waited = judgement.waiting_s[key] = judgement.waiting_s.get(key, 0) + 1
                judgement.longest_wait_s[key] = max(judgement.longest_wait_s.get(key, 0), waited)
                judgement.paused_s[key] = judgement.paused_s.get(key, 0) + 1
                if key in judgement.was_on:
                    judgement.was_on.discard(key)
                    judgement.pauses += 1


def config_of(
    description: SiteDescription,
    *,
    stopped_when_alone: Collection[str] = (),
    chargers: Mapping[str, Any] | None = None,
    **main: float,
) -> SiteConfig:
    """Set a site up as its installer would: the main fuse is metered, each station is wired as its first EVSE is.

    `stopped_when_alone` are stations whose safe current is 0; `chargers` is set on every station, `main` on the main
    circuit.
    """
    return SiteConfig(
        name=description.name,
        circuits=tuple(
            replace(
                Circuit(
                    circuit_id=branch.name,
                    name=branch.name,
                    parent_id=branch.parent,
                    limit_a=PhaseAmperes(branch.rating_a, branch.rating_a, branch.rating_a),
                    metered=branch.parent is None,
                ),
                **(main if branch.parent is None else {}),
            )
            for branch in description.branches
        ),
        stations=tuple(
            StationConfig(
                station_id=station.model.identity,
                name=station.model.identity,
                circuit_id=station.points[0].branch,
                wiring=WIRINGS[station.points[0].wiring.lower()],
                maximum_a=station.points[0].maximum_a,
                safe_a=0.0 if station.model.identity in stopped_when_alone else 6.0,
                **(chargers or {}),
            )
            for station in description.stations
        ),
    )


def play[T](scenario: Callable[[], Awaitable[T]]) -> T:
    """Run a scenario to its end in virtual time."""

    async def whole() -> T:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        with commits_stop_time(loop):
            return await scenario()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(whole())


@contextmanager
def commits_stop_time(loop: VirtualLoop) -> Iterator[None]:
    """Let no time pass while the ledger's thread is writing something that was handed to it."""
    submit = Writer.submit

    def submit_and_owe[T](self: Writer, work: Work[T], stamp: Stamp, *, alone: bool = False) -> asyncio.Future[T]:
        future = submit(self, work, stamp, alone=alone)
        loop.owe(future)
        return future

    Writer.submit = submit_and_owe  # type: ignore[method-assign]
    try:
        yield
    finally:
        Writer.submit = submit  # type: ignore[method-assign]


@asynccontextmanager
async def running(
    description: SiteDescription, folder: Path, seed: int = 1, **set_up: Any
) -> AsyncIterator[ClosedLoop]:
    """Run a site for the length of a block; its engine has been there for ten seconds."""
    loop = ClosedLoop(description, folder, seed, **set_up)
    await loop.start()
    judge = loop.judge_every_second()
    try:
        await loop.run(10)
        yield loop
    finally:
        judge.cancel()
        await loop.stop()
