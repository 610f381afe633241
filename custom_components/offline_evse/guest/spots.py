"""Connectors as guests see them: under a name, and under a handle that says nothing to anybody else."""

from base64 import b32encode
from hashlib import sha256

from homeassistant.config_entries import ConfigEntry

from ..devices import charger_subentry
from ..engine.model.station import EvseKey
from ..engine.site.site import Site


def spot_id(entry: ConfigEntry, evse: EvseKey) -> str:
    """Return the handle of a connector: the same for ever, and no way back to what its charger dials in as."""
    digest = sha256(f"{entry.entry_id}/{evse.station_id}/{evse.evse_id}".encode()).digest()
    return b32encode(digest[:5]).decode().lower()


def find_spot(entry: ConfigEntry, site: Site, wanted: str) -> EvseKey | None:
    """Return the connector of a handle."""
    return next((evse for evse in site.evses if spot_id(entry, evse) == wanted), None)


def charger_name(entry: ConfigEntry, station_id: str) -> str:
    """Name a charger for people."""
    subentry = charger_subentry(entry, station_id)
    return subentry.title if subentry else station_id


def spot_name(entry: ConfigEntry, site: Site, evse: EvseKey) -> str:
    """Name a connector: as its charger, with its number where there are several."""
    name = charger_name(entry, evse.station_id)
    several = sum(1 for other in site.evses if other.station_id == evse.station_id) > 1
    return f"{name} {evse.evse_id}" if several else name
