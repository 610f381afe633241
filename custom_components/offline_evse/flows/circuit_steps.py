"""The steps in which a circuit gets its meter; the same in the set-up of the site and of a fuse below."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, Final, override

from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult

from ..const import (
    CONF_FUSE,
    CONF_INVERTED,
    CONF_MARGIN,
    CONF_METER,
    CONF_METER_KIND,
    CONF_PHASES,
    CONF_RESERVE,
    CONF_STALE_AFTER,
)
from ..inputs.meter_kind import CURRENT_FIELDS, POWER_FIELDS, MeterKind
from ..inputs.meter_pace import ROUNDING_A, MeterPace
from ..site_config import PHASES
from .meter_suggestions import Suggestion, disabled_phases, other_phases, suggest_meter
from .schemas import flat, in_sections, meter_fields, meter_kind_schema, meter_schema, required_meter_fields

DEFAULT_MARGIN_A: Final = 1.0
DEFAULT_STALE_AFTER_S: Final = 10.0
UNSEEN_PHASES_SHARE: Final = 0.25
"""Share of the fuse kept free where the meter tells only the sum of three phases: the sum is taken as evenly
spread, and one phase may well carry more than its third."""


class CircuitSteps[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """Asks what measures a circuit, and which entities tell it."""

    _suggestion: Suggestion = Suggestion()
    _pace: MeterPace | None = None

    def __init__(self) -> None:
        """Begin with an empty circuit."""
        super().__init__()
        self.circuit: dict[str, Any] = {}
        """Data of the circuit so far; what is in it is suggested."""

    @abstractmethod
    def circuit_done(self) -> ResultT:
        """Go on with the finished circuit."""

    @callback
    @override
    def async_remove(self) -> None:
        """Watch the meter no longer."""
        super().async_remove()
        if self._pace is not None:
            self._pace.stop()

    async def async_step_meter(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask what kind of meter the circuit has."""
        if user_input is not None:
            kind = MeterKind(user_input[CONF_METER_KIND])
            if kind != self.circuit.get(CONF_METER_KIND):
                self._forget_meter()
            self.circuit[CONF_METER_KIND] = kind.value
            return await {
                MeterKind.CURRENTS: self.async_step_currents,
                MeterKind.POWER_VOLTAGE: self.async_step_power_voltage,
                MeterKind.POWER_TOTAL: self.async_step_power_total,
                MeterKind.NONE: self.async_step_no_meter,
            }[kind]()
        self._suggestion = await suggest_meter(self.hass)
        self._watch(self._suggestion.entities.values())
        kind = self.circuit.get(CONF_METER_KIND, self._suggestion.kind)
        return self.async_show_form(
            step_id="meter",
            data_schema=self.add_suggested_values_to_schema(meter_kind_schema(), {CONF_METER_KIND: kind}),
        )

    async def async_step_currents(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for the current of each phase."""
        return self._entities(MeterKind.CURRENTS, "currents", user_input)

    async def async_step_power_voltage(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for power and voltage of each phase."""
        return self._entities(MeterKind.POWER_VOLTAGE, "power_voltage", user_input)

    async def async_step_power_total(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask for the power of all phases together."""
        return self._entities(MeterKind.POWER_TOTAL, "power_total", user_input)

    async def async_step_no_meter(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Ask how much everything but the chargers may take."""
        return self._entities(MeterKind.NONE, "no_meter", user_input)

    def _entities(self, kind: MeterKind, step_id: str, user_input: dict[str, Any] | None) -> ResultT:
        """Ask for the entities of a meter; fill in the other phases where one was named."""
        phases = PHASES[self.circuit[CONF_PHASES]]
        errors: dict[str, str] = {}
        placeholders = {"entities": ""}
        values = self._suggested(kind)
        if user_input is None:
            wanted = required_meter_fields(kind, phases)
            if len(wanted) > 1 and wanted[0] not in values and (asleep := disabled_phases(self.hass, wanted)):
                errors["base"] = "phases_disabled"
                placeholders = {"entities": ", ".join(asleep)}
        else:
            values = flat(user_input)
            missing = [field for field in required_meter_fields(kind, phases) if field not in values]
            if not missing:
                meter = {field: values[field] for field in meter_fields(kind, phases) if field in values}
                if len(set(meter.values())) == len(meter):
                    return self._finish(meter, values)
                errors["base"] = "same_entity_twice"
            elif found := self._other_phases(kind, values):
                values = found | values
                errors["base"] = "check_suggestion"
            else:
                errors |= dict.fromkeys(missing, "entity_needed")
        suggested = in_sections(values, (CONF_RESERVE, CONF_STALE_AFTER, CONF_INVERTED))
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(meter_schema(kind, phases), suggested),
            description_placeholders=placeholders,
            errors=errors,
        )

    def _finish(self, meter: dict[str, str], values: dict[str, Any]) -> ResultT:
        """Keep the meter, and be done."""
        self.circuit[CONF_METER] = meter
        for name in (CONF_MARGIN, CONF_RESERVE, CONF_STALE_AFTER):
            if name in values:
                self.circuit[name] = values[name]
        self.circuit.pop(CONF_INVERTED, None)
        if turned := values.get(CONF_INVERTED):
            self.circuit[CONF_INVERTED] = turned
        return self.circuit_done()

    def _suggested(self, kind: MeterKind) -> dict[str, Any]:
        """Suggest what is set already; else the meter that was found, and safe figures."""
        fuse_a = self.circuit[CONF_FUSE]
        unseen = kind is MeterKind.POWER_TOTAL and len(PHASES[self.circuit[CONF_PHASES]]) > 1
        margin_a = round(fuse_a * UNSEEN_PHASES_SHARE, 1) if unseen else DEFAULT_MARGIN_A
        figures = {
            CONF_MARGIN: margin_a,
            CONF_RESERVE: round(fuse_a / 2, 1),
            CONF_STALE_AFTER: DEFAULT_STALE_AFTER_S,
        }
        entities: dict[str, str] = dict(self.circuit.get(CONF_METER) or self._suggestion.entities)
        wanted = meter_fields(kind, PHASES[self.circuit[CONF_PHASES]])
        read = [entity_id for field, entity_id in entities.items() if field in wanted]
        if read and self._pace is not None:
            figures[CONF_STALE_AFTER] = self._pace.stale_after_s(read, DEFAULT_STALE_AFTER_S)
            if kind is MeterKind.CURRENTS and self._pace.tells_whole_amperes(read):
                figures[CONF_MARGIN] += ROUNDING_A
        kept = {name: self.circuit[name] for name in (*figures, CONF_INVERTED) if name in self.circuit}
        return figures | kept | entities

    def _other_phases(self, kind: MeterKind, values: dict[str, Any]) -> dict[str, str]:
        """Find the other phases by the name of the first one, for each quantity that was begun."""
        found: dict[str, str] = {}
        wanted = meter_fields(kind, PHASES[self.circuit[CONF_PHASES]])
        for fields in (CURRENT_FIELDS, POWER_FIELDS):
            if first := values.get(fields[0]):
                family = other_phases(self.hass, fields, first)
                found |= {field: sensor for field, sensor in family.items() if field in wanted}
        return {field: sensor for field, sensor in found.items() if field not in values}

    def _forget_meter(self) -> None:
        """Forget what belongs to another kind of meter."""
        for name in (CONF_METER, CONF_MARGIN, CONF_INVERTED):
            self.circuit.pop(name, None)

    @callback
    def _watch(self, entity_ids: Iterable[str]) -> None:
        """See how often the meter reports, while its owner reads the forms."""
        if self._pace is None:
            self._pace = MeterPace(self.hass)
        self._pace.watch({*entity_ids, *self.circuit.get(CONF_METER, {}).values()})
