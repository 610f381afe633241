"""The demo's site, seen and used through Home Assistant's own pages."""

from playwright.async_api import Locator, Page, expect
import pytest

from simulator.demo.browser import Window
from simulator.demo.waiting import until
from tests.e2e.conftest import DemoSite

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# On a slow machine a page takes its time.
expect.set_options(timeout=20_000)

INTEGRATION = "/config/integrations/integration/offline_evse"


async def device_page(demo: DemoSite, browser: Window, charger: str, *, connector: int | None = None) -> Page:
    """Open the page of a charger's device, or of one of its connectors."""
    devices = await demo.home.ask({"type": "config/device_registry/list"})
    device = next(device for device in devices if device["name"] == charger and device["model"])
    if connector is not None:
        name = f"Connector {connector}"
        device = next(child for child in devices if child["name"] == name and child["parent_device_id"] == device["id"])
    await browser.open(f"/config/devices/device/{device['id']}")
    return browser.page


def row(page: Page, name: str) -> Locator:
    """The line of an entity on a device's page."""
    return page.locator("hui-generic-entity-row").filter(has_text=name)


async def test_the_page_of_the_integration_lists_the_site_its_chargers_and_their_connectors(browser: Window) -> None:
    await browser.open(INTEGRATION)
    for name in ("Harbour House", "Driveway", "Guest bays", "Boathouse", "Garden gate", "Connector 2"):
        await expect(browser.page.get_by_text(name, exact=True).first).to_be_visible()
    await expect(browser.page.get_by_text("Connector 1", exact=True)).to_have_count(4)
    await expect(browser.page.get_by_text("Loading")).to_have_count(0)


async def test_the_page_of_a_charger_names_it_and_says_that_it_is_connected(demo: DemoSite, browser: Window) -> None:
    page = await device_page(demo, browser, "Driveway")
    for text in ("Sprig 11", "by Voltgarden", "Firmware: 2.3.0", "Serial number: VG-110421"):
        await expect(page.get_by_text(text).first).to_be_visible()
    await expect(row(page, "Connectivity")).to_contain_text("Connected")
    await expect(row(page, "OCPP version")).to_contain_text("1.6")


async def test_the_charging_switch_lets_a_car_charge(demo: DemoSite, browser: Window) -> None:
    async def waits() -> bool:
        states = await demo.home.states()
        return states["sensor.garden_gate_connector_1_status"]["state"] == "preparing"

    await until("a car waits at the garden gate", waits, within_s=30)
    page = await device_page(demo, browser, "Garden gate", connector=1)
    await expect(row(page, "Status")).to_contain_text("Waiting to start")
    await expect(row(page, "Limit reason")).to_contain_text("Not charging")
    await page.locator("ha-entity-toggle").first.click()

    async def draws() -> bool:
        point = (await demo.simulation.state())["chargers"]["garden-gate"]["connectors"]["1"]
        return bool(point["power_w"] > 1000)

    await until("the car draws power", draws, within_s=40)
    await expect(row(page, "Status")).to_contain_text("Charging")
    await expect(row(page, "Limit reason")).to_contain_text("Charger maximum")
    await expect(row(page, "Offered current")).to_contain_text("16.0 A")
    await expect(row(page, "Power")).to_contain_text("kW")
    await expect(row(page, "Card")).to_contain_text("Started remotely")


async def test_a_charger_at_the_door_is_a_card_and_is_adopted_by_clicking(demo: DemoSite, browser: Window) -> None:
    page = browser.page
    await browser.open("/config/integrations/dashboard")
    await page.get_by_text("Tidewater Anchor (TW-A-2201)").wait_for()
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("This charger has dialled in as new-charger.")).to_be_visible()
    name = page.locator("ha-form input").first
    await expect(name).to_have_value("Tidewater Anchor")
    await name.fill("Jetty")
    await page.locator("ha-form").get_by_text("Harbour House", exact=True).last.click()
    await page.get_by_text("Guest bays", exact=True).click()
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("The charger belongs to your site now.")).to_be_visible()
    await browser.open(INTEGRATION)
    await expect(page.get_by_text("Jetty", exact=True).first).to_be_visible()
    page = await device_page(demo, browser, "Jetty")
    await expect(page.get_by_text("by Tidewater")).to_be_visible()
    await expect(row(page, "Connectivity")).to_contain_text("Connected")
