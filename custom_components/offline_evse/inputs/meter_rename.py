"""Entities can be renamed at any time; the meters of a site follow."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..const import CONF_METER, SUBENTRY_CIRCUIT


@callback
def follow_renames(hass: HomeAssistant, entry: ConfigEntry) -> CALLBACK_TYPE:
    """Write the new id of a renamed meter entity into the subentries that use it; returns the call that ends it."""

    @callback
    def registry_updated(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] != "update" or (old := event.data.get("old_entity_id")) is None:
            return
        new = event.data["entity_id"]
        for subentry in entry.get_subentries_of_type(SUBENTRY_CIRCUIT):
            meter: dict[str, str] = subentry.data.get(CONF_METER, {})
            if old in meter.values():
                renamed = {field: new if entity_id == old else entity_id for field, entity_id in meter.items()}
                hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, CONF_METER: renamed})

    return hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, registry_updated)
