"""Who is let in: the answer to every card, at the reader and in the transaction itself."""

from dataclasses import replace

from ..authorization.authorizer import Authorizer
from ..ledger.ledger import Ledger
from ..model.clock import Clock
from ..model.credential import EvidenceLevel
from ..model.decision import Decision, DecisionBasis, Refusal, StopCause
from ..model.failure import LedgerFullError, LedgerUnavailableError
from ..model.id_token import AuthorizationStatus, IdToken
from ..model.station import EvseKey
from ..model.transaction import Transaction, TransactionEventType, TransactionReport
from .access.access import Access
from .announcement import CardPresented
from .memory import SiteMemory
from .register import SiteRegister
from .state import EvseState

SAME_PRESENTATION_S = 60.0
"""A card in a start this soon after the reader told of it has not been presented again."""
HEEDED_WITHIN_S = 5.0
"""How long a charger is given to end a session by itself that a card of its group, or a master, has come to end."""


class Admission:
    """Decides, records what was decided, and stands by it for as long as the transaction runs."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        access: Access,
        memory: SiteMemory,
        clock: Clock,
    ) -> None:
        """Decide with `authorizer`, and remember in `memory` whom it refused."""
        self._register = register
        self._ledger = ledger
        self._authorizer = authorizer
        self._access = access
        self._memory = memory
        self._clock = clock
        self._presented_at_s: dict[tuple[str, str], float] = {}

    async def at_reader(self, station_id: str, id_token: IdToken, evse_id: int | None) -> Decision:
        """Answer an Authorize, and tell of the card."""
        self._access.vehicles.presented(station_id, evse_id, id_token)
        decision, ended = await self._decide_at_reader(station_id, id_token, evse_id)
        try:
            await self._ledger.record_decision(decision, station_id, evse_id)
            writable = not self._register.state.ledger_failed
        except LedgerFullError, LedgerUnavailableError:
            writable = False
        if not writable and decision.accepted and ended is None:
            # Nothing could be written of the session that would follow.
            decision = replace(decision, status=AuthorizationStatus.BLOCKED, refusal=Refusal.NOT_RECORDED)
        evses = self._register.of_station(station_id)
        if evse_id is None and len(evses) == 1:
            evse_id = evses[0].key.evse_id
        key = EvseKey(station_id, evse_id) if evse_id else None
        evse = self._register.evses.get(key) if key is not None else None
        if evse is not None and not evse.has_transaction:
            # What runs keeps the answer that it got, whoever presents a card beside it.
            evse.decision = decision
            evse.changed()
        if ended is not None and decision.basis in (DecisionBasis.GROUP, DecisionBasis.MASTER):
            # Most chargers end it by themselves.
            cause = StopCause.MASTER if decision.basis is DecisionBasis.MASTER else StopCause.HOLDER
            self._access.endings.order_after(ended, cause, HEEDED_WITHIN_S)
        self._tell(station_id, key, decision)
        return decision

    async def _decide_at_reader(
        self, station_id: str, id_token: IdToken, evse_id: int | None
    ) -> tuple[Decision, EvseState | None]:
        """Decide about a card at a reader, and say which session it has come to end, if it has."""
        asked = self._access.deciding.presentation(id_token, station_id, evse_id, "reader")
        running = [evse for evse in self._running_at(station_id) if evse_id in (None, evse.key.evse_id)]
        for evse in running:
            if evse.transaction is not None and _holds(id_token, evse.transaction):
                # Presented again to end what it began, which neither an expiry since nor a full disk may prevent.
                return self._authorizer.goes_on(id_token, asked, evse.transaction.name), evse
        leaves = [
            (leave, evse)
            for evse in running
            if evse.transaction is not None
            and (leave := self._authorizer.ends(asked, evse.transaction.id_token)) is not None
        ]
        if leaves and (evse_id is not None or len(self._register.of_station(station_id)) == 1):
            return leaves[0]
        decision = await self._access.deciding.decide(id_token, station_id, evse_id)
        if leaves and not decision.accepted:
            # It may start nothing, but end what its group has begun; the charger knows at which of its EVSEs.
            return leaves[0]
        return decision, None

    async def at_transaction(self, report: TransactionReport, running: EvseState | None) -> Decision | None:
        """Answer the card in a report; None where there is none. `running` is the EVSE that the report is about."""
        token = report.id_token
        if token is None:
            return None
        starts = report.event_type is TransactionEventType.STARTED
        if not starts and running is not None:
            if running.decision is not None and running.decision.id_token.key == token.key:
                return running.decision
            asked = self._access.deciding.presentation(token, report.station_id, report.evse_id, "reader")
            if running.transaction is not None and _holds(token, running.transaction):
                # It was let in before; what the list says today does not end a transaction that runs.
                return self._authorizer.goes_on(token, asked, running.transaction.name)
            if running.transaction is not None:
                leave = self._authorizer.ends(asked, running.transaction.id_token)
                if leave is not None:
                    return leave
        ended = report.event_type is TransactionEventType.ENDED
        decision = await self._access.deciding.decide(token, report.station_id, report.evse_id, may_ask=not ended)
        if starts:
            self._access.vehicles.presented(report.station_id, report.evse_id, token)
            await self._ledger.record_decision(decision, report.station_id, report.evse_id)
        return decision

    def repeated(self, id_token: IdToken, transaction: Transaction) -> Decision:
        """Give the answer once more that the start of a transaction got when it was first told."""
        refusal = self.refusal_of(transaction)
        if refusal is not None:
            return refusal
        asked = self._access.deciding.presentation(id_token, transaction.station_id, transaction.evse_id, "reader")
        return self._authorizer.goes_on(id_token, asked, transaction.name)

    def started(self, key: EvseKey, decision: Decision) -> None:
        """Tell of a card that nobody has heard of but in the start of a transaction."""
        if decision.source != "reader":
            self._authorizer.remote_starts.withdraw(key)
            return
        at_s = self._presented_at_s.get((key.station_id, decision.id_token.key))
        if at_s is None or self._clock.monotonic() - at_s >= SAME_PRESENTATION_S:
            self._tell(key.station_id, key, decision)

    async def refused(self, transaction: Transaction) -> None:
        """Remember that a transaction got no leave, so that a restart does not give it any."""
        await self._memory.keep(_fact(transaction), transaction.session_id)

    def refusal_of(self, transaction: Transaction) -> Decision | None:
        """Return the refusal that a transaction got when it began, if it did."""
        if self._memory.text(_fact(transaction)) != transaction.session_id:
            return None
        return Decision(
            id_token=transaction.id_token or IdToken(""),
            status=AuthorizationStatus.INVALID,
            basis=DecisionBasis.UNKNOWN_CARD,
            refusal=Refusal.UNKNOWN,
            decided_at=self._clock.now(),
            name=transaction.name,
            level=EvidenceLevel.FREE,
        )

    def _running_at(self, station_id: str) -> list[EvseState]:
        return [
            evse
            for evse in self._register.of_station(station_id)
            if evse.has_transaction and not (evse.decision is not None and not evse.decision.accepted)
        ]

    def _tell(self, station_id: str, key: EvseKey | None, decision: Decision) -> None:
        now_s = self._clock.monotonic()
        self._presented_at_s = {
            card: at_s for card, at_s in self._presented_at_s.items() if now_s - at_s < SAME_PRESENTATION_S
        }
        self._presented_at_s[station_id, decision.id_token.key] = now_s
        if decision.id_token.key != self._authorizer.remote_starts.site_tag.key:
            self._register.announce(CardPresented(station_id, key, decision))


def _holds(id_token: IdToken, transaction: Transaction) -> bool:
    return transaction.id_token is not None and transaction.id_token.key == id_token.key


def _fact(transaction: Transaction) -> str:
    return f"refused/{transaction.station_id}/{transaction.evse_id}"
