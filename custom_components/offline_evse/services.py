"""Actions for automations, voice and other integrations."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .actions.cards import ATTR_CARD, CARD
from .actions.tree import tree_view
from .const import DOMAIN
from .descriptions.goals import described
from .devices import charger_subentry, evse_of_device, station_of_device
from .engine.model.id_token import IdToken
from .engine.model.station import EvseKey
from .engine.model.transaction import Transaction
from .refusals import demand, recorded
from .runtime import OfflineEvseConfigEntry

ATTR_CURRENT: Final = "current"
ATTR_ENERGY: Final = "energy"
ATTR_LIMIT: Final = "limit"
ATTR_READY_BY: Final = "ready_by"
ATTR_SINCE: Final = "since"
ATTR_SOC: Final = "soc"

_DEVICE: Final[dict[vol.Marker, Any]] = {vol.Required(ATTR_DEVICE_ID): cv.string}
_SITE: Final[dict[vol.Marker, Any]] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}


@callback
def register_services(hass: HomeAssistant) -> None:
    """Register all actions, once for the life of Home Assistant."""

    def register(
        name: str,
        action: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]],
        schema: dict[vol.Marker, Any],
        response: SupportsResponse = SupportsResponse.NONE,
    ) -> None:
        hass.services.async_register(DOMAIN, name, action, schema=vol.Schema(schema), supports_response=response)

    register("start_charging", start_charging, _DEVICE | {vol.Optional(ATTR_CARD): CARD})
    register("stop_charging", stop_charging, _DEVICE)
    register("get_plan", get_plan, _DEVICE, SupportsResponse.ONLY)
    register(
        "set_departure",
        set_departure,
        _DEVICE
        | {
            vol.Optional(ATTR_READY_BY): cv.datetime,
            vol.Optional(ATTR_ENERGY): vol.All(vol.Coerce(float), vol.Range(min=0, max=1000)),
            vol.Optional(ATTR_SOC): vol.All(vol.Coerce(float), vol.Range(min=0, max=100)),
        },
    )
    register("set_limit", set_limit, _DEVICE | {vol.Optional(ATTR_CURRENT): vol.Any(None, vol.Coerce(float))})
    register("stop_all_charging", stop_all_charging, _SITE)
    register("resume_charging", resume_charging, _SITE)
    register("get_tree", get_tree, _SITE, SupportsResponse.ONLY)
    register(
        "list_sessions",
        list_sessions,
        _SITE
        | {
            vol.Optional(ATTR_DEVICE_ID): cv.string,
            vol.Optional(ATTR_SINCE): cv.datetime,
            vol.Optional(ATTR_LIMIT, default=100): vol.All(vol.Coerce(int), vol.Range(min=1, max=1000)),
        },
        SupportsResponse.ONLY,
    )


async def start_charging(call: ServiceCall) -> None:
    """Start a session from here, in the name of a card where one is given."""
    entry, evse = _connector(call)
    card: str | None = call.data.get(ATTR_CARD)
    site = entry.runtime_data.site
    result = await site.start_charging(evse, IdToken(card) if card else None)
    demand(result, _charger_name(entry, evse.station_id))


async def stop_charging(call: ServiceCall) -> None:
    """End the running session."""
    entry, evse = _connector(call)
    if not entry.runtime_data.site.evses[evse].has_transaction:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_session",
            translation_placeholders={"charger": _charger_name(entry, evse.station_id)},
        )
    demand(await entry.runtime_data.site.stop_charging(evse), _charger_name(entry, evse.station_id))


async def get_plan(call: ServiceCall) -> ServiceResponse:
    """Return the plan for the departure that is set."""
    entry, evse = _connector(call)
    plan = entry.runtime_data.site.goals.plan(evse)
    return {"state": plan.state.value, **described(plan)}


async def set_departure(call: ServiceCall) -> None:
    """Say when the car leaves and what it needs by then."""
    entry, evse = _connector(call)
    goals = entry.runtime_data.site.goals
    ready_by: datetime | None = call.data.get(ATTR_READY_BY)
    energy_kwh: float | None = call.data.get(ATTR_ENERGY)
    energy_wh = None if energy_kwh is None else energy_kwh * 1000
    await recorded(goals.set_departure(evse, at=dt_util.as_utc(ready_by) if ready_by else None))
    await recorded(goals.set_target(evse, energy_wh=energy_wh, soc_percent=call.data.get(ATTR_SOC)))


async def set_limit(call: ServiceCall) -> None:
    """Set or lift the most that a connector may have."""
    entry, evse = _connector(call)
    state = entry.runtime_data.site.evses[evse]
    try:
        await recorded(entry.runtime_data.site.set_limit(evse, call.data.get(ATTR_CURRENT)))
    except ValueError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="limit_out_of_range",
            translation_placeholders={"minimum": f"{state.minimum_a:g}", "maximum": f"{state.maximum_a:g}"},
        ) from err


async def stop_all_charging(call: ServiceCall) -> None:
    """Hold every connector of the site at 0 A until somebody resumes."""
    await recorded(_site_entry(call).runtime_data.site.stop_all(True))


async def resume_charging(call: ServiceCall) -> None:
    """Let the site charge again."""
    await recorded(_site_entry(call).runtime_data.site.stop_all(False))


async def get_tree(call: ServiceCall) -> ServiceResponse:
    """Return the fuse tree with everything that is live in it."""
    return tree_view(_site_entry(call).runtime_data.site.tree())


async def list_sessions(call: ServiceCall) -> ServiceResponse:
    """Return recorded sessions, newest first."""
    evse: EvseKey | None = None
    if ATTR_DEVICE_ID in call.data:
        entry, evse = _connector(call)
    else:
        entry = _site_entry(call)
    since: datetime | None = call.data.get(ATTR_SINCE)
    found = await entry.runtime_data.site.transactions(
        evse=evse, since=dt_util.as_utc(since) if since else None, limit=call.data[ATTR_LIMIT]
    )
    return {"sessions": [_session(entry, transaction) for transaction in found]}


def _session(entry: OfflineEvseConfigEntry, transaction: Transaction) -> dict[str, Any]:
    """Describe a session for a response."""
    return {
        "session_id": transaction.session_id,
        "charger": _charger_name(entry, transaction.station_id),
        "station_id": transaction.station_id,
        "connector": transaction.evse_id,
        "started": transaction.started_at.isoformat(),
        "ended": transaction.ended_at.isoformat() if transaction.ended_at else None,
        "energy_kwh": transaction.energy_wh / 1000,
        "card": transaction.id_token.value if transaction.id_token else None,
        "name": transaction.name,
        "stop_reason": transaction.stop_reason,
        "time_suspect": transaction.time_suspect,
    }


def _site_entry(call: ServiceCall) -> OfflineEvseConfigEntry:
    """Return the site meant; there is only one, so it need not be named."""
    entry: OfflineEvseConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    return entry


def _connector(call: ServiceCall) -> tuple[OfflineEvseConfigEntry, EvseKey]:
    """Return the connector meant by a device: its own, or that of a charger that has only one."""
    device, found = dr.async_get_device_and_config_entry_for_domain(call.hass, call.data[ATTR_DEVICE_ID], domain=DOMAIN)
    if device is None or found is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_charger")
    entry: OfflineEvseConfigEntry = async_get_config_entry(call.hass, DOMAIN, found.entry_id)
    site = entry.runtime_data.site
    if (evse := evse_of_device(call.hass, entry, device)) and evse in site.evses:
        return entry, evse
    station_id = station_of_device(entry, device)
    if station_id is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_charger")
    connectors = [evse for evse in site.evses if evse.station_id == station_id]
    if len(connectors) != 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="name_the_connector" if connectors else "charger_unseen",
            translation_placeholders={"charger": _charger_name(entry, station_id)},
        )
    return entry, connectors[0]


def _charger_name(entry: OfflineEvseConfigEntry, station_id: str) -> str:
    """Name a charger for people."""
    subentry = charger_subentry(entry, station_id)
    return subentry.title if subentry else station_id
