"""What has been given to people whom nobody who answers for them has confirmed, and how that is settled."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from ...authorization.terms import day_start
from ...ledger.ledger import Ledger
from ...model.access import AccessMode, BackendAnswer, Exposure
from ...model.clock import Clock, Timer
from ...model.decision import DecisionBasis, StopCause
from ...model.id_token import IdToken
from ..background import Background
from ..memory import Json, SiteMemory
from ..register import SiteRegister
from ..state import EvseState
from .backend_desk import BackendDesk
from .endings import Endings

SETTLE_AGAIN_AFTER_S = 60.0
"""A backend that is in reach and has not answered is asked again after this."""
_KEPT = "exposure"
_ENROLLED = (DecisionBasis.CREDENTIAL, DecisionBasis.MASTER, DecisionBasis.REMOTE_START, DecisionBasis.RUNNING)


@dataclass(frozen=True, slots=True)
class _Risk:
    """A session that nobody has confirmed."""

    energy_wh: int
    began_at: datetime
    enrolled: bool
    """It was begun with something that is enrolled here: not ended for the site's total."""
    ended: bool = False


class Exposures:
    """Adds up what is at risk, ends what goes beyond the site's total, and settles it when a backend can be asked."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        backend: BackendDesk,
        endings: Endings,
        memory: SiteMemory,
        clock: Clock,
        background: Background,
    ) -> None:
        """Begin with what was at risk before."""
        self._register = register
        self._ledger = ledger
        self._backend = backend
        self._endings = endings
        self._memory = memory
        self._clock = clock
        self._background = background
        self._risks: dict[str, _Risk] = {}
        for session_id, kept in memory.mapping(_KEPT).items():
            if isinstance(kept, dict):
                self._risks[session_id] = _Risk(
                    energy_wh=int(str(kept["wh"])),
                    began_at=datetime.fromisoformat(str(kept["at"])),
                    enrolled=kept["own"] is True,
                    ended=kept["end"] is True,
                )
        self._settling = False
        self._again: Timer | None = None
        backend.on_answer = self._answered
        backend.on_reachable = self._reachable
        self._show()

    @property
    def reached(self) -> bool:
        """Whether the site has given away all that it may."""
        self._tidy()
        limit_wh = self._register.config.access.site_total_wh
        return limit_wh is not None and self._energy_wh() >= limit_wh

    def look(self, evse: EvseState) -> None:
        """Follow a session."""
        session = evse.transaction
        if session is None:
            return
        known, decision = self._risks.get(session.session_id), evse.decision
        if known is None:
            if not session.is_open or decision is None or not decision.accepted or not decision.at_risk:
                return
            known = _Risk(0, session.started_at, decision.basis in _ENROLLED)
        seen = replace(known, energy_wh=session.energy_wh, ended=not session.is_open)
        if self._risks.get(session.session_id) == seen:
            return
        is_news = session.session_id not in self._risks or seen.ended is not known.ended
        self._risks[session.session_id] = seen
        self._show()
        if is_news:
            self._keep()
            if session.id_token is not None and decision is not None and session.is_open:
                said = self._backend.said_since(session.id_token, decision.decided_at)
                if said is not None:
                    # It has answered while the session was being recorded.
                    self._answered(session.id_token, said)
        if self.reached:
            for other in tuple(self._register.evses.values()):
                risk = self._risks.get(other.transaction.session_id) if other.transaction else None
                if risk is not None and not risk.enrolled and other.has_transaction:
                    self._endings.order(other, StopCause.UNKNOWN_CAP)

    def _answered(self, id_token: IdToken, answer: BackendAnswer) -> None:
        """Settle what runs: a no ends it, a yes makes it sure."""
        for evse in tuple(self._register.evses.values()):
            session, decision = evse.transaction, evse.decision
            if session is None or not evse.has_transaction or session.id_token is None:
                continue
            at_risk = session.session_id in self._risks or (decision is not None and decision.at_risk)
            ordered_here = decision is not None and decision.basis is DecisionBasis.REMOTE_START
            if session.id_token.key != id_token.key or not (at_risk or (self._asks_both(evse) and not ordered_here)):
                continue
            self._risks.pop(session.session_id, None)
            if decision is not None:
                evse.decision = replace(decision, at_risk=False)
            if not answer.accepted:
                self._endings.order(evse, StopCause.DEAUTHORIZED)
        self._show()
        self._keep()

    def _asks_both(self, evse: EvseState) -> bool:
        own = self._register.configs[evse.key.station_id].access_mode
        return (own or self._register.config.access.mode) is AccessMode.BOTH

    def close(self) -> None:
        """Ask no more."""
        self._settling = True
        if self._again is not None:
            self._again.cancel()

    def _reachable(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if not self._settling:
            self._background.run(self._settle(), "what is owed to the backend")

    async def _settle(self) -> None:
        """Ask about everything that is at risk: what runs first, then what is over."""
        if self._settling:
            return
        self._settling = True
        try:
            left = await self._ask_about_risks()
        finally:
            self._settling = False
        if left:
            self._again = self._clock.call_later(SETTLE_AGAIN_AFTER_S, self._reachable)

    async def _ask_about_risks(self) -> bool:
        """Return whether there is something left that it could be asked about and has not answered."""
        self._tidy()
        if not self._risks:
            return False
        since = min(risk.began_at for risk in self._risks.values()) - timedelta(days=1)
        recorded = await self._ledger.transactions(since=since, limit=10_000)
        owed = [session for session in recorded if session.session_id in self._risks and session.id_token is not None]
        unanswered: set[str] = set()
        for session in sorted(owed, key=lambda session: not session.is_open):
            assert session.id_token is not None
            if not self._backend.askable_at(session.station_id):
                continue
            wait_s = self._register.config.access.wait_s
            answer = await self._backend.ask(session.id_token, session.station_id, session.evse_id, wait_s)
            if answer is None:
                unanswered.add(session.station_id)
                continue
            if not session.is_open and not answer.accepted:
                await self._ledger.deny_after(session.session_id)
            self._risks.pop(session.session_id, None)
            self._show()
        self._keep()
        return any(self._backend.askable_at(station_id) for station_id in unanswered)

    def _tidy(self) -> None:
        """Forget what nobody will settle any more."""
        now = self._clock.now()
        oldest = now - timedelta(seconds=self._register.config.access.stale_s)
        if self._backend.link is None:
            oldest = day_start(now, self._register.config.goals.time_zone)
        old = [session for session, risk in self._risks.items() if risk.ended and risk.began_at < oldest]
        for session in old:
            del self._risks[session]
        if old:
            self._show()
            self._keep()

    def tidy(self) -> None:
        """Look again what is still at risk, because a day is over or the set-up has changed."""
        self._tidy()
        self._show()

    def _energy_wh(self) -> int:
        return sum(risk.energy_wh for risk in self._risks.values())

    def _show(self) -> None:
        access, energy_wh = self._register.config.access, self._energy_wh()
        price = access.price_per_kwh
        exposure = Exposure(
            energy_wh=energy_wh,
            money=None if price is None else (price * energy_wh / 1000).quantize(Decimal("0.01")),
            session_count=len(self._risks),
            limit_wh=access.site_total_wh,
        )
        if exposure != self._register.state.exposure:
            self._register.state.exposure = exposure
            self._register.state.changed()

    def _keep(self) -> None:
        kept: dict[str, Json] = {
            session: {"wh": risk.energy_wh, "at": risk.began_at.isoformat(), "own": risk.enrolled, "end": risk.ended}
            for session, risk in self._risks.items()
        }
        self._background.run(self._memory.keep(_KEPT, kept), "memory of what is at risk")
