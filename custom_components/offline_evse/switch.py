"""Switches: charging on a connector, and whether a charger is in service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .engine.site.state import EvseState, Listened, SiteState, StationState
from .entity import (
    OfflineEvseEntity,
    OfflineEvseEntityDescription,
    Place,
    add_charger_entities,
    add_connector_entities,
    add_site_entities,
)
from .refusals import demand, recorded
from .runtime import OfflineEvseConfigEntry

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class OfflineEvseSwitchDescription[StateT: Listened](OfflineEvseEntityDescription[StateT], SwitchEntityDescription):
    """Describe a switch."""

    is_on_fn: Callable[[StateT], bool | None]
    turn_fn: Callable[[Place[StateT], bool], Awaitable[None]]


async def _turn_charging(place: Place[EvseState], on: bool) -> None:
    """Let charging go on, beginning a session for a car that waits without one; or hold it.

    Holding never ends a session: the car keeps its place and its card until somebody presses the button for that,
    or unplugs.
    """
    evse = place.state
    if on and evse.plugged and not evse.has_transaction:
        demand(await recorded(place.site.start_charging(evse.key)), place.charger())
    else:
        await recorded(place.site.pause(evse.key, not on))


async def _turn_service(place: Place[StationState], on: bool) -> None:
    """Take the charger into or out of service."""
    demand(await place.site.set_operative(place.state.station_id, on), place.charger())


CONNECTOR_SWITCHES: tuple[OfflineEvseSwitchDescription[EvseState], ...] = (
    OfflineEvseSwitchDescription(
        key="charging",
        translation_key="charging",
        is_on_fn=lambda evse: evse.has_transaction and not evse.paused,
        turn_fn=_turn_charging,
    ),
)

CHARGER_SWITCHES: tuple[OfflineEvseSwitchDescription[StationState], ...] = (
    OfflineEvseSwitchDescription(
        key="in_service",
        translation_key="in_service",
        entity_category=EntityCategory.CONFIG,
        # A connector that was taken out because its limits were not followed comes back only when somebody says so.
        is_on_fn=lambda station: None if station.operative is None else station.operative and not station.taken_out,
        turn_fn=_turn_service,
    ),
)

SITE_SWITCHES: tuple[OfflineEvseSwitchDescription[SiteState], ...] = (
    OfflineEvseSwitchDescription(
        key="stop_all_charging",
        translation_key="stop_all_charging",
        is_on_fn=lambda state: state.stopped,
        turn_fn=lambda place, on: recorded(place.site.stop_all(on)),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the switches."""
    add_site_entities(hass, entry, async_add_entities, OfflineEvseSwitch, SITE_SWITCHES)
    add_charger_entities(hass, entry, async_add_entities, OfflineEvseSwitch, CHARGER_SWITCHES)
    add_connector_entities(hass, entry, async_add_entities, OfflineEvseSwitch, CONNECTOR_SWITCHES)


class OfflineEvseSwitch[StateT: Listened](OfflineEvseEntity[StateT, bool | None], SwitchEntity):
    """View of something that can be turned on and off."""

    entity_description: OfflineEvseSwitchDescription[StateT]

    @override
    def _read(self) -> bool | None:
        return self.entity_description.is_on_fn(self._place.state)

    @property
    @override
    def is_on(self) -> bool | None:
        return self._shown

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.entity_description.turn_fn(self._place, True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.entity_description.turn_fn(self._place, False)
