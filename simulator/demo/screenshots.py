"""Takes the pictures for the documentation: sets a site up in a browser, lets cars charge, and looks at the pages."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
import tempfile
from typing import Any

from PIL import Image
from playwright.async_api import Page

from ..harbour_house import GUEST_TAG, OWNER_TAG
from .backend.entities import configuration, switch_of
from .backend.operator import NAME, Operator
from .backend.switchboard import Switchboard
from .browser import Window, find_chromium, window
from .home_assistant import HomeAssistant
from .lovelace import PATH, add_dashboard
from .ports import free_ports, is_free
from .set_up import ADOPTIONS, add_guest_fuse, add_meter, add_operator, adopt, enrol_owner
from .simulation import Simulation
from .waiting import until

COLOURS = 192
"""Enough for pages that are flat areas and text; keeps a picture below 150 kB."""

SETTLED_MS = 1500
"""Charts and dialogs move for a moment after they have appeared."""

MAIN_FUSE_A = 35

DEFAULT_OCPP_PORT = 9000
"""What people see who set up their own site."""


class Photographer:
    """Looks at one site through one window."""

    def __init__(
        self, home: HomeAssistant, simulation: Simulation, operator: Operator, view: Window, folder: Path
    ) -> None:
        """Keep the pictures in `folder`."""
        self._home = home
        self._simulation = simulation
        self._operator = operator
        self._window = view
        self._page: Page = view.page
        self._folder = folder

    async def run(self, ocpp_port: int) -> None:
        """Take all pictures."""
        entry_id = await self._set_up(ocpp_port)
        circuits = {"main": "main", "guests": await add_guest_fuse(self._home, entry_id)}
        for adoption in ADOPTIONS:
            await adopt(self._home, adoption, circuits)
        await add_operator(self._home, entry_id, self._operator)
        await enrol_owner(self._home)
        await add_dashboard(self._home)
        await self._charge()
        await self._at("discovery", "/config/integrations/dashboard", "Tidewater Anchor", height=640)
        await self._at("integration", "/config/integrations/integration/offline_evse", "Garden gate", height=1100)
        await self._at("dashboard", f"/{PATH}", "Free on L1", width=1560, height=1000)
        charger, connector = await self._devices("Driveway")
        await self._at("charger", f"/config/devices/device/{charger}", "OCPP version")
        await self._at("connector", f"/config/devices/device/{connector}", "Limit reason", height=1300)
        await self._limit_reason()
        await self._activity(connector)
        await self._backend()

    async def _set_up(self, ocpp_port: int) -> str:
        """Click through the set-up from nothing; returns the id of the entry."""
        await add_meter(self._home, self._simulation)
        page = self._page
        await self._window.open("/config/integrations/dashboard/add?domain=offline_evse")
        await page.get_by_role("button", name="OK").click()
        await page.locator("ha-form input[type=number]").first.fill(str(ocpp_port))
        await page.get_by_text("More", exact=True).click()
        await page.locator("ha-form input").last.fill("127.0.0.1")
        await self._submit("Main fuse")
        await page.locator("ha-form input[type=number]").first.fill(str(MAIN_FUSE_A))
        await self._submit("What measures this circuit?")
        await self._take("set-up-meter-kind")
        await self._submit("Power and voltage of each phase")
        await self._take("set-up-meter", height=1180)
        await self._submit("Point your charger here")
        await self._take("set-up-address", height=1000)
        await page.get_by_text("Later", exact=True).click()
        await page.get_by_role("button", name="Submit").click()
        (entry,) = await self._home.ask({"type": "config_entries/get", "domain": "offline_evse"})
        entry_id: str = entry["entry_id"]
        return entry_id

    async def _submit(self, next_title: str) -> None:
        await self._page.get_by_role("button", name="Submit").click()
        await self._page.get_by_text(next_title).first.wait_for()

    async def _charge(self) -> None:
        """Let two cars charge, let one wait, and put the kettle on."""
        await self._home.act("offline_evse", "enrol_card", {"card": GUEST_TAG, "name": "Bay guest"})
        for charger, tag in (("driveway", OWNER_TAG), ("guest-bays", GUEST_TAG), ("boathouse", OWNER_TAG)):
            await until(f"{charger} has a car", partial(self._plugged, charger), within_s=30)
            await self._simulation.act("swipe", {"charger": charger, "tag": tag})
        for charger in ("driveway", "guest-bays", "boathouse"):
            await until(f"{charger} charges", partial(self._draws, charger), within_s=60)
        await self._home.act("switch", "turn_off", {"entity_id": "switch.boathouse_connector_1_charging"})
        await self._simulation.act("load", {"appliance": "kettle", "on": True, "seconds": 600})
        await until("the fuse binds", self._fuse_binds, within_s=60)
        # A curve that is worth looking at.
        await asyncio.sleep(45)

    async def _limit_reason(self) -> None:
        await self._window.open(f"/{PATH}")
        await self._page.locator("hui-tile-card").filter(has_text="Limited by").nth(1).click()
        dialog = self._page.locator("ha-more-info-dialog")
        await dialog.get_by_text("Limit reason").first.wait_for()
        await self._take("limit-reason", height=820)

    async def _activity(self, connector: str) -> None:
        """A session that has just ended, in the activity of its connector."""
        await self._home.act("button", "press", {"entity_id": "button.driveway_connector_1_stop_session"})

        async def ended() -> bool:
            state = (await self._home.states())["event.driveway_connector_1_session"]
            return bool(state["attributes"].get("event_type") == "ended")

        await until("the session has ended", ended, within_s=30)
        path = f"/logbook?device_id={connector}"
        await self._at("activity", path, "Ended", height=760)

    async def _backend(self) -> None:
        """The operator's part of the dashboard, with two sessions that have ended while its line is cut."""
        await self._home.act("switch", "turn_on", {"entity_id": switch_of("cut")})
        for charger in ("guest-bays", "boathouse"):
            await self._simulation.act("unplug", {"charger": charger})

        async def waits() -> bool:
            states = await self._home.states()
            return bool(
                states["sensor.harbour_cpo_link"]["state"] == "offline"
                and states["sensor.harbour_cpo_sessions_waiting"]["state"] == "2"
            )

        await until("two sessions wait for the operator", waits, within_s=120)
        await self._window.open(f"/{PATH}")
        section = self._page.locator("hui-grid-section").filter(has_text=NAME)
        await section.get_by_text("2 sessions wait").wait_for()
        await self._page.set_viewport_size({"width": 1560, "height": 1000})
        await self._page.wait_for_timeout(SETTLED_MS)
        self._keep("backend", await section.screenshot())

    async def _at(self, name: str, path: str, shown: str, *, width: int = 1280, height: int = 900) -> None:
        """Take a picture of a page as soon as `shown` is on it."""
        await self._window.open(path)
        await self._page.get_by_text(shown).first.wait_for()
        await self._take(name, width=width, height=height)

    async def _take(self, name: str, *, width: int = 1280, height: int = 900) -> None:
        await self._page.set_viewport_size({"width": width, "height": height})
        await self._page.wait_for_timeout(SETTLED_MS)
        self._keep(name, await self._page.screenshot())

    def _keep(self, name: str, png: bytes) -> None:
        picture = Image.open(BytesIO(png))
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        file = self._folder / f"{name}.png"
        small.save(file, optimize=True)
        print(f"{file}  {file.stat().st_size // 1000} kB", flush=True)

    async def _devices(self, charger: str) -> tuple[str, str]:
        """Return the ids of the devices of a charger and of its first connector."""
        devices: list[dict[str, Any]] = await self._home.ask({"type": "config/device_registry/list"})
        parent = next(device["id"] for device in devices if device["name"] == charger)
        return parent, next(device["id"] for device in devices if device.get("parent_device_id") == parent)

    async def _point(self, charger: str) -> Mapping[str, Any]:
        point: Mapping[str, Any] = (await self._simulation.state())["chargers"][charger]["connectors"]["1"]
        return point

    async def _plugged(self, charger: str) -> bool:
        return (await self._point(charger))["car"] is not None

    async def _draws(self, charger: str) -> bool:
        return bool((await self._point(charger))["power_w"] > 1000)

    async def _fuse_binds(self) -> bool:
        states = await self._home.states()
        return bool(states["sensor.driveway_connector_1_limit_reason"]["state"] == "circuit")


@asynccontextmanager
async def _site(seed: int) -> AsyncIterator[tuple[HomeAssistant, Simulation, Operator, int]]:
    """A site in a folder of its own, on ports of its own."""
    http_port, other_port = free_ports(2)
    ocpp_port = DEFAULT_OCPP_PORT if is_free(DEFAULT_OCPP_PORT) else other_port
    with tempfile.TemporaryDirectory(prefix="offline-evse-") as folder:
        operator = Operator(Path(folder) / "operator.db", seed)
        simulation = Simulation(f"ws://127.0.0.1:{ocpp_port}", seed)
        async with simulation, operator, Switchboard(operator) as switchboard:
            home = HomeAssistant(Path(folder), http_port, more=configuration(switchboard.port))
            async with home:
                yield home, simulation, operator, ocpp_port


async def screenshots(seed: int, folder: Path) -> int:
    """Take the pictures and put them into `folder`; returns the exit status."""
    chromium = find_chromium()
    if chromium is None:
        print("There is no Chromium on this machine; `scripts/setup --browser` installs one.")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    async with _site(seed) as (home, simulation, operator, ocpp_port), window(home, chromium) as view:
        await Photographer(home, simulation, operator, view, folder).run(ocpp_port)
    for complaint in view.complaints:
        print(f"the page complained: {complaint}")
    return 1 if view.complaints else 0
