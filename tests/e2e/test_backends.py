"""A backend is set up in Home Assistant's own pages, and is dialled for every charger."""

from playwright.async_api import expect
import pytest

from simulator.backend.central import CentralSystem
from simulator.demo.browser import Window
from simulator.demo.waiting import until
from tests.e2e.conftest import DemoSite

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_a_backend_is_set_up_for_all_chargers(demo: DemoSite, browser: Window) -> None:
    central = CentralSystem()
    await central.start()
    (entry,) = [it for it in await demo.home.get("/api/config/config_entries/entry") if it["domain"] == "offline_evse"]
    page = browser.page
    try:
        await browser.open("/config/integrations/integration/offline_evse")
        await page.get_by_text("Add backend").first.click(timeout=20_000)
        form = page.locator("ha-form").first
        await form.locator("input").nth(0).fill("Monta")
        await form.locator("input").nth(1).fill(f"ws://127.0.0.1:{central.port}/ocpp")
        for section in ("What it may do, and what it is told of", "How much is sent, and when", "Certificates"):
            await expect(page.get_by_text(section, exact=True).first).to_be_attached()
        await page.get_by_role("button", name="Next").click()
        await expect(page.get_by_text("Charger 1 of 4.")).to_be_visible(timeout=20_000)
        await page.get_by_text("Do the same for the other chargers").first.click()
        await page.get_by_role("button", name="Next").click()
        await central.until(lambda: len(central.connections) == 4, within_s=30)

        async def is_followed() -> bool:
            return "sensor.monta_link" in await demo.home.states()

        await until("the backend is shown", is_followed, within_s=30)
        await central.until(lambda: len(central.lines) == 4, within_s=60)
        assert central.book.faults == []
    finally:
        listed = await demo.home.ask({"type": "config_entries/subentries/list", "entry_id": entry["entry_id"]})
        for subentry in listed:
            if subentry["subentry_type"] == "backend" and subentry["title"] == "Monta":
                gone = {"entry_id": entry["entry_id"], "subentry_id": subentry["subentry_id"]}
                await demo.home.ask({"type": "config_entries/subentries/delete", **gone})
        await central.close()
