"""OpenADR 3 against a server on this machine, with the real library where it is installed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.requirements import RequirementsNotFound
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.grid import GridSource, GridView
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.waiting import PATIENCE_S, until

PROGRAM = "capacity"


def iso(when: datetime) -> str:
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")


def capacity_event(limit_kw: float, *, begins: datetime, duration: str = "PT1H", name: str = "ev-1") -> dict[str, Any]:
    """An event of one interval."""
    return {
        "id": name,
        "createdDateTime": iso(begins),
        "modificationDateTime": iso(begins),
        "objectType": "EVENT",
        "programID": PROGRAM,
        "intervalPeriod": {"start": iso(begins), "duration": duration},
        "payloadDescriptors": [
            {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}
        ],
        "reportDescriptors": [
            {"objectType": "REPORT_DESCRIPTOR", "payloadType": "DEMAND", "units": "KW"},
            {"objectType": "REPORT_DESCRIPTOR", "payloadType": "USAGE", "units": "KWH"},
        ],
        "intervals": [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [limit_kw]}]}],
    }


class Vtn:
    """A server of a program, which says what the test gives it to say."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.reports: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        self.asked_for: list[str | None] = []
        self.down = False
        self._asked = asyncio.Event()

    async def when(self, test: Callable[[], object]) -> None:
        """Wait until the test passes; it is put after every request."""
        async with asyncio.timeout(PATIENCE_S):
            while not test():
                self._asked.clear()
                await self._asked.wait()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/events", self._events)
        app.router.add_get("/reports", self._reports)
        app.router.add_post("/reports", self._report)
        app.router.add_post("/auth/token", self._token)
        return app

    async def _events(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization"))
        self.asked_for.append(request.query.get("programID"))
        self._asked.set()
        return web.json_response(self.events, status=503 if self.down else 200)

    async def _reports(self, request: web.Request) -> web.Response:
        asked = request.query.get("eventID")
        return web.json_response([it for it in self.reports if it["eventID"] == asked])

    async def _report(self, request: web.Request) -> web.Response:
        now = iso(datetime.now(UTC))
        report = await request.json() | {"createdDateTime": now, "modificationDateTime": now, "clientID": "us"}
        report["id"] = f"report-{len(self.reports)}"
        self.reports.append(report)
        self._asked.set()
        return web.json_response(report, status=201)

    async def _token(self, request: web.Request) -> web.Response:
        return web.json_response({"access_token": "SECRET", "token_type": "Bearer", "expires_in": 3600})


@pytest.fixture
async def vtn(socket_enabled: None) -> AsyncIterator[tuple[Vtn, str]]:
    """A server on loopback, and its address."""
    server = Vtn()
    async with TestServer(server.app(), host="127.0.0.1") as running:
        yield server, str(running.make_url("")).rstrip("/")


@pytest.fixture(autouse=True)
def quick_polls() -> Any:
    """Poll as fast as the test can look."""
    with patch("custom_components.offline_evse.inputs.openadr.POLL_EVERY_S", 0.05):
        yield


@pytest.fixture
def library() -> None:
    """Only with the library."""
    pytest.importorskip("openadr3_client", reason="installed at configuration time only")


async def submit(hass: HomeAssistant, entry: MockConfigEntry, **data: Any) -> Any:
    """Go through the options step."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    step = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "openadr"})
    form = {"version": "oadr310", "basis": "charging", "report": True} | data
    done = await hass.config_entries.options.async_configure(step["flow_id"], form)
    await hass.async_block_till_done()
    return done


def view(site: Site) -> GridView:
    shown = site.state.grid
    assert shown is not None
    return shown


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("version", ["oadr310", "oadr301"])
async def test_an_event_of_the_program_becomes_a_limit_until_it_is_taken_back(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, vtn: tuple[Vtn, str], version: str
) -> None:
    server, url = vtn
    server.events = [capacity_event(9.5, begins=datetime.now(UTC) - timedelta(minutes=5))]
    assert (await submit(hass, site_entry, url=url, program=PROGRAM, version=version))["type"] == "create_entry"
    await until(site.state, lambda: site.state.grid is not None and site.state.grid.active)
    binding = view(site).binding
    assert binding is not None
    assert (binding.source, binding.limit_w, binding.event_id) == (GridSource.OPENADR, 9500, "ev-1/0")
    assert server.asked_for[-1] == PROGRAM
    server.events = [capacity_event(7, begins=datetime.now(UTC) - timedelta(minutes=5))]
    await until(site.state, lambda: view(site).binding is not None and view(site).lines[0].limit_w == 7000)
    server.events = []
    await until(site.state, lambda: not view(site).active)
    (event,) = await site.grid.events()
    assert event.source == "openadr"
    assert all(len(it.body["raw_sha256"]) == 64 for it in event.records if it.kind == "command")


@pytest.mark.usefixtures("library")
async def test_a_server_that_goes_away_changes_nothing(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, vtn: tuple[Vtn, str]
) -> None:
    server, url = vtn
    server.events = [capacity_event(9.5, begins=datetime.now(UTC))]
    await submit(hass, site_entry, url=url)
    await until(site.state, lambda: site.state.grid is not None and site.state.grid.active)
    server.down = True
    seen = len(server.asked_for)
    await server.when(lambda: len(server.asked_for) >= seen + 3)
    assert view(site).active


@pytest.mark.usefixtures("library")
async def test_a_log_in_is_used(
    hass: HomeAssistant,
    site: Site,
    site_entry: MockConfigEntry,
    vtn: tuple[Vtn, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    server, url = vtn
    done = await submit(hass, site_entry, url=url, client_id="ven", client_secret="hush", token_url=f"{url}/auth/token")
    assert done["type"] == "create_entry"
    assert server.tokens[0] == "Bearer SECRET"


@pytest.mark.usefixtures("library")
async def test_an_event_is_reported_once_when_it_is_over(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, vtn: tuple[Vtn, str]
) -> None:
    server, url = vtn
    server.events = [capacity_event(9.5, begins=datetime.now(UTC), duration="PT2S")]
    with patch("custom_components.offline_evse.engine.site.grid.proof.AFTERWARDS_S", 1.0):
        await submit(hass, site_entry, url=url)
        await server.when(lambda: server.reports)
    seen = len(server.asked_for)
    await server.when(lambda: len(server.asked_for) >= seen + 3)
    (report,) = server.reports
    assert report["eventID"] == "ev-1"
    kinds = {payload["type"] for it in report["resources"][0]["intervals"] for payload in it["payloads"]}
    assert kinds == {"DEMAND", "USAGE"}


async def test_a_library_that_cannot_be_installed_is_said_so(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    failure = RequirementsNotFound("offline_evse", ["openadr3-client"])
    with patch("custom_components.offline_evse.inputs.openadr.async_process_requirements", side_effect=failure):
        refused = await submit(hass, site_entry, url="https://vtn.invalid")
    assert refused["errors"] == {"base": "not_installed"}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"url": "http://vtn.invalid"}, {"url": "https_needed"}),
        ({"url": "https://vtn.invalid", "version": "oadr301", "client_id": "a"}, {"token_url": "token_url_needed"}),
    ],
)
async def test_what_cannot_work_is_refused_before_anything_is_installed(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, data: dict[str, Any], error: dict[str, str]
) -> None:
    with patch("custom_components.offline_evse.inputs.openadr.async_process_requirements") as install:
        refused = await submit(hass, site_entry, **data)
    assert refused["errors"] == error
    install.assert_not_called()


async def test_nothing_is_installed_or_polled_without_a_server(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    with patch("custom_components.offline_evse.inputs.openadr.async_process_requirements") as install:
        assert (await submit(hass, site_entry))["type"] == "create_entry"
    install.assert_not_called()
    assert site.state.grid is None or not site.state.grid.active
