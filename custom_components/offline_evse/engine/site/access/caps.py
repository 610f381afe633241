"""What running sessions may have, and their end in time: not a sample too late, and at most one too early."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ...authorization.authorizer import Authorizer
from ...authorization.terms import day_start, energy_caps, next_day
from ...ledger.ledger import Ledger
from ...model.allowance import Allowance
from ...model.clock import Clock, Timer
from ...model.consumption import Consumption
from ...model.credential import SessionLimits, Terms
from ...model.decision import Decision, DecisionBasis, StopCause
from ...model.failure import LedgerUnavailableError
from ...model.id_token import IdToken
from ...model.station import EvseKey
from ..background import Background
from ..memory import SiteMemory
from ..register import SiteRegister
from ..state import EvseState
from ..steering.metering import NOMINAL_VOLTAGE_V
from .deciding import Deciding
from .endings import Endings

LONGEST_WAIT_S = 3600.0
"""However slowly it charges, it is looked at again after this."""

LONGEST_DAY_LOOK_S = 300.0


@dataclass(slots=True)
class _Watched:
    """A running session that is limited, or might be."""

    session_id: str
    id_token: IdToken | None
    began_s: float
    """By the monotonic clock: a wall clock that jumps ends no session."""
    decision: Decision | None
    limits: SessionLimits
    """What it was given when it began, where no credential here says what it may have."""
    used: Consumption
    told_wh: int
    told_s: float
    power_w: float | None = None
    """By the registers of its last two reports."""
    timer: Timer | None = None


class Caps:
    """Watches every running session, and has it ended when it has had what it may have."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        deciding: Deciding,
        endings: Endings,
        memory: SiteMemory,
        clock: Clock,
        background: Background,
    ) -> None:
        """Begin with no session seen."""
        self._register = register
        self._ledger = ledger
        self._authorizer = authorizer
        self._deciding = deciding
        self._endings = endings
        self._memory = memory
        self._clock = clock
        self._background = background
        self._watched: dict[EvseKey, _Watched] = {}
        self._midnight: Timer | None = None
        self._day: datetime | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to wait for the end of the day, when what a day allows begins anew."""
        self._day = self._today()
        self._wait_for_midnight()

    def close(self) -> None:
        """Watch no more."""
        self._closed = True
        if self._midnight is not None:
            self._midnight.cancel()
        for watched in self._watched.values():
            if watched.timer is not None:
                watched.timer.cancel()
        self._watched.clear()

    def look(self, evse: EvseState) -> None:
        """Follow a session after every word about it."""
        if self._closed:
            return
        session, watched = evse.transaction, self._watched.get(evse.key)
        if session is None or not session.is_open:
            if watched is not None:
                self._leave(evse, watched)
            return
        if watched is None or watched.session_id != session.session_id:
            if watched is not None:
                self._leave(evse, watched)
            self._meet(evse)
            return
        now_s = self._clock.monotonic()
        if evse.decision is not None and evse.decision is not watched.decision:
            self._decided(evse, watched, evse.decision)
        watched.id_token = session.id_token or watched.id_token
        if session.energy_wh != watched.told_wh:
            span_s = now_s - watched.told_s
            if span_s > 0:
                watched.power_w = max(0.0, (session.energy_wh - watched.told_wh) * 3600 / span_s)
            watched.told_wh, watched.told_s = session.energy_wh, now_s
        self._weigh(evse, watched)

    def terms_changed(self, id_token: IdToken) -> None:
        """Look again at the sessions of a credential that has changed, or that is gone."""
        for key, watched in tuple(self._watched.items()):
            if watched.id_token is not None and watched.id_token.key == id_token.key:
                evse = self._register.evses.get(key)
                if evse is not None:
                    self._background.run(self._count(evse, watched), "consumption of a credential")

    def _meet(self, evse: EvseState) -> None:
        session = evse.transaction
        assert session is not None
        now, now_s = self._clock.now(), self._clock.monotonic()
        kept = self._memory.mapping(_fact(evse.key))
        limits = SessionLimits()
        if kept.get("session") == session.session_id:
            limits = _limits_from(kept)
        watched = self._watched[evse.key] = _Watched(
            session_id=session.session_id,
            id_token=session.id_token,
            began_s=now_s - max(0.0, (now - session.started_at).total_seconds()),
            decision=None,
            limits=limits,
            used=Consumption(),
            told_wh=session.energy_wh,
            told_s=now_s,
        )
        if evse.decision is not None:
            self._decided(evse, watched, evse.decision)
        self._background.run(self._count(evse, watched), "consumption of a credential")
        self._weigh(evse, watched)

    def _decided(self, evse: EvseState, watched: _Watched, decision: Decision) -> None:
        watched.decision = decision
        if decision.basis is DecisionBasis.RUNNING or decision.limits == SessionLimits():
            return
        watched.limits = decision.limits
        kept = {"session": watched.session_id, **_json(decision.limits)}
        self._background.run(self._memory.keep(_fact(evse.key), dict(kept)), "memory of a session's limits")

    def _leave(self, evse: EvseState, watched: _Watched) -> None:
        if watched.timer is not None:
            watched.timer.cancel()
        self._watched.pop(evse.key, None)
        evse.allowance = None
        if watched.id_token is not None:
            # What is over counts for the others that charge with the same.
            self.terms_changed(watched.id_token)

    async def _count(self, evse: EvseState, watched: _Watched) -> None:
        """Bring what was charged with it before up to date."""
        if watched.id_token is not None:
            try:
                watched.used = await self._deciding.used(watched.id_token)
            except LedgerUnavailableError:
                return
        if self._watched.get(evse.key) is watched and not self._closed:
            self._weigh(evse, watched)

    def _weigh(self, evse: EvseState, watched: _Watched) -> None:
        """End the session if it has had its share, or look again when it will have had it."""
        if watched.timer is not None:
            watched.timer.cancel()
            watched.timer = None
        allowance = self._allowance(evse, watched)
        if allowance != evse.allowance:
            evse.allowance = allowance
            evse.changed()
        if allowance is None or self._endings.cause(evse) is not None:
            return
        now_s, wait_s = self._clock.monotonic(), LONGEST_WAIT_S
        if allowance.until is not None:
            left_s = (allowance.until - self._clock.now()).total_seconds()
            if left_s <= 0:
                self._endings.order(evse, allowance.time_cause)
                return
            wait_s = min(wait_s, left_s)
        if allowance.energy_wh is not None:
            power_w = self._power_w(evse, watched)
            left_wh = allowance.energy_wh - watched.told_wh - power_w * (now_s - watched.told_s) / 3600
            if left_wh <= 0:
                self._endings.order(evse, allowance.energy_cause)
                return
            if power_w > 0:
                wait_s = min(wait_s, left_wh / power_w * 3600)
        watched.timer = self._clock.call_later(max(0.05, wait_s), lambda: self._due(evse, watched))

    def _due(self, evse: EvseState, watched: _Watched) -> None:
        watched.timer = None
        if self._watched.get(evse.key) is watched and evse.has_transaction:
            self._weigh(evse, watched)

    def _power_w(self, evse: EvseState, watched: _Watched) -> float:
        """Return what it draws as far as is known: told, by its registers, or at most what it is offered."""
        if evse.power_w is not None:
            return max(evse.power_w, 0.0)
        if watched.power_w is not None:
            return watched.power_w
        return evse.offer.current_a * NOMINAL_VOLTAGE_V * evse.terminals

    def _allowance(self, evse: EvseState, watched: _Watched) -> Allowance | None:
        terms = self._terms(watched)
        caps: list[tuple[int, StopCause]] = []
        ends: list[tuple[datetime, StopCause]] = []
        now, now_s = self._clock.now(), self._clock.monotonic()
        limits = watched.limits
        if terms is not None:
            price = self._register.config.access.price_per_kwh
            others_wh = self._others_since(evse, watched)
            caps = [
                (cap_wh - (0 if cause is StopCause.SESSION_ENERGY else others_wh), cause)
                for cap_wh, cause in energy_caps(terms, watched.used, watched.session_id, price)
            ]
            limits = SessionLimits(duration_s=terms.session_s, until=terms.valid_until)
        unknown = watched.decision is not None and watched.decision.basis is DecisionBasis.UNKNOWN_CARD
        if limits.energy_wh is not None:
            caps.append((limits.energy_wh, StopCause.UNKNOWN_CAP if unknown else StopCause.SESSION_ENERGY))
        if limits.duration_s is not None:
            left_s = watched.began_s + limits.duration_s - now_s
            ends.append((now + timedelta(seconds=left_s), StopCause.UNKNOWN_CAP if unknown else StopCause.SESSION_TIME))
        if limits.until is not None:
            ends.append((limits.until, StopCause.VALIDITY))
        if not caps and not ends:
            return None
        energy_wh, energy_cause = min(caps, default=(None, StopCause.SESSION_ENERGY), key=lambda cap: cap[0] or 0)
        until, time_cause = min(ends, default=(None, StopCause.VALIDITY), key=lambda end: end[0] or now)
        return Allowance(
            energy_wh=None if energy_wh is None else max(0, energy_wh),
            energy_cause=energy_cause,
            until=None if until is None else until.replace(microsecond=0),
            time_cause=time_cause,
        )

    def _terms(self, watched: _Watched) -> Terms | None:
        """Return what is enrolled for it now: who extends a pass extends what runs with it."""
        credential = None if watched.id_token is None else self._authorizer.credentials.find(watched.id_token)
        if credential is None:
            return None
        if credential.master:
            return Terms(valid_until=credential.terms.valid_until)
        return credential.terms

    def _others_since(self, evse: EvseState, watched: _Watched) -> int:
        """Return what other sessions of the same credential have charged since it was counted."""
        more_wh = 0
        for key, other in self._watched.items():
            if key == evse.key or watched.id_token is None or other.id_token is None:
                continue
            if other.id_token.key == watched.id_token.key:
                more_wh += other.told_wh - watched.used.running.get(other.session_id, (0, 0))[0]
        return max(0, more_wh)

    def _wait_for_midnight(self) -> None:
        """Look often enough that a clock that is put right does not make it miss the new day for long."""
        now = self._clock.now()
        left_s = (next_day(now, self._register.config.goals.time_zone) - now).total_seconds()
        self._midnight = self._clock.call_later(min(max(1.0, left_s + 1.0), LONGEST_DAY_LOOK_S), self._look_at_day)

    def _look_at_day(self) -> None:
        self._wait_for_midnight()
        today = self._today()
        if today == self._day:
            return
        self._day = today
        for key, watched in tuple(self._watched.items()):
            evse = self._register.evses.get(key)
            if evse is not None:
                self._background.run(self._count(evse, watched), "consumption of a new day")

    def _today(self) -> datetime:
        return day_start(self._clock.now(), self._register.config.goals.time_zone)


def _fact(key: EvseKey) -> str:
    return f"limits/{key.station_id}/{key.evse_id}"


def _json(limits: SessionLimits) -> dict[str, str | int]:
    kept: dict[str, str | int] = {}
    if limits.energy_wh is not None:
        kept["energy_wh"] = limits.energy_wh
    if limits.duration_s is not None:
        kept["duration_s"] = limits.duration_s
    if limits.until is not None:
        kept["until"] = limits.until.isoformat()
    return kept


def _limits_from(kept: object) -> SessionLimits:
    told = kept if isinstance(kept, dict) else {}
    energy_wh, duration_s, until = told.get("energy_wh"), told.get("duration_s"), told.get("until")
    return SessionLimits(
        energy_wh=energy_wh if isinstance(energy_wh, int) else None,
        duration_s=duration_s if isinstance(duration_s, int) else None,
        until=datetime.fromisoformat(until) if isinstance(until, str) else None,
    )
