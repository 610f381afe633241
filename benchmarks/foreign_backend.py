"""The storm of `benchmarks.backend_cuts` against a central system that nobody here wrote: is every session there, once?

The other system runs beside the project, as a process of its own, and is reached over loopback only:

    python -m benchmarks.foreign_backend --url16 ws://127.0.0.1:8092 --url201 ws://127.0.0.1:8081 \\
        --book 'psql … -c "select json_build_object(…)"' --restart ./kill-it-and-start-it-again

`--book` is a command that prints what the system has in its books, a JSON object a line: `station`, `id`, `started` and
`ended` (ISO 8601), `energy_wh`, `card`. `--restart` is one that kills the system and returns once it listens again.
The cards of the chargers (`--cards` prints them) have to be known there.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
import json
from pathlib import Path
from random import Random
import sys
import tempfile
import time
from typing import Any, override
from urllib.parse import urlsplit

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, Traffic, UpstreamConfig
from simulator.backend.chaos import Chaos, Storm
from tests.simulation.backend_accounts import Told
from tests.simulation.backend_cuts import PLANNED, Scale, Storming
from tests.simulation.backend_drivers import Driver
from tests.simulation.backend_names import host_of
from tests.simulation.backend_peers import Peer

CARDS = 64
"""Of each charger: some systems let no card begin while they have an open transaction of it."""
ROUNDS = 10
"""How often a person comes to decide about what is parked; a decision may free what waited behind it."""
SETTLING_S = 3.0
"""Real time that a system may take to have in its books what it has answered."""


def cards_of(number: int) -> tuple[str, ...]:
    """Return the cards that are used at a charger."""
    return tuple(f"0FF1{number:02X}{card:02X}" for card in range(CARDS))


class Gate(Chaos):
    """A line that lets nobody in at once: some systems get tangled up when a station is back before they miss it."""

    grace_s = 0.0

    @override
    async def _dialled(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self.grace_s)
        await super()._dialled(reader, near)


class ForeignPeer(Peer):
    """Somebody else's central system."""

    def __init__(self, upstream_id: str, seed: int, url: str, arguments: argparse.Namespace) -> None:
        super().__init__(upstream_id, seed)
        self._restart: str | None = arguments.restart
        self._healed = False
        self._grace_s: float = arguments.grace
        self.path = urlsplit(url).path.rstrip("/")
        self._port = urlsplit(url).port or 80
        self._book: str = arguments.book

    @override
    async def listen(self, identities: Mapping[str, str], patience_s: float) -> int:
        return self._port

    @override
    def line_to(self, port: int, random: Random) -> Chaos:
        gate = Gate(port, random)
        gate.grace_s = self._grace_s
        return gate

    @override
    async def die(self, action: str) -> None:
        # Nobody can say at which message somebody else's system is to die: wherever it is in its work.
        if self._restart is not None:
            await run(self._restart)

    @override
    async def heal(self) -> None:
        if not self._healed:
            self._healed = True
            # Systems are seen to hear nobody any more once they have got tangled up in lines that came and went.
            await self.die("")

    @override
    async def tolerate(self, sends: int) -> None:
        """Leave it to the other system how often it hears a message."""

    @override
    async def state(self) -> dict[str, Any]:
        await asyncio.sleep(SETTLING_S)
        lines = await run(self._book)
        sessions = [json.loads(line) for line in lines.splitlines() if line.strip()]
        ours = [it for it in sessions if str(it["station"]).startswith(f"{self.upstream_id}-")]
        return {"sessions": ours, "faults": [], "repeats": 0}


class ForeignStorm(Storming):
    """The same site and the same chargers, with two lines each to the other system."""

    def __init__(self, folder: Path, scale: Scale, arguments: argparse.Namespace) -> None:
        super().__init__(folder, scale)
        stamp = f"{int(time.time()):x}"
        self.peers = {
            name: ForeignPeer(name, scale.seed, url, arguments)
            for name, url in ((f"s16-{stamp}", arguments.url16), (f"s201-{stamp}", arguments.url201))
            if url is not None
        }
        self._other_cuts = {name: type(self._other_cuts["two"])() for name in self.peers}
        self.drivers = [
            Driver(self.place, station_id, Random(f"{station_id} {scale.seed}"), self._turn, cards_of(number))
            for number, station_id in enumerate(self._stations)
        ]
        self._restart_command: str | None = arguments.restart
        self._knows_repeats: bool = arguments.knows_repeats

    @override
    def _troubles(self) -> list[Callable[[], Awaitable[None]]]:
        kinds = [self._dark, self._nobody, self._name_gone, self._certificate_expired, self._slow]
        troubles: list[Callable[[], Awaitable[None]]] = [*kinds, *kinds]
        if self._restart_command is not None:
            troubles += [self._kill] * self.scale.kills
        Random(f"troubles {self.scale.seed}").shuffle(troubles)
        for number in range(self.scale.restarts):
            at = (number + 1) * len(troubles) // (self.scale.restarts + 1)
            troubles.insert(at, self._lose if number else self._restart)
        return troubles

    @override
    async def _kill(self) -> None:
        """Kill the other system wherever it is in its work, and start it again."""
        assert self._restart_command is not None
        for name, peer in self.peers.items():
            self._other_cuts[name]["killed"] += peer.chaos.open_count
        await run(self._restart_command)

    @override
    def _config(self, name: str) -> UpstreamConfig:
        peer = self.peers[name]
        assert isinstance(peer, ForeignPeer)
        sixteen = name.startswith("s16")
        away = self._elsewhere.get(name)
        url = away[0] if away else f"ws://{host_of(name)}:{peer.chaos.port}{peer.path}"
        settings: dict[str, Any] = {"tls": away[1]} if away else {}
        return UpstreamConfig(
            upstream_id=name,
            name=name,
            url=url,
            lines=tuple(
                LineConfig(station_id=station_id, identity=f"{name}-{station_id}", password="correct horse")
                for station_id in self._stations
            ),
            versions=(OcppVersion.V16,) if sixteen else (OcppVersion.V201,),
            traffic=Traffic(live_interval_s=15),
            knows_repeats=self._knows_repeats or not sixteen,
            **settings,
        )

    @override
    async def open(self) -> None:
        await super().open()
        for number in range(self.scale.chargers):
            for card in cards_of(number):
                await self.place.enrol(card)

    @override
    async def storm(self) -> None:
        for name, peer in self.peers.items():
            peer.chaos.storm = Storm(self.scale.share)
            sixteen = name.startswith("s16")
            others = {"TransactionEvent"} if sixteen else {"StartTransaction", "StopTransaction", "MeterValues"}
            peer.chaos.plan(*(cut for cut in PLANNED if cut.action not in others))
        charging = asyncio.gather(*(driver.charge(self.scale.sessions) for driver in self.drivers))
        for trouble in self._troubles():
            await self._pause(3, 12)
            await trouble()
        await charging

    @override
    async def _told(self, name: str) -> Told:
        told = await super()._told(name)
        # Whether a message was sent often enough is not the question where the other system has turned it away.
        told.wrong = [what for what in told.wrong if not what.endswith("is parked too soon")]
        parked = await self.place.site.parked_sessions(name)
        for due in parked:
            print(
                f"{name}: parked at {due.transaction.started_at:%H:%M:%S}, {due.delivery.state}: {due.delivery.detail}"
            )
        return told


async def run(command: str) -> str:
    """Run a command of whoever runs this; returns what it printed."""
    process = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"exit status {process.returncode}: {command}")
    return printed.decode()


async def measure(arguments: argparse.Namespace) -> bool:
    """Run the storm, and print the counts."""
    scale = Scale(
        chargers=arguments.chargers,
        sessions=arguments.sessions,
        kills=arguments.kills,
        speed=arguments.speed,
        seed=arguments.seed,
    )
    began = datetime.now().astimezone()
    with tempfile.TemporaryDirectory() as folder:
        storm = ForeignStorm(Path(folder), scale, arguments)
        await storm.open()
        try:
            await storm.storm()
            try:
                await storm.calm()
            except TimeoutError:
                print("not everything could be told in time")
            result = await storm.result()
            settled = 0
            for _ in range(ROUNDS):
                if not (count := await storm.settle()):
                    break
                settled += count
                with suppress(TimeoutError):
                    await storm.calm()
            after = await storm.result()
        finally:
            await storm.close()
    print("\n".join(result.lines()))
    if settled:
        print(f"after {settled} decisions of a person:", *after.lines()[1:], sep="\n")
    print(f"took {(datetime.now().astimezone() - began).total_seconds():.0f} s")
    return not any(told.wrong or told.parked for told in after.told.values())


def main() -> int:
    """Read the arguments, run, and say whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", action="store_true", help="print the cards and nothing else")
    parser.add_argument("--url16")
    parser.add_argument("--url201")
    parser.add_argument("--book")
    parser.add_argument("--restart")
    parser.add_argument("--knows-repeats", action="store_true", help="it does not book a repeated start twice")
    parser.add_argument("--grace", type=float, default=0.0, help="seconds until who dials again is let in")
    parser.add_argument("--chargers", type=int, default=6)
    parser.add_argument("--sessions", type=int, default=10, help="of each charger")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--speed", type=float, default=10.0, help="seconds of the site in one real second")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.cards:
        print("\n".join(card for number in range(arguments.chargers) for card in cards_of(number)))
        return 0
    return 0 if asyncio.run(measure(arguments)) else 1


if __name__ == "__main__":
    sys.exit(main())
