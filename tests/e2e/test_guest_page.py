"""The guest page on a phone: a real Home Assistant, a real Chromium, simulated chargers, and nothing else reachable."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright, expect
import pytest
import pytest_asyncio

from simulator.demo.waiting import until
from tests.e2e.accessibility import faults, tab_order
from tests.e2e.conftest import DemoSite

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 390, "height": 844}
FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE_MS = 30_000
CAR_AT = "Guest bays 1"
"""The connector that the car `gull` is plugged into."""


@dataclass
class Seen:
    """What a phone asked for, and what it complained about."""

    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@dataclass
class Hotel:
    """The demo's site with its guest page switched on."""

    demo: DemoSite
    folder: Path | None

    async def issue(self, **data: Any) -> dict[str, Any]:
        """Issue a pass."""
        until_then = (datetime.now(UTC) + timedelta(hours=20)).isoformat()
        issued: dict[str, Any] = await self.demo.home.act(
            "offline_evse", "issue_pass", {"to": until_then, **data}, answer=True
        )
        return issued

    async def picture(self, page: Page, name: str) -> None:
        """Keep a picture, where somebody wants to look at it."""
        if self.folder is not None:
            (self.folder / f"{name}.png").write_bytes(await page.screenshot(full_page=True))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotel(demo: DemoSite) -> Hotel:
    """Switch the guest page on through the options, as its owner does."""
    home = demo.home
    (entry,) = [it for it in await home.get("/api/config/config_entries/entry") if it["domain"] == "offline_evse"]
    menu = await home.post("/api/config/config_entries/options/flow", {"handler": entry["entry_id"]})
    path = f"/api/config/config_entries/options/flow/{menu['flow_id']}"
    await home.post(path, {"next_step_id": "guests"})
    form: Mapping[str, Any] = {
        "page": True,
        "page_url": home.url,
        "language": "en",
        "check_out": "11:00:00",
        "webhook": True,
        "webhook_remote": False,
    }
    done = await home.post(path, form)
    assert done["type"] == "create_entry"
    pictures = os.environ.get("GUEST_PAGE_PICTURES")
    if pictures:
        Path(pictures).mkdir(parents=True, exist_ok=True)
    return Hotel(demo, Path(pictures) if pictures else None)


@asynccontextmanager
async def phone(chromium: str, *, locale: str = "en-GB", dark: bool = False) -> AsyncIterator[tuple[Page, Seen]]:
    """A guest's phone, cut off from everything but this machine. It may ask nobody else, and nothing may fail in it."""
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        try:
            async with _visited(browser, locale, dark=dark) as visited:
                yield visited
        finally:
            await browser.close()


@asynccontextmanager
async def _visited(browser: Browser, locale: str, *, dark: bool) -> AsyncIterator[tuple[Page, Seen]]:
    context: BrowserContext = await browser.new_context(
        viewport=PHONE,
        device_scale_factor=2,
        has_touch=True,
        locale=locale,
        color_scheme="dark" if dark else "light",
        timezone_id="Europe/Amsterdam",
    )
    context.set_default_timeout(PATIENCE_MS)
    seen = Seen()
    page = await context.new_page()

    def asked(request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            seen.foreign.append(request.url)

    page.on("request", asked)
    page.on("pageerror", lambda error: seen.complaints.append(error.message))
    page.on("console", lambda said: seen.complaints.append(said.text) if "Content Security" in said.text else None)
    try:
        yield page, seen
        assert seen.foreign == []
        assert seen.complaints == []
    finally:
        await context.close()


async def enter(page: Page, hotel: Hotel, code: str) -> None:
    """Open the page and type the code."""
    await page.goto(f"{hotel.demo.home.url}/charge")
    await page.locator("#code").fill(code)
    await page.keyboard.press("Enter")
    await expect(page.locator("ul > li").first).to_be_visible(timeout=PATIENCE_MS)


async def test_a_guest_is_told_what_is_wrong_and_gets_in_with_the_right_code(hotel: Hotel, chromium: str) -> None:
    issued = await hotel.issue(name="Room 12", total_energy=30)
    async with phone(chromium) as (page, _):
        await page.goto(f"{hotel.demo.home.url}/charge")
        await expect(page.get_by_role("heading", name="Charge your car")).to_be_visible()
        await hotel.picture(page, "1-code")
        assert await faults(page) == []
        await page.get_by_label("Code").fill("wrong")
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_role("alert")).to_contain_text("not good here")
        await expect(page.get_by_label("Code")).to_be_focused()
        assert await page.get_by_label("Code").input_value() == "wrong"
        await hotel.picture(page, "2-wrong-code")
        assert await faults(page) == []
        await page.get_by_label("Code").fill(issued["code"].lower())
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_role("heading", name="Room 12")).to_be_focused()
        await hotel.picture(page, "3-chargers")
        assert await faults(page) == []


async def test_a_car_charges_from_the_qr_code_to_the_record(hotel: Hotel, chromium: str) -> None:
    issued = await hotel.issue(name="Room 7", session_energy=20)
    links = await hotel.demo.home.act("offline_evse", "get_charger_links", {}, answer=True)
    sign = next(it for it in links["chargers"] if it["name"] == CAR_AT)
    async with phone(chromium) as (page, _):
        await page.goto(f"{issued['link']}&{sign['link'].partition('#')[2]}")
        card = page.locator("li").filter(has_text=CAR_AT)
        await expect(card).to_be_visible()
        assert "#" not in page.url
        await expect(card).to_contain_text("You are here")
        await expect(page.locator("li").first).to_contain_text(CAR_AT)
        await card.get_by_role("button", name="Start charging").click()
        await expect(card.get_by_role("button", name="Stop charging")).to_be_visible(timeout=60_000)
        await expect(card.locator(".mark")).to_have_text("Charging", timeout=60_000)

        async def charged() -> bool:
            return await card.locator(".energy b").text_content() not in ("0.00", "0.01", "0.02")

        await until("energy is counted", charged, within_s=90)
        # One car at a time: the other chargers offer nothing meanwhile.
        await expect(page.get_by_role("button", name="Start charging")).to_have_count(0)
        await hotel.picture(page, "4-charging")
        assert await faults(page) == []
        await hotel.demo.home.act("offline_evse", "stop_all_charging", {})
        await expect(card).to_contain_text("The staff has paused charging here.", timeout=30_000)
        await expect(card.locator(".mark")).to_have_text("Waiting")
        await hotel.picture(page, "5-waiting")
        assert await faults(page) == []
        await hotel.demo.home.act("offline_evse", "resume_charging", {})
        await card.get_by_role("button", name="Stop charging").click()
        await expect(page.get_by_role("heading", name="My sessions")).to_be_visible(timeout=60_000)
        await expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page.locator("tbody tr")).to_contain_text(CAR_AT)
        await hotel.picture(page, "6-record")
        assert await faults(page) == []
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="Download").click()
        file = await (await downloading.value).path()
        assert CAR_AT in Path(file).read_text(encoding="utf-8")
        await page.emulate_media(media="print")
        await expect(page.get_by_role("button", name="Print")).to_be_hidden()
        await page.emulate_media(media="screen")
        await page.get_by_role("button", name="Leave").click()
        await expect(page.get_by_label("Code")).to_be_visible()


@pytest.mark.parametrize("locale", ["de-DE", "fr-FR", "nl-NL", "es-ES", "it-IT"])
async def test_the_page_speaks_the_language_of_the_phone_in_the_dark_as_well(
    hotel: Hotel, chromium: str, locale: str
) -> None:
    issued = await hotel.issue(name="12", day_energy=40)
    async with phone(chromium, locale=locale, dark=True) as (page, _):
        await enter(page, hotel, issued["code"])
        assert await page.locator("html").get_attribute("lang") == locale[:2]
        assert "kWh" in (await page.locator("header").text_content() or "")
        await hotel.picture(page, f"7-dark-{locale[:2]}")
        assert await faults(page) == []


async def test_another_language_can_be_chosen_and_is_kept(hotel: Hotel, chromium: str) -> None:
    async with phone(chromium, locale="pt-PT") as (page, _):
        await page.goto(f"{hotel.demo.home.url}/charge")
        await expect(page.get_by_role("heading", name="Charge your car")).to_be_visible()
        await page.get_by_label("Language").select_option("nl")
        await expect(page.get_by_role("heading", name="Uw auto laden")).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("heading", name="Uw auto laden")).to_be_visible()


async def test_everything_can_be_done_with_the_keyboard(hotel: Hotel, chromium: str) -> None:
    issued = await hotel.issue(name="12")
    async with phone(chromium) as (page, _):
        await page.goto(f"{hotel.demo.home.url}/charge")
        await expect(page.locator("#code")).to_be_visible()
        stops = await tab_order(page)
        assert [it["what"] for it in stops] == ["INPUT#code.", "BUTTON#.", "SELECT#language."]
        assert all(it["ring"] for it in stops)
        await enter(page, hotel, issued["code"])
        stops = await tab_order(page)
        kinds = [it["what"].rpartition(".")[2] for it in stops]
        assert kinds[-3:] == ["record", "", "leave"]
        assert set(kinds[:-3]) == {"start"}
        assert all(it["ring"] for it in stops)
        assert [it["top"] for it in stops[:-2]] == sorted(it["top"] for it in stops[:-2])
        await page.get_by_role("button", name="My sessions").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="My sessions")).to_be_focused()


async def test_without_a_network_it_says_so_and_goes_on_by_itself(hotel: Hotel, chromium: str) -> None:
    issued = await hotel.issue(name="12")
    async with phone(chromium) as (page, _):
        await enter(page, hotel, issued["code"])
        await page.context.set_offline(True)
        await expect(page.get_by_role("alert")).to_contain_text("No connection", timeout=20_000)
        await hotel.picture(page, "8-no-connection")
        await page.context.set_offline(False)
        await expect(page.get_by_role("alert")).to_have_count(0, timeout=20_000)
        await expect(page.locator("ul > li").first).to_be_visible()


async def test_a_pass_that_is_revoked_ends_the_visit_in_words(hotel: Hotel, chromium: str) -> None:
    issued = await hotel.issue(name="Room 99")
    async with phone(chromium) as (page, _):
        await enter(page, hotel, issued["code"])
        await hotel.demo.home.act("offline_evse", "revoke_pass", {"pass_id": issued["pass_id"]})
        await expect(page.locator(".notice")).to_contain_text("This pass has ended", timeout=20_000)
        await expect(page.get_by_role("button", name="Start charging")).to_have_count(0)


async def test_the_slip_can_be_printed(hotel: Hotel, chromium: str) -> None:
    issued = await hotel.issue(name="Room 12")
    async with phone(chromium) as (page, _):
        await page.goto(hotel.demo.home.url + issued["slip"])
        await expect(page.get_by_text(issued["code"])).to_be_visible()
        await expect(page.get_by_role("img", name="QR")).to_be_visible()
        await hotel.picture(page, "9-slip")
        assert await faults(page) == []
