"""What a hotel's own system says: once each, in any order, and never more than it should be able to do."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
import itertools
from typing import Any
from unittest.mock import patch

from homeassistant.components.webhook import async_handle_webhook
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from homeassistant.util.aiohttp import MockRequest
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.failure import LedgerFullError
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.guests.conftest import WEBHOOK_ID, NewPhone
from tests.integration.waiting import until
from tests.integration.wallbox import Wallbox

type Say = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]

NOW = dt_util.utcnow()


def at(hours: float) -> str:
    return (dt_util.utcnow() + timedelta(hours=hours)).isoformat()


STAY: dict[str, Any] = {"reservation": "R-1", "room": "12", "departure": at(24)}


@pytest.fixture
async def say(hotel: Site, phone: NewPhone) -> Say:
    """Send a message as the hotel's system does; returns status and body."""
    system = (await phone()).client

    async def send(**message: Any) -> tuple[int, dict[str, Any]]:
        response = await system.post(f"/api/webhook/{WEBHOOK_ID}", json=message)
        return response.status, await response.json()

    return send


async def test_a_check_in_is_answered_with_the_pass(hotel: Site, say: Say) -> None:
    limits = {"session_kwh": 20, "total_kwh": 60.5, "chargers": ["garage"]}
    status, answer = await say(event="check-in", guest="Ada", limits=limits, **STAY)
    assert (status, answer["status"], answer["name"]) == (200, "checked_in", "12")
    assert (answer["session_energy"], answer["total_energy"], answer["chargers"]) == (20, 60.5, ["Garage"])
    found = hotel.passes.by_code(answer["code"], "test")
    assert found is not None
    assert found.terms.station_ids == {"CP-1"}
    assert answer["link"].startswith("http://192.0.2.10:8123/charge#p=")
    # The guest's own name is on the slip, and nowhere else.
    assert "Ada" not in str(hotel.passes.all())


async def test_a_repeated_check_in_issues_nothing_new_and_repeats_its_answer(hotel: Site, say: Say) -> None:
    _, first = await say(event="check_in", **STAY)
    _, second = await say(event="check_in", **STAY)
    assert second == first
    assert len(hotel.passes.all()) == 1


async def test_after_a_restart_a_repeated_check_in_still_issues_nothing_new(
    hass: HomeAssistant, hotel: Site, hotel_entry: MockConfigEntry, say: Say
) -> None:
    _, first = await say(event="check_in", **STAY)
    assert await hass.config_entries.async_reload(hotel_entry.entry_id)
    await hass.async_block_till_done()
    _, again = await say(event="check_in", **STAY)
    assert (again["pass_id"], again["code"]) == (first["pass_id"], None)
    site: Site = hotel_entry.runtime_data.site
    assert len(site.passes.all()) == 1
    _, renewed = await say(event="check_in", renew_code=True, **STAY)
    assert renewed["pass_id"] == first["pass_id"]
    assert site.passes.by_code(renewed["code"], "test") is not None
    assert site.passes.by_code(first["code"], "test") is None


async def test_a_power_cut_between_pass_and_note_issues_no_second_pass(hotel: Site, say: Say) -> None:
    with patch("homeassistant.helpers.storage.Store.async_save", side_effect=OSError("the power is gone")):
        status, _ = await say(event="check_in", **STAY)
    assert status == 500
    status, answer = await say(event="check_in", **STAY)
    assert (status, answer["status"]) == (200, "checked_in")
    assert len(hotel.passes.all()) == 1


async def test_a_change_changes_the_pass_and_its_code_stays(hotel: Site, say: Say) -> None:
    _, first = await say(event="check_in", **STAY)
    later = at(48)
    _, changed = await say(event="change", reservation="R-1", departure=later, room="14", limits={"day_kwh": 30})
    assert (changed["pass_id"], changed["name"], changed["day_energy"]) == (first["pass_id"], "14", 30)
    found = hotel.passes.by_code(first["code"], "test")
    assert found is not None
    assert found.terms.valid_until == datetime.fromisoformat(later)


async def test_a_check_out_ends_pass_and_session_once(hotel: Site, garage: Wallbox, say: Say) -> None:
    await say(event="check_in", card="ROOM-12", **STAY)
    transaction = await garage.start("ROOM-12", meter_wh=0)
    evse = next(iter(hotel.evses.values()))
    await until(evse, lambda: evse.has_transaction)
    for _ in range(2):
        assert await say(event="check_out", reservation="R-1") == (200, {"status": "checked_out"})
    assert await garage.hear("RemoteStopTransaction") == {"transactionId": transaction}
    assert hotel.passes.all() == ()


async def test_a_check_in_after_its_check_out_opens_nothing(hotel: Site, say: Say) -> None:
    await say(event="check_out", reservation="R-1")
    _, answer = await say(event="check_in", **STAY)
    assert answer == {"status": "checked_out", "outdated": True}
    await say(event="change", **STAY)
    assert hotel.passes.all() == ()


async def test_who_comes_back_under_the_same_number_gets_a_pass_again(hotel: Site, say: Say) -> None:
    await say(event="check_in", sent_at=at(-3), **STAY)
    await say(event="check_out", reservation="R-1", sent_at=at(-2))
    _, answer = await say(event="check_in", sent_at=at(-1), **STAY)
    assert answer["status"] == "checked_in"
    assert hotel.passes.by_code(answer["code"], "test") is not None


async def test_every_order_of_dated_messages_ends_the_same(hotel: Site, say: Say) -> None:
    messages: list[dict[str, Any]] = [
        {"event": "check_in", "room": "1", "departure": at(24), "sent_at": at(-3)},
        {"event": "change", "room": "2", "sent_at": at(-2)},
        {"event": "change", "departure": at(30), "limits": {"total_kwh": 7}, "sent_at": at(-1)},
    ]
    for number, order in enumerate(itertools.permutations(messages)):
        for message in (*order, *order):
            status, _ = await say(reservation=f"S-{number}", **message)
            assert status == 200
    passes = hotel.passes.all()
    assert len(passes) == 6
    assert {(it.name, it.terms.total_wh, it.terms.valid_until) for it in passes} == {
        ("2", 7000, datetime.fromisoformat(messages[2]["departure"]))
    }


async def test_a_pass_that_the_desk_revoked_is_not_brought_back_by_a_repetition(hotel: Site, say: Say) -> None:
    _, answer = await say(event="check_in", **STAY)
    await hotel.passes.revoke(answer["pass_id"])
    assert (await say(event="check_in", **STAY))[1]["status"] == "revoked"
    assert (await say(event="check_in", renew_code=True, **STAY))[1]["status"] == "checked_in"


async def test_a_day_alone_ends_at_the_time_of_check_out(hotel: Site, say: Say) -> None:
    day = (dt_util.now() + timedelta(days=2)).date()
    _, answer = await say(event="check_in", reservation="R-1", room=12, departure=day.isoformat())
    ends = dt_util.as_local(datetime.fromisoformat(answer["to"]))
    assert (ends.date(), ends.hour, ends.minute) == (day, 11, 0)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"event": "check_in", "room": "1", "departure": "2999-01-01"}, "reservation"),
        ({"event": "party", **STAY}, "event"),
        ({"event": "check_in", "reservation": "R-9", "departure": "2999-01-01"}, "room"),
        ({"event": "check_in", "reservation": "R-9", "room": "1"}, "departure"),
        ({"event": "check_in", **STAY, "departure": "tomorrow"}, "departure"),
        ({"event": "check_in", **STAY, "departure": "2001-01-01"}, "departure"),
        ({"event": "check_in", **STAY, "arrival": "2999-01-01"}, "departure"),
        ({"event": "check_in", **STAY, "limits": {"session_kwh": -1}}, "limits.session_kwh"),
        ({"event": "check_in", **STAY, "limits": {"session_kwh": True}}, "limits.session_kwh"),
        ({"event": "check_in", **STAY, "limits": {"beer": 1}}, "limits.beer"),
        ({"event": "check_in", **STAY, "limits": {"chargers": ["Moon"]}}, "limits.chargers"),
        ({"event": "check_in", **STAY, "limits": []}, "limits"),
        ({"event": "check_in", **STAY, "guests": "Ada"}, "guests"),
        ({"event": "check_in", **STAY, "room": "x" * 101}, "room"),
        ({"event": "check_in", **STAY, "room": "a\u0000b"}, "room"),
    ],
)
async def test_what_is_wrong_is_said_by_field(hotel: Site, say: Say, message: dict[str, Any], field: str) -> None:
    status, answer = await say(**message)
    assert (status, answer["error"]) == (400, "bad_message")
    assert field in answer["fields"]
    assert hotel.passes.all() == ()


async def test_bodies_that_are_no_message(hotel: Site, phone: NewPhone) -> None:
    system = (await phone()).client
    for body in (b"", b"[1]", b"{", b"[" * 5000, b"\xff", b'{"event":' + b" " * 20_000 + b"1}"):
        response = await system.post(f"/api/webhook/{WEBHOOK_ID}", data=body)
        assert response.status == 400, body[:20]
        assert "body" in (await response.json())["fields"]


async def test_a_flood_is_told_to_wait(hotel: Site, say: Say) -> None:
    statuses = [(await say(event="party"))[0] for _ in range(130)]
    assert statuses[0] == 400
    assert statuses[-1] == 429


async def test_what_cannot_be_recorded_is_to_be_sent_again(hotel: Site, say: Say) -> None:
    with patch.object(Ledger, "enrol", side_effect=LedgerFullError("full")):
        assert (await say(event="check_in", **STAY))[0] == 503
    assert (await say(event="check_in", **STAY))[1]["status"] == "checked_in"


async def test_from_outside_the_network_nothing_is_heard(hass: HomeAssistant, hotel: Site) -> None:
    request = MockRequest(
        content=b'{"event":"check_in","reservation":"R","room":"1","departure":"2999-01-01"}',
        mock_source="test",
        method="POST",
        remote="198.51.100.7",
    )
    response = await async_handle_webhook(hass, WEBHOOK_ID, request)
    assert (response.status, response.body) == (200, None)
    assert hotel.passes.all() == ()


async def test_without_the_option_there_is_no_webhook(
    hass: HomeAssistant, hotel: Site, hotel_entry: MockConfigEntry, phone: NewPhone
) -> None:
    hass.config_entries.async_update_entry(hotel_entry, options={})
    await hass.async_block_till_done()
    system = (await phone()).client
    response = await system.post(f"/api/webhook/{WEBHOOK_ID}", json={"event": "check_in", **STAY})
    assert (response.status, await response.text()) == (200, "")
    assert hotel.passes.all() == ()


async def test_two_systems_that_speak_at_once_issue_one_pass(hass: HomeAssistant, hotel: Site, say: Say) -> None:
    import asyncio

    answers = await asyncio.gather(*(say(event="check_in", **STAY) for _ in range(8)))
    assert len({answer["pass_id"] for _, answer in answers}) == 1
    assert len(hotel.passes.all()) == 1


async def test_what_was_kept_goes_with_the_site(
    hass: HomeAssistant, hotel: Site, hotel_entry: MockConfigEntry, say: Say, hass_storage: dict[str, Any]
) -> None:
    await say(event="check_in", **STAY)
    key = "offline_evse.site.stays"
    assert key in hass_storage
    assert "R-1" not in str(hass_storage[key])
    assert await hass.config_entries.async_remove(hotel_entry.entry_id)
    await hass.async_block_till_done()
    assert key not in hass_storage
