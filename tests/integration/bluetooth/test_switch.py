"""Switching Bluetooth on and off, what it keeps over a restart, and that a home without it has nothing of it."""

from collections.abc import Iterator
from pathlib import Path
import sys

from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.bluetooth import notices
from custom_components.offline_evse.const import DOMAIN
from simulator.holder.holder import Holder
from tests.integration.conftest import Dial, open_entry
from tests.integration.home import home

from .surroundings import SOURCES, Surroundings, eventually

OURS = ("custom_components.offline_evse.bluetooth.", "custom_components.offline_evse.engine.authorization.ble")


@pytest.fixture
def forgotten_modules() -> Iterator[None]:
    """Take everything of Bluetooth out of what Python has imported, and put it back at the end."""
    package = "custom_components.offline_evse.bluetooth"
    names = [name for name in sys.modules if name == package or name.startswith(OURS)]
    kept = {name: sys.modules.pop(name) for name in names}
    yield
    for name in [name for name in sys.modules if name == package or name.startswith(OURS)]:
        del sys.modules[name]
    sys.modules.update(kept)


async def test_nothing_is_imported_while_it_is_off(
    hass: HomeAssistant, own_folder: Path, forgotten_modules: None, dial: Dial
) -> None:
    entry = home()
    site = await open_entry(hass, entry)
    wallbox = await dial(site.port, "CP-1")
    await wallbox.boot()
    await wallbox.status("Preparing")
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert "bluetooth" in menu["menu_options"]
    form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "bluetooth"})
    assert form["step_id"] == "bluetooth_radio"
    with pytest.raises(ServiceValidationError, match="switched off"):
        await hass.services.async_call(
            DOMAIN, "enrol_ble_key", {CONF_NAME: "Anna", "public_key": "00"}, blocking=True, return_response=True
        )
    await hass.async_block_till_done()
    assert [name for name in sys.modules if name.startswith(OURS)] == []
    assert "bluetooth" not in hass.config.components
    assert entry.runtime_data.bluetooth.open is None


async def test_the_options_switch_it_on_with_its_scanners_and_off_again(
    hass: HomeAssistant, surroundings: Surroundings
) -> None:
    entry = surroundings.entry
    surroundings.change_options(enabled=False, scanners={})
    await hass.async_block_till_done()
    assert entry.runtime_data.bluetooth.open is None

    flow = await step(hass, entry, "bluetooth")
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], {"enabled": True, "plain": False})
    for source, station in SOURCES.items():
        assert flow["step_id"] == "bluetooth_scanners"
        selector = flow["data_schema"].schema["scanners"]
        assert [option["value"] for option in selector.config["options"]] == list(SOURCES)
        flow = await hass.config_entries.options.async_configure(flow["flow_id"], {"scanners": [source]})
        assert station in SOURCES.values()
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options["bluetooth"] == {"enabled": True, "scanners": SOURCES, "plain": False}
    assert surroundings.bluetooth.diagnostics()["scanners"] == [
        {"connectable": True, "charger": station} for station in SOURCES.values()
    ]

    flow = await step(hass, entry, "bluetooth", "bluetooth_radio")
    await hass.config_entries.options.async_configure(flow["flow_id"], {"enabled": False, "plain": False})
    await hass.async_block_till_done()
    assert entry.runtime_data.bluetooth.open is None
    assert entry.options["bluetooth"]["scanners"] == SOURCES


async def test_keys_buttons_presences_and_issuers_by_the_options(
    hass: HomeAssistant, surroundings: Surroundings
) -> None:
    entry, holder, issuer = surroundings.entry, Holder(), surroundings.issuer()
    configure = hass.config_entries.options.async_configure

    flow = await step(hass, entry, "bluetooth", "bluetooth_key")
    flow = await configure(flow["flow_id"], {"name": "Anna", "public_key": "0102"})
    assert flow["errors"] == {"public_key": "no_public_key"}
    flow = await configure(flow["flow_id"], {"name": "Anna", "public_key": holder.public.hex(), "day_kwh": 30})
    assert flow["step_id"] == "bluetooth_key_enrolled"
    assert flow["description_placeholders"]["site_id"] == surroundings.bluetooth.keyring.keys.site_id.hex()
    assert (await configure(flow["flow_id"], {}))["type"] is FlowResultType.CREATE_ENTRY

    flow = await step(hass, entry, "bluetooth", "bluetooth_button")
    given = {"name": "Ben", "address": "54:48:E6:8F:80:A5", "bindkey": "00"}
    flow = await configure(flow["flow_id"], given)
    assert flow["errors"] == {"bindkey": "no_bindkey"}
    flow = await configure(flow["flow_id"], {**given, "bindkey": "11" * 16, "address": "nowhere"})
    assert flow["errors"] == {"address": "no_address"}
    flow = await configure(flow["flow_id"], {**given, "bindkey": "11" * 16})
    assert flow["type"] is FlowResultType.CREATE_ENTRY

    flow = await step(hass, entry, "bluetooth", "bluetooth_presence")
    rails = {"name": "Carla", "begins": "17:00:00", "ends": "08:00:00", "day_kwh": 20}
    flow = await configure(flow["flow_id"], rails)
    assert flow["errors"] == {"base": "one_of_three"}
    flow = await configure(flow["flow_id"], {**rails, "entity": "sensor.carla_area"})
    assert flow["errors"] == {"state": "state_needed"}
    flow = await configure(flow["flow_id"], {**rails, "irk": "aa" * 16, "ends": "17:00:00"})
    assert flow["errors"] == {"ends": "hours_needed"}
    flow = await configure(flow["flow_id"], {**rails, "irk": "aa" * 16})
    assert flow["type"] is FlowResultType.CREATE_ENTRY

    flow = await step(hass, entry, "bluetooth", "bluetooth_issuer")
    flow = await configure(
        flow["flow_id"], {"name": "Chain", "public_key": issuer.public.hex(), "purposes": ["tokens", "relay"]}
    )
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert surroundings.bluetooth.reader.relays_offered

    assert sorted(surroundings.bluetooth.enrolled().values()) == ["Anna", "Ben", "Carla", "Chain"]
    limits = {card.name: card.terms.day_wh for card in surroundings.site.cards()}
    assert limits == {"Anna": 30_000, "Ben": None, "Carla": 20_000}

    flow = await step(hass, entry, "bluetooth", "bluetooth_remove")
    await configure(flow["flow_id"], {"gone": list(surroundings.bluetooth.enrolled())})
    assert surroundings.bluetooth.enrolled() == {}
    assert surroundings.site.cards() == ()
    assert not surroundings.bluetooth.reader.relays_offered


async def test_the_action_tells_what_the_app_needs(hass: HomeAssistant, surroundings: Surroundings) -> None:
    holder = Holder()
    told = await hass.services.async_call(
        DOMAIN,
        "enrol_ble_key",
        {CONF_NAME: "Anna", "public_key": holder.public.hex(), "session_energy": 12.5},
        blocking=True,
        return_response=True,
    )
    assert told is not None
    assert told["site_id"] == surroundings.bluetooth.keyring.keys.site_id.hex()
    credential = surroundings.site.credential_by_key(str(told["key"]))
    assert credential is not None
    assert credential.id_token.value == told["card"]
    assert credential.terms.session_wh == 12_500
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(
            DOMAIN, "enrol_ble_key", {CONF_NAME: "Anna", "public_key": "!"}, blocking=True, return_response=True
        )


async def test_keys_and_what_was_revoked_outlive_a_restart(hass: HomeAssistant, surroundings: Surroundings) -> None:
    holder = Holder()
    enrolled = await surroundings.enrol(holder)
    surroundings.bluetooth.keyring.revocations.revoke_key("somebody")
    surroundings.change_options(enabled=False)
    await hass.async_block_till_done()
    surroundings.change_options(enabled=True)
    await hass.async_block_till_done()
    keyring = surroundings.bluetooth.keyring
    assert keyring.keys.site_id.hex() == enrolled.site_id
    assert keyring.revocations.key_revoked("somebody")
    assert keyring.time_trust.high_water is not None
    phone = await surroundings.phone(holder)
    await surroundings.advertise(phone)
    assert await surroundings.result(phone) == 0


async def test_the_owner_is_told_when_nothing_can_connect(
    hass: HomeAssistant, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = ir.async_get(hass)
    monkeypatch.setattr(notices, "MISSING_FOR_S", 0.05)
    assert registry.async_get_issue(DOMAIN, notices.NO_SCANNER) is None
    surroundings.unregister_scanners()
    await eventually(lambda: registry.async_get_issue(DOMAIN, notices.NO_SCANNER) is not None)
    surroundings.register_scanners()
    await eventually(lambda: registry.async_get_issue(DOMAIN, notices.NO_SCANNER) is None)


async def step(hass: HomeAssistant, entry: MockConfigEntry, *steps: str) -> dict[str, object]:
    """Walk through the menus to a form."""
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    for each in steps:
        flow = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": each})
    return flow
