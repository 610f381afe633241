"""What is asked about a backend: its fields, and what cannot be among what was filled in."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_NAME, CONF_PASSWORD, UnitOfInformation, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateSelector,
    EntitySelector,
    EntitySelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
    TimeSelector,
)
import voluptuous as vol

from ...backends.address import address_error, ends_in, is_secure, tidied
from ...backends.backend_config import (
    AUTOMATIC,
    CONF_ADDRESS,
    CONF_AUTHORITY_PEM,
    CONF_BULK_FROM,
    CONF_BULK_UNTIL,
    CONF_CERTIFICATE_PEM,
    CONF_CHARGERS,
    CONF_DAILY_MB,
    CONF_IDENTITY,
    CONF_KEY_PEM,
    CONF_KNOWS_REPEATS,
    CONF_LIVE_INTERVAL,
    CONF_METERED,
    CONF_PERMITS,
    CONF_PROBE_INTERVAL,
    CONF_ROLE,
    CONF_SINCE,
    CONF_UNKNOWN_CARDS,
    CONF_VENDORS,
    CONF_VERSION,
    DEFAULT_LIVE_INTERVAL_S,
    DEFAULT_PROBE_INTERVAL_S,
    VERSIONS,
)
from ...backends.pem import Pasted
from ...engine.model.upstream.config import UnknownCards, UpstreamPermit, UpstreamRole
from ...engine.model.upstream.link import LinkTrouble
from ..access.fields import box, flattened, named, words
from ..schemas import password_selector

CONF_NEXT: Final = "next"
CONF_OTHERS: Final = "others"

SECTION_TLS: Final = "tls"
SECTION_TRAFFIC: Final = "traffic"
SECTION_RIGHTS: Final = "rights"
SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    SECTION_RIGHTS: (CONF_PERMITS, CONF_VENDORS, CONF_SINCE, CONF_UNKNOWN_CARDS, CONF_KNOWS_REPEATS),
    SECTION_TRAFFIC: (
        CONF_LIVE_INTERVAL,
        CONF_BULK_FROM,
        CONF_BULK_UNTIL,
        CONF_DAILY_MB,
        CONF_METERED,
        CONF_PROBE_INTERVAL,
    ),
    SECTION_TLS: (CONF_AUTHORITY_PEM, CONF_CERTIFICATE_PEM, CONF_KEY_PEM),
}
LONGEST_NAME: Final = 100
LONGEST_IDENTITY: Final = 255
SAVE: Final = "save"
AGAIN: Final = "again"
CHANGE: Final = "change"
CHANGE_CHARGER: Final = "change_charger"


def backend_schema(chargers: Mapping[str, str]) -> vol.Schema:
    """The form; `chargers` are names by station id."""
    parts = {
        SECTION_RIGHTS: {
            vol.Optional(CONF_PERMITS): _list(list(UpstreamPermit), "backend_permits", several=True),
            vol.Optional(CONF_VENDORS): TextSelector(TextSelectorConfig(multiple=True)),
            vol.Optional(CONF_SINCE): DateSelector(),
            vol.Required(CONF_UNKNOWN_CARDS, default=UnknownCards.LEAVE_OUT): _list(
                list(UnknownCards), "backend_unknown_cards"
            ),
            vol.Required(CONF_KNOWS_REPEATS, default=True): BooleanSelector(),
        },
        SECTION_TRAFFIC: {
            vol.Required(CONF_LIVE_INTERVAL, default=DEFAULT_LIVE_INTERVAL_S): box(0, 3600, 1, UnitOfTime.SECONDS),
            vol.Optional(CONF_BULK_FROM): TimeSelector(),
            vol.Optional(CONF_BULK_UNTIL): TimeSelector(),
            vol.Optional(CONF_DAILY_MB): box(0.1, 100_000, 0.1, UnitOfInformation.MEGABYTES),
            vol.Optional(CONF_METERED): EntitySelector(
                EntitySelectorConfig(domain=["binary_sensor", "input_boolean", "switch"])
            ),
            vol.Required(CONF_PROBE_INTERVAL, default=DEFAULT_PROBE_INTERVAL_S): box(5, 900, 1, UnitOfTime.SECONDS),
        },
        SECTION_TLS: {
            vol.Optional(CONF_AUTHORITY_PEM): _pem(),
            vol.Optional(CONF_CERTIFICATE_PEM): _pem(),
            vol.Optional(CONF_KEY_PEM): _pem(),
        },
    }
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_ADDRESS): TextSelector(TextSelectorConfig(type=TextSelectorType.URL, autocomplete="off")),
            vol.Required(CONF_ROLE, default=UpstreamRole.REPORT): _list(list(UpstreamRole), "backend_role"),
            vol.Required(CONF_CHARGERS, default=list(chargers)): named(chargers, several=True, as_list=True),
            vol.Required(CONF_VERSION, default=AUTOMATIC): words(VERSIONS, "backend_version"),
            **{vol.Required(name): section(vol.Schema(fields), {"collapsed": True}) for name, fields in parts.items()},
        }
    )


def charger_schema(others: bool) -> vol.Schema:
    """What the backend calls one charger, and its password; with `others`, whether the rest goes likewise."""
    fields: dict[vol.Marker, object] = {
        vol.Required(CONF_IDENTITY): TextSelector(TextSelectorConfig(autocomplete="off")),
        vol.Optional(CONF_PASSWORD): password_selector(),
    }
    if others:
        fields[vol.Required(CONF_OTHERS, default=False)] = BooleanSelector()
    return vol.Schema(fields)


def next_schema(trouble: LinkTrouble) -> vol.Schema:
    """What to do with a backend that could not be reached; the likeliest first."""
    ways = [CHANGE, AGAIN, SAVE]
    if trouble in (LinkTrouble.CREDENTIALS, LinkTrouble.UNKNOWN_STATION):
        ways.insert(0, CHANGE_CHARGER)
    elif not trouble.misconfigured:
        ways = [AGAIN, CHANGE, SAVE]
    return vol.Schema({vol.Required(CONF_NEXT, default=ways[0]): _list(ways, "backend_next")})


def form_of(title: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a backend out as the form has it."""
    form = {CONF_NAME: title, **data, CONF_CHARGERS: list(data[CONF_CHARGERS])}
    inside = {name for names in SECTIONS.values() for name in names}
    return {name: value for name, value in form.items() if name not in inside} | {
        part: {name: data[name] for name in names if name in data} for part, names in SECTIONS.items()
    }


def filled(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Take what was filled in out of its sections, without what is empty, and tidied."""
    values = flattened(user_input, SECTIONS)
    values[CONF_NAME] = values.get(CONF_NAME, "").strip()
    values[CONF_ADDRESS] = tidied(values.get(CONF_ADDRESS, ""))
    values.setdefault(CONF_CHARGERS, [])
    for name in SECTIONS[SECTION_TLS]:
        if pem := values.pop(name, "").strip():
            values[name] = f"{pem}\n"
    return values


def backend_errors(values: Mapping[str, Any], identities: Mapping[str, str]) -> dict[str, str]:
    """Find what cannot be. `identities` are those of chargers, by station id; the texts of PEM are looked at later."""
    errors: dict[str, str] = {}
    if not 1 <= len(values[CONF_NAME]) <= LONGEST_NAME:
        errors[CONF_NAME] = "name_needed"
    if error := address_error(values[CONF_ADDRESS]):
        errors[CONF_ADDRESS] = error
    elif ends_in(values[CONF_ADDRESS], [*identities.keys(), *identities.values()]):
        errors[CONF_ADDRESS] = "identity_in_address"
    if not values[CONF_CHARGERS]:
        errors[CONF_CHARGERS] = "charger_needed"
    # Home Assistant shows an error at a field of a section only with the whole form.
    if (CONF_BULK_FROM in values) is not (CONF_BULK_UNTIL in values):
        errors["base"] = "half_a_window"
    elif any(name in values for name in SECTIONS[SECTION_TLS]) and CONF_ADDRESS not in errors:
        if not is_secure(values[CONF_ADDRESS]):
            errors["base"] = "nothing_to_encrypt"
    return errors


def charger_errors(identity: str, taken: Mapping[str, str]) -> dict[str, str]:
    """Find what cannot be in the name that a backend has for a charger; `taken` are those of the others."""
    if not 1 <= len(identity) <= LONGEST_IDENTITY or "/" in identity:
        return {CONF_IDENTITY: "bad_identity"}
    if identity in taken.values():
        return {CONF_IDENTITY: "identity_twice"}
    return {}


def pasted(values: Mapping[str, Any]) -> Pasted:
    """Return what was pasted of certificates."""
    return Pasted(
        authority=values.get(CONF_AUTHORITY_PEM),
        certificate=values.get(CONF_CERTIFICATE_PEM),
        key=values.get(CONF_KEY_PEM),
    )


def _pem() -> TextSelector:
    """A field for PEM text."""
    return TextSelector(TextSelectorConfig(multiline=True, autocomplete="off"))


def _list(options: list[str], translation_key: str, *, several: bool = False) -> SelectSelector:
    """A field for words that are translated, all of them in sight."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[str(option) for option in options],
            translation_key=translation_key,
            multiple=several,
            mode=SelectSelectorMode.LIST,
        )
    )
