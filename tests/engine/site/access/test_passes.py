"""Guest passes, from issue to check-out."""

from datetime import timedelta
import logging

import pytest

from custom_components.offline_evse.engine.model.credential import (
    CredentialKind,
    Evidence,
    EvidenceLevel,
    HolderKind,
    PassForm,
    Terms,
)
from custom_components.offline_evse.engine.model.decision import StopCause
from custom_components.offline_evse.engine.model.guest_pass import TooManyTriesError
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.site.announcement import SessionStopped
from tests.engine.clock import NOON, ManualClock
from tests.engine.site.place import Place, until
from tests.engine.site.wallbox import Station201, Wallbox

CHECK_OUT = NOON + timedelta(hours=20)


def with_pass(place: Place, token: IdToken) -> Evidence:
    """Open the guest page at charger ONE."""
    return Evidence(
        id_token=token,
        level=EvidenceLevel.KEY,
        station_id="ONE",
        evse_id=1,
        seen_at=place.clock.now(),
        source="guest_page",
    )


async def test_a_guest_charges_with_a_code_until_check_out(place: Place, box: Wallbox, clock: ManualClock) -> None:
    issued = await place.site.passes.issue("Room 12", valid_until=CHECK_OUT, terms=Terms(day_wh=20_000))
    assert issued.code is not None and issued.link_secret is not None
    found = place.site.passes.by_code(issued.code.lower(), "page")
    assert found == issued.credential
    assert (found.holder, found.kind, found.name) == (HolderKind.ROOM, CredentialKind.PASS, "Room 12")
    assert place.site.passes.by_link(issued.link_secret, "page") == found
    await box.status("Preparing")
    assert (await place.site.present(with_pass(place, found.id_token))).done
    start = await box.hear("RemoteStartTransaction")
    assert len(start["idTag"]) <= 20
    transaction_id = await box.plug_in(start["idTag"])
    clock.jump_wall(CHECK_OUT - timedelta(seconds=30))
    await box.measure(transaction_id, energy_wh=1500, power_w=7000)
    await clock.advance(31)
    assert await box.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    assert [news.cause for news in place.heard_of(SessionStopped)] == [StopCause.VALIDITY]
    assert place.site.passes.by_code(issued.code, "page") is None
    assert place.site.passes.live() == ()
    assert (await place.only()).name == "Room 12"


async def test_passes_last_over_restarts_and_are_extended_renewed_and_revoked(place: Place, box: Wallbox) -> None:
    issued = await place.site.passes.issue("Room 12", valid_until=CHECK_OUT)
    assert issued.code is not None
    config = place.site.config
    await place.reopen(config)
    passes = place.site.passes
    assert passes.by_code(issued.code, "page") == issued.credential
    later = await passes.extend(issued.pass_id, CHECK_OUT + timedelta(days=1))
    assert later.terms.valid_until == CHECK_OUT + timedelta(days=1)
    assert passes.of("room 12") == (later,)
    renewed = await passes.renew_code(issued.pass_id)
    assert renewed.code is not None and passes.by_code(issued.code, "page") is None
    assert passes.by_code(renewed.code, "page") == renewed.credential
    again = await place.dial(Wallbox)
    await again.boot()
    transaction_id = await again.plug_in(issued.pass_id)
    assert await passes.revoke(issued.pass_id)
    assert await again.hear("RemoteStopTransaction") == {"transactionId": transaction_id}
    assert passes.by_code(renewed.code, "page") is None
    assert not await passes.revoke(issued.pass_id)
    with pytest.raises(KeyError):
        await passes.extend(issued.pass_id, CHECK_OUT)
    await place.reopen(config)
    assert place.site.passes.all() == ()


async def test_a_card_is_lent_to_one_guest_after_another(place: Place, box: Wallbox, clock: ManualClock) -> None:
    lent = IdToken("LENT")
    await place.site.passes.issue("Room 1", valid_until=CHECK_OUT, form=PassForm.CARD, card=lent)
    assert await box.authorize("lent") == "Accepted"
    with pytest.raises(ValueError, match="in use"):
        await place.site.passes.issue("Room 2", valid_until=CHECK_OUT, form=PassForm.CARD, card=lent)
    with pytest.raises(ValueError, match="in use"):
        await place.site.passes.issue("Room 2", valid_until=CHECK_OUT, form=PassForm.CARD, card=IdToken("CARD"))
    clock.jump_wall(CHECK_OUT)
    assert await box.authorize("LENT") == "Expired"
    next_day = CHECK_OUT + timedelta(days=1)
    issued = await place.site.passes.issue("Room 2", valid_until=next_day, form=PassForm.CARD, card=lent)
    assert (issued.code, issued.link_secret, issued.pass_id) == (None, None, "LENT")
    assert await box.authorize("LENT") == "Accepted"
    assert place.decision().name == "Room 2"


async def test_a_key_is_found_by_its_thumbprint(place: Place) -> None:
    issued = await place.site.passes.issue("Room 3", valid_until=CHECK_OUT, form=PassForm.BLE_KEY, key="a-thumbprint")
    assert place.site.credential_by_key("a-thumbprint") == issued.credential
    assert issued.credential.kind is CredentialKind.BLE_KEY
    with pytest.raises(ValueError, match="needs"):
        await place.site.passes.issue("Room 3", valid_until=CHECK_OUT, form=PassForm.BLE_KEY)
    with pytest.raises(ValueError, match="end before"):
        await place.site.passes.issue("Room 3", valid_from=CHECK_OUT, valid_until=CHECK_OUT)


async def test_wrong_codes_make_their_place_wait_and_nobody_else(place: Place, clock: ManualClock) -> None:
    issued = await place.site.passes.issue("Room 12", valid_until=CHECK_OUT)
    assert issued.code is not None
    for wrong in ("AAAAAA", "nonsense", ""):
        assert place.site.passes.by_code(wrong, "keypad") is None
    with pytest.raises(TooManyTriesError) as waiting:
        place.site.passes.by_code(issued.code, "keypad")
    assert waiting.value.wait_s == 5
    assert place.site.passes.by_code(issued.code, "page") == issued.credential
    await clock.advance(5)
    assert place.site.passes.by_code(issued.code, "keypad") == issued.credential


async def test_no_code_and_no_card_is_in_the_ledger_and_no_code_in_the_log(
    place: Place, box: Wallbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await place.enrol("04SECRET99", "Eve", group="PARENT77")
    issued = await place.site.passes.issue("Family Lovelace", valid_until=CHECK_OUT)
    assert issued.code is not None and issued.link_secret is not None
    place.site.passes.by_code(issued.code, "page")
    await box.plug_in(issued.pass_id)
    await until(lambda: place.evse().has_transaction)
    await place.close()
    kept = b"".join(path.read_bytes() for path in place.folder.iterdir() if path.suffix != ".key")
    for secret in (issued.code, issued.link_secret, "04SECRET99", "PARENT77", "Lovelace", issued.pass_id):
        assert secret.encode() not in kept
    # What chargers say may be logged for whoever debugs them; what guests type is never said to any charger.
    for secret in (issued.code, issued.link_secret):
        assert secret not in caplog.text


async def test_a_code_typed_at_a_charger_is_its_pass(place: Place, box: Wallbox, clock: ManualClock) -> None:
    issued = await place.site.passes.issue("Room 12", valid_until=CHECK_OUT)
    assert issued.code is not None
    typed = issued.code.lower()
    assert await box.authorize(typed) == "Accepted"
    transaction_id = await box.start(typed, meter_wh=0)
    clock.jump_wall(clock.now() + timedelta(hours=1))
    await box.stop(transaction_id, meter_wh=2500, idTag=typed)
    session = await place.only()
    assert (session.name, session.energy_wh, session.id_token) == ("Room 12", 2500, issued.credential.id_token)


async def test_a_code_typed_at_a_keypad_of_2_0_1_is_its_pass(place: Place, station: Station201) -> None:
    issued = await place.site.passes.issue("Room 12", valid_until=CHECK_OUT)
    assert issued.code is not None
    answer = await station.say("Authorize", {"idToken": {"idToken": issued.code, "type": "KeyCode"}})
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await station.event("Started", 0, card=issued.code, meter_wh=0)
    assert (await place.only()).name == "Room 12"


async def test_codes_cannot_be_guessed_at_a_keypad(place: Place, box: Wallbox, clock: ManualClock) -> None:
    issued = await place.site.passes.issue("Room 12", valid_until=CHECK_OUT)
    assert issued.code is not None
    for wrong in ("AAAAAA", "CCCCCC", "DDDDDD"):
        assert await box.authorize(wrong) == "Invalid"
    assert await box.authorize(issued.code) == "Invalid"
    await clock.advance(6)
    assert await box.authorize(issued.code) == "Accepted"
