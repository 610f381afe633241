"""Actions with which a grid operator's limit comes in, and with which its proof goes out."""

from datetime import datetime
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_NAME, CONF_UNIT_OF_MEASUREMENT, UnitOfPower
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import DOMAIN
from ..engine.model.grid import FAILSAFE_MINIMUM_S, GridTerms
from ..engine.model.shared_limit import LimitBasis
from ..engine.site.grid.desk import GridDesk
from ..engine.site.grid.events import GridEvent
from ..refusals import recorded

ATTR_BASIS: Final = "basis"
ATTR_DURATION: Final = "duration"
ATTR_EVENT_ID: Final = "event_id"
ATTR_FAILSAFE: Final = "failsafe"
ATTR_FAILSAFE_DURATION: Final = "failsafe_duration"
ATTR_HEARTBEAT: Final = "heartbeat"
ATTR_LIMIT: Final = "limit"
ATTR_MAY_STOP: Final = "may_stop"
ATTR_RECORDS: Final = "records"
ATTR_SINCE: Final = "since"
ATTR_START: Final = "start"

_IN_WATTS: Final = {UnitOfPower.WATT: 1.0, UnitOfPower.KILO_WATT: 1000.0}
_POWER: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=10_000_000))
_ID: Final = vol.All(cv.string, str.strip, vol.Length(min=1, max=128))
_SITE: Final[dict[vol.Marker, Any]] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}

SET_SCHEMA: Final = vol.Schema(
    _SITE
    | {
        vol.Required(ATTR_LIMIT): _POWER,
        vol.Optional(CONF_UNIT_OF_MEASUREMENT, default=UnitOfPower.WATT): vol.In(list(_IN_WATTS)),
        vol.Optional(ATTR_DURATION): cv.positive_time_period,
        vol.Optional(ATTR_START): cv.datetime,
        vol.Optional(ATTR_NAME): vol.All(cv.string, str.strip, vol.Length(min=1, max=64)),
        vol.Optional(ATTR_EVENT_ID): _ID,
        vol.Optional(ATTR_BASIS, default=LimitBasis.CHARGING): vol.Coerce(LimitBasis),
        vol.Optional(ATTR_HEARTBEAT): vol.All(vol.Coerce(float), vol.Range(min=10, max=86_400)),
        vol.Optional(ATTR_FAILSAFE): _POWER,
        vol.Optional(ATTR_FAILSAFE_DURATION): cv.positive_time_period,
        vol.Optional(ATTR_MAY_STOP, default=False): cv.boolean,
    }
)


@callback
def register_grid_services(hass: HomeAssistant) -> None:
    """Register the actions, once for the life of Home Assistant."""
    hass.services.async_register(DOMAIN, "set_grid_limit", set_grid_limit, SET_SCHEMA, SupportsResponse.OPTIONAL)
    hass.services.async_register(
        DOMAIN, "clear_grid_limit", clear_grid_limit, vol.Schema(_SITE | {vol.Optional(ATTR_EVENT_ID): _ID})
    )
    hass.services.async_register(
        DOMAIN,
        "get_grid_events",
        get_grid_events,
        vol.Schema(
            _SITE
            | {
                vol.Optional(ATTR_SINCE): cv.datetime,
                vol.Optional(ATTR_LIMIT, default=20): vol.All(vol.Coerce(int), vol.Range(min=1, max=200)),
                vol.Optional(ATTR_RECORDS, default=False): cv.boolean,
            }
        ),
        SupportsResponse.ONLY,
    )


async def set_grid_limit(call: ServiceCall) -> ServiceResponse:
    """Put a limit on the site, or change the one with the same event id."""
    data = call.data
    factor = _IN_WATTS[data[CONF_UNIT_OF_MEASUREMENT]]
    duration, start = data.get(ATTR_DURATION), data.get(ATTR_START)
    failsafe, kept_for = data.get(ATTR_FAILSAFE), data.get(ATTR_FAILSAFE_DURATION)
    terms = GridTerms(
        heartbeat_s=data.get(ATTR_HEARTBEAT),
        failsafe_w=None if failsafe is None else failsafe * factor,
        failsafe_minimum_s=FAILSAFE_MINIMUM_S if kept_for is None else kept_for.total_seconds(),
    )
    try:
        event_id = await recorded(
            _grid(call).set_limit(
                data[ATTR_LIMIT] * factor,
                event_id=data.get(ATTR_EVENT_ID),
                start=dt_util.as_utc(start) if start else None,
                duration_s=duration.total_seconds() if duration is not None else None,
                basis=data[ATTR_BASIS],
                name=data.get(ATTR_NAME),
                terms=terms,
                may_stop=data[ATTR_MAY_STOP],
            )
        )
    except ValueError as err:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="bad_grid_limit") from err
    return {ATTR_EVENT_ID: event_id}


async def clear_grid_limit(call: ServiceCall) -> None:
    """Take a limit back, or all of them."""
    event_id: str | None = call.data.get(ATTR_EVENT_ID)
    if not await recorded(_grid(call).clear(event_id)) and event_id is not None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_grid_limit", translation_placeholders={"event": event_id}
        )


async def get_grid_events(call: ServiceCall) -> ServiceResponse:
    """Return what is recorded of limits, the newest first."""
    since: datetime | None = call.data.get(ATTR_SINCE)
    events = await _grid(call).events(since=dt_util.as_utc(since) if since else None, limit=call.data[ATTR_LIMIT])
    return {"events": [_event(event, records=call.data[ATTR_RECORDS]) for event in events]}


def _event(event: GridEvent, *, records: bool) -> dict[str, Any]:
    """Describe an event for a response."""
    described: dict[str, Any] = {
        "event_id": event.event_id,
        "source": event.source,
        "name": event.name,
        "received": event.received_at.isoformat(),
        "ended": event.ended_at.isoformat() if event.ended_at else None,
        "end_reason": event.end_reason,
        "limit_w": event.limit_w,
        "applied_w": event.applied_w,
        "basis": event.basis,
        "failsafe": event.failsafe,
        "time_to_comply_s": event.time_to_comply_s,
        "max_over_w": event.max_over_w,
        "over_s": event.over_s,
        "energy_wh": event.energy_wh,
        "shed_wh": event.shed_wh,
    }
    if records:
        described["records"] = [
            {"seq": it.seq, "at": it.at.isoformat(), "kind": it.kind, "connector": it.evse, **it.body}
            for it in event.records
        ]
    return described


def _grid(call: ServiceCall) -> GridDesk:
    """Return the desk of the site meant; there is only one, so it need not be named."""
    entry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    desk: GridDesk = entry.runtime_data.site.grid
    return desk
