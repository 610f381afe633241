"""What is asked about a card, wherever it is enrolled or changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from typing import Any, Final

from homeassistant.const import CONF_NAME, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateTimeSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
    TimeSelector,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ...engine.model.credential import Credential, HolderKind, Terms, WeeklyHours
from ...engine.model.id_token import IdToken
from ...people.weekly_hours import DAYS, format_hours, parse_hours
from .fields import box, energy, flattened, named, words

CONF_BEGINS: Final = "begins"
CONF_CHARGERS: Final = "chargers"
CONF_DAY_ENERGY: Final = "day_energy"
CONF_ENDS: Final = "ends"
CONF_GROUP: Final = "group"
CONF_HOLDER: Final = "holder"
CONF_MASTER: Final = "master"
CONF_MONEY: Final = "money"
CONF_MORE_HOURS: Final = "more_hours"
CONF_PRIORITY: Final = "priority"
CONF_SESSION_ENERGY: Final = "session_energy"
CONF_SESSION_TIME: Final = "session_time"
CONF_SESSIONS: Final = "sessions"
CONF_TOTAL_ENERGY: Final = "total_energy"
CONF_VALID_FROM: Final = "valid_from"
CONF_VALID_UNTIL: Final = "valid_until"
CONF_WEEKDAYS: Final = "weekdays"

SECTION_HOURS: Final = "hours"
SECTION_LIMITS: Final = "limits"
SECTION_RIGHTS: Final = "rights"
SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    SECTION_LIMITS: (
        CONF_SESSION_ENERGY,
        CONF_DAY_ENERGY,
        CONF_TOTAL_ENERGY,
        CONF_SESSION_TIME,
        CONF_MONEY,
        CONF_SESSIONS,
    ),
    SECTION_HOURS: (CONF_WEEKDAYS, CONF_BEGINS, CONF_ENDS, CONF_MORE_HOURS),
    SECTION_RIGHTS: (CONF_CHARGERS, CONF_PRIORITY, CONF_GROUP, CONF_MASTER),
}
LONGEST_NAME: Final = 100


def card_schema(chargers: Mapping[str, str], currency: str) -> vol.Schema:
    """The form; `chargers` are names by station id."""
    parts = {
        SECTION_LIMITS: {
            vol.Optional(CONF_SESSION_ENERGY): energy(),
            vol.Optional(CONF_DAY_ENERGY): energy(),
            vol.Optional(CONF_TOTAL_ENERGY): energy(),
            vol.Optional(CONF_SESSION_TIME): box(0.25, 240, 0.25, UnitOfTime.HOURS),
            vol.Optional(CONF_MONEY): box(0, 1_000_000, 0.01, currency),
            vol.Optional(CONF_SESSIONS): box(1, 100, 1),
        },
        SECTION_HOURS: {
            vol.Optional(CONF_WEEKDAYS): words(DAYS, "weekdays", several=True),
            vol.Optional(CONF_BEGINS): TimeSelector(),
            vol.Optional(CONF_ENDS): TimeSelector(),
            vol.Optional(CONF_MORE_HOURS): TextSelector(),
        },
        SECTION_RIGHTS: {
            vol.Optional(CONF_CHARGERS): named(chargers, several=True),
            vol.Optional(CONF_PRIORITY): box(0, 10, 1),
            vol.Optional(CONF_GROUP): TextSelector(),
            vol.Required(CONF_MASTER, default=False): BooleanSelector(),
        },
    }
    return vol.Schema(
        {
            **_who(),
            vol.Optional(CONF_VALID_FROM): DateTimeSelector(),
            vol.Optional(CONF_VALID_UNTIL): DateTimeSelector(),
            **{vol.Required(name): section(vol.Schema(fields), {"collapsed": True}) for name, fields in parts.items()},
        }
    )


def whose_schema(chargers: Mapping[str, str]) -> vol.Schema:
    """The short form, without sections: where repairs are shown, sections have no names."""
    return vol.Schema(
        {
            **_who(),
            vol.Optional(CONF_VALID_UNTIL): DateTimeSelector(),
            vol.Optional(CONF_SESSION_ENERGY): energy(),
            vol.Optional(CONF_DAY_ENERGY): energy(),
            vol.Optional(CONF_TOTAL_ENERGY): energy(),
            vol.Optional(CONF_CHARGERS): named(chargers, several=True),
        }
    )


def _who() -> dict[vol.Marker, Any]:
    return {
        vol.Required(CONF_NAME): TextSelector(TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="off")),
        vol.Required(CONF_HOLDER, default=HolderKind.PERSON.value): words(HolderKind, "holder_kind"),
    }


def card_errors(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Find what cannot be. What is wrong within a section is told above the form."""
    values = flattened(user_input, SECTIONS)
    errors: dict[str, str] = {}
    if not str(values.get(CONF_NAME, "")).strip() or len(values[CONF_NAME]) > LONGEST_NAME:
        errors[CONF_NAME] = "name_needed"
    begins, ends = _when(values, CONF_VALID_FROM), _when(values, CONF_VALID_UNTIL)
    if begins is not None and ends is not None and ends <= begins:
        errors[CONF_VALID_UNTIL] = "ends_before_it_begins"
    given = [name in values for name in (CONF_BEGINS, CONF_ENDS)]
    if any(given) is not all(given):
        errors["base"] = "hours_incomplete"
    try:
        parse_hours(values.get(CONF_MORE_HOURS, ""))
    except ValueError:
        errors["base"] = "bad_hours"
    return errors


def credential_from(user_input: Mapping[str, Any], before: Credential | IdToken) -> Credential:
    """Turn a form without errors into a credential: of a new card, or as a change of one that is enrolled."""
    values = flattened(user_input, SECTIONS)
    known = before if isinstance(before, Credential) else Credential(id_token=before, name="")
    money, hours = values.get(CONF_MONEY), values.get(CONF_SESSION_TIME)
    return replace(
        known,
        name=values[CONF_NAME].strip(),
        holder=HolderKind(values[CONF_HOLDER]),
        group=values.get(CONF_GROUP),
        master=values.get(CONF_MASTER, False),
        terms=replace(
            known.terms,
            valid_from=_when(values, CONF_VALID_FROM),
            valid_until=_when(values, CONF_VALID_UNTIL),
            hours=_hours(values),
            station_ids=frozenset(values.get(CONF_CHARGERS, ())),
            session_wh=_watt_hours(values.get(CONF_SESSION_ENERGY)),
            session_s=None if hours is None else round(hours * 3600),
            day_wh=_watt_hours(values.get(CONF_DAY_ENERGY)),
            total_wh=_watt_hours(values.get(CONF_TOTAL_ENERGY)),
            money=None if money is None else Decimal(str(money)),
            priority=_whole(values.get(CONF_PRIORITY)),
            session_count=_whole(values.get(CONF_SESSIONS)),
        ),
    )


def form_of(credential: Credential) -> dict[str, Any]:
    """Lay a credential out as the form has it."""
    terms: Terms = credential.terms
    first, *more = terms.hours or (None,)
    values: dict[str, Any] = {
        CONF_NAME: credential.name,
        CONF_HOLDER: credential.holder.value,
        CONF_VALID_FROM: _local(terms.valid_from),
        CONF_VALID_UNTIL: _local(terms.valid_until),
        CONF_SESSION_ENERGY: _kilo(terms.session_wh),
        CONF_DAY_ENERGY: _kilo(terms.day_wh),
        CONF_TOTAL_ENERGY: _kilo(terms.total_wh),
        CONF_SESSION_TIME: None if terms.session_s is None else terms.session_s / 3600,
        CONF_MONEY: None if terms.money is None else float(terms.money),
        CONF_SESSIONS: terms.session_count,
        CONF_CHARGERS: sorted(terms.station_ids),
        CONF_PRIORITY: terms.priority,
        CONF_GROUP: credential.group,
        CONF_MASTER: credential.master,
    }
    if first is not None:
        values |= {
            CONF_WEEKDAYS: [DAYS[day] for day in sorted(first.weekdays)],
            CONF_BEGINS: first.begins.isoformat(),
            CONF_ENDS: first.ends.isoformat(),
            CONF_MORE_HOURS: format_hours(tuple(span for span in more if span is not None)),
        }
    values = {name: value for name, value in values.items() if value not in (None, "", [])}
    return {**values, **{part: {it: values[it] for it in names if it in values} for part, names in SECTIONS.items()}}


def _hours(values: Mapping[str, Any]) -> tuple[WeeklyHours, ...]:
    more = parse_hours(values.get(CONF_MORE_HOURS, ""))
    weekdays = values.get(CONF_WEEKDAYS)
    if CONF_BEGINS not in values:
        if not weekdays:
            return more
        # Whole days: they end where the next one begins.
        return (WeeklyHours(frozenset(DAYS.index(day) for day in weekdays), time(0), time(0)), *more)
    begins, ends = time.fromisoformat(values[CONF_BEGINS]), time.fromisoformat(values[CONF_ENDS])
    return (WeeklyHours(frozenset(DAYS.index(day) for day in weekdays or DAYS), begins, ends), *more)


def _when(values: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time of the place."""
    told = dt_util.parse_datetime(str(values[name])) if name in values else None
    return None if told is None else dt_util.as_utc(told)


def _local(value: datetime | None) -> str | None:
    return None if value is None else f"{dt_util.as_local(value):%Y-%m-%d %H:%M:%S}"


def _watt_hours(kwh: float | None) -> int | None:
    return None if kwh is None else round(kwh * 1000)


def _kilo(value: int | None) -> float | None:
    return None if value is None else value / 1000


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
