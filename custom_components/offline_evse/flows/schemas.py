"""The forms of the set-up: fields with their selectors, and nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.const import (
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_PORT,
    PERCENTAGE,
    UnitOfElectricCurrent,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    QrCodeSelector,
    QrCodeSelectorConfig,
    QrErrorCorrectionLevel,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import (
    CONF_AFTER_EXPIRY,
    CONF_CIRCUIT,
    CONF_DEFAULT_PROFILE,
    CONF_DERATE,
    CONF_DERATE_FROM,
    CONF_EXPIRY,
    CONF_FUSE,
    CONF_HARDWARE,
    CONF_INVERTED,
    CONF_LIMIT_POWER,
    CONF_MARGIN,
    CONF_MAXIMUM,
    CONF_METER_KIND,
    CONF_MINIMUM,
    CONF_PARENT,
    CONF_PAUSE_WAY,
    CONF_PHASES,
    CONF_PRIORITY,
    CONF_REFRESH,
    CONF_RESERVE,
    CONF_SAFE,
    CONF_SESSION_ENERGY,
    CONF_SESSION_TIME,
    CONF_SHADOW,
    CONF_STALE_AFTER,
    CONF_STATION_ID,
    CONF_SWITCH_PHASES,
    CONF_TIMEOUT,
    CONF_WEIGHT,
    CONF_WIRING,
    DEFAULT_PORT,
)
from ..engine.model.access import AccessMode
from ..engine.model.circuit import MINIMUM_CURRENT_A
from ..engine.site.config import AfterExpiry, DefaultProfile, PauseWay
from ..inputs.meter_kind import CURRENT_FIELDS, POWER_FIELDS, VOLTAGE_FIELDS, MeterKind
from ..people.access_config import CONF_ACCESS_MODE, CONF_MINIMUM_LEVEL, LEVELS, MODE_OF_SITE
from ..site_config import ALL_PHASES, PHASES
from .meter_suggestions import DEVICE_CLASSES
from .silence_profile import DEFAULT_TIMEOUT, OWN_TIMEOUT, SHORTEST_S, TIMEOUTS
from .wiring_choice import WIRING_CHOICES

SECTION_ADVANCED: Final = "advanced"
SECTION_CONNECTION: Final = "connection"
SECTION_LIMITS: Final = "limits"
SECTION_ACCESS: Final = "access"
SECTIONS: Final = (SECTION_CONNECTION, SECTION_LIMITS, SECTION_ACCESS, SECTION_ADVANCED)

CONF_QR: Final = "qr"
CONF_STATION: Final = "station"
WAIT: Final = "wait"
MANUAL: Final = "manual"
LATER: Final = "later"


def site_schema() -> vol.Schema:
    """Name and port of the site."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_PORT, default=DEFAULT_PORT): _whole_number(1, 65535),
            vol.Required(SECTION_ADVANCED): section(
                vol.Schema({vol.Optional(CONF_HOST): TextSelector()}), {"collapsed": True}
            ),
        }
    )


def port_schema() -> vol.Schema:
    """What can be changed about a site that is running."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_PORT): _whole_number(1, 65535),
            vol.Optional(CONF_SHADOW, default=False): BooleanSelector(),
        }
    )


def main_fuse_schema() -> vol.Schema:
    """The main fuse."""
    return vol.Schema(
        {
            vol.Required(CONF_FUSE, default=25): _amperes(6, 1000),
            vol.Required(CONF_PHASES, default=ALL_PHASES): _choice([ALL_PHASES, "l1"], "main_phases"),
            vol.Optional(CONF_LIMIT_POWER): _kilowatts(),
            vol.Optional(CONF_DERATE): _percent(50, 100),
        }
    )


def circuit_schema(parents: Mapping[str, str]) -> vol.Schema:
    """A fuse below another one; `parents` are names by circuit id."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_PARENT, default=next(iter(parents), vol.UNDEFINED)): _named_choice(parents),
            vol.Required(CONF_FUSE, default=16): _amperes(6, 1000),
            vol.Required(CONF_PHASES, default=ALL_PHASES): _choice(list(PHASES), "phases"),
            vol.Optional(CONF_DERATE): _percent(50, 100),
            vol.Optional(CONF_LIMIT_POWER): _kilowatts(),
        }
    )


def meter_kind_schema() -> vol.Schema:
    """What kind of meter a circuit has."""
    return vol.Schema({vol.Required(CONF_METER_KIND): _choice(list(MeterKind), "meter_kind", as_list=True)})


def meter_schema(kind: MeterKind, phases: tuple[int, ...]) -> vol.Schema:
    """The entities of a meter, and how much it is trusted."""
    entities: dict[vol.Marker, object] = {vol.Optional(name): _sensor(name) for name in meter_fields(kind, phases)}
    margin = {vol.Required(CONF_MARGIN): _amperes(0, 500)}
    reserve = {vol.Required(CONF_RESERVE): _amperes(0, 1000)}
    if kind is MeterKind.NONE:
        return vol.Schema(reserve | margin)
    stale_after = {
        vol.Required(CONF_STALE_AFTER): NumberSelector(
            NumberSelectorConfig(
                min=3, max=300, step=1, unit_of_measurement=UnitOfTime.SECONDS, mode=NumberSelectorMode.BOX
            )
        )
    }
    turned = SelectSelectorConfig(
        options=[f"l{phase + 1}" for phase in phases],
        multiple=True,
        mode=SelectSelectorMode.LIST,
        translation_key="inverted",
    )
    inverted = {vol.Optional(CONF_INVERTED): SelectSelector(turned)}
    advanced = section(vol.Schema(reserve | stale_after | inverted), {"collapsed": True})
    return vol.Schema(entities | margin | {vol.Required(SECTION_ADVANCED): advanced})


def meter_fields(kind: MeterKind, phases: tuple[int, ...]) -> tuple[str, ...]:
    """Which entities a meter of this kind can be read from."""
    match kind:
        case MeterKind.CURRENTS:
            return tuple(fields[phase] for fields in (CURRENT_FIELDS, POWER_FIELDS) for phase in phases)
        case MeterKind.POWER_VOLTAGE:
            return tuple(fields[phase] for fields in (POWER_FIELDS, VOLTAGE_FIELDS) for phase in phases)
        case MeterKind.POWER_TOTAL:
            return ("power_total",)
        case MeterKind.NONE:
            return ()


def required_meter_fields(kind: MeterKind, phases: tuple[int, ...]) -> tuple[str, ...]:
    """Which of them it cannot do without."""
    fields = meter_fields(kind, phases)
    return fields if kind is MeterKind.POWER_TOTAL else fields[: len(phases)]


def address_schema(url: str, strangers: Mapping[str, str]) -> vol.Schema:
    """The site's address, and what to do next; `strangers` are titles of chargers at the door, by id."""
    options: list[SelectOptionDict] = [
        *(SelectOptionDict(value=f"id:{name}", label=title) for name, title in strangers.items()),
        *(SelectOptionDict(value=choice, label=choice) for choice in (WAIT, MANUAL, LATER)),
    ]
    return vol.Schema(
        {
            vol.Optional(CONF_QR): QrCodeSelector(
                QrCodeSelectorConfig(data=url, scale=5, error_correction_level=QrErrorCorrectionLevel.MEDIUM)
            ),
            vol.Required(CONF_STATION, default=options[0]["value"]): SelectSelector(
                SelectSelectorConfig(options=options, mode=SelectSelectorMode.LIST, translation_key="next_charger")
            ),
        }
    )


def station_id_schema() -> vol.Schema:
    """The id of a charger that has not dialled in yet."""
    return vol.Schema({vol.Required(CONF_STATION_ID): TextSelector()})


def charger_schema(circuits: Mapping[str, str]) -> vol.Schema:
    """A charger of the site; `circuits` are names by circuit id."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_CIRCUIT, default=next(iter(circuits), vol.UNDEFINED)): _named_choice(circuits),
            vol.Required(CONF_WIRING, default="rst"): _choice(list(WIRING_CHOICES), "wiring"),
            vol.Required(CONF_MAXIMUM, default=16): _amperes(MINIMUM_CURRENT_A, 500),
            vol.Required(CONF_SAFE, default=MINIMUM_CURRENT_A): _amperes(0, 500),
            vol.Required(CONF_DEFAULT_PROFILE, default=DefaultProfile.SAFE): _choice(
                list(DefaultProfile), "default_profile"
            ),
            vol.Optional(SECTION_CONNECTION): section(_connection_schema(), {"collapsed": True}),
            vol.Optional(SECTION_LIMITS): section(_limits_schema(), {"collapsed": True}),
            vol.Optional(SECTION_ACCESS): section(_access_schema(), {"collapsed": True}),
            vol.Required(SECTION_ADVANCED): section(
                vol.Schema(
                    {
                        vol.Optional(CONF_PASSWORD): password_selector(),
                        vol.Required(CONF_MINIMUM, default=MINIMUM_CURRENT_A): _amperes(MINIMUM_CURRENT_A, 32),
                        vol.Required(CONF_PRIORITY, default=0): _whole_number(0, 10),
                        vol.Required(CONF_WEIGHT, default=1): _number(0.1, 10, 0.1),
                    }
                ),
                {"collapsed": True},
            ),
        }
    )


def _connection_schema() -> vol.Schema:
    """What becomes of a limit that nobody repeats."""
    return vol.Schema(
        {
            vol.Required(CONF_TIMEOUT, default=DEFAULT_TIMEOUT): _choice([*TIMEOUTS, OWN_TIMEOUT], "timeout"),
            vol.Optional(CONF_REFRESH): _number(SHORTEST_S, 3600, 1, UnitOfTime.SECONDS),
            vol.Optional(CONF_EXPIRY): _number(SHORTEST_S, 7200, 1, UnitOfTime.SECONDS),
            vol.Required(CONF_AFTER_EXPIRY, default=AfterExpiry.TRUST): _choice(list(AfterExpiry), "after_expiry"),
            vol.Optional(CONF_HARDWARE): _amperes(MINIMUM_CURRENT_A, 500),
        }
    )


def _limits_schema() -> vol.Schema:
    """What a session and a hot charger get at most, and how a charger is paused."""
    return vol.Schema(
        {
            vol.Optional(CONF_SESSION_TIME): _number(0.25, 240, 0.25, UnitOfTime.HOURS),
            vol.Optional(CONF_SESSION_ENERGY): _number(0.5, 1000, 0.5, UnitOfEnergy.KILO_WATT_HOUR),
            vol.Optional(CONF_DERATE_FROM): _number(20, 100, 1, UnitOfTemperature.CELSIUS),
            vol.Required(CONF_PAUSE_WAY, default=PauseWay.AUTO): _choice(list(PauseWay), "pause_way"),
            vol.Required(CONF_SWITCH_PHASES, default=False): BooleanSelector(),
        }
    )


def _access_schema() -> vol.Schema:
    """Who is asked about a card here, and how much has to be proven by whoever has none."""
    return vol.Schema(
        {
            vol.Required(CONF_ACCESS_MODE, default=MODE_OF_SITE): _choice(
                [MODE_OF_SITE, *AccessMode], "charger_access_mode"
            ),
            vol.Required(CONF_MINIMUM_LEVEL, default=next(iter(LEVELS))): _choice(list(LEVELS), "minimum_level"),
        }
    )


def password_selector() -> TextSelector:
    """A field for the password of a charger."""
    return TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))


def _sensor(field: str) -> EntitySelector:
    """A field for a sensor of the right kind."""
    return EntitySelector(
        EntitySelectorConfig(
            filter=EntityWithDeviceFilterSelectorConfig(domain="sensor", device_class=DEVICE_CLASSES[field])
        )
    )


def _amperes(lowest: float, highest: float) -> NumberSelector:
    """A field for a current."""
    return _number(lowest, highest, 0.1, UnitOfElectricCurrent.AMPERE)


def _number(lowest: float, highest: float, step: float, unit: str | None = None) -> NumberSelector:
    """A field for a quantity."""
    box = NumberSelectorConfig(min=lowest, max=highest, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        box["unit_of_measurement"] = unit
    return NumberSelector(box)


def _kilowatts() -> NumberSelector:
    """A field for a power as contracts state it; `power_in_w` takes it back."""
    return _number(1, 1000, 0.1, UnitOfPower.KILO_WATT)


def _percent(lowest: int, highest: int) -> NumberSelector:
    """A field for a share."""
    return _number(lowest, highest, 1, PERCENTAGE)


def _whole_number(lowest: int, highest: int) -> vol.All[int]:
    """A field for a whole number."""
    box = NumberSelectorConfig(min=lowest, max=highest, step=1, mode=NumberSelectorMode.BOX)
    return vol.All(NumberSelector(box), vol.Coerce(int))


def _choice(options: list[str], translation_key: str, *, as_list: bool = False) -> SelectSelector:
    """A field for one of several words that are translated."""
    mode = SelectSelectorMode.LIST if as_list else SelectSelectorMode.DROPDOWN
    return SelectSelector(
        SelectSelectorConfig(options=[str(option) for option in options], translation_key=translation_key, mode=mode)
    )


def _named_choice(names: Mapping[str, str]) -> SelectSelector:
    """A field for one of several things that have a name."""
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=label) for value, label in names.items()],
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


def flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Take the fields out of their sections, and leave out what is empty."""
    values = dict(user_input)
    for name in SECTIONS:
        values |= values.pop(name, {})
    return {name: value for name, value in values.items() if value not in (None, "")}


def power_in_w(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the power limit of a filled form, in kW, into W, as it is kept."""
    if (limit_kw := values.get(CONF_LIMIT_POWER)) is None:
        return dict(values)
    return {**values, CONF_LIMIT_POWER: round(limit_kw * 1000)}


def power_in_kw(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the power limit that is kept, in W, into kW, for suggesting it."""
    if (limit_w := values.get(CONF_LIMIT_POWER)) is None:
        return dict(values)
    return {**values, CONF_LIMIT_POWER: limit_w / 1000}


def in_sections(values: Mapping[str, Any], names: Iterable[str], *, under: str = SECTION_ADVANCED) -> dict[str, Any]:
    """Put these fields back into a section, for suggesting them."""
    return {**values, under: {name: values[name] for name in names if name in values}}
