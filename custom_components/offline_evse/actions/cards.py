"""Actions about cards: enrol, block, remove, list, and take them in and out as a table."""

from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import CONF_STATION_ID, DOMAIN, SUBENTRY_CHARGER
from ..devices import evse_of_device, station_of_device
from ..engine.model.credential import Credential, HolderKind, Terms
from ..engine.model.id_token import IdToken
from ..people.card_list import described, is_card, masked, own_cards
from ..people.csv_cards import COLUMNS, RowResult, read_cards, write_cards
from ..people.csv_cells import MOST_BYTES, decoded
from ..people.weekly_hours import parse_hours
from ..refusals import recorded
from ..runtime import OfflineEvseConfigEntry
from ..sentences import Sentences

ATTR_APPLY: Final = "apply"
ATTR_BLOCKED: Final = "blocked"
ATTR_CARD: Final = "card"
ATTR_CSV: Final = "csv"
ATTR_DAY_ENERGY: Final = "day_energy"
ATTR_EXPIRES: Final = "expires"
ATTR_FILE: Final = "file"
ATTR_GROUP: Final = "group"
ATTR_HOLDER: Final = "holder"
ATTR_HOURS: Final = "hours"
ATTR_MASTER: Final = "master"
ATTR_MONEY: Final = "money"
ATTR_PRIORITY: Final = "priority"
ATTR_SESSION_ENERGY: Final = "session_energy"
ATTR_SESSION_TIME: Final = "session_time"
ATTR_SESSIONS: Final = "sessions"
ATTR_TOTAL_ENERGY: Final = "total_energy"
ATTR_VALID_FROM: Final = "valid_from"

LONGEST_CARD: Final = 36
"""OCPP 2.0.1: idToken is identifierString[36]; version 1.6 has 20."""

CARD: Final = vol.All(cv.string, str.strip, vol.Length(min=1, max=LONGEST_CARD))
_SITE: Final[dict[vol.Marker, Any]] = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_ENERGY: Final = vol.Any(None, vol.All(vol.Coerce(float), vol.Range(min=0.001, max=1_000_000)))


def _spans(value: Any) -> Any:
    """Read hours of the week."""
    try:
        return parse_hours(cv.string(value))
    except ValueError as err:
        raise vol.Invalid("expected hours such as mon-fri 07:00-19:00") from err


_TERMS: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_EXPIRES): vol.Any(None, cv.datetime),
    vol.Optional(ATTR_VALID_FROM): vol.Any(None, cv.datetime),
    vol.Optional(ATTR_HOURS): vol.Any(None, _spans),
    vol.Optional(ATTR_DEVICE_ID): vol.Any(None, vol.All(cv.ensure_list, [cv.string])),
    vol.Optional(ATTR_SESSION_ENERGY): _ENERGY,
    vol.Optional(ATTR_SESSION_TIME): vol.Any(None, vol.All(vol.Coerce(float), vol.Range(min=0.01, max=1000))),
    vol.Optional(ATTR_DAY_ENERGY): _ENERGY,
    vol.Optional(ATTR_TOTAL_ENERGY): _ENERGY,
    vol.Optional(ATTR_MONEY): vol.Any(None, vol.All(vol.Coerce(float), vol.Range(min=0, max=1_000_000))),
    vol.Optional(ATTR_SESSIONS): vol.Any(None, vol.All(vol.Coerce(int), vol.Range(min=1, max=100))),
    vol.Optional(ATTR_PRIORITY): vol.Any(None, vol.All(vol.Coerce(int), vol.Range(min=0, max=10))),
}
ENROL_SCHEMA: Final = vol.Schema(
    _SITE
    | {
        vol.Required(ATTR_CARD): CARD,
        vol.Required(ATTR_NAME): vol.All(cv.string, str.strip, vol.Length(min=1, max=100)),
        vol.Optional(ATTR_HOLDER): vol.Coerce(HolderKind),
        vol.Optional(ATTR_GROUP): vol.Any(None, vol.All(cv.string, str.strip, vol.Length(max=LONGEST_CARD))),
        vol.Optional(ATTR_MASTER): cv.boolean,
    }
    | _TERMS
)


@callback
def register_card_services(hass: HomeAssistant) -> None:
    """Register the actions, once for the life of Home Assistant."""
    register = hass.services.async_register
    one_card = vol.Schema(_SITE | {vol.Required(ATTR_CARD): CARD})
    register(DOMAIN, "enrol_card", enrol_card, ENROL_SCHEMA)
    register(DOMAIN, "block_card", block_card, one_card)
    register(DOMAIN, "unblock_card", unblock_card, one_card)
    register(DOMAIN, "remove_card", remove_card, one_card)
    register(DOMAIN, "list_cards", list_cards, vol.Schema(_SITE), SupportsResponse.ONLY)
    what = {vol.Exclusive(ATTR_CSV, "what"): cv.string, vol.Exclusive(ATTR_FILE, "what"): cv.string}
    taken_in = vol.Schema(_SITE | what | {vol.Optional(ATTR_APPLY, default=False): cv.boolean})
    register(DOMAIN, "import_cards", import_cards, taken_in, SupportsResponse.OPTIONAL)
    written = vol.Schema(_SITE | {vol.Optional(ATTR_FILE): cv.string})
    register(DOMAIN, "export_cards", export_cards, written, SupportsResponse.OPTIONAL)


async def enrol_card(call: ServiceCall) -> None:
    """Enrol a card, or change one that is enrolled: what is left out stays as it is, and what is empty goes."""
    entry, data = _site_entry(call), call.data
    site = entry.runtime_data.site
    token = IdToken(data[ATTR_CARD])
    before = site.credential(token)
    if before is not None and not is_card(before):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="card_taken")
    known = before or Credential(id_token=token, name=data[ATTR_NAME])
    told = _terms(call, entry)
    card = replace(
        known,
        name=data[ATTR_NAME],
        holder=data.get(ATTR_HOLDER, known.holder),
        group=(data[ATTR_GROUP] or None) if ATTR_GROUP in data else known.group,
        master=data.get(ATTR_MASTER, known.master),
        terms=replace(known.terms, **told),
    )
    begins, ends = card.terms.valid_from, card.terms.valid_until
    if begins is not None and ends is not None and ends <= begins:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="card_time_over")
    await recorded(site.enrol_card(card))


async def block_card(call: ServiceCall) -> None:
    """Block a card; what runs with it ends."""
    await _block(call, blocked=True)


async def unblock_card(call: ServiceCall) -> None:
    """Let a blocked card charge again."""
    await _block(call, blocked=False)


async def remove_card(call: ServiceCall) -> None:
    """Remove a card; it is refused from now on."""
    if not await recorded(_site_entry(call).runtime_data.site.remove_card(IdToken(call.data[ATTR_CARD]))):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="card_not_enrolled")


async def list_cards(call: ServiceCall) -> ServiceResponse:
    """Return all enrolled cards."""
    return {"cards": [described(card) for card in own_cards(_site_entry(call).runtime_data.site)]}


async def import_cards(call: ServiceCall) -> ServiceResponse:
    """Tell what a table of cards comes to, and take it over where that is asked for."""
    entry = _site_entry(call)
    site = entry.runtime_data.site
    text: str | None = call.data.get(ATTR_CSV)
    if text is None:
        if ATTR_FILE not in call.data:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="csv_or_file")
        text = await _read(call.hass, _path(call))
    known = {it.id_token.key: it for it in site.cards()}
    try:
        rows = read_cards(text, known, _chargers(entry), site.config.goals.time_zone)
    except ValueError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_card_table",
            translation_placeholders={"columns": ", ".join(COLUMNS)},
        ) from err
    applied = 0
    if call.data[ATTR_APPLY]:
        for row in rows:
            if row.credential is not None and row.result in (RowResult.NEW, RowResult.CHANGED):
                await recorded(site.enrol_card(row.credential))
                applied += 1
    sentences = Sentences(call.hass)
    return {
        "applied": applied,
        **{result.value: sum(row.result is result for row in rows) for result in RowResult},
        "rows": [
            {
                "row": row.row,
                "card": masked(row.card),
                "name": row.name,
                "result": row.result.value,
                "reasons": [sentences.say(reason, column=column) for reason, column in row.reasons],
            }
            for row in rows
        ],
    }


async def export_cards(call: ServiceCall) -> ServiceResponse:
    """Return all cards as a table, and write it into a file where one is named."""
    entry = _site_entry(call)
    site = entry.runtime_data.site
    cards = own_cards(site)
    text = write_cards(cards, _chargers(entry), site.config.goals.time_zone)
    answer: dict[str, Any] = {"count": len(cards)}
    if ATTR_FILE in call.data:
        path = _path(call)
        try:
            # With the mark that spreadsheets know UTF-8 by.
            await call.hass.async_add_executor_job(path.write_bytes, text.encode("utf-8-sig"))
        except OSError as err:
            raise _file_error(path, err) from err
        answer["file"] = str(path)
    if call.return_response:
        answer["csv"] = text
    return answer


async def _block(call: ServiceCall, *, blocked: bool) -> None:
    site = _site_entry(call).runtime_data.site
    known = site.credential(IdToken(call.data[ATTR_CARD]))
    if known is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="card_not_enrolled")
    await recorded(site.enrol_card(replace(known, blocked=blocked)))


def _terms(call: ServiceCall, entry: OfflineEvseConfigEntry) -> dict[str, Any]:
    """Read the terms that are given, by their names in the engine."""
    data = call.data

    def watt_hours(kwh: float | None) -> int | None:
        return None if kwh is None else round(kwh * 1000)

    def instant(at: datetime | None) -> datetime | None:
        return None if at is None else dt_util.as_utc(at)

    read: dict[str, tuple[str, Any]] = {
        ATTR_EXPIRES: ("valid_until", instant),
        ATTR_VALID_FROM: ("valid_from", instant),
        ATTR_HOURS: ("hours", lambda spans: spans or ()),
        ATTR_DEVICE_ID: ("station_ids", lambda devices: _stations(call, entry, devices or [])),
        ATTR_SESSION_ENERGY: ("session_wh", watt_hours),
        ATTR_SESSION_TIME: ("session_s", lambda hours: None if hours is None else round(hours * 3600)),
        ATTR_DAY_ENERGY: ("day_wh", watt_hours),
        ATTR_TOTAL_ENERGY: ("total_wh", watt_hours),
        ATTR_MONEY: ("money", lambda sum_: None if sum_ is None else Decimal(str(sum_))),
        ATTR_SESSIONS: ("session_count", lambda count: count),
        ATTR_PRIORITY: ("priority", lambda priority: priority),
    }
    told = {term: turn(data[name]) for name, (term, turn) in read.items() if name in data}
    assert told.keys() <= {field.name for field in fields(Terms)}
    return told


def _stations(call: ServiceCall, entry: OfflineEvseConfigEntry, device_ids: list[str]) -> frozenset[str]:
    """Return the chargers meant by devices: chargers themselves, or any of their connectors."""
    registry = dr.async_get(call.hass)
    stations: set[str] = set()
    for device_id in device_ids:
        device = registry.async_get(device_id)
        station_id: str | None = None
        if device is not None:
            evse = evse_of_device(call.hass, entry, device)
            station_id = evse.station_id if evse else station_of_device(entry, device)
        if station_id is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_charger")
        stations.add(station_id)
    return frozenset(stations)


def _chargers(entry: OfflineEvseConfigEntry) -> dict[str, str]:
    """Return the names of the chargers by station id."""
    return {it.data[CONF_STATION_ID]: it.title for it in entry.get_subentries_of_type(SUBENTRY_CHARGER)}


def _path(call: ServiceCall) -> Path:
    """Return the file meant; it has to lie where Home Assistant may read and write."""
    path = Path(call.hass.config.path(call.data[ATTR_FILE]))
    if not call.hass.config.is_allowed_path(str(path)):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="path_not_allowed", translation_placeholders={"path": str(path)}
        )
    return path


async def _read(hass: HomeAssistant, path: Path) -> str:
    def read() -> str:
        with path.open("rb") as file:
            return decoded(file.read(MOST_BYTES))

    try:
        return await hass.async_add_executor_job(read)
    except OSError as err:
        raise _file_error(path, err) from err


def _file_error(path: Path, err: OSError) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="file_error",
        translation_placeholders={"path": str(path), "error": err.strerror or str(err)},
    )


def _site_entry(call: ServiceCall) -> OfflineEvseConfigEntry:
    """Return the site meant; there is only one, so it need not be named."""
    entry: OfflineEvseConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    return entry
