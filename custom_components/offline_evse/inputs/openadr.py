"""OpenADR 3: events of a program, polled from its server and brought to the site as limits."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.requirements import async_process_requirements
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.model.failure import LedgerFullError, LedgerUnavailableError
from ..engine.model.grid_program import ProgramEvent
from ..engine.model.shared_limit import LimitBasis
from ..engine.site.grid.desk import GridDesk
from ..engine.site.grid.program import report_due, take_program
from ..grid_config import CONF_BASIS, OPTION_OPENADR
from .openadr_client import REQUIREMENT, OpenAdrClient, OpenAdrSetUp

_LOGGER = logging.getLogger(__name__)

CONF_CLIENT_ID: Final = "client_id"
CONF_CLIENT_SECRET: Final = "client_secret"
CONF_PROGRAM: Final = "program"
CONF_REPORT: Final = "report"
CONF_TOKEN_URL: Final = "token_url"
CONF_URL: Final = "url"
CONF_VERSION: Final = "version"
VERSIONS: Final = ("oadr310", "oadr301")

POLL_EVERY_S: Final = 30.0
REPORTS_LOOK_BACK: Final = timedelta(days=2)


def openadr_set_up(data: Mapping[str, Any]) -> OpenAdrSetUp | None:
    """Read the server from the options of the step; None where there is none."""
    if not data.get(CONF_URL):
        return None
    return OpenAdrSetUp(
        url=str(data[CONF_URL]).rstrip("/"),
        version=data.get(CONF_VERSION, VERSIONS[0]),
        program_id=data.get(CONF_PROGRAM) or None,
        client_id=data.get(CONF_CLIENT_ID) or None,
        client_secret=data.get(CONF_CLIENT_SECRET) or None,
        token_url=data.get(CONF_TOKEN_URL) or None,
    )


async def connect(hass: HomeAssistant, set_up: OpenAdrSetUp) -> tuple[OpenAdrClient, tuple[ProgramEvent, ...]]:
    """Install the library if it is not there, and read the events once.

    Raises RequirementsNotFound where it cannot be installed, and whatever the library raises.
    """
    await async_process_requirements(hass, DOMAIN, [REQUIREMENT], is_built_in=False)

    def read() -> tuple[OpenAdrClient, tuple[ProgramEvent, ...]]:
        client = OpenAdrClient(set_up)
        return client, client.events()

    return await hass.async_add_executor_job(read)


class OpenAdrFeed:
    """Polls the server that the options name. One that is away changes nothing: what it has said holds to its end."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, grid: GridDesk) -> None:
        """Prepare; nothing is polled before `follow`."""
        self._hass = hass
        self._entry = entry
        self._grid = grid
        self._followed: Mapping[str, Any] = {}
        self._task: asyncio.Task[None] | None = None
        self._client: OpenAdrClient | None = None
        self._reported: set[str] = set()
        self.reachable: bool | None = None
        """Whether the last poll went well; None before the first."""

    @callback
    def follow(self) -> None:
        """Poll the server that the options name now, and no other."""
        data: Mapping[str, Any] = self._entry.options.get(OPTION_OPENADR, {})
        if data == self._followed:
            return
        before, self._followed = self._followed, dict(data)
        self.stop()
        if set_up := openadr_set_up(data):
            self._task = self._entry.async_create_background_task(
                self._hass, self._poll(set_up, data), "offline_evse OpenADR"
            )
        elif before:
            self._task = self._entry.async_create_background_task(self._hass, self._leave(), "offline_evse OpenADR end")

    @callback
    def stop(self) -> None:
        """Poll no longer."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._client = None
        self.reachable = None

    async def _leave(self) -> None:
        """Take back what a server has said that nobody listens to any more."""
        await take_program(self._grid, (), dt_util.utcnow())

    async def _poll(self, set_up: OpenAdrSetUp, data: Mapping[str, Any]) -> None:
        """Ask for as long as the site is open."""
        basis = LimitBasis(data.get(CONF_BASIS, LimitBasis.CHARGING))
        while True:
            try:
                events = await self._read(set_up)
                await take_program(self._grid, events, dt_util.utcnow(), basis=basis, name=set_up.program_id)
                if data.get(CONF_REPORT, True):
                    await self._report(set_up, events)
            except (LedgerFullError, LedgerUnavailableError) as err:
                _LOGGER.debug("OpenADR events could not be recorded: %s", err)
            except Exception as err:  # noqa: BLE001 - the library raises what requests, pydantic and oauthlib raise
                self._client = None
                if self.reachable is not False:
                    _LOGGER.warning("The OpenADR server cannot be read: %s", type(err).__name__)
                self.reachable = False
            else:
                if self.reachable is False:
                    _LOGGER.info("The OpenADR server can be read again")
                self.reachable = True
            await asyncio.sleep(POLL_EVERY_S)

    async def _read(self, set_up: OpenAdrSetUp) -> tuple[ProgramEvent, ...]:
        if self._client is None:
            self._client, events = await connect(self._hass, set_up)
            return events
        return await self._hass.async_add_executor_job(self._client.events)

    async def _report(self, set_up: OpenAdrSetUp, events: tuple[ProgramEvent, ...]) -> None:
        """Report what is over, once, where the program wants it."""
        wanted = [event for event in events if event.reports and event.event_id not in self._reported]
        if not wanted or self._client is None:
            return
        recorded = await self._grid.events(since=dt_util.utcnow() - REPORTS_LOOK_BACK, limit=50)
        for event in wanted:
            if due := report_due(event, recorded):
                await self._hass.async_add_executor_job(self._client.report, event, set_up.program_id, due)
                self._reported.add(event.event_id)
