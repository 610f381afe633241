"""The door for everybody who comes without a card in a reader: a phone, a button, a code, a guest's page."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from ...authorization.authorizer import Authorizer
from ...authorization.presentation import Presentation
from ...authorization.verdict import own_basis, refused
from ...ledger.ledger import Ledger
from ...model.clock import Clock
from ...model.command import CommandResult, Outcome
from ...model.credential import Evidence, EvidenceLevel
from ...model.decision import Decision, DecisionBasis, Refusal, StopCause
from ...model.failure import LedgerFullError, LedgerUnavailableError
from ...model.station import ConnectorStatus, EvseKey
from ..announcement import EvidencePresented
from ..people import People
from ..register import SiteRegister
from ..state import EvseState
from .deciding import Deciding
from .endings import Endings

CABLE_WITHIN = timedelta(minutes=2)
"""How lately a car must have been plugged in where nothing else tells that somebody wants to charge."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What came of it."""

    decision: Decision
    evse: EvseKey | None = None
    result: CommandResult | None = None
    """How the charger answered; None: it was not asked."""

    @property
    def done(self) -> bool:
        """Whether the charger does what was asked for."""
        return self.decision.accepted and self.result is not None and self.result.done


class EvidenceDoor:
    """Decides about evidence, records it, and starts or stops over OCPP. Whatever goes wrong, nothing is started."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        deciding: Deciding,
        endings: Endings,
        people: People,
        clock: Clock,
    ) -> None:
        """Join the rooms."""
        self._register = register
        self._ledger = ledger
        self._authorizer = authorizer
        self._deciding = deciding
        self._endings = endings
        self._people = people
        self._clock = clock
        self._presenting: set[str] = set()
        self._starting: dict[EvseKey, str] = {}
        """EVSEs that somebody is being let in at, and with what."""

    async def present(self, evidence: Evidence) -> Presented:
        """Start a session for whoever has shown this, if they may have one."""
        key = evidence.id_token.key
        if key in self._presenting:
            # Shown twice at once: the first is still being decided, or its charger asked.
            decision = self._refuse(evidence, Refusal.IN_USE)
            await self._record(evidence, None, decision)
            return Presented(decision)
        self._presenting.add(key)
        try:
            return await self._present(evidence)
        finally:
            self._presenting.discard(key)

    async def _present(self, evidence: Evidence) -> Presented:
        evse = self._choose(evidence)
        if evse is not None and (evse.has_transaction or self._is_taken(evidence, evse.key)):
            return await self._at_running(evidence, evse)
        if evse is None:
            return await self._start(evidence, None)
        self._starting[evse.key] = evidence.id_token.key
        try:
            return await self._start(evidence, evse)
        finally:
            del self._starting[evse.key]

    async def _start(self, evidence: Evidence, evse: EvseState | None) -> Presented:
        decision = await self._decide(evidence, evse)
        if decision.accepted and (evse is None or not self._has_intent(evidence, evse)):
            decision = self._refuse(evidence, Refusal.NO_CAR)
        if not await self._record(evidence, evse, decision) and decision.accepted:
            decision = self._refuse(evidence, Refusal.NOT_RECORDED)
        result = None
        if decision.accepted and evse is not None:
            evse.decision = decision
            result = await self._people.start_for(evse.key, decision)
        self._tell(evidence, evse, decision)
        return Presented(decision, None if evse is None else evse.key, result)

    async def end_by(self, evidence: Evidence) -> Presented:
        """End the session that whoever has shown this may end."""
        running = [evse for evse in self._candidates(evidence) if evse.has_transaction]
        decision, evse = self._refuse(evidence, Refusal.NOT_THEIRS if running else Refusal.NO_CAR), None
        cause = StopCause.HOLDER
        if self._too_low(evidence):
            decision, running = self._refuse(evidence, Refusal.LEVEL_TOO_LOW), []
        for candidate in running:
            if (leave := self._leave_to_end(evidence, candidate)) is not None:
                decision, evse = leave, candidate
                cause = StopCause.MASTER if leave.basis is DecisionBasis.MASTER else StopCause.HOLDER
                break
        # An end is never refused because it cannot be written down.
        await self._record(evidence, evse, decision)
        result = None if evse is None else await self._endings.stop(evse, cause)
        self._tell(evidence, evse, decision)
        return Presented(decision, None if evse is None else evse.key, result)

    async def _at_running(self, evidence: Evidence, evse: EvseState) -> Presented:
        """Answer somebody who comes to an EVSE where a session runs: it is theirs, or somebody else's."""
        session = evse.transaction if evse.has_transaction else None
        begun_with = None if session is None else session.id_token
        if session is not None and begun_with is not None and begun_with.key == evidence.id_token.key:
            asked = self._asked(evidence)
            decision = self._authorizer.goes_on(evidence.id_token, asked, session.name)
            result: CommandResult | None = CommandResult(outcome=Outcome.ACCEPTED)
        else:
            decision, result = self._refuse(evidence, Refusal.OCCUPIED), None
        await self._record(evidence, evse, decision)
        self._tell(evidence, evse, decision)
        return Presented(decision, evse.key, result)

    def _is_taken(self, evidence: Evidence, key: EvseKey) -> bool:
        """Whether somebody else is about to begin there."""
        awaited = self._authorizer.remote_starts.awaited(key, self._clock.now())
        others = {self._starting.get(key), None if awaited is None else awaited.key}
        return bool(others - {None, evidence.id_token.key})

    async def _decide(self, evidence: Evidence, evse: EvseState | None) -> Decision:
        if evidence.station_id not in self._register.configs:
            return self._refuse(evidence, Refusal.WRONG_CHARGER)
        return await self._deciding.decide(
            evidence.id_token,
            evidence.station_id,
            evse.key.evse_id if evse else evidence.evse_id,
            level=evidence.level,
            source=evidence.source,
            terms=evidence.terms,
        )

    def _candidates(self, evidence: Evidence) -> Iterable[EvseState]:
        evses = self._register.of_station(evidence.station_id)
        return [evse for evse in evses if evidence.evse_id in (None, evse.key.evse_id)]

    def _choose(self, evidence: Evidence) -> EvseState | None:
        """Return the EVSE that is meant: theirs, else where a car waits that came last, else the only free one."""
        candidates = list(self._candidates(evidence))
        for evse in candidates:
            if evse.has_transaction and evse.transaction is not None and evse.transaction.id_token is not None:
                if evse.transaction.id_token.key == evidence.id_token.key:
                    return evse
        waiting = [evse for evse in candidates if evse.plugged and not evse.has_transaction]
        if waiting:
            long_ago = evidence.seen_at - CABLE_WITHIN
            return max(waiting, key=lambda evse: evse.plugged_at or evse.status_since or long_ago)
        free = [evse for evse in candidates if evse.connector_status is ConnectorStatus.AVAILABLE]
        if len(free) == 1:
            return free[0]
        return candidates[0] if len(candidates) == 1 else None

    def _has_intent(self, evidence: Evidence, evse: EvseState) -> bool:
        """Whether somebody wants to charge here now: they did something for it, or have just plugged in."""
        if evidence.intent and evidence.level > EvidenceLevel.PRESENCE:
            return True
        return evse.plugged_at is not None and self._clock.now() - evse.plugged_at <= CABLE_WITHIN

    def _too_low(self, evidence: Evidence) -> bool:
        config = self._register.configs.get(evidence.station_id)
        return config is None or evidence.level < config.minimum_level

    def _leave_to_end(self, evidence: Evidence, evse: EvseState) -> Decision | None:
        session = evse.transaction
        if session is None:
            return None
        asked = replace(self._asked(evidence), evse_id=evse.key.evse_id)
        if session.id_token is not None and session.id_token.key == evidence.id_token.key:
            return self._authorizer.goes_on(evidence.id_token, asked, session.name)
        return self._authorizer.ends(asked, session.id_token)

    def _asked(self, evidence: Evidence) -> Presentation:
        asked = self._deciding.presentation(evidence.id_token, evidence.station_id, evidence.evse_id, evidence.source)
        return replace(asked, level=evidence.level)

    def _refuse(self, evidence: Evidence, refusal: Refusal) -> Decision:
        credential = self._authorizer.credentials.find(evidence.id_token)
        return refused(self._asked(evidence), own_basis(credential), refusal, credential)

    async def _record(self, evidence: Evidence, evse: EvseState | None, decision: Decision) -> bool:
        evse_id = evidence.evse_id if evse is None else evse.key.evse_id
        try:
            await self._ledger.record_decision(decision, evidence.station_id, evse_id)
        except LedgerFullError, LedgerUnavailableError:
            return False
        return not self._register.state.ledger_failed

    def _tell(self, evidence: Evidence, evse: EvseState | None, decision: Decision) -> None:
        if evse is not None:
            evse.changed()
        self._register.announce(EvidencePresented(evidence.station_id, None if evse is None else evse.key, decision))
