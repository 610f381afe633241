"""Decisions about cards and about starts ordered from here."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.engine.authorization.authorizer import Authorizer
from custom_components.offline_evse.engine.authorization.credential_list import CredentialList
from custom_components.offline_evse.engine.authorization.remote_starts import PATIENCE, RemoteStarts
from custom_components.offline_evse.engine.model.credential import Credential, Terms
from custom_components.offline_evse.engine.model.decision import DecisionBasis
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus, IdToken
from custom_components.offline_evse.engine.model.station import EvseKey
from tests.engine.clock import NOON

TAG = IdToken("5174A6C0")
LATER = NOON + PATIENCE + timedelta(minutes=1)
"""Past the first minutes after a restart, in which the site's own tag is honoured everywhere."""
BAY = EvseKey("bay-1", 2)


@pytest.fixture
def authorizer() -> Authorizer:
    """Give an authorizer with three cards."""
    cards = (
        Credential(id_token=IdToken("04A2B3"), name="Ada"),
        Credential(id_token=IdToken("04FFFF"), name="Bo", terms=Terms(valid_until=LATER)),
        Credential(id_token=IdToken("0BAD00"), name="Cy", blocked=True),
    )
    return Authorizer(CredentialList(cards), RemoteStarts(TAG, NOON))


def test_an_enrolled_card_is_let_in_by_name(authorizer: Authorizer) -> None:
    decision = authorizer.decide(IdToken("04A2B3"), LATER, "bay-1")
    assert decision.accepted
    assert (decision.name, decision.basis) == ("Ada", DecisionBasis.CREDENTIAL)


@given(st.text("0123456789abcdefABCDEF", min_size=1, max_size=20))
def test_letter_case_and_blanks_make_no_difference(number: str) -> None:
    cards = CredentialList([Credential(id_token=IdToken(number.upper()), name="Ada")])
    authorizer = Authorizer(cards, RemoteStarts(TAG, NOON))
    assert authorizer.decide(IdToken(f" {number.lower()} "), LATER, "bay-1").name == "Ada"


def test_an_unknown_card_gets_nothing(authorizer: Authorizer) -> None:
    decision = authorizer.decide(IdToken("04A2B4"), LATER, "bay-1")
    assert (decision.status, decision.basis) == (AuthorizationStatus.INVALID, DecisionBasis.UNKNOWN_CARD)


def test_a_card_is_good_until_the_moment_it_expires(authorizer: Authorizer) -> None:
    token = IdToken("04FFFF")
    assert authorizer.decide(token, LATER - timedelta(seconds=1), "bay-1").accepted
    assert authorizer.decide(token, LATER, "bay-1").status is AuthorizationStatus.EXPIRED


def test_a_blocked_card_stays_blocked_even_when_somebody_starts_with_it(authorizer: Authorizer) -> None:
    token = IdToken("0BAD00")
    authorizer.remote_starts.order(BAY, token, LATER)
    assert authorizer.decide(token, LATER, "bay-1", 2).status is AuthorizationStatus.BLOCKED


def test_the_sites_tag_opens_only_where_a_start_was_ordered(authorizer: Authorizer) -> None:
    assert not authorizer.decide(TAG, LATER, "bay-1", 2).accepted
    authorizer.remote_starts.order(BAY, TAG, LATER)
    assert authorizer.decide(TAG, LATER, "bay-1", 2).basis is DecisionBasis.REMOTE_START
    assert authorizer.decide(TAG, LATER, "bay-1").accepted, "an Authorize of 1.6 names no connector"
    assert not authorizer.decide(TAG, LATER, "bay-1", 1).accepted
    assert not authorizer.decide(TAG, LATER, "bay-2", 2).accepted


def test_an_ordered_start_is_forgotten_when_it_began_or_took_too_long(authorizer: Authorizer) -> None:
    authorizer.remote_starts.order(BAY, TAG, LATER)
    assert not authorizer.decide(TAG, LATER + PATIENCE, "bay-1", 2).accepted
    authorizer.remote_starts.withdraw(BAY)
    assert not authorizer.decide(TAG, LATER, "bay-1", 2).accepted


def test_after_a_restart_a_start_ordered_before_it_still_begins(authorizer: Authorizer) -> None:
    assert authorizer.decide(TAG, NOON + timedelta(minutes=2), "bay-1", 2).accepted


def test_a_removed_card_is_unknown(authorizer: Authorizer) -> None:
    removed = authorizer.credentials.remove(IdToken("04a2b3"))
    assert removed is not None
    assert removed.name == "Ada"
    assert authorizer.credentials.remove(IdToken("04a2b3")) is None
    assert not authorizer.decide(IdToken("04A2B3"), LATER, "bay-1").accepted
    assert [card.name for card in authorizer.credentials] == ["Bo", "Cy"]
