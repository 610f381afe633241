"""The action that goes through the site before a busy evening."""

from typing import Final

from homeassistant.components import persistent_notification
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..audit.home_checks import home_checks
from ..audit.telling import told
from ..const import DOMAIN
from ..engine.site.audit.audit import audit
from ..runtime import OfflineEvseConfigEntry
from ..sentences import Sentences

ATTR_NOTIFY: Final = "notify"


@callback
def register_audit(hass: HomeAssistant) -> None:
    """Register the action, once for the life of Home Assistant."""
    hass.services.async_register(
        DOMAIN,
        "audit_site",
        audit_site,
        schema=vol.Schema(
            {
                vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
                vol.Optional(ATTR_NOTIFY, default=False): cv.boolean,
            }
        ),
        supports_response=SupportsResponse.OPTIONAL,
    )


async def audit_site(call: ServiceCall) -> ServiceResponse:
    """Look at everything and return, or show, what is not ready."""
    hass = call.hass
    entry: OfflineEvseConfigEntry = async_get_config_entry(hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    items = (*await audit(entry.runtime_data.site, dt_util.utcnow()), *await home_checks(hass, entry))
    answer = told(hass, entry, items)
    if call.data[ATTR_NOTIFY]:
        persistent_notification.async_create(
            hass,
            answer["report"],
            title=Sentences(hass).say("audit_title", site=entry.title),
            notification_id=f"{DOMAIN}_audit_{entry.entry_id}",
        )
    return answer
