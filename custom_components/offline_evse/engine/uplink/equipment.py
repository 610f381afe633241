"""What a line works with."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from random import Random
from typing import Any, Protocol

from ..model.clock import Clock
from ..model.meter import EvseSample
from ..model.station import OcppVersion
from ..model.upstream.config import LineConfig, UpstreamConfig
from ..model.upstream.delivery import DeliveryBook, Settlement
from ..model.upstream.link import LinkTrouble
from ..model.upstream.site import Grounds
from .control.hooks import ControlHooks
from .outbox.outgoing import Outgoing, Told
from .wire.codec import UpCodec
from .wire.connection import CallEnd, OnCall


class Connection(Protocol):
    """A socket on which one CALL at a time is said (`wire.connection.UpConnection`)."""

    @property
    def version(self) -> OcppVersion:
        """What was agreed."""

    @property
    def sent_bytes(self) -> int:
        """Length of all frames that have left."""

    @property
    def received_bytes(self) -> int:
        """Length of all frames that have come."""

    @property
    def closed(self) -> asyncio.Future[LinkTrouble | None]:
        """Done once nothing more can be said."""

    async def call(self, message_id: str, frame: str, *, urgent: bool = False, timeout_s: float = 30.0) -> CallEnd:
        """Send a CALL in its turn and return how it ended; never raises."""

    async def close(self) -> None:
        """Hang up."""


class Dials(Protocol):
    """Opens connections (`wire.dialling.Dialler`)."""

    async def dial(self, config: UpstreamConfig, line: LineConfig, on_call: OnCall) -> Connection:
        """Connect; raises DialError."""

    async def close(self) -> None:
        """Let go of what connections share."""


class Tells(Protocol):
    """Knows what is to be said next of a charger's sessions (`outbox.lane.Lane`)."""

    interval_s: int | None
    """Between live meter values, as the backend wants it; None: as it is set up."""

    @property
    def next_due_at(self) -> datetime | None:
        """When something falls due by time alone."""

    async def next(self, codec: UpCodec, *, telemetry: bool) -> Outgoing | None:
        """Return the next message, already counted as sent; None: nothing is to be said now."""

    async def value_now(self, codec: UpCodec, evse_id: int, seen: EvseSample | None) -> Outgoing | None:
        """Return the value of the session that runs at an EVSE, counted as sent; None: there is none to tell."""

    async def ended(self, outgoing: Outgoing, end: CallEnd, codec: UpCodec) -> Told:
        """Take in how it ended."""

    async def settle(self, session_id: str, settlement: Settlement, remote_id: str | None = None) -> bool:
        """Take a person's decision; False: there is nothing to decide."""


class Answers(Protocol):
    """Answers what a backend asks (`control.desk.ControlDesk`)."""

    def restore(self) -> None:
        """Take up what was kept."""

    async def answer(self, version: OcppVersion, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer a request; raises CallRefusedError."""

    def session_ended(self, session_id: str) -> None:
        """Forget what was for this session only."""

    async def close(self) -> None:
        """Let go of timers."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What all lines of a site share, and how the parts of one are made."""

    book: DeliveryBook
    grounds: Grounds
    clock: Clock
    random: Random
    zone: Callable[[], tzinfo]
    dialler: Dials
    lane: Callable[[UpstreamConfig, LineConfig], Tells]
    desk: Callable[[UpstreamConfig, LineConfig, ControlHooks], Answers]
