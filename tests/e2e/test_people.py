"""A card that nobody knows, from the reader to its name, through Home Assistant's own pages."""

from playwright.async_api import expect
import pytest

from simulator.demo.browser import Window
from simulator.demo.waiting import until
from tests.e2e.conftest import DemoSite

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

CARD = "04AABBCCDDEE99"
QUESTION = "A card nobody knows was presented at Garden gate"


async def test_an_unknown_card_is_given_a_name_in_the_repairs(demo: DemoSite, browser: Window) -> None:
    async def has_a_car() -> bool:
        return (await demo.simulation.state())["chargers"]["garden-gate"]["connectors"]["1"]["car"] is not None

    await until("a car is at the garden gate", has_a_car, within_s=60)
    await demo.simulation.act("swipe", {"charger": "garden-gate", "tag": CARD})
    page = browser.page
    await browser.open("/config/repairs")
    await page.get_by_text(QUESTION).first.click(timeout=20_000)
    await expect(page.get_by_text("Whose is card …E99?").first).to_be_visible(timeout=20_000)
    await expect(page.get_by_text(CARD)).to_have_count(0)
    await page.locator("ha-form input").first.click()
    await page.keyboard.type("Ida")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("The issue is repaired!")).to_be_visible(timeout=20_000)

    async def is_enrolled() -> bool:
        listed = await demo.home.act("offline_evse", "list_cards", {}, answer=True)
        return (CARD, "Ida") in [(card["card"], card["name"]) for card in listed["cards"]]

    await until("Ida's card is enrolled", is_enrolled, within_s=30)
