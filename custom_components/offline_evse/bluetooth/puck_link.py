"""One phone at one reader puck: what it speaks, its exchange, and the readings of its session.

A phone of our own protocol speaks first; one that keeps silent is offered PKOC. Everything has a deadline: the states
of the exchange have theirs, and the whole connection has one around them.
"""

import asyncio
from dataclasses import replace
import logging
from typing import Final

from ..engine.authorization.ble.charger import Charger
from ..engine.authorization.ble.exchange import Exchange, approach
from ..engine.authorization.ble.limits import ConnectRefusal
from ..engine.authorization.ble.pkoc.reader import PkocExchange, PkocReader
from ..engine.authorization.ble.reader import Reader, Transport
from ..engine.authorization.ble.states import ExchangeState, Intent
from ..engine.model.clock import Clock
from .cables import Cables
from .desk import Desk
from .puck_meter import STAYS_S, PuckMeter
from .puck_node import MOST_BYTES, PuckNode, PuckUnreachable

_LOGGER = logging.getLogger(__name__)

KEY: Final = "key"
PKOC: Final = "pkoc"
OFFER_WAITS_S: Final = (0.5, 1.5)
"""How long a phone is silent before PKOC is offered, and again: the puck cannot tell when a phone begins to listen."""
SPEAKS_WITHIN_S: Final = 10.0
WHOLE_S: Final = 45.0
"""The longest that anybody stays connected without being told yes."""
LAST_WORD_S: Final = 5.0
MOST_FRAMES: Final = 128
_TALKING: Final = {ExchangeState.CONNECTING, ExchangeState.CHALLENGED, ExchangeState.VERIFY}
_GRANTED: Final = {ExchangeState.GRANTED, ExchangeState.STARTING, ExchangeState.ACTIVE}


class PhoneGone(Exception):
    """The phone has left, or sends what nobody can follow."""


class PuckLink:
    """One connection."""

    def __init__(
        self,
        node: PuckNode,
        link: int,
        address: str,
        charger: Charger,
        reader: Reader,
        pkoc: PkocReader,
        cables: Cables,
        desk: Desk,
        meter: PuckMeter,
        clock: Clock,
    ) -> None:
        """Begin with a phone that has just connected. `address` stands for it in the limits."""
        self._node = node
        self._link = link
        self._address = address
        self._charger = charger
        self._reader = reader
        self._pkoc = pkoc
        self._cables = cables
        self._desk = desk
        self._meter = meter
        self._clock = clock
        self._incoming: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue(MOST_FRAMES)
        self._offered: PkocExchange | None = None
        self.spoke = False
        """Whether it has said anything."""
        self.ending = "silent"
        """How it ended, in a word."""

    def heard(self, pipe: str, frame: bytes) -> None:
        """Take in a frame; too many that nobody has read yet are the end."""
        self.spoke = True
        if self._incoming.full():
            self.gone()
        else:
            self._incoming.put_nowait((pipe, frame))

    def gone(self) -> None:
        """The phone or the puck has gone; what is waiting is worth nothing any more."""
        while not self._incoming.empty():
            self._incoming.get_nowait()
        self._incoming.put_nowait(None)

    async def serve(self) -> None:
        """Carry it through. Whatever goes wrong before the yes means that nothing was started."""
        try:
            async with asyncio.timeout(WHOLE_S) as whole:
                pipe, first = await self._greet()
                if pipe == KEY:
                    await self._speak_key(first, whole)
                elif self._offered is not None:
                    await self._speak_pkoc(self._offered, first)
                else:
                    self.ending = "out_of_turn"
        except TimeoutError:
            self.ending = "timeout" if self.ending != "granted" else self.ending
        except (PhoneGone, PuckUnreachable) as err:
            _LOGGER.debug("A phone at %s has gone: %s", self._charger.station_id, err)
            self.ending = "lost" if self.ending != "granted" else self.ending
        finally:
            self._withdraw()

    async def _greet(self) -> tuple[str, bytes]:
        """Wait for the phone's first word. A phone of PKOC waits for ours."""
        offer: tuple[bytes, ...] = ()
        async with asyncio.timeout(SPEAKS_WITHIN_S):
            for wait_s in OFFER_WAITS_S:
                try:
                    async with asyncio.timeout(wait_s):
                        return await self._next()
                except TimeoutError:
                    if self._offered is None:
                        self._offered = PkocExchange(self._pkoc, self._charger, self._address, self._node.mac)
                        answer = self._offered.subscribed()
                        offer = () if isinstance(answer, ConnectRefusal) else answer
                await self._send(PKOC, offer)
            return await self._next()

    async def _speak_key(self, first: bytes, whole: asyncio.Timeout) -> None:
        """Speak our own protocol."""
        self._withdraw()
        plugged = self._cables.just_plugged(self._charger.station_id) is not None
        intent = Intent.CABLE if plugged else Intent.TAP
        exchange = approach(self._reader, self._charger, self._address, self._node.mac, Transport.PUCK, intent)
        refusal = exchange.connecting()
        if refusal is not None:
            self.ending = refusal.value
            return
        try:
            async with asyncio.timeout(None) as patience:
                await self._converse(exchange, first, patience)
        except TimeoutError:
            exchange.expire()
            raise
        finally:
            exchange.lost()
            self.ending = "granted" if exchange.state in _GRANTED else str(exchange.ending or "lost")
        if exchange.state in _GRANTED and exchange.evidence is not None:
            whole.reschedule(asyncio.get_running_loop().time() + STAYS_S + LAST_WORD_S)
            await self._meter.tell(exchange, exchange.evidence.id_token, self._send_key, self._stays)

    async def _converse(self, exchange: Exchange, first: bytes, patience: asyncio.Timeout) -> None:
        exchange.connected(MOST_BYTES)
        frame = first
        while True:
            step = exchange.receive(frame)
            self._bound(patience, exchange.deadline_s)
            await self._send(KEY, await self._desk.serve(exchange, step, Transport.PUCK))
            if step.closed or exchange.state not in _TALKING:
                return
            self._bound(patience, exchange.deadline_s)
            pipe, frame = await self._next()
            if pipe != KEY:
                raise PhoneGone("It speaks two protocols at a time")

    async def _speak_pkoc(self, exchange: PkocExchange, first: bytes) -> None:
        """Speak PKOC. It says nothing of a tap, so only a cable that was just plugged in shows what is wanted."""
        frame = first
        try:
            async with asyncio.timeout(None) as patience:
                while True:
                    step = exchange.written(frame)
                    self._bound(patience, exchange.deadline_s)
                    await self._send(PKOC, step.notify)
                    if step.evidence is not None:
                        granted = await self._desk.grants(replace(step.evidence, intent=False))
                        self.ending = "granted" if granted else "denied"
                        await self._send(PKOC, exchange.decide(granted))
                        return
                    if step.closed:
                        self.ending = exchange.reason or "denied"
                        return
                    pipe, frame = await self._next()
                    if pipe != PKOC:
                        raise PhoneGone("It speaks two protocols at a time")
        except TimeoutError:
            exchange.expire()
            raise

    def _withdraw(self) -> None:
        """Take back an offer of PKOC, so that nothing that comes later can be an answer to it."""
        if self._offered is not None:
            self._offered.lost()

    async def _stays(self, wait_s: float) -> bool:
        """Wait for a while; whether the phone is still there then. Whatever it says meanwhile is not heard."""
        try:
            async with asyncio.timeout(wait_s):
                while await self._incoming.get() is not None:
                    pass
        except TimeoutError:
            return True
        return False

    async def _next(self) -> tuple[str, bytes]:
        item = await self._incoming.get()
        if item is None:
            raise PhoneGone("It has hung up")
        return item

    async def _send_key(self, frames: tuple[bytes, ...]) -> None:
        await self._send(KEY, frames)

    async def _send(self, pipe: str, frames: tuple[bytes, ...]) -> None:
        for frame in frames:
            await self._node.send(self._link, pipe, frame)

    def _bound(self, patience: asyncio.Timeout, deadline_s: float | None) -> None:
        """Let everything from here on be over when the present state has to be."""
        if deadline_s is None:
            patience.reschedule(None)
        else:
            left_s = max(0.0, deadline_s - self._clock.monotonic()) + 0.01
            patience.reschedule(asyncio.get_running_loop().time() + left_s)
