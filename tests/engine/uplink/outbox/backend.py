"""A backend as strict as the standard, and a charger's lane to it whose messages meet whatever fate a test wants."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
import json
from pathlib import Path
from typing import Any

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.transaction import TransactionReport
from custom_components.offline_evse.engine.model.upstream.config import (
    LineConfig,
    Traffic,
    UnknownCards,
    UpstreamConfig,
)
from custom_components.offline_evse.engine.model.upstream.delivery import DueSession
from custom_components.offline_evse.engine.uplink.outbox.lane import Lane
from custom_components.offline_evse.engine.uplink.outbox.outgoing import Outgoing, Phase, Told
from custom_components.offline_evse.engine.uplink.wire.codec import codec_of
from custom_components.offline_evse.engine.uplink.wire.connection import CallEnd, CallOutcome
from tests.engine.clock import NOON, ManualClock

MONTA = "monta"
STATION = "garage"
ENERGY = "Energy.Active.Import.Register"


class Fate(StrEnum):
    """What becomes of a message."""

    ANSWERED = "answered"
    LOST_BEFORE = "lost before the backend had it"
    LOST_AFTER = "lost after the backend had it"
    UNSENT = "unsent"
    REFUSED = "refused"
    NONSENSE = "answered with nothing in it"
    UNHEARD = "answered, and the lane was gone by then"


@dataclass
class Booked:
    """A transaction as the backend has booked it."""

    connector: int
    card: str | None
    began: str
    meter_start: int
    ended: str | None = None
    meter_stop: int | None = None
    reason: str | None = None
    stopper: str | None = None
    values: list[tuple[str, float]] = field(default_factory=list)
    stop_values: list[tuple[str, float]] = field(default_factory=list)
    stop_payload: dict[str, Any] = field(default_factory=dict)
    offline: bool = False

    @property
    def energy_wh(self) -> int | None:
        return None if self.meter_stop is None else self.meter_stop - self.meter_start


def values_in(payload: dict[str, Any], key: str) -> list[tuple[str, float]]:
    """Registers in a message, with their times."""
    return [
        (each["timestamp"], float(value["value"]))
        for each in payload.get(key, ())
        for value in each["sampledValue"]
        if value.get("measurand", ENERGY) == ENERGY and value.get("format") != "SignedData"
    ]


class StrictBackend:
    """Books what it is told, and fails the test on anything that a charging station must not say."""

    def __init__(self, *, compares: bool = True, rejected: frozenset[str] = frozenset()) -> None:
        self.compares = compares
        self.rejected = rejected
        self.booked: dict[str, Booked] = {}
        self.starts: dict[str, tuple[str, ...]] = {}
        self.order: list[tuple[str, str]] = []
        self.left_open: list[str] = []
        """Transactions that were open when another one began on the same connector."""
        self._events: dict[tuple[str, int], str] = {}

    def take(self, frame: str) -> dict[str, Any]:
        kind, _, action, payload = json.loads(frame)
        assert kind == 2
        return getattr(self, f"_{action}")(payload, frame)  # type: ignore[no-any-return]

    def _info(self, card: str | None) -> dict[str, Any]:
        return {"status": "Blocked" if card in self.rejected else "Accepted"}

    def _open_on(self, connector: int) -> list[str]:
        return [key for key, each in self.booked.items() if each.connector == connector and each.ended is None]

    def _StartTransaction(self, payload: dict[str, Any], frame: str) -> dict[str, Any]:
        card = payload["idTag"]
        same = (payload["connectorId"], card, payload["timestamp"], payload["meterStart"])
        known = next((key for key, told in self.starts.items() if told == same), None)
        if known is None or not self.compares:
            self.left_open += self._open_on(payload["connectorId"])
            known = str(8000 + len(self.booked))
            self.starts[known] = same
            self.booked[known] = Booked(payload["connectorId"], card, payload["timestamp"], payload["meterStart"])
            self.order.append((payload["timestamp"], "start"))
        return {"transactionId": int(known), "idTagInfo": self._info(card)}

    def _MeterValues(self, payload: dict[str, Any], frame: str) -> dict[str, Any]:
        booked = self.booked[str(payload["transactionId"])]
        assert booked.ended is None
        assert booked.connector == payload["connectorId"]
        booked.values += values_in(payload, "meterValue")
        return {}

    def _StopTransaction(self, payload: dict[str, Any], frame: str) -> dict[str, Any]:
        booked = self.booked[str(payload["transactionId"])]
        self._end(booked, payload, payload["timestamp"], payload["meterStop"], payload.get("idTag"))
        booked.stop_values = values_in(payload, "transactionData")
        booked.reason = payload.get("reason")
        return {}

    def _end(self, booked: Booked, payload: dict[str, Any], ended: str, meter: int, card: str | None) -> None:
        if booked.ended is not None:
            assert (booked.ended, booked.meter_stop) == (ended, meter), "an end was told in two ways"
            return
        booked.ended, booked.meter_stop, booked.stopper, booked.stop_payload = ended, meter, card, payload
        self.order.append((ended, "stop"))

    def _TransactionEvent(self, payload: dict[str, Any], frame: str) -> dict[str, Any]:
        key = payload["transactionInfo"]["transactionId"]
        number = payload["seqNo"]
        if (known := self._events.get((key, number))) is not None:
            assert known == frame, "one event number with two contents"
            return {}
        self._events[key, number] = frame
        token = payload.get("idToken")
        card = token["idToken"] if token else None
        registers = values_in(payload, "meterValue")
        if payload["eventType"] == "Started":
            assert number == 0
            self.left_open += self._open_on(payload["evse"]["id"])
            self.booked[key] = Booked(payload["evse"]["id"], card, payload["timestamp"], int(registers[0][1]))
            self.booked[key].offline = payload.get("offline", False)
            self.order.append((payload["timestamp"], "start"))
        elif payload["eventType"] == "Updated":
            assert self.booked[key].ended is None
            self.booked[key].values += registers
        else:
            booked = self.booked[key]
            self._end(booked, payload, payload["timestamp"], int(registers[-1][1]), card)
            booked.stop_values = registers[:-1]
            booked.reason = payload["transactionInfo"]["stoppedReason"]
        return {"idTokenInfo": self._info(card)} if token else {}


class Site:
    """A ledger on disk, a lane, and a backend: everything that has to come out right together."""

    def __init__(self, path: Path, clock: ManualClock, backend: StrictBackend, config: UpstreamConfig) -> None:
        self.path, self.clock, self.backend, self.config = path, clock, backend, config
        self.codec = codec_of(config.versions[0])
        self.frames: dict[str, str] = {}
        self.sent: Counter[str] = Counter()
        self.wordings: defaultdict[tuple[str, Phase], set[str]] = defaultdict(set)
        self.left: list[Outgoing] = []
        self.told: list[Told] = []
        self.ledger: Ledger
        self.lane: Lane

    @classmethod
    async def open(
        cls,
        path: Path,
        clock: ManualClock,
        *,
        version: OcppVersion = OcppVersion.V16,
        backend: StrictBackend | None = None,
        knows_repeats: bool = True,
        live_interval_s: int = 60,
        unknown_cards: UnknownCards = UnknownCards.LEAVE_OUT,
    ) -> Site:
        config = UpstreamConfig(
            upstream_id=MONTA,
            name="Monta",
            url="ws://127.0.0.1/ocpp",
            lines=(LineConfig(station_id=STATION, identity="CP1"),),
            versions=(version,),
            knows_repeats=knows_repeats,
            traffic=Traffic(live_interval_s=live_interval_s),
            unknown_cards=unknown_cards,
            since=NOON,
        )
        site = cls(path, clock, backend or StrictBackend(), config)
        await site.reopen()
        return site

    async def reopen(self) -> None:
        """What a restart of Home Assistant comes to."""
        self.ledger = await Ledger.open(self.path, self.clock, ballast_bytes=0)
        await self.ledger.book.open_upstream(MONTA, self.config.since, stations=[STATION])
        self.forget()

    def forget(self) -> None:
        """Begin with a lane that remembers nothing."""
        self.lane = Lane(self.config, self.config.lines[0], self.ledger.book, self.clock)

    async def restart(self) -> None:
        await self.ledger.close()
        await self.reopen()

    async def record(self, *reports: TransactionReport) -> str:
        """Have them recorded; returns the session of the last one."""
        for report in reports:
            session = (await self.ledger.record(report)).transaction.session_id
        return session

    async def step(self, fate: Fate = Fate.ANSWERED, *, telemetry: bool = False) -> Outgoing | None:
        """Let one message meet its fate; None: there was none to be sent."""
        outgoing = await self.lane.next(self.codec, telemetry=telemetry)
        if outgoing is None:
            return None
        known = self.frames.setdefault(outgoing.message_id, outgoing.frame)
        assert known == outgoing.frame, "a message has changed between two sendings"
        if fate is not Fate.UNSENT:
            self.sent[outgoing.message_id] += 1
            self.left.append(outgoing)
            if outgoing.phase is not Phase.VALUES:
                self.wordings[outgoing.session_id, outgoing.phase].add(outgoing.frame)
        end = self._end(outgoing, fate)
        if fate is not Fate.UNHEARD:
            self.told.append(await self.lane.ended(outgoing, end, self.codec))
        return outgoing

    def _end(self, outgoing: Outgoing, fate: Fate) -> CallEnd:
        match fate:
            case Fate.LOST_BEFORE:
                return CallEnd(outcome=CallOutcome.LOST)
            case Fate.UNSENT:
                return CallEnd(outcome=CallOutcome.UNSENT)
            case Fate.REFUSED:
                return CallEnd(outcome=CallOutcome.REFUSED, code="InternalError", description="no room for 04A2B3C4D5")
        payload = self.backend.take(outgoing.frame)
        if fate is Fate.LOST_AFTER:
            return CallEnd(outcome=CallOutcome.LOST)
        return CallEnd(outcome=CallOutcome.ANSWERED, payload={} if fate is Fate.NONSENSE else payload, rtt_s=0.1)

    async def drain(self, *, telemetry: bool = False, patience: int = 40) -> None:
        """Have everything told, waiting for what needs time."""
        for _ in range(patience):
            while await self.step(telemetry=telemetry) is not None:
                pass
            if (due_at := self.lane.next_due_at) is None:
                return
            await self.clock.advance(max(1.0, (due_at - self.clock.now()).total_seconds()))
        raise AssertionError("there is always something left to be told")

    async def delivery(self, session_id: str) -> DueSession:
        due = await self.ledger.book.delivery(MONTA, session_id)
        assert due is not None
        return due
