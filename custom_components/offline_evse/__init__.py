"""Offline EVSE: a local charging site that is its own authority."""

from pathlib import Path

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

from .actions.audit import register_audit
from .actions.backends import register_backend_services
from .actions.bluetooth_keys import register_bluetooth_services
from .actions.cards import register_card_services
from .actions.exports import register_export_services
from .actions.grid import register_grid_services
from .actions.passes import register_pass_services
from .actions.rehearsal import register_rehearsal
from .const import DOMAIN, PLATFORMS
from .engine.model.clock import SystemClock
from .engine.model.failure import LayoutError, LedgerUnavailableError
from .engine.site.opening import open_site
from .guest.doors.api_views import register_guest_api
from .guest.doors.page_views import register_guest_page
from .guest.hotel.reservations import store as stays_store
from .ocpp_view import register_views
from .phone_key.views import register_key_page
from .port import bind_reason
from .runtime import EvseRuntime, OfflineEvseConfigEntry
from .services import register_services
from .site_config import site_config
from .websocket_api import register_websocket_api

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what lives as long as Home Assistant: the actions, and the door on its own web server."""
    register_views(hass)
    register_services(hass)
    register_card_services(hass)
    register_grid_services(hass)
    register_websocket_api(hass)
    register_rehearsal(hass)
    register_audit(hass)
    register_export_services(hass)
    register_bluetooth_services(hass)
    register_backend_services(hass)
    register_pass_services(hass)
    register_guest_api(hass)
    await register_guest_page(hass)
    await register_key_page(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: OfflineEvseConfigEntry) -> bool:
    """Open the site: its ledger first, then its door for chargers.

    The ledger's folder belongs to the integration, not to the entry: a site that is removed and set up again
    finds its records where they were.
    """
    port: int = entry.data[CONF_PORT]
    try:
        site = await open_site(
            config=site_config(entry),
            folder=ledger_folder(hass),
            clock=SystemClock(),
            port=port,
            host=entry.data.get(CONF_HOST),
        )
    except OSError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="port_in_use",
            translation_placeholders={"port": str(port), "error": bind_reason(err)},
        ) from err
    except LedgerUnavailableError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="ledger_unavailable",
            translation_placeholders={"folder": str(ledger_folder(hass)), "error": str(err)},
        ) from err
    except LayoutError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="bad_layout",
            translation_placeholders={"error": str(err)},
        ) from err
    entry.runtime_data = runtime = EvseRuntime(hass, entry, site)
    runtime.start()
    entry.async_on_unload(runtime.close)
    entry.async_on_unload(entry.add_update_listener(_set_up_changed))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: OfflineEvseConfigEntry) -> bool:
    """Close the site: chargers are let go, and the port is free again."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: OfflineEvseConfigEntry) -> None:
    """Forget what was kept beside the ledger."""
    await stays_store(hass, entry).async_remove()


async def _set_up_changed(hass: HomeAssistant, entry: OfflineEvseConfigEntry) -> None:
    """Take over a changed entry or subentry in place. Never a reload: that would drop every charger."""
    await entry.runtime_data.set_up_changed()


def ledger_folder(hass: HomeAssistant) -> Path:
    """Where the ledger lives; inside what Home Assistant backs up."""
    return Path(hass.config.path(".storage", DOMAIN))
