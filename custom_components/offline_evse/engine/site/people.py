"""What people ask for: starts and stops, pauses and limits, cards."""

from collections.abc import Callable
from dataclasses import replace

from ..authorization.authorizer import Authorizer
from ..ledger.ledger import Ledger
from ..model.clock import Clock
from ..model.command import (
    ChangeAvailability,
    CommandResult,
    Outcome,
    Priority,
    Reset,
    StartTransaction,
    UnlockConnector,
)
from ..model.credential import Credential
from ..model.decision import Decision, StopCause
from ..model.id_token import IdToken
from ..model.station import EvseKey, ResetKind
from .access.deciding import Deciding
from .access.endings import Endings
from .memory import SiteMemory
from .register import SiteRegister
from .state import EvseState
from .steering.demands import Rank
from .steering.dispatch import Send
from .steering.steering import Steering


class People:
    """Carries out what people ask of chargers, and keeps what they set."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        deciding: Deciding,
        endings: Endings,
        steering: Steering,
        memory: SiteMemory,
        send: Send,
        clock: Clock,
    ) -> None:
        """Join the rooms."""
        self._register = register
        self._ledger = ledger
        self._authorizer = authorizer
        self._deciding = deciding
        self._endings = endings
        self.on_credential: Callable[[IdToken], None] = lambda _: None
        """Called when something was enrolled, changed or taken away."""
        self._steering = steering
        self._memory = memory
        self._send = send
        self._clock = clock
        self._remote_start_id = int(clock.now().timestamp()) % 2**30
        steering.demands.add_rank(self._rank_of_card)

    async def start(self, key: EvseKey, id_token: IdToken | None) -> CommandResult:
        """Remote start, or the end of a pause where a transaction runs already."""
        evse = self._register.evses.get(key)
        if evse is None or not evse.connected:
            return CommandResult(outcome=Outcome.OFFLINE)
        if evse.paused:
            await self.pause(key, paused=False)
        if evse.has_transaction:
            return CommandResult(outcome=Outcome.ACCEPTED)
        token = id_token or self._authorizer.remote_starts.site_tag
        decision = await self._deciding.decide(token, key.station_id, key.evse_id, ordered_here=True)
        if not decision.accepted:
            return CommandResult(outcome=Outcome.REJECTED, detail=decision.status.value)
        return await self.start_for(key, decision)

    async def start_for(self, key: EvseKey, decision: Decision) -> CommandResult:
        """Remote start for whoever was let in; what begins there within ten minutes is theirs."""
        starts, token = self._authorizer.remote_starts, decision.id_token
        starts.order(key, decision, self._clock.now())
        self._remote_start_id += 1
        result = await self._send(
            key.station_id,
            StartTransaction(evse_id=key.evse_id, id_token=token, remote_start_id=self._remote_start_id),
            Priority.COMMAND,
        )
        if result.outcome in (Outcome.REJECTED, Outcome.UNSUPPORTED, Outcome.OFFLINE):
            starts.withdraw(key)
        return result

    async def stop(self, key: EvseKey) -> CommandResult:
        """Remote stop."""
        evse = self._register.evses.get(key)
        if evse is None:
            return CommandResult(outcome=Outcome.OFFLINE)
        return await self._endings.stop(evse, StopCause.PEOPLE)

    async def pause(self, key: EvseKey, paused: bool) -> None:
        """Hold the offer of an EVSE at 0, or let it go."""
        await self._set(self._register.evses[key], paused=paused)

    async def set_limit(self, key: EvseKey, current_a: float | None) -> None:
        """Set the most that an EVSE may have, in A; raises ValueError where it cannot be that."""
        evse = self._register.evses[key]
        if current_a is not None and not evse.minimum_a <= current_a <= evse.maximum_a:
            raise ValueError(f"{current_a} A is not between {evse.minimum_a} and {evse.maximum_a} A")
        evse.limit_a = current_a
        await self._set(evse, paused=evse.paused)

    async def set_operative(self, station_id: str, evse_id: int, operative: bool) -> CommandResult:
        """Take a station or an EVSE into or out of service."""
        result = await self._send(station_id, ChangeAvailability(evse_id, operative), Priority.COMMAND)
        station = self._register.stations.get(station_id)
        if result.done and evse_id == 0 and station is not None:
            station.operative = operative
            station.changed()
        return result

    async def restart(self, station_id: str, kind: ResetKind) -> CommandResult:
        """Restart a station."""
        return await self._send(station_id, Reset(kind), Priority.COMMAND)

    async def unlock(self, key: EvseKey) -> CommandResult:
        """Release the cable."""
        return await self._send(key.station_id, UnlockConnector(key.evse_id), Priority.COMMAND)

    async def enrol(self, credential: Credential) -> None:
        """Enrol a credential, or change it."""
        await self._ledger.enrol(credential)
        self._authorizer.credentials.enrol(replace(credential, changed_at=self._clock.now()))
        self._rank_anew(credential.id_token)
        self.on_credential(credential.id_token)
        self._register.state.changed()

    async def remove(self, id_token: IdToken) -> bool:
        """Remove a card; returns whether there was one."""
        removed = await self._ledger.revoke(id_token)
        self._authorizer.credentials.remove(id_token)
        self._rank_anew(id_token)
        self.on_credential(id_token)
        self._register.state.changed()
        return removed

    def _rank_of_card(self, evse: EvseState) -> Rank | None:
        """Serve an EVSE in the class of the card that charges there."""
        if not evse.has_transaction or evse.transaction is None or evse.transaction.id_token is None:
            return None
        card = self._authorizer.credentials.find(evse.transaction.id_token)
        return None if card is None or card.terms.priority is None else Rank(priority=card.terms.priority)

    def _rank_anew(self, id_token: IdToken) -> None:
        for evse in tuple(self._register.evses.values()):
            session = evse.transaction
            if session is not None and session.id_token is not None and session.id_token.key == id_token.key:
                self._steering.demand_changed(evse)

    async def _set(self, evse: EvseState, *, paused: bool) -> None:
        evse.paused = paused
        self._steering.demand_changed(evse)
        evse.changed()
        await self._memory.keep_evse(evse)
