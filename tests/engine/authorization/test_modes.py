"""Who is asked in each mode, and whose word counts in which order."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.authorization.authorizer import Question
from custom_components.offline_evse.engine.model.access import (
    AccessConfig,
    AccessMode,
    BackendAnswer,
    LinkState,
    UnknownCards,
    UnknownRule,
    Whitelist,
)
from custom_components.offline_evse.engine.model.credential import Credential, Terms
from custom_components.offline_evse.engine.model.decision import DecisionBasis, Refusal
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus

from .asking import LATER, authorizer_of, card, presented

YES, NO = BackendAnswer(accepted=True), BackendAnswer(accepted=False)
HOUR, DAY = 3600, 86_400
OFFLINE, ONLINE = LinkState.OFFLINE, LinkState.ONLINE
LOCAL, LOCAL_FIRST, BACKEND_FIRST, BOTH = AccessMode
EXPIRED = Terms(valid_until=LATER - timedelta(days=1))


@pytest.mark.parametrize(
    ("mode", "enrolled", "question"),
    [
        (LOCAL, True, Question.NO),
        (LOCAL, False, Question.NO),
        (LOCAL_FIRST, True, Question.NO),
        (LOCAL_FIRST, False, Question.FIRST),
        (BACKEND_FIRST, True, Question.FIRST),
        (BACKEND_FIRST, False, Question.FIRST),
        (BOTH, True, Question.BESIDE),
        (BOTH, False, Question.NO),
    ],
)
def test_whom_each_mode_asks(mode: AccessMode, enrolled: bool, question: Question) -> None:
    authorizer = authorizer_of(*([card()] if enrolled else []))
    for link in (ONLINE, LinkState.DEGRADED):
        assert authorizer.question(presented(), mode, link) is question
    for poor in (None, OFFLINE, LinkState.RECOVERING):
        assert authorizer.question(presented(), mode, poor) is Question.NO


@pytest.mark.parametrize("mode", AccessMode)
def test_nobody_asks_about_what_the_owner_has_refused_or_ordered(mode: AccessMode) -> None:
    assert authorizer_of(card(terms=EXPIRED)).question(presented(), mode, ONLINE) is Question.NO
    assert authorizer_of(card(blocked=True)).question(presented(), mode, ONLINE) is Question.NO
    assert authorizer_of().question(presented(ordered_here=True), mode, ONLINE) is Question.NO


def test_an_answer_of_a_moment_ago_is_not_asked_for_again() -> None:
    authorizer = authorizer_of(accepted=True, age_s=5)
    assert authorizer.question(presented(), LOCAL_FIRST, ONLINE) is Question.NO
    decision = authorizer.decide(presented(), LOCAL_FIRST, ONLINE)
    assert (decision.basis, decision.age_s) == (DecisionBasis.BACKEND, 5.0)


def test_who_may_always_be_let_in_is_not_asked_about_while_that_is_fresh() -> None:
    always = authorizer_of(accepted=True, whitelist=Whitelist.ALWAYS, age_s=HOUR)
    assert always.question(presented(), LOCAL_FIRST, ONLINE) is Question.NO
    old = authorizer_of(accepted=True, whitelist=Whitelist.ALWAYS, age_s=2 * DAY)
    assert old.question(presented(), LOCAL_FIRST, ONLINE) is Question.FIRST


def test_a_card_that_the_backend_denied_before_is_not_let_in_before_it_has_answered() -> None:
    authorizer = authorizer_of(card(), accepted=False, age_s=HOUR)
    assert authorizer.question(presented(), BOTH, ONLINE) is Question.FIRST
    assert authorizer.decide(presented(), BOTH, ONLINE, YES).accepted
    assert authorizer.decide(presented(), BOTH, OFFLINE).refusal is Refusal.BACKEND


@pytest.mark.parametrize(
    ("age_s", "whitelist", "basis", "refusal"),
    [
        (HOUR, Whitelist.ALLOWED, DecisionBasis.FRESH_CACHE, None),
        (HOUR, Whitelist.ALLOWED_OFFLINE, DecisionBasis.FRESH_CACHE, None),
        (HOUR, Whitelist.NEVER, DecisionBasis.FRESH_CACHE, Refusal.BACKEND),
        (2 * DAY, Whitelist.ALLOWED, DecisionBasis.STALE_CACHE, None),
        (14 * DAY, Whitelist.ALLOWED_OFFLINE, DecisionBasis.STALE_CACHE, None),
        (14 * DAY + 1, Whitelist.ALLOWED, DecisionBasis.STALE_CACHE, Refusal.STALE),
        (14 * DAY + 1, Whitelist.ALWAYS, DecisionBasis.STALE_CACHE, Refusal.STALE),
    ],
)
def test_what_was_answered_before_counts_for_two_weeks(
    age_s: int, whitelist: Whitelist, basis: DecisionBasis, refusal: Refusal | None
) -> None:
    everybody = AccessConfig(unknown=UnknownCards(rule=UnknownRule.ALLOW))
    authorizer = authorizer_of(config=everybody, accepted=True, whitelist=whitelist, age_s=age_s)
    for mode in (LOCAL_FIRST, BACKEND_FIRST):
        decision = authorizer.decide(presented(), mode, OFFLINE)
        assert (decision.basis, decision.refusal, decision.age_s) == (basis, refusal, age_s)
    assert authorizer.decide(presented(), LOCAL, OFFLINE).basis is DecisionBasis.UNKNOWN_CARD


def test_how_long_an_answer_counts_can_be_set() -> None:
    authorizer = authorizer_of(config=AccessConfig(stale_s=DAY, fresh_s=HOUR), accepted=True, age_s=DAY + 1)
    assert authorizer.decide(presented(), LOCAL_FIRST, OFFLINE).refusal is Refusal.STALE


def test_a_backends_block_never_expires() -> None:
    authorizer = authorizer_of(card(), accepted=False, status=AuthorizationStatus.BLOCKED, age_s=900 * DAY)
    for mode in (LOCAL_FIRST, BACKEND_FIRST, BOTH):
        assert authorizer.decide(presented(), mode, OFFLINE).basis is DecisionBasis.BLOCK_LIST
    assert authorizer.decide(presented(), LOCAL).accepted


def test_an_enrolled_card_stands_in_for_the_backend_for_two_weeks() -> None:
    recent = card(changed_at=LATER - timedelta(days=13))
    old = card(changed_at=LATER - timedelta(days=15))
    assert authorizer_of(recent).decide(presented(), BACKEND_FIRST, OFFLINE).at_risk
    assert authorizer_of(old).decide(presented(), BACKEND_FIRST, OFFLINE).refusal is Refusal.STALE
    confirmed = authorizer_of(old, accepted=True, age_s=DAY)
    assert confirmed.decide(presented(), BACKEND_FIRST, OFFLINE).basis is DecisionBasis.CREDENTIAL
    assert authorizer_of(old).decide(presented(), LOCAL_FIRST, OFFLINE).accepted


def test_both_have_to_agree() -> None:
    authorizer = authorizer_of(card())
    at_once = authorizer.decide(presented(), BOTH, ONLINE)
    assert at_once.accepted and at_once.at_risk
    assert not authorizer.decide(presented(), BOTH, ONLINE, YES).at_risk
    assert authorizer.decide(presented(), BOTH, ONLINE, NO).refusal is Refusal.BACKEND
    assert authorizer_of().decide(presented(), BOTH, ONLINE, YES).refusal is Refusal.UNKNOWN


answers = st.one_of(st.none(), st.builds(BackendAnswer, accepted=st.booleans(), whitelist=st.sampled_from(Whitelist)))
links = st.one_of(st.none(), st.sampled_from(LinkState))


@settings(max_examples=400)
@given(
    mode=st.sampled_from(AccessMode),
    link=links,
    answer=answers,
    enrolled=st.sampled_from([None, card(), card(blocked=True), card(terms=EXPIRED)]),
    cached=st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {
                "accepted": st.booleans(),
                "whitelist": st.sampled_from(Whitelist),
                "status": st.sampled_from([AuthorizationStatus.INVALID, AuthorizationStatus.BLOCKED]),
                "age_s": st.integers(0, 40 * DAY),
            }
        ),
    ),
    rule=st.sampled_from([UnknownRule.DENY, UnknownRule.ALLOW]),
)
def test_the_order_holds_whatever_is_known(
    mode: AccessMode,
    link: LinkState | None,
    answer: BackendAnswer | None,
    enrolled: Credential | None,
    cached: object,
    rule: UnknownRule,
) -> None:
    known = dict(cached) if isinstance(cached, dict) else {}
    credentials = [] if enrolled is None else [enrolled]
    config = AccessConfig(unknown=UnknownCards(rule=rule))
    authorizer = authorizer_of(*credentials, config=config, **known)
    decision = authorizer.decide(presented(), mode, link, answer)
    # Accepted and refused are one thing, with one reason.
    assert decision.accepted is (decision.refusal is None)
    # The block-list before everything; what the owner refuses nobody allows.
    if enrolled is not None and enrolled.blocked:
        assert decision.basis is DecisionBasis.BLOCK_LIST
    elif enrolled is not None and enrolled.terms is EXPIRED:
        assert not decision.accepted
    # Without a backend in the mode there is none in the decision.
    if mode is LOCAL:
        assert decision.basis not in (DecisionBasis.BACKEND, DecisionBasis.FRESH_CACHE, DecisionBasis.STALE_CACHE)
    # What is too old lets nobody in, and nothing that rests on a cache is older than it may be.
    if decision.accepted and decision.basis is DecisionBasis.STALE_CACHE:
        assert decision.age_s is not None and DAY < decision.age_s <= 14 * DAY
    # Nobody is charged for at the site's risk without anybody knowing.
    if decision.accepted and decision.basis is DecisionBasis.UNKNOWN_CARD:
        assert rule is UnknownRule.ALLOW and decision.at_risk and decision.limits.energy_wh is not None
    # A backend that said no just now lets nobody in where it is the one to ask.
    if mode is BACKEND_FIRST and answer is not None and not answer.accepted:
        assert not decision.accepted
    # The question is not put where its answer could change nothing.
    if authorizer.question(presented(), mode, link) is Question.NO and link is ONLINE and mode is LOCAL_FIRST:
        assert decision.accepted or enrolled is not None or known
    assert replace(decision, name=None).decided_at == LATER
