"""A few figures for Home Assistant's own health page."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .engine.model.access import LinkState
from .runtime import OfflineEvseConfigEntry


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Offer the figures."""
    register.async_register_info(site_health)


async def site_health(hass: HomeAssistant) -> dict[str, Any]:
    """Return how the site is doing."""
    entries: list[OfflineEvseConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        return {"running": False}
    site = entries[0].runtime_data.site
    return {
        "running": True,
        "port": site.port,
        "chargers": len(site.stations),
        "chargers_connected": sum(station.connected for station in site.stations.values()),
        "unknown_chargers": len(site.state.strangers),
        "ledger": "failed" if site.state.ledger_failed else "ok",
        "silent_meters": len(site.state.silent_meters),
        "backends": len(site.state.upstreams),
        "backends_online": sum(view.link.state is LinkState.ONLINE for view in site.state.upstreams.values()),
        "sessions_waiting": sum(view.backlog.session_count for view in site.state.upstreams.values()),
    }
