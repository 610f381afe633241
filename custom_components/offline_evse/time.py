"""Times of day: when the car leaves."""

from dataclasses import dataclass
from datetime import time
from typing import override

from homeassistant.components.time import TimeEntity, TimeEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .engine.site.state import EvseState
from .entity import OfflineEvseEntity, OfflineEvseEntityDescription, add_connector_entities
from .refusals import recorded
from .runtime import OfflineEvseConfigEntry

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class OfflineEvseTimeDescription(OfflineEvseEntityDescription[EvseState], TimeEntityDescription):
    """Describe a time of day of a connector."""


READY_BY = OfflineEvseTimeDescription(
    key="ready_by",
    translation_key="ready_by",
    offline=True,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the times."""
    add_connector_entities(hass, entry, async_add_entities, ReadyByTime, (READY_BY,))


class ReadyByTime(OfflineEvseEntity[EvseState, time | None], TimeEntity):
    """View of the daily departure."""

    entity_description: OfflineEvseTimeDescription

    @property
    @override
    def exists(self) -> bool:
        return self._place.site.goals.has_modes

    @override
    def _read(self) -> time | None:
        return self._place.state.goal.ready_by

    @property
    @override
    def native_value(self) -> time | None:
        return self._shown

    @override
    async def async_set_value(self, value: time) -> None:
        await recorded(self._place.site.goals.set_departure(self._place.state.key, ready_by=value))
