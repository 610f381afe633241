"""The counter at which every exchange ends: it asks the site, and says its answer to the holder.

The same for both transports. Whatever goes wrong on the way to the answer means that the holder hears no yes; what the
site has begun stays begun, because a session belongs to the charger and not to the radio.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
import hashlib
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..engine.authorization.ble.exchange import Exchange
from ..engine.authorization.ble.reader import Transport
from ..engine.authorization.ble.states import LogRequest, Step, StopRequest
from ..engine.authorization.ble.wire.messages import MOST_RECEIPTS, Receipt, ResultCode
from ..engine.model.clock import Clock
from ..engine.model.credential import Evidence, EvidenceLevel
from ..engine.model.decision import Decision, Refusal
from ..engine.model.failure import LedgerFullError, LedgerUnavailableError
from ..engine.model.transaction import Transaction
from ..engine.site.access.evidence_door import Presented
from ..engine.site.site import Site
from .follower import Follower

_LOGGER = logging.getLogger(__name__)

CHARGER_ANSWERS_S: Final = 6.0
"""How long a holder is kept waiting for the charger; then it hears what was decided, and the charger goes on."""
LOOKED_THROUGH: Final = 500
"""Transactions of the site that are looked through for a holder's own."""

_CODES: Final = {
    Refusal.EXPIRED: ResultCode.EXPIRED,
    Refusal.WRONG_CHARGER: ResultCode.OTHER_CHARGER,
    Refusal.ENERGY_USED_UP: ResultCode.USED_UP,
    Refusal.MONEY_USED_UP: ResultCode.USED_UP,
    Refusal.IN_USE: ResultCode.ALREADY_CHARGING,
    Refusal.OCCUPIED: ResultCode.ALREADY_CHARGING,
    Refusal.NO_CAR: ResultCode.NO_CAR,
    Refusal.NOT_YET_VALID: ResultCode.TRY_LATER,
    Refusal.OUTSIDE_HOURS: ResultCode.TRY_LATER,
    Refusal.SITE_TOTAL: ResultCode.TRY_LATER,
    Refusal.NOT_RECORDED: ResultCode.TRY_LATER,
    Refusal.CLOCK: ResultCode.TRY_LATER,
}


class Desk:
    """Serves exchanges of one site."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site, clock: Clock) -> None:
        """Ask this site."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._clock = clock
        self.follower = Follower(site, clock)
        self.last: Decision | None = None
        """What was decided last."""

    async def serve(
        self, exchange: Exchange, step: Step, transport: Transport = Transport.CENTRAL
    ) -> tuple[bytes, ...]:
        """Do what follows from a frame; returns everything that is to be sent, in order."""
        if step.evidence is not None:
            return (*step.frames, *await self._charge(exchange, step.evidence))
        if step.stop is not None:
            return (*step.frames, *exchange.answered(await self._stop(exchange, step.stop, transport)))
        if step.log is not None:
            receipts = await self._receipts(step.log)
            return (*step.frames, *exchange.receipts(receipts[:MOST_RECEIPTS], more=len(receipts) > MOST_RECEIPTS))
        return step.frames

    async def present(self, evidence: Evidence) -> Presented:
        """Show evidence to the site. Goes on to its end if whoever asked is cancelled meanwhile."""
        asking = self._entry.async_create_task(self._hass, self._site.present(evidence), "offline_evse evidence")
        presented = await asyncio.shield(asking)
        self.last = presented.decision
        return presented

    async def grants(self, evidence: Evidence) -> bool:
        """Show evidence to the site, for a phone that hears nothing but yes or no.

        It hears what was decided where the charger takes its time; the charger goes on.
        """
        asked_at = self._clock.now()
        asking = self._entry.async_create_task(self._hass, self.present(evidence), "offline_evse holder")
        await asyncio.wait({asking}, timeout=CHARGER_ANSWERS_S)
        if not asking.done():
            decided = self._decided(evidence, asked_at)
            return decided is not None and decided.accepted
        try:
            return asking.result().done
        except (LedgerFullError, LedgerUnavailableError) as err:
            _LOGGER.error("Nothing can be recorded, so nobody can charge with a key: %s", err)
            return False

    async def _charge(self, exchange: Exchange, evidence: Evidence) -> tuple[bytes, ...]:
        asked_at = self._clock.now()
        asking = self._entry.async_create_task(self._hass, self.present(evidence), "offline_evse holder")
        await asyncio.wait({asking}, timeout=CHARGER_ANSWERS_S)
        if not asking.done():
            decided = self._decided(evidence, asked_at)
            if decided is None or not decided.accepted:
                return exchange.decide(False, code=ResultCode.TRY_LATER)
            sent = exchange.decide(True, energy_wh=decided.limits.energy_wh)
            exchange.starting()
            asking.add_done_callback(self._late(exchange, evidence))
            return sent
        try:
            presented = asking.result()
        except (LedgerFullError, LedgerUnavailableError) as err:
            _LOGGER.error("Nothing can be recorded, so nobody can charge with a key: %s", err)
            return exchange.decide(False, code=ResultCode.TRY_LATER)
        if not presented.done:
            return exchange.decide(False, code=code_of(presented.decision))
        sent = exchange.decide(True, energy_wh=presented.decision.limits.energy_wh)
        exchange.starting()
        self.follower.follow(exchange, evidence.id_token, presented.evse)
        return sent

    def _decided(self, evidence: Evidence, asked_at: datetime) -> Decision | None:
        """Return what was decided on evidence whose charger has not answered yet."""
        for key, evse in self._site.evses.items():
            decision = evse.decision
            if (
                key.station_id == evidence.station_id
                and decision is not None
                and decision.id_token == evidence.id_token
                and decision.decided_at >= asked_at
            ):
                return decision
        return None

    def _late(self, exchange: Exchange, evidence: Evidence) -> Callable[[asyncio.Task[Presented]], None]:
        @callback
        def answered(asking: asyncio.Task[Presented]) -> None:
            if asking.cancelled() or asking.exception() is not None or not asking.result().done:
                exchange.not_started()
            else:
                self.follower.follow(exchange, evidence.id_token, asking.result().evse)

        return answered

    async def _stop(self, exchange: Exchange, request: StopRequest, transport: Transport) -> ResultCode:
        """End the session that runs at the charger, if the holder may."""
        if exchange.charger is None:
            return ResultCode.DENIED
        ended = await self._site.end_by(
            Evidence(
                id_token=request.id_token,
                level=EvidenceLevel.KEY,
                station_id=exchange.charger.station_id,
                evse_id=exchange.charger.evse_id,
                seen_at=self._clock.now(),
                source=transport.value,
            )
        )
        self.last = ended.decision
        return ResultCode.STOPPED if ended.done else code_of(ended.decision)

    async def _receipts(self, request: LogRequest) -> list[Receipt]:
        """Return the holder's own sessions, newest first."""
        since = datetime.fromtimestamp(request.since_unix_s, UTC)
        recorded = await self._site.transactions(since=since, limit=LOOKED_THROUGH)
        return [receipt(each) for each in recorded if each.id_token and each.id_token.key == request.id_token.key]


def code_of(decision: Decision) -> ResultCode:
    """Return what a holder hears of a decision after which nothing began."""
    if decision.accepted:
        return ResultCode.TRY_LATER
    return ResultCode.DENIED if decision.refusal is None else _CODES.get(decision.refusal, ResultCode.DENIED)


def receipt(transaction: Transaction) -> Receipt:
    """Return a transaction as its holder may read it. The number stands for our session id."""
    number = int.from_bytes(hashlib.sha256(transaction.session_id.encode()).digest()[:4])
    ended = transaction.ended_at
    return Receipt(
        session=number,
        began_unix_s=int(transaction.started_at.timestamp()),
        ended_unix_s=int(ended.timestamp()) if ended else 0,
        energy_wh=transaction.energy_wh,
    )
