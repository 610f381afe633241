"""The actions for backends, what diagnostics tell of them, and the health page."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import json_dumps
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.backends.address import redacted_address
from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.upstream.delivery import DeliveryState, Settlement
from custom_components.offline_evse.engine.model.upstream.link import Backlog
from tests.integration.backends.conftest import MONTA, LinesInHand, backend_id, charged, parked, view
from tests.integration.wallbox import Wallbox


async def act(hass: HomeAssistant, name: str, **data: Any) -> dict[str, Any]:
    """Call an action, and return its response where it has one."""
    answers = name.startswith("list")
    response = await hass.services.async_call(DOMAIN, name, data, blocking=True, return_response=answers)
    return dict(response or {})


def device_id(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    (device,) = [
        it for it in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id) if it.model == "OCPP backend"
    ]
    return device.id


async def test_what_waits_is_listed(
    hass: HomeAssistant, garage: Wallbox, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    await charged(garage, 2)
    (told,) = (await act(hass, "list_backend_sessions"))["backends"]
    assert (told["backend"], told["link"]) == ("Monta", "offline")
    assert [it["state"] for it in told["sessions"]] == ["waiting", "waiting"]
    session = told["sessions"][0]
    assert (session["charger"], session["energy_kwh"], session["name"]) == ("Garage", 12.34, "Ada")
    await parked(lines, monta_entry, DeliveryState.AMBIGUOUS)
    for named in ("monta", device_id(hass, monta_entry)):
        (told,) = (await act(hass, "list_backend_sessions", backend=named))["backends"]
        assert told["sessions_to_settle"] == 2
        assert [it["state"] for it in told["sessions"]] == ["ambiguous", "ambiguous"]


async def test_a_session_is_settled(
    hass: HomeAssistant, garage: Wallbox, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    await charged(garage, 2)
    first, second = await parked(lines, monta_entry, DeliveryState.AMBIGUOUS)
    await act(hass, "settle_backend_session", session_id=first, decision="skip", remote_id="1")
    await act(hass, "settle_backend_session", session_id=second, decision="match", remote_id="4711", backend="Monta")
    assert [it[1:] for it in lines.settled] == [
        (first, Settlement.SKIP, None),
        (second, Settlement.MATCH, "4711"),
    ]


async def test_a_session_that_nobody_has_to_settle(
    hass: HomeAssistant, garage: Wallbox, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    await charged(garage)
    (session,) = await parked(lines, monta_entry, DeliveryState.AMBIGUOUS)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"session_id": "01KAJ3B7Q8F6W0V4N2S5T9XYZA", "decision": "skip"}, "nothing_to_settle"),
        ({"session_id": session, "decision": "match"}, "bad_remote_id"),
        ({"session_id": session, "decision": "match", "remote_id": "tx-1"}, "bad_remote_id"),
        ({"session_id": session, "decision": "skip", "backend": "Road"}, "no_such_backend"),
    ]
    for data, error in wrong:
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, "settle_backend_session", **data)
        assert raised.value.translation_key == error
    assert lines.settled == []


async def test_a_backend_is_dialled_at_once(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry
) -> None:
    await act(hass, "reconnect_backend")
    await act(hass, "reconnect_backend", backend=device_id(hass, monta_entry))
    assert lines.dialled == [backend_id(monta_entry)] * 2
    with pytest.raises(ServiceValidationError):
        await act(hass, "reconnect_backend", backend="Road")


async def test_diagnostics_tell_no_secret(
    hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    data = {
        **MONTA,
        "address": "wss://csms.example:8443/secret-path",
        "authority_pem": "PEM-AUTHORITY",
        "certificate_pem": "PEM-CERTIFICATE",
        "key_pem": "PEM-KEY",
    }
    monta = monta_entry.subentries[backend_id(monta_entry)]
    hass.config_entries.async_update_subentry(monta_entry, monta, data=data)
    await hass.async_block_till_done(wait_background_tasks=True)
    lines.show(view(monta_entry, LinkState.DEGRADED))
    told: Any = await get_diagnostics_for_config_entry(hass, hass_client, monta_entry)
    text = json_dumps(told)
    secrets = ("very-secret-pw", "MONTA-7", "secret-path", "PEM-", "Monta")
    assert [secret for secret in secrets if secret in text] == []
    (kept,) = [it for it in told["entry"]["subentries"] if it["type"] == "backend"]
    assert kept["data"]["address"] == "wss://csms.example:8443/**REDACTED**"
    assert list(kept["data"]["chargers"]) == ["CP-1"]
    assert told["backends"][0]["link"]["state"] == "degraded"


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("wss://csms.example", "wss://csms.example"),
        ("wss://csms.example/?token=secret", "wss://csms.example/**REDACTED**"),
        ("ws://ada:secret@[2001:db8::1]:8080/x", "ws://[2001:db8::1]:8080/**REDACTED**"),
        ("wss://csms.example:secret", "**REDACTED**"),
    ],
)
def test_an_address_without_its_secrets(address: str, kept: str) -> None:
    assert redacted_address(address) == kept


async def test_the_health_page(hass: HomeAssistant, lines: LinesInHand, monta_entry: MockConfigEntry) -> None:
    assert await async_setup_component(hass, "system_health", {})
    lines.show(view(monta_entry, backlog=Backlog(session_count=3)))
    told = await get_system_health_info(hass, DOMAIN)
    assert (told["backends"], told["backends_online"], told["sessions_waiting"]) == (1, 1, 3)
