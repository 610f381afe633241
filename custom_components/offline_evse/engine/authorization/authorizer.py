"""The one place that decides whether somebody may charge."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, tzinfo
from enum import Enum

from ..model.access import AccessConfig, AccessMode, BackendAnswer, LinkState, UnknownRule, Whitelist
from ..model.credential import SessionLimits, Terms
from ..model.decision import Decision, DecisionBasis, Refusal
from ..model.id_token import AuthorizationStatus, IdToken
from .backend_cache import JUST_NOW_S, BackendCache, CachedAnswer
from .backend_lists import BackendLists
from .credential_list import CredentialList
from .presentation import Presentation
from .remote_starts import RemoteStarts
from .terms import energy_caps, refusal_of
from .verdict import accepted, is_vehicle, own_basis, refused, sessions_of


class Question(Enum):
    """Whether a backend is to be asked about a card."""

    NO = "no"
    FIRST = "first"
    """Its answer is waited for."""
    BESIDE = "beside"
    """Its answer may come later."""


class Authorizer:
    """Decides in one order: block-list, owner's rule, fresh answer of a backend, stale answer, rule for unknown cards.

    What the mode adds is who is asked, and whether a backend's word goes before what is enrolled here.
    """

    def __init__(
        self,
        credentials: CredentialList,
        remote_starts: RemoteStarts,
        cache: BackendCache,
        config: Callable[[], AccessConfig],
        zone: Callable[[], tzinfo],
    ) -> None:
        """Decide from these; `config` and `zone` give what is set up now."""
        self.credentials = credentials
        self.remote_starts = remote_starts
        self.cache = cache
        self.lists = BackendLists()
        """Cards that backends have listed beforehand."""
        self._config = config
        self._zone = zone

    def question(self, asked: Presentation, mode: AccessMode, link: LinkState | None) -> Question:
        """Return whether a backend is to be asked before, or beside, the decision."""
        if mode is AccessMode.LOCAL or link is None or not link.askable or self._first(asked, mode) is not None:
            return Question.NO
        own = self._owner(asked)
        known = self._known(asked)
        if (own is not None and not own.accepted) or self._just_told(asked) is not None:
            return Question.NO
        match mode:
            case AccessMode.LOCAL_FIRST:
                allowed = known is not None and known.answer.accepted and self._is_fresh(known, asked)
                if own is not None or (allowed and known and known.answer.whitelist is Whitelist.ALWAYS):
                    return Question.NO
                return Question.FIRST
            case AccessMode.BACKEND_FIRST:
                return Question.FIRST
        if not (own or self._unknown(asked)).accepted:
            return Question.NO
        denied = known is not None and not known.answer.accepted
        return Question.FIRST if denied else Question.BESIDE

    def decide(
        self,
        asked: Presentation,
        mode: AccessMode = AccessMode.LOCAL,
        link: LinkState | None = None,
        answer: BackendAnswer | None = None,
    ) -> Decision:
        """Answer "may this charge?"; `answer` is what a backend said just now, where it was asked and has answered."""
        if (first := self._first(asked, mode)) is not None:
            return first
        own = self._owner(asked)
        if mode is AccessMode.LOCAL:
            return own or self._unknown(asked)
        if own is not None and not own.accepted:
            return own
        known = self._known(asked)
        told = None if answer is None else self._told(asked, answer)
        if told is None and (lately := self._just_told(asked)) is not None:
            told = replace(self._told(asked, lately.answer), age_s=lately.age_s(asked.at))
        denied = known is not None and not known.answer.accepted and self._is_fresh(known, asked)
        match mode:
            case AccessMode.LOCAL_FIRST:
                return own or told or self._cached(asked, known) or self._unknown(asked)
            case AccessMode.BACKEND_FIRST:
                fallback = None if own is None or denied else self._aged(own, asked, known)
                return told or fallback or self._cached(asked, known) or self._unknown(asked)
        if own is None:
            return self._unknown(asked)
        if told is not None:
            return replace(own, at_risk=False) if told.accepted else told
        if denied and (said_no := self._cached(asked, known)) is not None:
            return said_no
        confirmed = known is not None and known.answer.accepted and self._is_fresh(known, asked)
        return replace(own, at_risk=not confirmed)

    def decide_vouched(self, asked: Presentation, mode: AccessMode = AccessMode.LOCAL) -> Decision:
        """Answer for a start that a backend orders: its yes goes for the card, and neither block-list nor owner's rule.

        The site's own tag, which backends hear of in what they are told, is nobody's but the site's.
        """
        credential = self.credentials.find(asked.id_token)
        if self._is_blocked(asked, mode):
            return refused(asked, DecisionBasis.BLOCK_LIST, Refusal.BLOCKED, credential)
        if asked.id_token.key == self.remote_starts.site_tag.key:
            return refused(asked, DecisionBasis.UNKNOWN_CARD, Refusal.UNKNOWN, None)
        own = self._owner(asked)
        if own is None:
            return self._told(asked, BackendAnswer(accepted=True))
        return replace(own, basis=DecisionBasis.BACKEND, age_s=0.0) if own.accepted else own

    def goes_on(self, id_token: IdToken, asked: Presentation, name: str | None) -> Decision:
        """Repeat the answer that a running transaction got when it began."""
        credential = self.credentials.find(id_token)
        return accepted(asked, DecisionBasis.RUNNING, credential, name=name)

    def ends(self, asked: Presentation, begun_with: IdToken | None) -> Decision | None:
        """Return the leave to end a session that another card began: for its group, or a master."""
        credential = self.credentials.find(asked.id_token)
        if credential is None or credential.blocked:
            return None
        if credential.master:
            return accepted(asked, DecisionBasis.MASTER, credential)
        other = None if begun_with is None else self.credentials.find(begun_with)
        if other is None or credential.group is None or credential.group != other.group:
            return None
        return accepted(asked, DecisionBasis.GROUP, credential)

    def _first(self, asked: Presentation, mode: AccessMode) -> Decision | None:
        """Say what goes before everybody's rule."""
        credential = self.credentials.find(asked.id_token)
        if self._is_blocked(asked, mode):
            return refused(asked, DecisionBasis.BLOCK_LIST, Refusal.BLOCKED, credential)
        starts = self.remote_starts
        if (ordered := starts.ordered(asked.station_id, asked.evse_id, asked.id_token, asked.at)) is not None:
            return replace(ordered, decided_at=asked.at)
        if starts.honours_tag(asked.id_token, asked.at):
            return accepted(asked, DecisionBasis.REMOTE_START, credential)
        if asked.level < asked.minimum_level:
            return refused(asked, own_basis(credential), Refusal.LEVEL_TOO_LOW, credential)
        if asked.ordered_here:
            refusal = None if credential is None or credential.master else self._refusal(asked, credential.terms)
            if refusal is not None:
                return refused(asked, DecisionBasis.CREDENTIAL, refusal, credential)
            return accepted(asked, DecisionBasis.REMOTE_START, credential)
        if is_vehicle(asked.id_token, credential):
            return refused(asked, own_basis(credential), Refusal.VEHICLE_ALONE, credential)
        return None

    def _is_blocked(self, asked: Presentation, mode: AccessMode) -> bool:
        credential, told = self.credentials.find(asked.id_token), self.cache.find(asked.subject)
        if credential is not None and credential.blocked:
            return True
        return mode is not AccessMode.LOCAL and told is not None and told.blocks

    def _just_told(self, asked: Presentation) -> CachedAnswer | None:
        """Return an answer so new that there is no need to ask again."""
        told = self.cache.find(asked.subject)
        return told if told is not None and told.age_s(asked.at) < JUST_NOW_S else None

    def _known(self, asked: Presentation) -> CachedAnswer | None:
        """Return the last word of a backend: an answer, or what it has listed since."""
        told, listed = self.cache.find(asked.subject), self.lists.find(asked.subject, asked.station_id)
        if listed is None or (told is not None and told.asked_at > listed.received_at):
            return told
        return CachedAnswer(listed.answer, listed.confirmed_at)

    def _owner(self, asked: Presentation) -> Decision | None:
        """Say what is enrolled here, or what a token grants."""
        credential = self.credentials.find(asked.id_token)
        if credential is None and asked.terms is None:
            return None
        terms = credential.terms if credential else asked.terms or Terms()
        basis = own_basis(credential) if credential else DecisionBasis.TOKEN
        if credential is not None and credential.master:
            terms = Terms(valid_from=terms.valid_from, valid_until=terms.valid_until)
        elif credential is not None and asked.terms is not None:
            # What a token says narrows what is enrolled; it never widens it.
            if (refusal := self._refusal(asked, asked.terms)) is not None:
                return refused(asked, DecisionBasis.TOKEN, refusal, credential)
        if (refusal := self._refusal(asked, terms)) is not None:
            return refused(asked, basis, refusal, credential)
        most = terms.session_count if terms.session_count is not None else sessions_of(credential)
        if most is not None and asked.session_count >= most:
            return refused(asked, basis, Refusal.IN_USE, credential)
        decision = accepted(asked, basis, credential, limits=self.limits(asked, terms), expires_at=terms.valid_until)
        if credential is not None and credential.changed_at is not None:
            return replace(decision, age_s=max(0.0, (asked.at - credential.changed_at).total_seconds()))
        return decision

    def limits(self, asked: Presentation, terms: Terms) -> SessionLimits:
        """Return what a session that begins now may have."""
        caps = energy_caps(terms, asked.used, None, self._config().price_per_kwh)
        return SessionLimits(
            energy_wh=min((cap_wh for cap_wh, _ in caps), default=None),
            duration_s=terms.session_s,
            until=terms.valid_until,
        )

    def _refusal(self, asked: Presentation, terms: Terms) -> Refusal | None:
        return refusal_of(
            terms,
            at=asked.at,
            zone=self._zone(),
            station_id=asked.station_id,
            used=asked.used,
            price_per_kwh=self._config().price_per_kwh,
        )

    def _told(self, asked: Presentation, answer: BackendAnswer) -> Decision:
        """Say what a backend says."""
        if not answer.accepted:
            return self._denied(asked, answer, DecisionBasis.BACKEND, 0.0)
        return replace(
            accepted(asked, DecisionBasis.BACKEND, None, limits=answer.limits, expires_at=answer.expires_at),
            group=answer.group,
            age_s=0.0,
        )

    def _denied(self, asked: Presentation, answer: BackendAnswer, basis: DecisionBasis, age_s: float) -> Decision:
        reasons = {AuthorizationStatus.BLOCKED: Refusal.BLOCKED, AuthorizationStatus.EXPIRED: Refusal.EXPIRED}
        decision = refused(asked, basis, reasons.get(answer.status, Refusal.BACKEND), None)
        status = AuthorizationStatus.INVALID if answer.status is AuthorizationStatus.ACCEPTED else answer.status
        return replace(decision, status=status, age_s=age_s)

    def _cached(self, asked: Presentation, known: CachedAnswer | None) -> Decision | None:
        """Say what a backend said before, as long as that may be gone by."""
        if known is None:
            return None
        age_s, answer, config = known.age_s(asked.at), known.answer, self._config()
        basis = DecisionBasis.FRESH_CACHE if self._is_fresh(known, asked) else DecisionBasis.STALE_CACHE
        refusal: Refusal | None = None
        if not answer.accepted:
            return self._denied(asked, answer, basis, age_s)
        if age_s > config.stale_s:
            refusal = Refusal.STALE
        elif answer.expires_at is not None and answer.expires_at <= asked.at:
            refusal = Refusal.EXPIRED
        elif answer.whitelist is Whitelist.NEVER:
            refusal = Refusal.BACKEND
        elif asked.total_reached:
            refusal = Refusal.SITE_TOTAL
        if refusal is not None:
            return replace(refused(asked, basis, refusal, None), age_s=age_s)
        good_until = known.asked_at + timedelta(seconds=config.stale_s)
        if answer.expires_at is not None:
            good_until = min(good_until, answer.expires_at)
        decision = accepted(asked, basis, None, limits=answer.limits, expires_at=good_until)
        always = answer.whitelist is Whitelist.ALWAYS and basis is DecisionBasis.FRESH_CACHE
        return replace(decision, age_s=age_s, at_risk=not always)

    def _aged(self, own: Decision, asked: Presentation, known: CachedAnswer | None) -> Decision:
        """Let what is enrolled stand in for a backend, as long as somebody has confirmed it lately enough."""
        ages = [] if own.age_s is None else [own.age_s]
        if known is not None:
            ages.append(known.age_s(asked.at))
        age_s = min(ages, default=0.0)
        if age_s > self._config().stale_s and own.basis is not DecisionBasis.MASTER:
            credential = self.credentials.find(asked.id_token)
            return replace(refused(asked, own.basis, Refusal.STALE, credential), age_s=age_s)
        return replace(own, age_s=age_s, at_risk=True)

    def _unknown(self, asked: Presentation) -> Decision:
        """Say what becomes of a card that nobody knows."""
        unknown = self._config().unknown
        listed = unknown.rule is UnknownRule.ALLOW_LISTED and asked.station_id in unknown.station_ids
        if unknown.rule is not UnknownRule.ALLOW and not listed:
            return refused(asked, DecisionBasis.UNKNOWN_CARD, Refusal.UNKNOWN, None)
        if asked.total_reached:
            return refused(asked, DecisionBasis.UNKNOWN_CARD, Refusal.SITE_TOTAL, None)
        limits = SessionLimits(energy_wh=unknown.session_wh, duration_s=unknown.session_s)
        good_until = asked.at + timedelta(seconds=unknown.session_s or JUST_NOW_S)
        decision = accepted(asked, DecisionBasis.UNKNOWN_CARD, None, limits=limits, expires_at=good_until)
        return replace(decision, at_risk=True)

    def _is_fresh(self, known: CachedAnswer, asked: Presentation) -> bool:
        return known.age_s(asked.at) <= self._config().fresh_s
