"""Selects: how a connector charges."""

from dataclasses import dataclass
from typing import NamedTuple, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .engine.model.goal import ChargingMode
from .engine.site.state import EvseState
from .entity import OfflineEvseEntity, OfflineEvseEntityDescription, add_connector_entities
from .refusals import recorded
from .runtime import OfflineEvseConfigEntry

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class OfflineEvseSelectDescription(OfflineEvseEntityDescription[EvseState], SelectEntityDescription):
    """Describe a choice of a connector."""


CHARGING_MODE = OfflineEvseSelectDescription(
    key="charging_mode",
    translation_key="charging_mode",
    offline=True,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the selects."""
    add_connector_entities(hass, entry, async_add_entities, ChargingModeSelect, (CHARGING_MODE,))


class ShownMode(NamedTuple):
    """What the select shows."""

    mode: ChargingMode
    modes: tuple[ChargingMode, ...]


class ChargingModeSelect(OfflineEvseEntity[EvseState, ShownMode], SelectEntity):
    """View of the charging mode; there is one as soon as there is something to choose beside fast and paused."""

    entity_description: OfflineEvseSelectDescription

    @property
    @override
    def exists(self) -> bool:
        return self._place.site.goals.has_modes

    @override
    def _read(self) -> ShownMode:
        goals = self._place.site.goals
        return ShownMode(goals.mode(self._place.state), goals.modes)

    @property
    @override
    def options(self) -> list[str]:
        return [mode.value for mode in self._shown.modes]

    @property
    @override
    def current_option(self) -> str:
        return self._shown.mode.value

    @override
    async def async_select_option(self, option: str) -> None:
        await recorded(self._place.site.goals.set_mode(self._place.state.key, ChargingMode(option)))
