"""The action that lets a key charge over Bluetooth."""

from datetime import datetime
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import DOMAIN
from ..devices import evse_of_device, station_of_device
from ..engine.model.credential import Terms
from ..flows.bluetooth_forms import as_bytes
from ..refusals import recorded
from ..runtime import OfflineEvseConfigEntry

ATTR_DAY_ENERGY: Final = "day_energy"
ATTR_PUBLIC_KEY: Final = "public_key"
ATTR_SESSION_ENERGY: Final = "session_energy"
ATTR_VALID_FROM: Final = "valid_from"
ATTR_VALID_UNTIL: Final = "valid_until"

_ENERGY: Final = vol.All(vol.Coerce(float), vol.Range(min=0.1, max=100_000))

ENROL_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Required(ATTR_NAME): vol.All(cv.string, str.strip, vol.Length(min=1, max=100)),
        vol.Required(ATTR_PUBLIC_KEY): vol.All(cv.string, vol.Length(max=200)),
        vol.Optional(ATTR_VALID_FROM): cv.datetime,
        vol.Optional(ATTR_VALID_UNTIL): cv.datetime,
        vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_SESSION_ENERGY): _ENERGY,
        vol.Optional(ATTR_DAY_ENERGY): _ENERGY,
    }
)


@callback
def register_bluetooth_services(hass: HomeAssistant) -> None:
    """Register the action, once for the life of Home Assistant. It asks for Bluetooth only when it is called."""
    hass.services.async_register(DOMAIN, "enrol_ble_key", enrol_ble_key, ENROL_SCHEMA, SupportsResponse.ONLY)


async def enrol_ble_key(call: ServiceCall) -> ServiceResponse:
    """Let the holder of a key charge, and return what its app needs to be told."""
    entry: OfflineEvseConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    opened = entry.runtime_data.bluetooth.open
    if opened is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="bluetooth_off")
    session_kwh, day_kwh = call.data.get(ATTR_SESSION_ENERGY), call.data.get(ATTR_DAY_ENERGY)
    terms = Terms(
        valid_from=_utc(call.data.get(ATTR_VALID_FROM)),
        valid_until=_utc(call.data.get(ATTR_VALID_UNTIL)),
        station_ids=frozenset(_station(call, entry, each) for each in call.data.get(ATTR_DEVICE_ID, [])),
        session_wh=None if session_kwh is None else round(session_kwh * 1000),
        day_wh=None if day_kwh is None else round(day_kwh * 1000),
    )
    public_key = as_bytes(call.data[ATTR_PUBLIC_KEY]) or b""
    try:
        enrolled = await recorded(opened.enrol_key(public_key, call.data[ATTR_NAME], terms))
    except ValueError as err:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_public_key") from err
    answer: dict[str, Any] = {
        "card": enrolled.id_token.value,
        "key": enrolled.thumbprint,
        "site_id": enrolled.site_id,
        "site_key": enrolled.site_key,
        "secret": enrolled.secret,
    }
    return answer


def _utc(when: datetime | None) -> datetime | None:
    """Read a time as people give it: without a zone it is Home Assistant's."""
    return dt_util.as_utc(when) if when is not None else None


def _station(call: ServiceCall, entry: OfflineEvseConfigEntry, device_id: str) -> str:
    """Return the charger of a device, which may be one of its connectors."""
    device = dr.async_get(call.hass).async_get(device_id)
    if device is not None:
        if evse := evse_of_device(call.hass, entry, device):
            return evse.station_id
        if (station_id := station_of_device(entry, device)) is not None:
            return station_id
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_charger")
