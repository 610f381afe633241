"""A guest's phone: what the page asks the server, without the page."""

from typing import Any

from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestClient

PATH = "/api/offline_evse/guest"


class Phone:
    """A browser with its own cookies."""

    def __init__(self, client: TestClient[Any, Any] | ClientSession) -> None:
        """Use this client."""
        self.client = client

    async def get(self, path: str, **headers: str) -> ClientResponse:
        """GET something of the page."""
        return await self.client.get(PATH + path, headers={name.replace("_", "-"): it for name, it in headers.items()})

    async def post(self, path: str, body: object, **headers: str) -> ClientResponse:
        """POST as the page does."""
        return await self.client.post(
            PATH + path, json=body, headers={name.replace("_", "-"): it for name, it in headers.items()}
        )

    async def enter(self, code: str) -> dict[str, Any]:
        """Type the code of a pass, and be let in."""
        response = await self.post("/visit", {"code": code})
        assert response.status == 200, await response.text()
        state: dict[str, Any] = await response.json()
        return state

    async def state(self) -> dict[str, Any]:
        """Return what the page shows."""
        response = await self.get("/state")
        assert response.status == 200, response.status
        state: dict[str, Any] = await response.json()
        return state

    async def spot(self, name: str) -> dict[str, Any]:
        """Return a charger by its name."""
        return next(it for it in (await self.state())["chargers"] if it["name"] == name)

    async def press(self, deed: str, charger: str) -> tuple[int, dict[str, Any]]:
        """Press a button; returns status and body."""
        response = await self.post(f"/{deed}", {"charger": charger})
        return response.status, await response.json()

    async def record(self) -> list[dict[str, Any]]:
        """Return the sessions of the pass."""
        response = await self.get("/record")
        assert response.status == 200
        sessions: list[dict[str, Any]] = (await response.json())["sessions"]
        return sessions
