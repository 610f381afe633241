"""Buttons: restart a charger, release a cable, end a session, dial a backend."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.components.button.const import ButtonDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .engine.model.command import CommandResult, Outcome
from .engine.site.safety.self_test import SelfTestRefusal
from .engine.site.state import EvseState, Listened, SiteState, StationState
from .entity import (
    OfflineEvseEntity,
    OfflineEvseEntityDescription,
    Place,
    add_backend_entities,
    add_charger_entities,
    add_connector_entities,
)
from .refusals import demand
from .runtime import OfflineEvseConfigEntry

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class OfflineEvseButtonDescription[StateT: Listened](OfflineEvseEntityDescription[StateT], ButtonEntityDescription):
    """Describe a button."""

    press_fn: Callable[[Place[StateT]], Awaitable[CommandResult]]


async def _stop_session(place: Place[EvseState]) -> CommandResult:
    """End the running session."""
    if not place.state.has_transaction:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_session",
            translation_placeholders={"charger": place.charger()},
        )
    return await place.site.stop_charging(place.state.key)


_REFUSALS = {refusal: f"self_test_{refusal}" for refusal in SelfTestRefusal}


async def _self_test(place: Place[StationState]) -> CommandResult:
    """Begin to fall silent, and see the charger fall to its safe current; a sensor tells how that ends."""
    refusal = place.site.self_test(place.state.station_id)
    if refusal is not None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=_REFUSALS[refusal],
            translation_placeholders={"charger": place.charger()},
        )
    return CommandResult(outcome=Outcome.ACCEPTED)


CONNECTOR_BUTTONS: tuple[OfflineEvseButtonDescription[EvseState], ...] = (
    OfflineEvseButtonDescription(
        key="stop_session",
        translation_key="stop_session",
        press_fn=_stop_session,
    ),
    OfflineEvseButtonDescription(
        key="unlock",
        translation_key="unlock",
        press_fn=lambda place: place.site.unlock(place.state.key),
    ),
)

CHARGER_BUTTONS: tuple[OfflineEvseButtonDescription[StationState], ...] = (
    OfflineEvseButtonDescription(
        key="restart",
        device_class=ButtonDeviceClass.RESTART,
        entity_category=EntityCategory.CONFIG,
        press_fn=lambda place: place.site.restart(place.state.station_id),
    ),
    OfflineEvseButtonDescription(
        key="self_test",
        translation_key="self_test",
        entity_category=EntityCategory.CONFIG,
        press_fn=_self_test,
    ),
)


def backend_buttons(upstream_id: str) -> tuple[OfflineEvseButtonDescription[SiteState], ...]:
    """Describe what can be asked of a backend's line."""

    async def dial(place: Place[SiteState]) -> CommandResult:
        place.site.reconnect_upstream(upstream_id)
        return CommandResult(outcome=Outcome.ACCEPTED)

    return (
        OfflineEvseButtonDescription(
            key="connect_now",
            translation_key="backend_connect_now",
            entity_category=EntityCategory.CONFIG,
            press_fn=dial,
        ),
    )


async def async_setup_entry(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the buttons."""
    add_backend_entities(hass, entry, async_add_entities, OfflineEvseButton, backend_buttons)
    add_charger_entities(hass, entry, async_add_entities, OfflineEvseButton, CHARGER_BUTTONS)
    add_connector_entities(hass, entry, async_add_entities, OfflineEvseButton, CONNECTOR_BUTTONS)


class OfflineEvseButton[StateT: Listened](OfflineEvseEntity[StateT, None], ButtonEntity):
    """Something that is asked of a charger or of the line to a backend."""

    entity_description: OfflineEvseButtonDescription[StateT]

    @override
    def _read(self) -> None:
        return None

    @override
    async def async_press(self) -> None:
        demand(await self.entity_description.press_fn(self._place), self._place.charger())
