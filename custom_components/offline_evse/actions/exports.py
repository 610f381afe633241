"""The action that writes records to a file."""

from datetime import timedelta
from typing import Any, Final

from homeassistant.components.http.auth import async_sign_path
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry, async_register_admin_service
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import DOMAIN
from ..engine.model.upstream.bundle import BundleError
from ..engine.site.records import ExportWhat
from ..exports.desk import SCHEDULED, export_folder
from ..exports.views import PATH, ExportView
from ..runtime import OfflineEvseConfigEntry

ATTR_NAMES: Final = "names"
ATTR_SINCE: Final = "since"
ATTR_TARGET: Final = "target"
ATTR_UNTIL: Final = "until"
ATTR_WHAT: Final = "what"

FETCH_WITHIN: Final = timedelta(hours=1)

_TARGET: Final = vol.All(cv.string, vol.Match(r"^[a-z0-9_]{1,40}$"), vol.NotIn([SCHEDULED]))
_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_WHAT, default=ExportWhat.NEW): vol.Coerce(ExportWhat),
        vol.Optional(ATTR_SINCE): cv.datetime,
        vol.Optional(ATTR_UNTIL): cv.datetime,
        vol.Optional(ATTR_NAMES, default=False): cv.boolean,
        vol.Optional(ATTR_TARGET, default="manual"): _TARGET,
    }
)


@callback
def register_export_services(hass: HomeAssistant) -> None:
    """Register the action and the door, once for the life of Home Assistant."""
    async_register_admin_service(
        hass, DOMAIN, "export_records", export_records, _SCHEMA, supports_response=SupportsResponse.OPTIONAL
    )
    hass.http.register_view(ExportView())


async def export_records(call: ServiceCall) -> ServiceResponse:
    """Write a file and say where it is."""
    hass, data = call.hass, call.data
    entry: OfflineEvseConfigEntry = async_get_config_entry(hass, DOMAIN, data.get(ATTR_CONFIG_ENTRY_ID))
    what: ExportWhat = data[ATTR_WHAT]
    since, until = (dt_util.as_utc(data[name]) if name in data else None for name in (ATTR_SINCE, ATTR_UNTIL))
    if (what is ExportWhat.PERIOD) is (since is None and until is None):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="export_period")
    try:
        bundle = await entry.runtime_data.exports.write(
            what, target=data[ATTR_TARGET], names=data[ATTR_NAMES], since=since, until=until
        )
    except BundleError as error:
        key = f"export_{error.reason}"
        told = {"folder": str(export_folder(hass)), "detail": error.detail}
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key=key, translation_placeholders=told
        ) from error
    if bundle is None:
        return {"count": 0}
    answer: dict[str, Any] = {
        "count": bundle.found.count,
        "first": bundle.found.first_seq,
        "last": bundle.found.last_seq,
        "sessions": bundle.session_count,
        "size_bytes": bundle.size_bytes,
        "names": bundle.names,
        "path": str(bundle.path),
        "download": f"{PATH}/{bundle.path.name}",
    }
    if call.context.user_id is not None:
        # Somebody sits before it: the link works in their browser, without a header, for as long as they stay.
        answer["download"] = async_sign_path(hass, answer["download"], FETCH_WITHIN)
    return answer
