"""The lists of cards that chargers keep, so that known cards work when nobody is there to be asked."""

from datetime import timedelta
from typing import Any

from custom_components.offline_evse.engine.model.access import AccessConfig
from custom_components.offline_evse.engine.model.credential import Terms
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.local_list import LocalListState
from tests.engine.clock import NOON, ManualClock
from tests.engine.site.place import TWO, Place, until
from tests.engine.site.wallbox import Payload, Post, Station201, Wallbox

LISTS = AccessConfig(charger_lists=True)
KEYS = {
    "LocalAuthListEnabled": "false",
    "LocalAuthorizeOffline": "true",
    "LocalAuthListMaxLength": "3",
    "SendLocalListMaxLength": "2",
}


class ListKeeper:
    """The list of a charger, kept as the standard says."""

    def __init__(self, post: Post) -> None:
        """Keep the list of this charger, empty at first."""
        self.version = 0
        self.cards: dict[str, Any] = {}
        self.messages: list[Payload] = []
        post.replies["GetLocalListVersion"] = lambda _: {"listVersion": self.version, "versionNumber": self.version}
        post.replies["SendLocalList"] = self.take
        post.replies["GetConfiguration"] = lambda told: {
            "configurationKey": [
                {"key": key, "value": KEYS[key], "readonly": False} for key in told["key"] if key in KEYS
            ],
            "unknownKey": [key for key in told["key"] if key not in KEYS],
        }

    def take(self, told: Payload) -> Payload:
        """Take in a list or the changes to one."""
        self.messages.append(told)
        version: int = told["listVersion"] if "listVersion" in told else told["versionNumber"]
        if told["updateType"] == "Full":
            self.cards.clear()
        elif version <= self.version:
            return {"status": "VersionMismatch"}
        for entry in told.get("localAuthorizationList", []):
            number = entry["idTag"] if "idTag" in entry else entry["idToken"]["idToken"]
            info = entry.get("idTagInfo", entry.get("idTokenInfo"))
            if info is None:
                self.cards.pop(number)
            else:
                self.cards[number] = info
        self.version = version
        return {"status": "Accepted"}


async def test_a_charger_gets_the_cards_that_it_can_judge(place: Place, box: Wallbox, clock: ManualClock) -> None:
    keeper = ListKeeper(box)
    await place.enrol("FAMILY1", "Bob", group="FAMILY")
    await place.enrol("GUEST", "Guest", terms=Terms(valid_until=NOON + timedelta(days=2)))
    await place.enrol("LIMITED", "Cy", terms=Terms(day_wh=5000))
    await place.enrol("ELSEWHERE", "Di", terms=Terms(station_ids=frozenset({"TWO"})))
    await place.enrol("BLOCKED", "Ed", blocked=True)
    await place.reload(access=LISTS)
    await clock.advance(10)
    await until(lambda: place.site.stations["ONE"].local_list is not None)
    assert place.site.stations["ONE"].local_list == LocalListState(3, 3)
    assert keeper.cards == {
        "CARD": {"status": "Accepted"},
        "FAMILY1": {"status": "Accepted", "parentIdTag": "FAMILY"},
        "GUEST": {"status": "Accepted", "expiryDate": "2026-06-03T12:00:00.000Z"},
    }
    # Two entries at a time, as it has said; the rest as changes to the list.
    assert [told["updateType"] for told in keeper.messages] == ["Full", "Differential"]
    assert ("ChangeConfiguration", {"key": "LocalAuthListEnabled", "value": "true"}) in box.told
    # What does not fit is told.
    await place.enrol("ONE_MORE", "Flo")
    await clock.advance(10)
    await until(lambda: place.site.stations["ONE"].local_list == LocalListState(3, 4))
    assert "ONE_MORE" in keeper.cards and "GUEST" not in keeper.cards


async def test_a_change_is_sent_as_a_change_and_a_charger_that_has_it_all_gets_nothing(
    place: Place, box: Wallbox, clock: ManualClock
) -> None:
    keeper = ListKeeper(box)
    await place.enrol("SECOND", "Bob")
    await place.reload(access=LISTS)
    await clock.advance(10)
    await until(lambda: len(keeper.cards) == 2)
    await place.site.remove_card(IdToken("SECOND"))
    await clock.advance(10)
    await until(lambda: len(keeper.cards) == 1)
    assert keeper.messages[-1] == {
        "listVersion": 2,
        "updateType": "Differential",
        "localAuthorizationList": [{"idTag": "SECOND"}],
    }
    sent = len(keeper.messages)
    await place.reopen(place.site.config)
    again = await place.dial(Wallbox)
    keeper_again = ListKeeper(again)
    keeper_again.version, keeper_again.cards = keeper.version, dict(keeper.cards)
    await again.boot()
    await again.status("Available")
    await until(lambda: "SetChargingProfile" in again.heard or "TriggerMessage" in again.heard)
    await place.pass_time(30, again)
    await until(lambda: place.site.stations["ONE"].local_list == LocalListState(1, 1))
    assert keeper_again.messages == []
    # One that has lost its list gets all of it.
    keeper_again.version, keeper_again.cards = 0, {}
    await place.enrol("THIRD", "Cy")
    await place.pass_time(15, again)
    await until(lambda: set(keeper_again.cards) == {"CARD", "THIRD"})
    assert keeper_again.messages[0]["updateType"] == "Full"
    assert sent == 2


async def test_a_charger_without_a_list_is_left_in_peace(place: Place, box: Wallbox, clock: ManualClock) -> None:
    box.replies["GetLocalListVersion"] = {"listVersion": -1}
    await place.reload(access=LISTS)
    await clock.advance(10)
    await until(lambda: place.site.stations["ONE"].local_list == LocalListState(0, 1))
    assert "SendLocalList" not in box.heard


async def test_2_0_1_has_lists_as_well(place: Place, station: Station201, clock: ManualClock) -> None:
    keeper = ListKeeper(station)
    await place.enrol("CARD", "Ada", group="FAMILY")
    await place.reload(access=LISTS)
    await clock.advance(10)
    await until(lambda: place.site.stations[TWO.station_id].local_list == LocalListState(1, 1))
    assert keeper.cards == {"CARD": {"status": "Accepted", "groupIdToken": {"idToken": "FAMILY", "type": "Central"}}}


async def test_nothing_is_sent_unless_it_is_wanted(place: Place, box: Wallbox, clock: ManualClock) -> None:
    await place.enrol("SECOND", "Bob")
    await place.pass_time(30, box)
    assert "GetLocalListVersion" not in box.heard
    assert place.site.stations["ONE"].local_list is None
