"""What cannot be filled in about a backend, and what is said of it."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator.backend.central import CentralSystem
from tests.integration.backends.conftest import MONTA, backend_id
from tests.integration.backends.forms import EMPTY, answers, begin, change, go_on, pem, suggested, told

ADDRESSES = {
    "csms.example": "bad_scheme",
    "https://csms.example/ocpp": "bad_scheme",
    "wss://": "bad_address",
    "wss://csms.example:99999/ocpp": "bad_address",
    "wss://csms example/ocpp": "bad_address",
    "wss://csms.example/ocpp#here": "bad_address",
    "wss://ada:secret@csms.example/ocpp": "credentials_in_address",
    "wss://csms.example/ocpp/cp-1": "identity_in_address",
}


@pytest.mark.usefixtures("monta_site")
@pytest.mark.parametrize(("address", "error"), ADDRESSES.items())
async def test_an_address_that_cannot_be(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem, address: str, error: str
) -> None:
    flow = await go_on(hass, await begin(hass, monta_entry), answers(central, address=address))
    assert flow["errors"] == {"address": error}
    assert suggested(flow, "address") == address


@pytest.mark.usefixtures("monta_site")
async def test_a_form_that_cannot_be(hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem) -> None:
    flow = await begin(hass, monta_entry)
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "name_needed": ({"name": " "}, "name"),
        "charger_needed": ({"chargers": []}, "chargers"),
        "half_a_window": ({"traffic": {**EMPTY["traffic"], "bulk_from": "22:00:00"}}, "base"),
        "nothing_to_encrypt": ({"tls": {"authority_pem": pem()[0]}}, "base"),
    }
    for error, (parts, field) in wrong.items():
        flow = await go_on(hass, flow, answers(central, **parts))
        assert flow["errors"] == {field: error}


@pytest.mark.usefixtures("monta_site")
async def test_certificates_that_cannot_be(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    certificate, key = pem()
    wrong: dict[str, dict[str, str]] = {
        "bad_authority": {"authority_pem": "BEGIN nothing"},
        "certificate_and_key": {"certificate_pem": certificate},
        "bad_certificate": {"certificate_pem": "nothing", "key_pem": key},
        "certificate_expired": dict(zip(("certificate_pem", "key_pem"), pem(days=-1), strict=True)),
        "bad_key": {"certificate_pem": certificate, "key_pem": "nothing"},
        "key_has_password": dict(zip(("certificate_pem", "key_pem"), pem(secret=b"x"), strict=True)),
        "key_of_another_certificate": {"certificate_pem": certificate, "key_pem": pem()[1]},
    }
    flow = await begin(hass, monta_entry)
    for error, parts in wrong.items():
        flow = await go_on(hass, flow, answers(central, address="wss://127.0.0.1:1/ocpp", tls=parts))
        assert flow["errors"] == {"base": error}
    tls = {"certificate_pem": f"  {certificate}", "key_pem": key, "authority_pem": certificate}
    flow = await go_on(hass, flow, answers(central, address="wss://127.0.0.1:1/ocpp", tls=tls))
    assert flow["step_id"] == "charger"


@pytest.mark.usefixtures("monta_site")
async def test_only_one_backend_is_asked_about_cards_at_a_charger(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    monta = monta_entry.subentries[backend_id(monta_entry)]
    hass.config_entries.async_update_subentry(monta_entry, monta, data={**MONTA, "role": "authority"})
    flow = await go_on(hass, await begin(hass, monta_entry), answers(central, role="authority"))
    assert flow["errors"] == {"role": "second_authority"}
    assert told(flow)["other"] == "Monta"
    flow = await go_on(hass, flow, answers(central, role="authority", chargers=["CP-2"]))
    assert flow["step_id"] == "charger"
    own = await change(hass, monta_entry)
    own = await go_on(hass, own, answers(central, role="authority"))
    assert own["step_id"] == "charger"


@pytest.mark.usefixtures("monta_site")
async def test_an_identity_that_cannot_be(
    hass: HomeAssistant, monta_entry: MockConfigEntry, central: CentralSystem
) -> None:
    flow = await go_on(hass, await begin(hass, monta_entry), answers(central, chargers=["CP-1", "CP-2"]))
    for identity, error in ((" ", "bad_identity"), ("a/b", "bad_identity")):
        flow = await go_on(hass, flow, {"identity": identity, "others": False})
        assert flow["errors"] == {"identity": error}
    flow = await go_on(hass, flow, {"identity": "A", "others": False})
    assert (flow["step_id"], flow["errors"]) == ("charger", {})
    assert told(flow)["charger"] == "Yard"
    assert told(flow)["number"] == "2"
    flow = await go_on(hass, flow, {"identity": "A"})
    assert flow["errors"] == {"identity": "identity_twice"}
