"""Try before you trust: the site's own fuses and balancing, played with cars that are not there yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from time import monotonic
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import DOMAIN
from ..devices import charger_subentry
from ..engine.model.failure import LayoutError
from ..engine.model.rehearsal import RehearsalResult
from ..engine.model.station import EvseKey
from ..engine.site.rehearsal import RecordedDay, RehearsalRequest, rehearse
from ..runtime import OfflineEvseConfigEntry
from ..sentences import Sentences
from ..site_config import meter_set_ups

ATTR_CARS: Final = "cars"
ATTR_DAY: Final = "day"
ATTR_ENERGY: Final = "energy"
ATTR_HOURS: Final = "hours"
ATTR_METER_PERIOD: Final = "meter_period"
ATTR_PHASES: Final = "phases"
ATTR_START: Final = "start"

LONGEST_S: Final = 90.0
"""Computing time after which a rehearsal is broken off with what it has got, in s."""
ROWS_SHOWN: Final = 12
ROWS_REPORTED: Final = 6
EVENING: Final = time(17, 0)

FIELDS: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_DAY): cv.date,
    vol.Optional(ATTR_START, default=EVENING): cv.time,
    vol.Optional(ATTR_HOURS, default=6): vol.All(vol.Coerce(float), vol.Range(min=0.5, max=24)),
    vol.Optional(ATTR_CARS, default=4): vol.All(vol.Coerce(int), vol.Range(min=1, max=50)),
    vol.Optional(ATTR_ENERGY, default=20): vol.All(vol.Coerce(float), vol.Range(min=1, max=200)),
    vol.Optional(ATTR_PHASES, default=3): vol.All(vol.Coerce(int), vol.Range(min=1, max=3)),
    vol.Optional(ATTR_METER_PERIOD, default=1): vol.All(vol.Coerce(float), vol.Range(min=1, max=60)),
}


@dataclass(frozen=True, slots=True)
class Played:
    """A rehearsal that has been played."""

    result: RehearsalResult
    house: str
    """What the house did: `worst_evening`, `recorded`, or `recorded_means` where short peaks were not kept."""


@callback
def register_rehearsal(hass: HomeAssistant) -> None:
    """Register the action, once for the life of Home Assistant."""
    hass.services.async_register(
        DOMAIN,
        "simulate",
        simulate,
        schema=vol.Schema({vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string, **FIELDS}),
        supports_response=SupportsResponse.ONLY,
    )


async def simulate(call: ServiceCall) -> ServiceResponse:
    """Play the site and return how it fared."""
    entry: OfflineEvseConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    return described(call.hass, entry, await play(call.hass, entry, call.data))


async def play(hass: HomeAssistant, entry: OfflineEvseConfigEntry, asked: Mapping[str, Any]) -> Played:
    """Play the site with what was asked for; the work is done outside the event loop."""
    site = entry.runtime_data.site
    request = RehearsalRequest(
        cars=asked[ATTR_CARS],
        energy_wh=asked[ATTR_ENERGY] * 1000,
        terminals=asked[ATTR_PHASES],
        hours=asked[ATTR_HOURS],
        meter_every_s=asked[ATTR_METER_PERIOD],
    )
    recorded, house = None, "worst_evening"
    if (day := asked.get(ATTR_DAY)) is not None:
        recorded, means = await _recorded(hass, entry, day, asked[ATTR_START], request.hours)
        house = "recorded_means" if means else "recorded"
    evses = tuple(site.evses)

    def work() -> RehearsalResult:
        until = monotonic() + LONGEST_S
        return rehearse(site.config, evses, request, recorded, lambda: monotonic() > until)

    try:
        result = await hass.async_add_executor_job(work)
    except LayoutError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="bad_layout", translation_placeholders={"error": str(err)}
        ) from err
    return Played(result, house)


async def _recorded(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, day: date, start: time, hours: float
) -> tuple[RecordedDay, bool]:
    """Read a part of a day from the recorder."""
    if "recorder" not in hass.config.components:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_recorder")
    from ..inputs.rehearsal_history import recorded_day  # noqa: PLC0415 (only where the recorder is there)

    begin = datetime.combine(day, start, dt_util.get_default_time_zone())
    found = await recorded_day(
        hass,
        entry.entry_id,
        meter_set_ups(entry),
        tuple(entry.runtime_data.site.evses),
        dt_util.as_utc(begin),
        dt_util.as_utc(begin) + timedelta(hours=hours),
    )
    if found is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="nothing_recorded", translation_placeholders={"day": str(day)}
        )
    return found.day, found.means


def described(hass: HomeAssistant, entry: OfflineEvseConfigEntry, played: Played) -> dict[str, Any]:
    """Describe how the site fared, as plain data and as tables that people can read."""
    result = played.result
    return {
        "house": played.house,
        "played_hours": round(result.played_s / 3600, 2),
        "finished": result.finished,
        "trips": result.trips,
        "seconds_over": result.over_s,
        "limits_sent": result.limits_sent,
        "fuses": [
            {
                "circuit": circuit_name(entry, row.circuit_id),
                "phase": row.phase.name,
                "limit_a": row.limit_a,
                "highest_a": round(row.highest_a, 1),
                "seconds_over": row.over_s,
                "longest_over_s": row.longest_over_s,
                "seconds_over_without_cars": row.over_without_cars_s,
                "heat": round(row.heat, 2),
                "tripped": row.tripped,
            }
            for row in result.rows[:ROWS_SHOWN]
        ],
        "cars": [
            {
                "charger": charger_name(entry, car.evse),
                "connector": car.evse.evse_id,
                "energy_kwh": round(car.energy_wh / 1000, 2),
                "wanted_kwh": round(car.wanted_wh / 1000, 2),
                "waited_minutes": round(car.waited_s / 60, 1),
                "finished_after_minutes": None if car.finished_s is None else round(car.finished_s / 60),
                "pauses": car.pauses,
                "offers_a": [round(current_a, 1) for current_a in car.offers_a],
                "draws_a": [round(current_a, 1) for current_a in car.draws_a],
            }
            for car in result.cars
        ],
        "slice_minutes": result.slice_s / 60,
        "house_a": [[round(current_a, 1) for current_a in phases] for phases in result.house_a],
        "report": report(hass, entry, played),
    }


def report(hass: HomeAssistant, entry: OfflineEvseConfigEntry, played: Played) -> str:
    """Write in Markdown how the site fared: the verdict first, then the fuses, then the cars."""
    say = Sentences(hass).say
    result = played.result
    verdict = [
        say(f"rehearsal_trips_{_plural(result.trips)}", hours=f"{result.played_s / 3600:g}", count=f"{result.trips}")
    ]
    if result.over_s:
        alone_s = sum(row.over_without_cars_s for row in result.rows)
        verdict.append(say("rehearsal_over", over=f"{result.over_s:.0f}", alone=f"{alone_s:.0f}"))
    if not result.finished:
        verdict.append(say("rehearsal_broken_off"))
    if played.house == "recorded_means":
        verdict.append(say("rehearsal_means"))
    fuses = [
        f"| {circuit_name(entry, row.circuit_id)} | {row.phase.name} | {row.highest_a:.1f} / {row.limit_a:g} A "
        f"| {row.over_s:.0f} s | {row.heat:.0%} |"
        for row in result.rows[:ROWS_REPORTED]
    ]
    cars = [
        f"| {connector_name(entry, car.evse)} | {car.energy_wh / 1000:.1f} / {car.wanted_wh / 1000:g} kWh "
        f"| {car.waited_s / 60:.0f} min | {max(car.offers_a, default=0.0):.1f} A |"
        for car in result.cars
    ]
    return "\n".join(
        (
            " ".join(verdict),
            "",
            say("rehearsal_fuses"),
            "|---|---|---:|---:|---:|",
            *fuses,
            "",
            say("rehearsal_heat"),
            "",
            say("rehearsal_cars"),
            "|---|---:|---:|---:|",
            *cars,
        )
    )


def _plural(count: int) -> str:
    """Tell which of the sentences for a count to take."""
    return {0: "none", 1: "one"}.get(count, "many")


def circuit_name(entry: OfflineEvseConfigEntry, circuit_id: str) -> str:
    """Name a circuit for people."""
    circuit = entry.runtime_data.site.state.layout.get(circuit_id)
    return circuit.name if circuit else circuit_id


def charger_name(entry: OfflineEvseConfigEntry, evse: EvseKey) -> str:
    """Name a charger for people; those that are not there yet have a number only."""
    subentry = charger_subentry(entry, evse.station_id)
    return subentry.title if subentry else evse.station_id


def connector_name(entry: OfflineEvseConfigEntry, evse: EvseKey) -> str:
    """Name a charger for people, with the number of the connector where it has several."""
    name = charger_name(entry, evse)
    several = sum(it.station_id == evse.station_id for it in entry.runtime_data.site.evses) > 1
    return f"{name} {evse.evse_id}" if several else name
