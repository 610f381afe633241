"""Chargers that charge one car after the other, and know to the watt-hour and millisecond what they have told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from custom_components.offline_evse.engine.model.clock import sleep
from tests.engine.site.place import Place
from tests.engine.site.wallbox import Post, Station201, Wallbox


@dataclass
class Drawn:
    """One session as its charger knows it. Registers in Wh."""

    station_id: str
    card: str
    began: datetime
    start_wh: int
    ended: datetime | None = None
    stop_wh: int = 0
    telling: dict[str, str] = field(default_factory=dict)
    """What the charger calls it."""

    @property
    def energy_wh(self) -> int:
        return self.stop_wh - self.start_wh


class Driver:
    """Drives one charger through its sessions; a restart of the site lets it dial again and go on."""

    def __init__(self, place: Place, station_id: str, random: Random, turn: asyncio.Lock, cards: Sequence[str]) -> None:
        """Nothing is said without the `turn`, so that whoever holds it finds nobody in the middle of a word."""
        self.station_id = station_id
        self.drawn: list[Drawn] = []
        self._place = place
        self._random = random
        self._turn = turn
        self._cards = cards
        self._register_wh = random.randrange(1_000_000)
        self._post: Wallbox | Station201 | None = None
        self._number = 0
        self._seq_no = 0

    @property
    def running(self) -> Drawn | None:
        """The session that runs now."""
        return self.drawn[-1] if self.drawn and self.drawn[-1].ended is None else None

    async def connect(self) -> None:
        """Dial the site, as after a power cut here or there."""
        kind: type[Post] = Station201 if self.station_id.endswith("0") else Wallbox
        post = await self._place.dial(kind, self.station_id)
        assert isinstance(post, Wallbox | Station201)
        self._post = post
        await post.boot()
        await self._status("Charging" if self.running is not None else "Available")

    async def charge(self, sessions: int) -> None:
        """Charge so many cars."""
        for _ in range(sessions):
            await self._pause(2, 15)
            await self._begin()
            for _ in range(self._random.randint(0, 4)):
                await self._pause(5, 25)
                await self._measure()
            await self._pause(2, 20)
            await self._end()

    async def _pause(self, least_s: float, most_s: float) -> None:
        await sleep(self._place.clock, self._random.uniform(least_s, most_s))

    async def _begin(self) -> None:
        async with self._turn:
            now, card = self._now(), self._random.choice(self._cards)
            session = Drawn(self.station_id, card, now, self._register_wh)
            self.drawn.append(session)
            self._number += 1
            match self._post:
                case Wallbox() as box:
                    await box.status("Preparing")
                    number = await box.start(card, meter_wh=self._register_wh, when=now)
                    session.telling["id"] = str(number)
                    await box.status("Charging")
                case Station201() as station:
                    session.telling["id"] = f"{self.station_id}-{self._number}"
                    self._seq_no = 0
                    await self._event(station, "Started", session, now, card)
                    await station.status("Occupied")

    async def _measure(self) -> None:
        async with self._turn:
            self._register_wh += self._random.randrange(2000)
            session, now = self.drawn[-1], self._now()
            match self._post:
                case Wallbox() as box:
                    await box.measure(int(session.telling["id"]), energy_wh=self._register_wh, when=now)
                case Station201() as station:
                    await self._event(station, "Updated", session, now)

    async def _end(self) -> None:
        async with self._turn:
            self._register_wh += self._random.randrange(2000)
            session, now = self.drawn[-1], self._now()
            session.ended, session.stop_wh = now, self._register_wh
            match self._post:
                case Wallbox() as box:
                    await box.stop(int(session.telling["id"]), meter_wh=self._register_wh, when=now, reason="Local")
                    await box.status("Available")
                case Station201() as station:
                    await self._event(station, "Ended", session, now)
                    await station.status("Available")

    async def _event(
        self, station: Station201, kind: str, session: Drawn, now: datetime, card: str | None = None
    ) -> None:
        info = {"transactionId": session.telling["id"], "chargingState": "Charging"}
        if kind == "Ended":
            info = {"transactionId": session.telling["id"], "stoppedReason": "Local"}
        sampled = {"value": self._register_wh, "measurand": "Energy.Active.Import.Register"}
        payload = {
            "eventType": kind,
            "timestamp": station.at(now),
            "triggerReason": "MeterValuePeriodic",
            "seqNo": self._seq_no,
            "transactionInfo": info,
            "evse": {"id": 1, "connectorId": 1},
            "meterValue": [{"timestamp": station.at(now), "sampledValue": [sampled]}],
        }
        if card is not None:
            payload["idToken"] = {"idToken": card, "type": "ISO14443"}
        self._seq_no += 1
        await station.say("TransactionEvent", payload)

    async def _status(self, status: str) -> None:
        match self._post:
            case Wallbox() as box:
                await box.status(status)
            case Station201() as station:
                await station.status("Available" if status == "Available" else "Occupied")

    def _now(self) -> datetime:
        """Return the time as a charger writes it: to the millisecond."""
        now = self._place.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)
