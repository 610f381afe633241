"""Numbers that people want of a connector: energy, state of charge, and who goes first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfEnergy

from ..engine.site.goals.goals import Goals
from ..engine.site.state import EvseState
from ..entity import OfflineEvseEntity, OfflineEvseEntityDescription
from ..refusals import recorded


@dataclass(frozen=True, kw_only=True)
class GoalNumberDescription(OfflineEvseEntityDescription[EvseState], NumberEntityDescription):
    """Describe a goal that is a number."""

    wanted_fn: Callable[[Goals, EvseState], bool]
    """Whether it is of use here."""
    value_fn: Callable[[Goals, EvseState], float]
    set_fn: Callable[[Goals, EvseState, float], Awaitable[None]]


async def _set_energy(goals: Goals, evse: EvseState, value: float) -> None:
    await goals.set_target(evse.key, energy_wh=value * 1000, soc_percent=evse.goal.soc_target)


async def _set_soc(goals: Goals, evse: EvseState, value: float) -> None:
    await goals.set_target(evse.key, energy_wh=evse.goal.energy_target_wh, soc_percent=value)


async def _set_priority(goals: Goals, evse: EvseState, value: float) -> None:
    await goals.set_priority(evse.key, int(value))


GOAL_NUMBERS: tuple[GoalNumberDescription, ...] = (
    GoalNumberDescription(
        key="energy_target",
        translation_key="energy_target",
        device_class=NumberDeviceClass.ENERGY,
        mode=NumberMode.BOX,
        native_min_value=0,
        native_max_value=300,
        native_step=0.5,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        offline=True,
        wanted_fn=lambda goals, _: goals.has_modes,
        value_fn=lambda _, evse: (evse.goal.energy_target_wh or 0.0) / 1000,
        set_fn=_set_energy,
    ),
    GoalNumberDescription(
        key="soc_target",
        translation_key="soc_target",
        mode=NumberMode.SLIDER,
        native_min_value=0,
        native_max_value=100,
        native_step=5,
        native_unit_of_measurement=PERCENTAGE,
        offline=True,
        wanted_fn=lambda goals, evse: goals.has_modes and goals.knows_soc(evse),
        value_fn=lambda _, evse: evse.goal.soc_target or 0.0,
        set_fn=_set_soc,
    ),
    GoalNumberDescription(
        key="priority",
        translation_key="priority",
        mode=NumberMode.BOX,
        native_min_value=0,
        native_max_value=10,
        native_step=1,
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        offline=True,
        wanted_fn=lambda *_: True,
        value_fn=lambda goals, evse: goals.priority(evse),
        set_fn=_set_priority,
    ),
)


class GoalNumber(OfflineEvseEntity[EvseState, float], NumberEntity):
    """View of a goal that is a number."""

    entity_description: GoalNumberDescription

    @property
    @override
    def exists(self) -> bool:
        return self.entity_description.wanted_fn(self._place.site.goals, self._place.state)

    @override
    def _read(self) -> float:
        return self.entity_description.value_fn(self._place.site.goals, self._place.state)

    @property
    @override
    def native_value(self) -> float:
        return self._shown

    @override
    async def async_set_native_value(self, value: float) -> None:
        await recorded(self.entity_description.set_fn(self._place.site.goals, self._place.state, value))
