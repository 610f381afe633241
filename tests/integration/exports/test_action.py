"""The action that writes records to a file, and the door at which they are fetched."""

from collections.abc import Awaitable, Callable
from contextlib import closing
import csv
from datetime import timedelta
from http import HTTPStatus
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
import zipfile

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator
import voluptuous as vol

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.engine.uplink.export import bundle as bundle_module
from simulator.backend.receiver import Receiver
from tests.integration.wallbox import Wallbox

type Export = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def export(hass: HomeAssistant) -> Export:
    """Call the action: `await export(what="all")`."""

    async def call(context: Context | None = None, **data: Any) -> dict[str, Any]:
        answer = await hass.services.async_call(
            DOMAIN, "export_records", data, blocking=True, return_response=True, context=context
        )
        assert answer is not None
        return answer

    return call


@pytest.fixture
async def session(hass: HomeAssistant, site: Site, charger: Wallbox) -> int:
    """A session of Ada's that is over; its transaction id."""
    await hass.services.async_call(DOMAIN, "enrol_card", {"card": "A1", "name": "Ada"}, blocking=True)
    transaction = await charger.start("A1", meter_wh=1000, ago_s=3600)
    await charger.stop(transaction, meter_wh=8500)
    return transaction


@pytest.mark.usefixtures("session")
async def test_a_file_for_somebody_without_a_link(
    hass: HomeAssistant, own_folder: Path, export: Export, tmp_path: Path
) -> None:
    answer = await export()
    path = Path(answer["path"])
    assert path.parent == own_folder / "offline_evse_exports"
    assert answer["sessions"] == 1
    assert answer["size_bytes"] == path.stat().st_size
    with closing(Receiver(tmp_path / "office.db")) as office:
        taken = office.take(path)
        assert (taken.first_seq, taken.last_seq, taken.new_count) == (answer["first"], answer["last"], answer["count"])
    with zipfile.ZipFile(path) as archive:
        (row,) = csv.DictReader(StringIO(archive.read("sessions.csv").decode(), newline=""))
    assert (row["energy_kwh"], row["charger"], row["holder_name"]) == ("7.500", "Garage", "")
    assert await export() == {"count": 0}
    everything = await export(what="all", names=True)
    with zipfile.ZipFile(everything["path"]) as archive:
        (row,) = csv.DictReader(StringIO(archive.read("sessions.csv").decode(), newline=""))
    assert row["holder_name"] == "Ada"
    assert everything["names"] is True
    shown = hass.states.get("sensor.home_last_export")
    assert shown is not None
    assert dt_util.parse_datetime(shown.state) is not None


@pytest.mark.usefixtures("session")
async def test_a_period(export: Export) -> None:
    now = dt_util.utcnow()
    answer = await export(what="period", since=now - timedelta(hours=1))
    assert answer["sessions"] == 1
    assert await export(what="period", until=now - timedelta(hours=1)) == {"count": 0}
    with pytest.raises(ServiceValidationError) as caught:
        await export(what="period")
    assert caught.value.translation_key == "export_period"
    with pytest.raises(ServiceValidationError):
        await export(what="all", since=now)


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("target", ["scheduled", "../up", "", "A B"])
async def test_a_bad_target(export: Export, target: str) -> None:
    with pytest.raises(vol.Invalid):
        await export(target=target)


@pytest.mark.usefixtures("session")
async def test_a_full_disk(export: Export, own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "SPARE_BYTES", 1 << 62)
    with pytest.raises(HomeAssistantError) as caught:
        await export()
    assert caught.value.translation_key == "export_disk_full"
    assert "enough room" in str(caught.value)
    assert list((own_folder / "offline_evse_exports").iterdir()) == []
    monkeypatch.undo()
    assert (await export())["sessions"] == 1, "nothing was lost by it"


async def test_a_file_in_the_way(site: Site, export: Export, own_folder: Path) -> None:
    (own_folder / "offline_evse_exports").write_text("")
    with pytest.raises(HomeAssistantError) as caught:
        await export()
    assert caught.value.translation_key == "export_unwritable"


async def test_only_administrators_export(
    site: Site, export: Export, hass_read_only_user: MockUser, hass_admin_user: MockUser
) -> None:
    with pytest.raises(Unauthorized):
        await export(Context(user_id=hass_read_only_user.id))
    assert (await export(Context(user_id=hass_admin_user.id)))["count"] > 0


@pytest.mark.usefixtures("session")
async def test_a_file_is_fetched_by_administrators_only(
    hass: HomeAssistant,
    export: Export,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    hass_read_only_access_token: str,
) -> None:
    answer = await export()
    path = Path(answer["path"])
    admin = await hass_client()
    response = await admin.get(answer["download"])
    assert response.status == HTTPStatus.OK
    assert await response.read() == path.read_bytes()
    assert response.headers["Content-Disposition"] == f'attachment; filename="{path.name}"'
    assert response.headers["Cache-Control"] == "no-store"
    nobody = await hass_client_no_auth()
    assert (await nobody.get(answer["download"])).status == HTTPStatus.UNAUTHORIZED
    reader = {"Authorization": f"Bearer {hass_read_only_access_token}"}
    assert (await nobody.get(answer["download"], headers=reader)).status == HTTPStatus.UNAUTHORIZED
    for name in ("..%2F.storage%2Fauth", "none.zip", path.name.replace("-1-", "-2-", 1), "%2e%2e"):
        refused = await admin.get(f"/api/offline_evse/exports/{name}")
        assert refused.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)


@pytest.mark.usefixtures("session")
async def test_the_link_in_the_answer_works_in_a_browser(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, hass_client_no_auth: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "websocket_api", {})
    socket = await hass_ws_client(hass)
    await socket.send_json_auto_id(
        {"type": "call_service", "domain": DOMAIN, "service": "export_records", "return_response": True}
    )
    answer = (await socket.receive_json())["result"]["response"]
    browser = await hass_client_no_auth()
    response = await browser.get(answer["download"])
    assert response.status == HTTPStatus.OK
    with zipfile.ZipFile(BytesIO(await response.read())) as archive:
        assert archive.testzip() is None
    assert (await browser.get(answer["download"] + "x")).status == HTTPStatus.UNAUTHORIZED
