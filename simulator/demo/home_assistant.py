"""A real Home Assistant process with its own folder, used through its public doors only."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import itertools
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any, Self

import aiohttp

REPOSITORY = Path(__file__).parents[2]

USER = "demo"
PASSWORD = "offline-evse"
START_TIMEOUT_S = 120.0

_CONFIGURATION = """\
homeassistant:
  name: {name}
  latitude: 52.37
  longitude: 4.89
  elevation: 2
  unit_system: metric
  time_zone: Europe/Amsterdam
  country: NL
  currency: EUR
frontend:
config:
history:
logbook:
recorder:
  commit_interval: 1
energy:
diagnostics:
system_health:
backup:
logger:
  default: warning
  logs:
    custom_components.offline_evse: info
"""


class HomeAssistantError(Exception):
    """Home Assistant did not do what it was asked."""


class HomeAssistant:
    """One Home Assistant, started from the same Python that runs this, on loopback only."""

    def __init__(
        self, folder: Path, port: int, name: str = "Harbour House", more: Mapping[str, Any] | None = None
    ) -> None:
        """Prepare to run in `folder`, which is created where it is missing; `more` goes into configuration.yaml."""
        self.folder = folder
        self.port = port
        self.name = name
        self.more = dict(more or {})
        self.url = f"http://127.0.0.1:{port}"
        self._process: asyncio.subprocess.Process | None = None
        self._tokens: dict[str, Any] = {}
        self._session: aiohttp.ClientSession | None = None

    @property
    def log(self) -> Path:
        """Where the process writes what it says."""
        return self.folder / "run.log"

    @property
    def tokens(self) -> Mapping[str, Any]:
        """The owner's tokens in the form in which the frontend keeps them."""
        return self._tokens

    async def __aenter__(self) -> Self:
        """Start it, and make the owner's account on the first start."""
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        await self.stop()

    async def start(self) -> None:
        """Start the process and log in; returns when Home Assistant runs."""
        self._prepare_folder()
        environment = dict(os.environ)
        stand_ins = REPOSITORY / "scripts" / "stand_ins"
        environment["PYTHONPATH"] = os.pathsep.join(
            part for part in (str(stand_ins), environment.get("PYTHONPATH", "")) if part
        )
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "homeassistant",
                "--config",
                str(self.folder),
                "--skip-pip",
                stdout=log,
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        if self._session is None:
            self._session = aiohttp.ClientSession()
        async with asyncio.timeout(START_TIMEOUT_S):
            await self._until_it_answers()
            await self._log_in()
            await self._until_it_runs()

    async def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a power cut does: at once, with nothing written that was not written."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Stop it and start it again, as people do from the settings."""
        await self._end(signal.SIGTERM)
        await self.start()

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(how)
        try:
            async with asyncio.timeout(30):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def post(self, path: str, data: object) -> Any:
        """POST JSON with the owner's rights."""
        return await self._request("POST", path, json=data)

    async def get(self, path: str) -> Any:
        """GET with the owner's rights."""
        return await self._request("GET", path)

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states by entity id."""
        return {state["entity_id"]: state for state in await self.get("/api/states")}

    async def act(self, domain: str, action: str, data: Mapping[str, Any], *, answer: bool = False) -> Any:
        """Perform an action; returns its response where one is asked for."""
        path = f"/api/services/{domain}/{action}" + ("?return_response" if answer else "")
        reply = await self.post(path, dict(data))
        return reply["service_response"] if answer else reply

    async def start_flow(self, handler: str) -> dict[str, Any]:
        """Begin a config flow as the "Add integration" button does."""
        flow: dict[str, Any] = await self.post(
            "/api/config/config_entries/flow", {"handler": handler, "show_advanced_options": False}
        )
        return flow

    async def continue_flow(self, flow: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
        """Submit a step of a config flow."""
        step: dict[str, Any] = await self.post(f"/api/config/config_entries/flow/{flow['flow_id']}", dict(answers))
        if step.get("errors"):
            raise HomeAssistantError(f"step {step.get('step_id')} says {step['errors']}")
        return step

    async def start_subentry_flow(self, entry_id: str, subentry_type: str) -> dict[str, Any]:
        """Begin a subentry flow as the buttons on an integration's page do."""
        flow: dict[str, Any] = await self.post(
            "/api/config/config_entries/subentries/flow", {"handler": [entry_id, subentry_type]}
        )
        return flow

    async def continue_subentry_flow(self, flow: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
        """Submit a step of a subentry flow."""
        path = f"/api/config/config_entries/subentries/flow/{flow['flow_id']}"
        step: dict[str, Any] = await self.post(path, dict(answers))
        if step.get("errors"):
            raise HomeAssistantError(f"step {step.get('step_id')} says {step['errors']}")
        return step

    async def progressed_subentry_flow(self, flow: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the step that a subentry flow has come to; None while it is at work."""
        if flow["type"] != "progress":
            return dict(flow)
        step: dict[str, Any] = await self.get(f"/api/config/config_entries/subentries/flow/{flow['flow_id']}")
        return None if step["type"] == "progress" else step

    async def delete(self, path: str) -> None:
        """DELETE with the owner's rights."""
        await self._request("DELETE", path)

    async def ask(self, command: Mapping[str, Any]) -> Any:
        """Send one command over the WebSocket API and return its result."""
        async with self.conversation() as ask:
            return await ask(command)

    @asynccontextmanager
    async def conversation(self) -> AsyncIterator[Any]:
        """Open the WebSocket API; yields a coroutine function that sends a command and returns its result."""
        assert self._session is not None
        await self._refresh()
        numbers = itertools.count(1)
        async with self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0) as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": self._tokens["access_token"]})
            if (hello := await socket.receive_json())["type"] != "auth_ok":
                raise HomeAssistantError(f"not let in: {hello}")

            async def ask(command: Mapping[str, Any]) -> Any:
                number = next(numbers)
                await socket.send_json({"id": number, **command})
                while True:
                    message = await socket.receive_json()
                    if message.get("id") == number and message["type"] == "result":
                        if not message["success"]:
                            raise HomeAssistantError(f"{command['type']}: {message['error']}")
                        return message["result"]

            yield ask

    async def _request(self, method: str, path: str, **arguments: Any) -> Any:
        assert self._session is not None
        await self._refresh()
        headers = {"Authorization": f"Bearer {self._tokens['access_token']}"}
        async with self._session.request(method, self.url + path, headers=headers, **arguments) as response:
            body = await response.text()
            if response.status >= 400:
                raise HomeAssistantError(f"{method} {path}: {response.status} {body[:500]}")
            return json.loads(body) if body else None

    def _prepare_folder(self) -> None:
        storage = self.folder / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        components = self.folder / "custom_components"
        components.mkdir(exist_ok=True)
        link = components / "offline_evse"
        if not link.exists():
            link.symlink_to(REPOSITORY / "custom_components" / "offline_evse", target_is_directory=True)
        # JSON is YAML, too.
        more = "".join(f"{domain}: {json.dumps(settings)}\n" for domain, settings in self.more.items())
        (self.folder / "configuration.yaml").write_text(_CONFIGURATION.format(name=self.name) + more)
        # A port in configuration.yaml would be on probation: Home Assistant takes it back after five minutes.
        http = {
            "server_host": ["127.0.0.1"],
            "server_port": self.port,
            "cors_allowed_origins": ["https://cast.home-assistant.io"],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": True,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": datetime.now(UTC).isoformat(),
            "error": None,
            "error_message": None,
        }
        self._seed("http", 2, 2, {"stable": http, "pending": None, "yaml_migration_done": True})
        # The later steps of onboarding would add integrations that live on the internet.
        self._seed("onboarding", 4, 1, {"done": ["core_config", "analytics", "integration"]})

    def _seed(self, key: str, version: int, minor_version: int, data: Mapping[str, Any]) -> None:
        file = self.folder / ".storage" / key
        if not file.exists():
            document = {"version": version, "minor_version": minor_version, "key": key, "data": data}
            file.write_text(json.dumps(document))

    async def _until_it_answers(self) -> None:
        assert self._session is not None
        while True:
            if self._process is not None and self._process.returncode is not None:
                raise HomeAssistantError(f"Home Assistant ended with {self._process.returncode}; see {self.log}")
            try:
                async with self._session.get(f"{self.url}/manifest.json") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)

    async def _until_it_runs(self) -> None:
        while (await self.get("/api/config"))["state"] != "RUNNING":
            await asyncio.sleep(0.2)

    async def _log_in(self) -> None:
        kept = self.folder / "tokens.json"
        if kept.exists():
            self._tokens = json.loads(kept.read_text())
            await self._refresh(force=True)
            return
        client = f"{self.url}/"
        created = await self._onboard(
            "users",
            {
                "client_id": client,
                "name": "Demo",
                "username": USER,
                "password": PASSWORD,
                "language": "en",
            },
        )
        self._keep(await self._token(grant_type="authorization_code", code=created["auth_code"]))
        kept.write_text(json.dumps(self._tokens))

    async def _onboard(self, step: str, data: Mapping[str, Any]) -> Any:
        assert self._session is not None
        while True:
            async with self._session.post(f"{self.url}/api/onboarding/{step}", json=dict(data)) as response:
                if response.status == 200:
                    return await response.json()
                if response.status != 404:
                    raise HomeAssistantError(f"onboarding: {response.status} {await response.text()}")
            # The page answers before the onboarding component has been set up.
            await asyncio.sleep(0.2)

    async def _refresh(self, *, force: bool = False) -> None:
        if not self._tokens:
            return
        if force or datetime.now(UTC).timestamp() * 1000 > self._tokens["expires"] - 60_000:
            self._keep(await self._token(grant_type="refresh_token", refresh_token=self._tokens["refresh_token"]))

    async def _token(self, **form: str) -> dict[str, Any]:
        assert self._session is not None
        form["client_id"] = f"{self.url}/"
        while True:
            async with self._session.post(f"{self.url}/auth/token", data=form) as response:
                if response.status == 200:
                    token: dict[str, Any] = await response.json()
                    return token
                if response.status != 404:
                    raise HomeAssistantError(f"token: {response.status} {await response.text()}")
            await asyncio.sleep(0.2)

    def _keep(self, token: dict[str, Any]) -> None:
        self._tokens |= token
        self._tokens |= {
            "hassUrl": self.url,
            "clientId": f"{self.url}/",
            "ha_auth_provider": "homeassistant",
            "expires": int((datetime.now(UTC).timestamp() + token["expires_in"]) * 1000),
        }
