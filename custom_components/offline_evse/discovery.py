"""Chargers that dial in and belong to nobody yet: a card for each under the discovered devices."""

from collections.abc import Collection
import logging
from typing import Final, TypedDict

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow

from .const import DOMAIN
from .engine.model.station import StationIdentity

_LOGGER = logging.getLogger(__name__)

MOST_CARDS: Final = 20
"""Cards shown at a time. Anybody who reaches the port can make up identities; the page must stay usable."""


class StrangerInfo(TypedDict):
    """What a discovery flow is begun with."""

    station_id: str
    vendor: str | None
    model: str | None
    serial_number: str | None


def card_title(station_id: str, identity: StationIdentity) -> str:
    """Name a charger in the few letters that fit on a card: its product, and what tells it from others."""
    product = " ".join(word for word in (identity.vendor, identity.model) if word)
    return f"{product} ({identity.serial_number or station_id})" if product else station_id


def stranger_title(station_id: str, identity: StationIdentity) -> str:
    """Name a charger by what it says of itself; by its id where it says nothing."""
    product = " ".join(word for word in (identity.vendor, identity.model) if word)
    if identity.serial_number and identity.serial_number != station_id:
        product = f"{product} ({identity.serial_number})".strip()
    return f"{product} · {station_id}" if product else station_id


@callback
def discover_stranger(hass: HomeAssistant, station_id: str, identity: StationIdentity) -> None:
    """Show a card for a charger that nobody has adopted, unless it was ignored or there are too many."""
    cards = [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN, include_uninitialized=True)
        if flow["context"].get("source") == SOURCE_INTEGRATION_DISCOVERY
    ]
    if any(card["context"].get("unique_id") == station_id for card in cards):
        return
    if len(cards) >= MOST_CARDS:
        _LOGGER.debug("No card for charger %s: %d are waiting already", station_id, len(cards))
        return
    discovery_flow.async_create_flow(
        hass,
        DOMAIN,
        {"source": SOURCE_INTEGRATION_DISCOVERY},
        StrangerInfo(
            station_id=station_id,
            vendor=identity.vendor,
            model=identity.model,
            serial_number=identity.serial_number,
        ),
    )


@callback
def dismiss_adopted(hass: HomeAssistant, station_ids: Collection[str]) -> None:
    """Take the cards away of chargers that have been adopted on another way."""
    for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN):
        if flow["context"].get("unique_id") in station_ids:
            hass.config_entries.flow.async_abort(flow["flow_id"])
