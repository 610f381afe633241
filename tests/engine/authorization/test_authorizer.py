"""Decisions about credentials and about starts ordered from here, without any backend."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.engine.authorization.remote_starts import PATIENCE
from custom_components.offline_evse.engine.authorization.verdict import accepted
from custom_components.offline_evse.engine.model.access import AccessConfig, AccessMode, UnknownCards, UnknownRule
from custom_components.offline_evse.engine.model.credential import (
    Credential,
    CredentialKind,
    EvidenceLevel,
    PassForm,
    SessionLimits,
    Terms,
)
from custom_components.offline_evse.engine.model.decision import DecisionBasis, Refusal
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus, IdToken, IdTokenType
from custom_components.offline_evse.engine.model.station import EvseKey
from tests.engine.clock import NOON

from .asking import CARD, LATER, TAG, authorizer_of, card, presented

BAY = EvseKey("bay-1", 2)
START = DecisionBasis.REMOTE_START


def test_an_enrolled_card_is_let_in_by_name() -> None:
    decision = authorizer_of(card()).decide(presented())
    assert decision.accepted
    assert (decision.name, decision.basis, decision.refusal) == ("Ada", DecisionBasis.CREDENTIAL, None)


@given(st.text("0123456789abcdefABCDEF", min_size=1, max_size=20))
def test_letter_case_and_blanks_make_no_difference(number: str) -> None:
    authorizer = authorizer_of(card(number.upper()))
    assert authorizer.decide(presented(IdToken(f" {number.lower()} "))).name == "Ada"


def test_an_unknown_card_gets_nothing() -> None:
    decision = authorizer_of().decide(presented())
    assert (decision.status, decision.basis, decision.refusal) == (
        AuthorizationStatus.INVALID,
        DecisionBasis.UNKNOWN_CARD,
        Refusal.UNKNOWN,
    )


def test_an_unknown_card_may_charge_within_the_caps_where_the_site_says_so() -> None:
    authorizer = authorizer_of(config=AccessConfig(unknown=UnknownCards(rule=UnknownRule.ALLOW)))
    decision = authorizer.decide(presented())
    assert decision.accepted and decision.at_risk
    assert decision.limits == SessionLimits(energy_wh=10_000, duration_s=7200)
    reached = authorizer.decide(presented(total_reached=True))
    assert reached.refusal is Refusal.SITE_TOTAL


def test_an_unknown_card_may_charge_at_listed_chargers_only() -> None:
    listed = UnknownCards(rule=UnknownRule.ALLOW_LISTED, station_ids=frozenset({"bay-1"}))
    authorizer = authorizer_of(config=AccessConfig(unknown=listed))
    assert authorizer.decide(presented()).accepted
    assert authorizer.decide(presented(station_id="bay-2")).refusal is Refusal.UNKNOWN


def test_a_card_is_good_until_the_moment_it_expires() -> None:
    authorizer = authorizer_of(card(terms=Terms(valid_until=LATER)))
    assert authorizer.decide(presented(at=LATER - timedelta(seconds=1))).accepted
    assert authorizer.decide(presented()).status is AuthorizationStatus.EXPIRED


@pytest.mark.parametrize("mode", AccessMode)
def test_a_blocked_card_stays_blocked_whoever_starts_with_it_and_whoever_is_asked(mode: AccessMode) -> None:
    authorizer = authorizer_of(card(blocked=True), accepted=True, age_s=1)
    for asked in (presented(), presented(ordered_here=True)):
        decision = authorizer.decide(asked, mode)
        assert (decision.refusal, decision.basis) == (Refusal.BLOCKED, DecisionBasis.BLOCK_LIST)


def test_a_start_from_here_is_expected_for_a_while_at_its_charger_and_nowhere_else() -> None:
    authorizer = authorizer_of()
    ordered = authorizer.decide(presented(TAG, ordered_here=True, evse_id=2))
    assert ordered.basis is START
    authorizer.remote_starts.order(BAY, ordered, LATER)
    assert authorizer.decide(presented(TAG)).accepted
    assert authorizer.decide(presented(TAG, evse_id=2)).accepted
    assert not authorizer.decide(presented(TAG, evse_id=1)).accepted
    assert not authorizer.decide(presented(TAG, station_id="bay-2")).accepted
    assert not authorizer.decide(presented(TAG, at=LATER + PATIENCE)).accepted
    authorizer.remote_starts.withdraw(BAY)
    assert not authorizer.decide(presented(TAG)).accepted


def test_the_sites_tag_is_honoured_for_the_first_minutes_after_a_restart() -> None:
    authorizer = authorizer_of()
    assert authorizer.decide(presented(TAG, at=NOON + timedelta(minutes=1))).basis is START
    assert not authorizer.decide(presented(TAG)).accepted


def test_what_was_ordered_begins_with_the_limits_of_the_order() -> None:
    authorizer = authorizer_of(config=AccessConfig())
    token = IdToken("B1", IdTokenType.CENTRAL)
    limits = SessionLimits(energy_wh=5000)
    asked = presented(token, level=EvidenceLevel.KEY, source="ble_central")
    authorizer.remote_starts.order(BAY, accepted(asked, DecisionBasis.TOKEN, None, limits=limits), LATER)
    begun = authorizer.decide(presented(token, evse_id=2))
    assert (begun.basis, begun.limits, begun.source) == (DecisionBasis.TOKEN, limits, "ble_central")


def test_a_token_narrows_what_is_enrolled_and_lets_in_by_itself() -> None:
    expired = Terms(valid_until=LATER - timedelta(seconds=1))
    assert authorizer_of().decide(presented(terms=Terms(session_wh=7000))).basis is DecisionBasis.TOKEN
    assert authorizer_of(card()).decide(presented(terms=expired)).refusal is Refusal.EXPIRED


def test_a_charger_asks_for_its_least_level() -> None:
    authorizer = authorizer_of(card())
    asked = presented(level=EvidenceLevel.PRESENCE, minimum_level=EvidenceLevel.PRESS)
    assert authorizer.decide(asked).refusal is Refusal.LEVEL_TOO_LOW
    assert authorizer.decide(replace(asked, level=EvidenceLevel.KEY)).accepted


def test_one_session_at_a_time_but_for_cards() -> None:
    busy = presented(session_count=1)
    assert authorizer_of(card()).decide(busy).accepted
    assert authorizer_of(card(terms=Terms(session_count=1))).decide(busy).refusal is Refusal.IN_USE
    assert authorizer_of(card(terms=Terms(session_count=2))).decide(busy).accepted
    assert authorizer_of(card(pass_form=PassForm.CARD)).decide(busy).refusal is Refusal.IN_USE
    for kind in (CredentialKind.PASS, CredentialKind.BLE_KEY, CredentialKind.BLE_BUTTON, CredentialKind.PRESENCE):
        assert authorizer_of(card(kind=kind)).decide(busy).refusal is Refusal.IN_USE


@pytest.mark.parametrize(
    "token", [IdToken("VID:E0A1"), IdToken("0011223344AA", IdTokenType.MAC_ADDRESS), IdToken("04A2B3")]
)
def test_a_car_lets_nobody_charge_by_itself(token: IdToken) -> None:
    everybody = AccessConfig(unknown=UnknownCards(rule=UnknownRule.ALLOW))
    authorizer = authorizer_of(card(kind=CredentialKind.VEHICLE), config=everybody)
    assert authorizer.decide(presented(token)).refusal is Refusal.VEHICLE_ALONE


def test_a_master_starts_outside_all_terms_but_its_validity() -> None:
    terms = Terms(station_ids=frozenset({"elsewhere"}), valid_until=LATER + timedelta(hours=1))
    authorizer = authorizer_of(card(master=True, terms=terms))
    assert authorizer.decide(presented()).basis is DecisionBasis.MASTER
    assert authorizer.decide(presented(at=LATER + timedelta(hours=2))).refusal is Refusal.EXPIRED


@pytest.mark.parametrize(
    ("other", "basis"),
    [
        (card("02", group="FAMILY"), DecisionBasis.GROUP),
        (card("02", group="OTHERS"), None),
        (card("02"), None),
        (card("02", master=True), DecisionBasis.MASTER),
        (card("02", master=True, blocked=True), None),
        (card("02", group="FAMILY", blocked=True), None),
    ],
)
def test_who_ends_the_session_of_another(other: Credential, basis: DecisionBasis | None) -> None:
    authorizer = authorizer_of(card(group="FAMILY"), other)
    leave = authorizer.ends(presented(IdToken("02")), CARD)
    assert (leave and leave.basis) == basis


def test_nobody_without_a_group_is_in_the_same_group() -> None:
    authorizer = authorizer_of(card(), card("02"))
    assert authorizer.ends(presented(IdToken("02")), CARD) is None


def test_a_removed_card_is_unknown() -> None:
    authorizer = authorizer_of(card(), card("0B", "Bo", terms=Terms()), card("0C", "Cy"))
    removed = authorizer.credentials.remove(IdToken("04a2b3"))
    assert removed is not None and removed.name == "Ada"
    assert not authorizer.decide(presented()).accepted
    assert [known.name for known in authorizer.credentials] == ["Bo", "Cy"]
