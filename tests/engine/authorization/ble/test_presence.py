from dataclasses import replace
from datetime import time

import pytest

from custom_components.offline_evse.engine.authorization.ble.nearby.presence import (
    MOST_RETIRED,
    PresenceGuard,
    RetiredAddresses,
    presence_problems,
)
from custom_components.offline_evse.engine.authorization.ble.nearby.proximity import Proximity
from custom_components.offline_evse.engine.model.credential import (
    Credential,
    CredentialKind,
    Evidence,
    EvidenceLevel,
    Terms,
    WeeklyHours,
)
from custom_components.offline_evse.engine.model.id_token import IdToken

from ...clock import NOON
from .meeting import CHARGER, OTHER_CHARGER

HOURS = (WeeklyHours(frozenset(range(7)), time(0), time(0)),)
PHONE = Credential(
    id_token=IdToken("PHONE"),
    name="Anna's phone",
    kind=CredentialKind.PRESENCE,
    key="irk-1",
    terms=Terms(hours=HOURS, day_wh=20_000),
)
ADDRESS = "5A:00:00:00:00:01"


class Garage:
    """Two chargers with a radio each, and a phone that is watched for."""

    def __init__(self, retired: RetiredAddresses | None = None) -> None:
        self.proximity = Proximity({"a": CHARGER, "b": OTHER_CHARGER})
        self.guard = PresenceGuard(self.proximity)
        self.guard.watch(PHONE, retired)

    def hear(self, at_s: float, here_dbm: float, there_dbm: float, address: str = ADDRESS) -> Evidence | None:
        self.proximity.heard(address, "a", here_dbm, at_s)
        self.proximity.heard(address, "b", there_dbm, at_s)
        return self.guard.heard("irk-1", address, NOON, at_s)


def test_a_phone_that_is_near_when_the_cable_goes_in() -> None:
    garage = Garage()
    assert [garage.hear(at_s, -55, -75) for at_s in (0, 1, 2)] == [None] * 3
    evidence = garage.guard.cable(CHARGER, NOON, 3.0)
    assert evidence is not None
    assert evidence.level is EvidenceLevel.PRESENCE and evidence.source == "presence"
    assert evidence.id_token == PHONE.id_token and evidence.station_id == "CP001"
    assert garage.hear(4, -55, -75) is None, "once per plugging in"


def test_a_phone_that_comes_after_the_cable() -> None:
    garage = Garage()
    assert garage.guard.cable(CHARGER, NOON, 0.0) is None
    heard = [garage.hear(60 + at_s, -55, -75) for at_s in range(4)]
    assert [each is not None for each in heard] == [False, False, True, False]


@pytest.mark.parametrize(
    ("here_dbm", "there_dbm", "cable_s"),
    [
        (-70, -90, 0.0),
        (-55, -60, 0.0),
        (-75, -55, 0.0),
        (-55, -75, -121.0),
    ],
    ids=["too weak", "too close to another", "at the other charger", "cable too long ago"],
)
def test_a_rail_that_does_not_hold(here_dbm: float, there_dbm: float, cable_s: float) -> None:
    garage = Garage()
    assert garage.guard.cable(CHARGER, NOON, cable_s) is None
    assert [garage.hear(float(at_s), here_dbm, there_dbm) for at_s in range(6)] == [None] * 6


def test_samples_too_far_apart_do_not_add_up() -> None:
    garage = Garage()
    garage.guard.cable(CHARGER, NOON, 0.0)
    assert [garage.hear(at_s, -55, -75) for at_s in (0, 6, 12, 18)] == [None] * 4


def test_walking_away_begins_the_count_anew() -> None:
    garage = Garage()
    assert [garage.hear(at_s, -55, -75) for at_s in (0, 0.2, 0.4)] == [None] * 3
    for number in range(6):
        assert garage.hear(0.5 + number / 10, -90, -95) is None
    assert garage.guard.cable(CHARGER, NOON, 1.5) is None


def test_no_cable_no_charge() -> None:
    garage = Garage()
    assert [garage.hear(float(at_s), -50, -80) for at_s in range(10)] == [None] * 10
    garage.guard.cable(OTHER_CHARGER, NOON, 10.0)
    assert garage.hear(10.5, -50, -80) is None, "a cable elsewhere is none here"
    garage.guard.unplugged(OTHER_CHARGER)


def test_an_address_that_was_given_up_counts_for_nothing() -> None:
    retired = RetiredAddresses()
    garage = Garage(retired)
    garage.hear(0, -55, -75, "5A:00:00:00:00:01")
    garage.hear(1, -55, -75, "5A:00:00:00:00:02")
    garage.guard.cable(CHARGER, NOON, 100.0)
    replayed = [garage.hear(100.0 + at_s, -40, -80, "5A:00:00:00:00:01") for at_s in range(5)]
    assert replayed == [None] * 5
    current = [garage.hear(106.0 + at_s, -55, -75, "5A:00:00:00:00:02") for at_s in range(3)]
    assert current[-1] is not None


def test_the_memory_of_addresses_is_bounded() -> None:
    retired = RetiredAddresses()
    for number in range(MOST_RETIRED + 100):
        retired.refuses(f"address-{number}")
    assert len(retired.dump()) == MOST_RETIRED


def test_presence_without_its_rails_is_not_watched() -> None:
    assert presence_problems(PHONE) == ()
    bare = replace(PHONE, kind=CredentialKind.CARD, terms=Terms())
    assert presence_problems(bare) == ("kind", "hours", "day_wh")
    guard = PresenceGuard(Proximity({"a": CHARGER}))
    with pytest.raises(ValueError):
        guard.watch(bare)
    guard.watch(PHONE)
    guard.forget("irk-1")
    assert guard.heard("irk-1", ADDRESS, NOON, 0.0) is None
