"""The guest page's server: who gets in, what is shown, what can be pressed, and what browsers are told."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import Dial
from tests.integration.guests.conftest import NewPhone, connected
from tests.integration.guests.phone import PATH, Phone
from tests.integration.waiting import until
from tests.integration.wallbox import Wallbox

type Ask = Callable[..., Awaitable[Any]]

GARAGE = EvseKey("CP-1", 1)


async def issue(ask: Ask, name: str = "12", hours: float = 24, **more: Any) -> Any:
    return await ask("issue_pass", name=name, to=(dt_util.utcnow() + timedelta(hours=hours)).isoformat(), **more)


async def begin(garage: Wallbox, mine: Phone, *, meter_wh: int = 1000) -> int:
    """Plug in, press start, and let the charger begin."""
    await garage.status("Preparing")
    status, _ = await mine.press("start", (await mine.spot("Garage"))["id"])
    assert status == 200
    told = await garage.hear("RemoteStartTransaction")
    transaction = await garage.start(told["idTag"], meter_wh=meter_wh, ago_s=3600)
    await garage.status("Charging")
    return transaction


async def test_a_guest_charges_from_code_to_record(
    hass: HomeAssistant, hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask
) -> None:
    issued = await issue(ask, total_energy=30)
    mine = await phone()
    state = await mine.enter(issued["code"])
    assert (state["site"], state["pass"]["name"], state["pass"]["total_kwh"]) == ("Home", "12", 30)
    assert [(it["name"], it["state"], it["startable"]) for it in state["chargers"]] == [("Garage", "free", True)]
    transaction = await begin(garage, mine)
    await garage.measure(transaction, energy_wh=3500, power_w=7000)
    evse = hotel.evses[GARAGE]
    await until(evse, lambda: evse.transaction is not None and evse.transaction.energy_wh == 2500)
    live = await mine.spot("Garage")
    assert live["state"] == "yours"
    assert (live["session"]["kwh"], live["session"]["kw"], live["session"]["charging"]) == (2.5, 7, True)
    status, _ = await mine.press("stop", live["id"])
    assert status == 200
    assert await garage.hear("RemoteStopTransaction") == {"transactionId": transaction}
    await garage.stop(transaction, meter_wh=4000, reason="Remote")
    await garage.status("Available")
    assert (await mine.spot("Garage"))["state"] == "free"
    (session,) = await mine.record()
    assert (session["charger"], session["kwh"]) == ("Garage", 3)
    table = await mine.get("/record.csv")
    assert "attachment" in table.headers["Content-Disposition"]
    assert (await table.text()).splitlines()[1].endswith(",3.0")


async def test_the_link_of_the_qr_code_opens_too(hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask) -> None:
    issued = await issue(ask)
    mine = await phone()
    response = await mine.post("/visit", {"link": issued["link"].partition("#p=")[2]})
    assert (await response.json())["pass"]["name"] == "12"


async def test_of_others_a_guest_sees_only_that_a_charger_is_in_use(
    hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask
) -> None:
    first, second = await phone(), await phone()
    await first.enter((await issue(ask, "Suite 7"))["code"])
    await begin(garage, first)
    response = await second.post("/visit", {"code": (await issue(ask, "12"))["code"]})
    assert "Suite 7" not in await response.text()
    seen = await second.spot("Garage")
    assert (seen["state"], seen["session"], seen["startable"]) == ("busy", None, False)
    assert await second.record() == []


async def test_the_session_of_another_guest_cannot_be_stopped_or_taken(
    hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask
) -> None:
    first, second = await phone(), await phone()
    await first.enter((await issue(ask, "1"))["code"])
    await begin(garage, first)
    await second.enter((await issue(ask, "2"))["code"])
    spot = (await second.spot("Garage"))["id"]
    assert await second.press("stop", spot) == (409, {"error": "refused", "why": "not_theirs"})
    status, body = await second.press("start", spot)
    assert (status, body["why"]) == (409, "occupied")
    assert hotel.evses[GARAGE].has_transaction
    assert not [action for action, _ in garage.told if action == "RemoteStopTransaction"]


async def test_only_chargers_of_the_pass_are_shown_or_started(
    hass: HomeAssistant, hotel: Site, garage: Wallbox, dial: Dial, phone: NewPhone, ask: Ask, device_registry: Any
) -> None:
    await connected(hass, hotel, dial, "CP-2")
    yard = device_registry.async_get_device_by_identifier(("offline_evse", "site_CP-2"), "site")
    mine, everywhere = await phone(), await phone()
    state = await mine.enter((await issue(ask, device_id=[yard.id]))["code"])
    assert [it["name"] for it in state["chargers"]] == ["Yard"]
    await everywhere.enter((await issue(ask))["code"])
    status, body = await mine.press("start", (await everywhere.spot("Garage"))["id"])
    assert (status, body) == (409, {"error": "refused", "why": "wrong_charger"})


async def test_a_charger_that_refuses_is_said(hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask) -> None:
    mine = await phone()
    await mine.enter((await issue(ask))["code"])
    garage.replies["RemoteStartTransaction"] = {"status": "Rejected"}
    await garage.status("Preparing")
    assert await mine.press("start", (await mine.spot("Garage"))["id"]) == (
        409,
        {"error": "charger", "why": "rejected"},
    )


async def test_a_wrong_code_a_code_that_is_over_and_a_revoked_one_look_alike(
    hotel: Site, phone: NewPhone, ask: Ask
) -> None:
    mine = await phone()
    over, revoked = await issue(ask, "1"), await issue(ask, "2")
    await ask("revoke_pass", name="2")
    await hotel.passes.extend(over["pass_id"], dt_util.utcnow() - timedelta(minutes=1))
    answers = []
    for code in ("ZZZZZZZZ", over["code"], revoked["code"]):
        response = await mine.post("/visit", {"code": code})
        shown = {name for name in response.headers if name != "Date"}
        answers.append((response.status, await response.text(), shown, "Set-Cookie" in response.headers))
    assert answers[0][0] == 401
    assert answers[0] == answers[1] == answers[2]


async def test_right_and_wrong_codes_take_the_same_time(
    hass: HomeAssistant, hotel: Site, phone: NewPhone, ask: Ask
) -> None:
    mine, code = await phone(), (await issue(ask))["code"]
    taken = []
    for shown in (code, "ZZZZZZZZ"):
        began = hass.loop.time()
        await mine.post("/visit", {"code": shown})
        taken.append(hass.loop.time() - began)
    assert min(taken) >= 0.25
    assert abs(taken[0] - taken[1]) < 0.1


async def test_whoever_tries_codes_is_told_to_wait_and_others_are_not(hotel: Site, phone: NewPhone, ask: Ask) -> None:
    code = (await issue(ask))["code"]
    mine = await phone()
    statuses = []
    for number in range(12):
        response = await mine.post("/visit", {"code": f"WRONG{number:03}"})
        statuses.append(response.status)
        if response.status == 429:
            break
    assert statuses[-1] == 429
    assert int(response.headers["Retry-After"]) >= 1
    # The right one is of no use to somebody who has tried too many.
    assert (await mine.post("/visit", {"code": code})).status == 429
    assert hotel.passes.by_code(code, "elsewhere") is not None


async def test_the_token_is_out_of_reach_of_scripts_and_other_sites(hotel: Site, phone: NewPhone, ask: Ask) -> None:
    mine = await phone()
    response = await mine.post("/visit", {"code": (await issue(ask))["code"]})
    cookie = response.cookies["offline_evse_guest"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", PATH)
    assert int(cookie["max-age"]) <= 7200
    assert len(cookie.value) >= 43


async def test_other_sites_cannot_press_or_enter(hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask) -> None:
    code = (await issue(ask))["code"]
    mine = await phone()
    await mine.enter(code)
    spot = (await mine.spot("Garage"))["id"]
    await garage.status("Preparing")
    for path, body in (("/start", {"charger": spot}), ("/stop", {"charger": spot}), ("/visit", {"code": code})):
        assert (await mine.post(path, body, Origin="http://evil.example")).status == 403
        assert (await mine.post(path, body, Sec_Fetch_Site="cross-site")).status == 403
        form = await mine.client.post(PATH + path, data=body)
        assert form.status == 403
    assert not [action for action, _ in garage.told if action == "RemoteStartTransaction"]
    preflight = await mine.client.options(
        f"{PATH}/start", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    )
    assert "Access-Control-Allow-Origin" not in preflight.headers


async def test_nothing_is_told_without_a_visit_and_after_it(hotel: Site, phone: NewPhone, ask: Ask) -> None:
    mine = await phone()
    for path in ("/state", "/record", "/record.csv"):
        assert (await mine.get(path)).status == 401
    assert (await mine.post("/start", {"charger": "x"})).status == 401
    await mine.enter((await issue(ask))["code"])
    await mine.state()
    await mine.client.delete(f"{PATH}/visit", json={})
    assert (await mine.get("/state")).status == 401


async def test_an_unchanged_state_is_not_sent_again(hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask) -> None:
    mine = await phone()
    await mine.enter((await issue(ask))["code"])
    tag = (await mine.get("/state")).headers["ETag"]
    again = await mine.get("/state", If_None_Match=tag)
    assert (again.status, await again.read()) == (304, b"")
    await garage.status("Preparing")
    assert (await mine.get("/state", If_None_Match=tag)).status == 200


async def test_after_check_out_the_record_is_still_there_and_nothing_else(
    hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask
) -> None:
    mine = await phone()
    await mine.enter((await issue(ask))["code"])
    transaction = await begin(garage, mine)
    await ask("revoke_pass", name="12")
    await garage.hear("RemoteStopTransaction")
    await garage.stop(transaction, meter_wh=1500, reason="Remote")
    state = await mine.state()
    assert (state["over"], state["pass"], state["chargers"]) == (True, None, [])
    assert [it["kwh"] for it in await mine.record()] == [0.5]
    assert (await mine.post("/start", {"charger": "x"})).status == 409


async def test_a_car_that_waits_says_why(
    hass: HomeAssistant, hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask
) -> None:
    mine = await phone()
    await mine.enter((await issue(ask))["code"])
    await begin(garage, mine)
    await hotel.pause(GARAGE, True)
    evse = hotel.evses[GARAGE]
    await until(evse, lambda: evse.offer.current_a == 0)
    assert (await mine.spot("Garage"))["session"]["why"] == {"key": "paused", "waits": True}


async def test_the_page_speaks_the_browsers_language_and_allows_itself_nothing_foreign(
    hotel: Site, phone: NewPhone
) -> None:
    mine = await phone()
    for path in ("", "/"):
        page = await mine.get(path, Accept_Language="fr-CH, de;q=0.9, en;q=0.5")
        assert '<html lang="fr">' in await page.text()
    page = await mine.client.get("/charge", headers={"Accept-Language": "xx, it;q=0.1"})
    text = await page.text()
    assert '<html lang="it">' in text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "//" not in text
    for file in ("guest.js", "guest.css", "icon.svg"):
        served = await mine.get(f"/page/{file}")
        assert served.status == 200
        again = await mine.get(f"/page/{file}", If_None_Match=served.headers["ETag"])
        assert again.status == 304
    assert (await mine.get("/page/../desk.py")).status == 404
    assert (await mine.get("/page/nothing.js")).status == 404


async def test_the_slip_is_printed_once_in_a_while(hass: HomeAssistant, hotel: Site, phone: NewPhone, ask: Ask) -> None:
    issued = await issue(ask, "<b>12</b>")
    mine = await phone()
    slip = await mine.client.get(issued["slip"])
    text = await slip.text()
    assert slip.status == 200
    assert issued["code"] in text
    assert "&lt;b&gt;12" in text
    assert "<svg" in text
    assert "<script" not in text
    assert (await mine.get("/slip/guessed")).status == 404


async def test_the_sign_of_a_charger_is_a_picture(hotel: Site, garage: Wallbox, phone: NewPhone, ask: Ask) -> None:
    sign = (await ask("get_charger_links"))["chargers"][0]["sign"]
    mine = await phone()
    picture = await mine.client.get(sign)
    assert picture.content_type == "image/svg+xml"
    assert (await picture.text()).startswith("<svg")
    assert (await mine.get("/sign/aaaaaaaa.svg")).status == 404


async def test_switched_off_there_is_no_page_and_nobody_stays(
    hass: HomeAssistant, hotel: Site, hotel_entry: MockConfigEntry, phone: NewPhone, ask: Ask
) -> None:
    mine = await phone()
    issued = await issue(ask)
    await mine.enter(issued["code"])
    hass.config_entries.async_update_entry(hotel_entry, options={})
    await hass.async_block_till_done()
    for path in ("", "/state", "/page/guest.js", "/record", "/sign/aaaaaaaa.svg"):
        assert (await mine.get(path)).status == 404
    assert (await mine.client.get(issued["slip"])).status == 404
    assert (await mine.post("/visit", {"code": issued["code"]})).status == 404
    hass.config_entries.async_update_entry(hotel_entry, options={"guests": {"page": True}})
    await hass.async_block_till_done()
    assert (await mine.get("/state")).status == 401


async def test_bodies_that_are_none_are_refused(hotel: Site, phone: NewPhone) -> None:
    mine = await phone()
    for body in (b"", b"[]", b"{", b'{"code": 7}', b"{" + b" " * 2000 + b"}", b"\xff\xfe"):
        response = await mine.client.post(f"{PATH}/visit", data=body, headers={"Content-Type": "application/json"})
        assert response.status in (400, 401), body
