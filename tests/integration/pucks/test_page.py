"""The page that makes a phone's browser a key, in a real browser whose Bluetooth ends at a reader puck."""

from collections.abc import AsyncIterator
from http import HTTPStatus
import json
import os
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from playwright.async_api import Page, async_playwright, expect
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from simulator.demo.browser import find_chromium
from simulator.holder.crypto import from_base64url

from .browser_phone import BrowserPhone, open_page
from .corner import Corner, eventually

PATH = "/api/offline_evse/key"
TAKE_KEY = """async () => {
    const { ownKey } = await import("./key/page/keeper.js");
    const { privateKey } = await ownKey();
    const taken = await crypto.subtle.exportKey("jwk", privateKey).then(() => true, () => false);
    return [privateKey.extractable, taken];
}"""
VECTORS = Path(__file__).parents[3] / "docs" / "ble-protocol-vectors.json"


@pytest.fixture
async def client(bus_corner: Corner, hass_client_no_auth: ClientSessionGenerator) -> TestClient[Any, Any]:
    """Somebody's browser, not logged in."""
    return await hass_client_no_auth()


@pytest.fixture
async def page(client: TestClient[Any, Any]) -> AsyncIterator[Page]:
    """A phone-sized window of a real browser. At its end, the page may not have complained."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium on this machine; `scripts/setup --browser` installs one")
    async with async_playwright() as playwright:
        flags = ["--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        browser = await playwright.chromium.launch(
            executable_path=executable, args=[*flags, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        )
        context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
        opened = await context.new_page()
        complaints: list[str] = []
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        yield opened
        await browser.close()
        assert complaints == []


async def test_a_browser_keeps_its_key_to_itself_is_enrolled_charges_and_stops(
    bus_corner: Corner, client: TestClient[Any, Any], page: Page
) -> None:
    phone = BrowserPhone(bus_corner.puck, page)
    await open_page(phone, page, client.make_url(PATH))
    shown = await page.locator("#public").input_value()
    assert len(from_base64url(shown)) == 33
    assert await page.evaluate("document.getElementById('code').decode().then(() => true)")

    await page.get_by_role("button", name="Charge at Garage").click()
    await expect(page.get_by_role("status")).to_contain_text("No. This key may not charge here")
    assert bus_corner.never_started

    await bus_corner.bluetooth.enrol_key(from_base64url(shown), "Anna")
    await eventually(lambda: bus_corner.puck.link == -1)
    await page.get_by_role("button", name="Charge at Garage").click()
    await expect(page.get_by_role("status")).to_have_class("good")
    transaction_card = await bus_corner.told_to_start()
    phone.leave()
    await bus_corner.wallbox.start(transaction_card, meter_wh=0)
    await eventually(lambda: bus_corner.puck.link == -1 and not bus_corner.never_started)

    await page.reload()
    assert await page.locator("#public").input_value() == shown
    assert await page.evaluate(TAKE_KEY) == [False, False]
    await page.get_by_role("button", name="Stop at Garage").click()
    await expect(page.get_by_role("status")).to_have_text("Stopped.")
    assert await bus_corner.wallbox.hear("RemoteStopTransaction")
    phone.leave()


async def test_a_reader_of_somebody_else_gets_no_answer(
    bus_corner: Corner, client: TestClient[Any, Any], page: Page
) -> None:
    phone = BrowserPhone(bus_corner.puck, page)
    phone.corrupt = True
    await open_page(phone, page, client.make_url(PATH))
    await page.get_by_role("button", name="Charge at Garage").click()
    await expect(page.get_by_role("status")).to_contain_text("does not belong to this site")
    assert [len(value) for _, value in phone.written] == [8]
    assert bus_corner.never_started


async def test_a_browser_without_bluetooth_says_where_there_is_some(client: TestClient[Any, Any], page: Page) -> None:
    await page.add_init_script("Object.defineProperty(navigator, 'bluetooth', { value: undefined });")
    await page.goto(str(client.make_url(PATH)))
    await expect(page.get_by_role("status")).to_contain_text("On an iPhone or iPad, and in Firefox, no page can do it")
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_the_page_agrees_with_the_vectors(client: TestClient[Any, Any], page: Page) -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    await page.add_init_script("Object.defineProperty(navigator, 'bluetooth', { value: undefined });")
    await page.goto(str(client.make_url(PATH)))
    told = await page.evaluate((Path(__file__).parent / "vectors.js").read_text(encoding="utf-8"), vectors)
    assert told == {
        "challenge": True,
        "signature": True,
        "sealed_type": vectors["sealed_token"]["sent_type"],
        "sealed_body": vectors["sealed_token"]["sent_body"],
        "result": vectors["sealed_token"]["result"],
        "point": vectors["keys"]["holder"]["public"],
        "frames": vectors["frames"],
        "joined": vectors["plain_token"]["sent_body"],
        "hello": "8006000401020014",
        "refused": ["clear", "other_site", "impostor", "other_charger", "malformed"],
    }


async def test_the_doors_are_closed_while_bluetooth_is_off(
    hass: HomeAssistant, bus_corner: Corner, client: TestClient[Any, Any]
) -> None:
    paths = ["", "/page/page.js", "/site.json", f"/code/{'A' * 44}.svg"]
    for path in paths:
        assert (await client.get(PATH + path)).status == HTTPStatus.OK
    for path in ("/page/views.py", "/page/index.html", "/code/short.svg", f"/code/{'%3C' * 44}.svg"):
        assert (await client.get(PATH + path)).status == HTTPStatus.NOT_FOUND
    answers = {(await client.get(f"{PATH}/code/{'A' * 44}.svg")).status for _ in range(30)}
    assert answers == {HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS}
    policy = (await client.get(PATH)).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    await bus_corner.set_options(enabled=False)
    for path in paths:
        assert (await client.get(PATH + path)).status == HTTPStatus.NOT_FOUND
