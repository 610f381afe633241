"""Actions for guest passes: issue, extend, revoke, list, and where guests find the page."""

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
from ..engine.model.credential import Credential, HolderKind, PassForm, Terms
from ..engine.model.station import EvseKey
from ..engine.site.site import Site
from ..guest.issuing import PassWanted
from ..guest.links import charger_link, page_url
from ..guest.qr import data_uri, qr_svg
from ..guest.settings import GuestSettings, watt_hours
from ..guest.spots import spot_id, spot_name
from ..guest.visible import is_over
from ..refusals import recorded
from ..runtime import OfflineEvseConfigEntry

ATTR_CARD: Final = "card"
ATTR_DAY_ENERGY: Final = "day_energy"
ATTR_FORM: Final = "form"
ATTR_FROM: Final = "from"
ATTR_HOLDER: Final = "holder"
ATTR_KEY: Final = "key"
ATTR_ONLY_VALID: Final = "only_valid"
ATTR_PASS_ID: Final = "pass_id"
ATTR_PRIORITY: Final = "priority"
ATTR_SESSION_ENERGY: Final = "session_energy"
ATTR_TO: Final = "to"
ATTR_TOTAL_ENERGY: Final = "total_energy"

LONGEST_CARD: Final = 36
"""OCPP 2.0.1: idToken is identifierString[36]."""
THUMBPRINT: Final = r"^[A-Za-z0-9_-]{43}$"
"""SHA-256 in base64url (RFC 7638)."""

_ENERGY: Final = vol.All(vol.Coerce(float), vol.Range(min=0.1, max=100_000))
_NAME: Final = vol.All(cv.string, str.strip, vol.Length(min=1, max=100))
_SITE: Final[dict[vol.Marker, Any]] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_WHICH: Final[dict[vol.Marker, Any]] = {
    vol.Exclusive(ATTR_PASS_ID, "which"): vol.All(cv.string, str.strip, vol.Length(min=1, max=LONGEST_CARD)),
    vol.Exclusive(ATTR_NAME, "which"): _NAME,
}

ISSUE_SCHEMA: Final = vol.Schema(
    _SITE
    | {
        vol.Required(ATTR_NAME): _NAME,
        vol.Required(ATTR_TO): cv.datetime,
        vol.Optional(ATTR_FROM): cv.datetime,
        vol.Optional(ATTR_HOLDER, default=HolderKind.ROOM): vol.Coerce(HolderKind),
        vol.Optional(ATTR_FORM, default=PassForm.CODE): vol.Coerce(PassForm),
        vol.Optional(ATTR_CARD): vol.All(cv.string, str.strip, vol.Length(min=1, max=LONGEST_CARD)),
        vol.Optional(ATTR_KEY): vol.All(cv.string, str.strip, vol.Match(THUMBPRINT)),
        vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_SESSION_ENERGY): _ENERGY,
        vol.Optional(ATTR_DAY_ENERGY): _ENERGY,
        vol.Optional(ATTR_TOTAL_ENERGY): _ENERGY,
        vol.Optional(ATTR_PRIORITY): vol.All(vol.Coerce(int), vol.Range(min=0, max=10)),
    }
)


@callback
def register_pass_services(hass: HomeAssistant) -> None:
    """Register the actions, once for the life of Home Assistant."""
    may, must = SupportsResponse.OPTIONAL, SupportsResponse.ONLY
    register = hass.services.async_register
    register(DOMAIN, "issue_pass", issue_pass, ISSUE_SCHEMA, may)
    extended = vol.Schema(_SITE | _WHICH | {vol.Required(ATTR_TO): cv.datetime})
    register(DOMAIN, "extend_pass", extend_pass, extended, may)
    register(DOMAIN, "revoke_pass", revoke_pass, vol.Schema(_SITE | _WHICH), may)
    register(DOMAIN, "renew_pass_code", renew_pass_code, vol.Schema(_SITE | _WHICH), must)
    listed = vol.Schema(_SITE | {vol.Optional(ATTR_NAME): _NAME, vol.Optional(ATTR_ONLY_VALID, default=True): bool})
    register(DOMAIN, "list_passes", list_passes, listed, must)
    register(DOMAIN, "get_charger_links", get_charger_links, vol.Schema(_SITE), must)


async def issue_pass(call: ServiceCall) -> ServiceResponse:
    """Issue a pass, and return all that the guest needs."""
    entry, data = _site_entry(call), call.data
    until = dt_util.as_utc(data[ATTR_TO])
    begins = dt_util.as_utc(data[ATTR_FROM]) if ATTR_FROM in data else None
    if until <= (begins or dt_util.utcnow()) or until <= dt_util.utcnow():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="pass_time_over")
    form: PassForm = data[ATTR_FORM]
    if (form is PassForm.CARD) is not (ATTR_CARD in data):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="pass_card")
    if (form is PassForm.BLE_KEY) is not (ATTR_KEY in data):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="pass_key")
    wanted = PassWanted(
        name=data[ATTR_NAME],
        valid_from=begins,
        valid_until=until,
        holder=data[ATTR_HOLDER],
        form=form,
        card=data.get(ATTR_CARD),
        key=data.get(ATTR_KEY),
        terms=Terms(
            station_ids=_stations(call, entry),
            session_wh=watt_hours(data.get(ATTR_SESSION_ENERGY)),
            day_wh=watt_hours(data.get(ATTR_DAY_ENERGY)),
            total_wh=watt_hours(data.get(ATTR_TOTAL_ENERGY)),
            priority=data.get(ATTR_PRIORITY),
        ),
    )
    try:
        return await recorded(entry.runtime_data.guests.issuing.issue(wanted))
    except ValueError as err:
        # Times and forms have been looked at: it is the card that is somebody's.
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="card_taken") from err


async def extend_pass(call: ServiceCall) -> ServiceResponse:
    """Let passes end later, or earlier. A pass that is over begins to be good again."""
    entry = _site_entry(call)
    until = dt_util.as_utc(call.data[ATTR_TO])
    if until <= dt_util.utcnow():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="pass_time_over")
    desk = entry.runtime_data.guests
    changed = [
        await recorded(desk.site.passes.extend(it.id_token.value, until)) for it in _passes(call, desk.site, over=True)
    ]
    return {"passes": [desk.issuing.described(it) for it in changed]}


async def revoke_pass(call: ServiceCall) -> ServiceResponse:
    """Take passes away; sessions that run with them end."""
    site = _site_entry(call).runtime_data.site
    found = _passes(call, site, over=True)
    for it in found:
        await recorded(site.passes.revoke(it.id_token.value))
    return {"pass_ids": [it.id_token.value for it in found]}


async def renew_pass_code(call: ServiceCall) -> ServiceResponse:
    """Give a pass another code and link, for a guest who has lost the slip."""
    desk = _site_entry(call).runtime_data.guests
    found = [it for it in _passes(call, desk.site, over=False) if it.pass_form is PassForm.CODE]
    if len(found) != 1:
        key = "several_passes" if found else "no_code"
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=key)
    return await recorded(desk.issuing.renew(found[0].id_token.value))


async def list_passes(call: ServiceCall) -> ServiceResponse:
    """Return passes, without their codes, which nobody knows."""
    desk = _site_entry(call).runtime_data.guests
    now = dt_util.utcnow()
    name: str | None = call.data.get(ATTR_NAME)
    found = desk.site.passes.all() if name is None else desk.site.passes.of(name)
    return {
        "passes": [
            {**desk.issuing.described(it), "valid": not is_over(it, now) and not _before(it, now)}
            for it in found
            if not (call.data[ATTR_ONLY_VALID] and is_over(it, now))
        ]
    }


async def get_charger_links(call: ServiceCall) -> ServiceResponse:
    """Return the links for the signs at chargers, with their QR codes."""
    entry = _site_entry(call)
    settings = GuestSettings.of(entry)
    page = page_url(call.hass, settings)
    if not settings.page:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="guest_page_off")
    if page is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_page_address")
    site = entry.runtime_data.site
    return {
        "page": page,
        "chargers": [
            {
                "name": spot_name(entry, site, evse),
                "link": (link := charger_link(page, entry, evse)),
                "qr": data_uri(qr_svg(link)),
                "sign": f"/api/{DOMAIN}/guest/sign/{spot_id(entry, evse)}.svg",
            }
            for evse in site.evses
        ],
    }


def _before(credential: Credential, now: datetime) -> bool:
    """Tell whether the time of a pass has not begun."""
    return credential.terms.valid_from is not None and credential.terms.valid_from > now


def _passes(call: ServiceCall, site: Site, *, over: bool) -> list[Credential]:
    """Return the passes meant, by id or by name; `over`: those too whose time is over, if no other is meant."""
    now = dt_util.utcnow()
    found: list[Credential] = []
    if pass_id := call.data.get(ATTR_PASS_ID):
        found = [it for it in (site.passes.find(pass_id),) if it is not None]
    elif name := call.data.get(ATTR_NAME):
        found = list(site.passes.of(name))
        found = [it for it in found if not is_over(it, now)] or (found if over else [])
    else:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="which_pass")
    if not found:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_such_pass")
    return found


def _stations(call: ServiceCall, entry: OfflineEvseConfigEntry) -> frozenset[str]:
    """Return the chargers meant by devices: chargers themselves, or any of their connectors."""
    registry = dr.async_get(call.hass)
    stations: set[str] = set()
    for device_id in call.data.get(ATTR_DEVICE_ID, ()):
        device = registry.async_get(device_id)
        station_id: str | None = None
        if device is not None:
            evse: EvseKey | None = evse_of_device(call.hass, entry, device)
            station_id = evse.station_id if evse else station_of_device(entry, device)
        if station_id is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_charger")
        stations.add(station_id)
    return frozenset(stations)


def _site_entry(call: ServiceCall) -> OfflineEvseConfigEntry:
    """Return the site meant; there is only one, so it need not be named."""
    entry: OfflineEvseConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    return entry
