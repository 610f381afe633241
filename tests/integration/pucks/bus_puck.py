"""A puck without a node behind it: it fires events on Home Assistant's bus, and its actions are registered here."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator.esphome.reader import ReaderPuck


class BusPuck(ReaderPuck):
    """What Home Assistant would see of a puck, in this process."""

    def __init__(self, hass: HomeAssistant, name: str, mac: str, charger: str) -> None:
        super().__init__(name, mac, charger)
        self._hass = hass
        self.away = False
        self.esphome = MockConfigEntry(domain="esphome", title=name, unique_id=mac.lower(), data={"device_name": name})
        self.esphome.add_to_hass(hass)
        self.device_id = (
            dr.async_get(hass)
            .async_get_or_create(
                config_entry_id=self.esphome.entry_id, connections={(dr.CONNECTION_NETWORK_MAC, mac)}, name=name
            )
            .id
        )
        for action in ("introduce", "send", "hang_up"):
            hass.services.async_register("esphome", f"{name.replace('-', '_')}_offline_evse_{action}", self._called)

    @override
    def fire(self, event: str, data: Mapping[str, str]) -> None:
        self._hass.bus.async_fire(event, {"device_id": self.device_id, **data})

    async def _called(self, call: ServiceCall) -> None:
        """Do what an action says. Raises HomeAssistantError."""
        if self.away:
            raise HomeAssistantError("not connected")
        action: Any = getattr(self, f"_{call.service.partition('offline_evse_')[2]}")
        if error := action(*call.data.values()):
            raise HomeAssistantError(error)
