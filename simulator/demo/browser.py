"""A headless Chromium that looks at the demo as its owner does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import os
from shutil import which

from playwright.async_api import ConsoleMessage, Error, Page, async_playwright

from .home_assistant import HomeAssistant

NAMES = ("chromium", "chromium-browser", "google-chrome")

# Nothing of the browser's own may go out to the internet.
_QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

# Logos of other integrations come from the internet. That they do not is not our fault.
_FOREIGN = "/api/brands/"


def find_chromium() -> str | None:
    """Return the path of this machine's Chromium."""
    return next(filter(None, map(which, NAMES)), None)


class Window:
    """One browser window, logged in as the owner; keeps what the page complains about."""

    def __init__(self, page: Page, home: HomeAssistant) -> None:
        """Watch `page`."""
        self.page = page
        self.complaints: list[str] = []
        """Uncaught exceptions and errors in the console, those left out that are about others' logos."""
        self._home = home
        page.on("pageerror", self._threw)
        page.on("console", self._said)

    async def open(self, path: str) -> None:
        """Open a page of Home Assistant; returns when the frontend has connected."""
        await self.page.goto(self._home.url + path, wait_until="domcontentloaded")
        await self.page.wait_for_function("document.querySelector('home-assistant')?.hass?.connected === true")

    def _threw(self, error: Error) -> None:
        self.complaints.append(f"{error.name}: {error.message}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and _FOREIGN not in message.location["url"]:
            self.complaints.append(f"{message.text} ({message.location['url']})")


@asynccontextmanager
async def window(
    home: HomeAssistant, executable: str, width: int = 1280, height: int = 900, timeout_s: float = 30.0
) -> AsyncIterator[Window]:
    """Open a browser at `home`, in the light theme; whatever is waited for there has `timeout_s` to happen."""
    flags = [*_QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=flags)
        try:
            context = await browser.new_context(
                viewport={"width": width, "height": height}, locale="en-GB", color_scheme="light"
            )
            context.set_default_timeout(timeout_s * 1000)
            tokens = json.dumps(json.dumps(dict(home.tokens)))
            await context.add_init_script(f"localStorage.setItem('hassTokens', {tokens});")
            yield Window(await context.new_page(), home)
        finally:
            await browser.close()
