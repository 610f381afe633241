"""Numbers: the most that people let a connector have."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import UnitOfElectricCurrent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .descriptions.goal_numbers import GOAL_NUMBERS, GoalNumber
from .engine.site.state import EvseState
from .entity import OfflineEvseEntity, OfflineEvseEntityDescription, Place, add_connector_entities
from .refusals import recorded
from .runtime import OfflineEvseConfigEntry

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class OfflineEvseNumberDescription(OfflineEvseEntityDescription[EvseState], NumberEntityDescription):
    """Describe a current that can be set between a connector's minimum and maximum."""

    value_fn: Callable[[EvseState], float]
    set_fn: Callable[[Place[EvseState], float], Awaitable[None]]


async def _set_limit(place: Place[EvseState], current_a: float) -> None:
    """Set the limit; at the connector's maximum there is none, so that it follows if the maximum is raised."""
    evse = place.state
    await recorded(place.site.set_limit(evse.key, None if current_a >= evse.maximum_a else current_a))


CONNECTOR_NUMBERS: tuple[OfflineEvseNumberDescription, ...] = (
    OfflineEvseNumberDescription(
        key="current_limit",
        translation_key="current_limit",
        device_class=NumberDeviceClass.CURRENT,
        mode=NumberMode.SLIDER,
        native_step=1,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        offline=True,
        value_fn=lambda evse: evse.maximum_a if evse.limit_a is None else evse.limit_a,
        set_fn=_set_limit,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the numbers."""
    add_connector_entities(hass, entry, async_add_entities, OfflineEvseNumber, CONNECTOR_NUMBERS)
    add_connector_entities(hass, entry, async_add_entities, GoalNumber, GOAL_NUMBERS)


class ShownNumber(NamedTuple):
    """What a number shows, in A."""

    value: float
    minimum: float
    maximum: float


class OfflineEvseNumber(OfflineEvseEntity[EvseState, ShownNumber], NumberEntity):
    """View of a current that people set. Home Assistant keeps it within its bounds."""

    entity_description: OfflineEvseNumberDescription

    @override
    def _read(self) -> ShownNumber:
        evse = self._place.state
        return ShownNumber(self.entity_description.value_fn(evse), evse.minimum_a, evse.maximum_a)

    @property
    @override
    def native_value(self) -> float:
        return self._shown.value

    @property
    @override
    def native_min_value(self) -> float:
        return self._shown.minimum

    @property
    @override
    def native_max_value(self) -> float:
        return self._shown.maximum

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.entity_description.set_fn(self._place, value)
