"""The building's meter: from Home Assistant entities to currents per phase.

An entity counts as reporting when its state is written, changed or not. Some integrations write only what has
changed; an unchanged phase is therefore believed as long as another entity of the same device reports. Entities
of different devices vouch only for themselves.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
import math
from typing import Any, Final

from homeassistant.const import (
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfPower,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HassJob,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later, async_track_state_change_event, async_track_state_report_event
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    ElectricCurrentConverter,
    ElectricPotentialConverter,
    PowerConverter,
)

from ..const import CONF_INVERTED, CONF_METER, CONF_METER_KIND, CONF_POWER_TOTAL, CONF_STALE_AFTER
from ..engine.model.phases import PhaseAmperes
from .meter_kind import CURRENT_FIELDS, POWER_FIELDS, VOLTAGE_FIELDS, MeterKind

COALESCE_S: Final = 0.08
"""How long the other values of one telegram are waited for, in s."""

LOWEST_VOLTAGE_V: Final = 207.0
HIGHEST_VOLTAGE_V: Final = 253.0
"""230 V ± 10 % (EN 50160). Where no voltage is measured, the one that is worse for the fuse is assumed."""

_PLAUSIBLE_V: Final = range(80, 300)
_PLAUSIBLE_A: Final = 10_000.0

_UNITS: Final[tuple[tuple[tuple[str, ...], type[BaseUnitConverter], str], ...]] = (
    (CURRENT_FIELDS, ElectricCurrentConverter, UnitOfElectricCurrent.AMPERE),
    (VOLTAGE_FIELDS, ElectricPotentialConverter, UnitOfElectricPotential.VOLT),
    ((*POWER_FIELDS, CONF_POWER_TOTAL), PowerConverter, UnitOfPower.WATT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSetUp:
    """Which entities tell the currents of a circuit."""

    circuit_id: str
    kind: MeterKind
    phases: tuple[int, ...]
    """Building phases that the circuit has."""
    entities: Mapping[str, str]
    """Entity ids by the field they were chosen for."""
    stale_after_s: float
    inverted: frozenset[int] = frozenset()
    """Phases on which the meter shows import as negative; of a meter that tells only the total, any means all."""

    @classmethod
    def from_data(cls, circuit_id: str, phases: tuple[int, ...], data: Mapping[str, Any]) -> MeterSetUp:
        """Read it from the data of a circuit's subentry."""
        return cls(
            circuit_id=circuit_id,
            kind=MeterKind(data.get(CONF_METER_KIND, MeterKind.NONE)),
            phases=phases,
            entities=dict(data.get(CONF_METER, {})),
            stale_after_s=float(data.get(CONF_STALE_AFTER, 10.0)),
            inverted=frozenset(int(name.removeprefix("l")) - 1 for name in data.get(CONF_INVERTED, ())),
        )

    def reads_alike(self, other: MeterSetUp) -> bool:
        """Tell whether both make the same currents of the same values."""
        return replace(self, stale_after_s=other.stale_after_s) == other


def reading(field: str, state: State | None) -> float | None:
    """Read a value in A, V or W; None for anything that is no plausible number in a fitting unit."""
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return None
    try:
        value = float(state.state)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    unit = state.attributes.get("unit_of_measurement")
    for fields, converter, wanted in _UNITS:
        if field not in fields or unit is None:
            continue
        if unit not in converter.VALID_UNITS:
            return None
        value = converter.convert(value, unit, wanted)
    return value


def phase_currents(set_up: MeterSetUp, values: Mapping[str, float]) -> PhaseAmperes | None:
    """Work out the current of each phase in A, export negative; None where a value that is needed is not there.

    `values` holds everything the meter is set up to tell; a voltage that is not in it is not measured.
    """
    currents = [0.0, 0.0, 0.0]
    for phase in set_up.phases:
        sign = -1.0 if phase in set_up.inverted else 1.0
        match set_up.kind:
            case MeterKind.CURRENTS:
                current = _signed_current(values.get(CURRENT_FIELDS[phase]), values.get(POWER_FIELDS[phase]))
                current = None if current is None else sign * current
            case MeterKind.POWER_VOLTAGE:
                current = _current(_turned(values.get(POWER_FIELDS[phase]), sign), values.get(VOLTAGE_FIELDS[phase]))
            case MeterKind.POWER_TOTAL:
                total = _turned(values.get(CONF_POWER_TOTAL), -1.0 if set_up.inverted else 1.0)
                current = None if total is None else _current(total / len(set_up.phases), None)
            case MeterKind.NONE:
                current = None
        if current is None or abs(current) > _PLAUSIBLE_A:
            return None
        currents[phase] = current
    return PhaseAmperes(*currents)


def _turned(power_w: float | None, sign: float) -> float | None:
    """Turn a power round where the meter counts the other way."""
    return None if power_w is None else sign * power_w


def _signed_current(current_a: float | None, power_w: float | None) -> float | None:
    """Give a current the sign of its power, where there is one; many meters tell currents without a sign."""
    if current_a is None or power_w is None:
        return current_a
    return math.copysign(current_a, power_w) if power_w else abs(current_a)


def _current(power_w: float | None, voltage_v: float | None) -> float | None:
    """Turn power into current, in A."""
    if power_w is None:
        return None
    if voltage_v is None:
        voltage_v = LOWEST_VOLTAGE_V if power_w >= 0 else HIGHEST_VOLTAGE_V
    elif not _PLAUSIBLE_V.start <= voltage_v < _PLAUSIBLE_V.stop:
        return None
    return power_w / voltage_v


class CircuitMeter:
    """The meter of one circuit: gathers the values of a telegram and hands on the currents."""

    def __init__(self, hass: HomeAssistant, set_up: MeterSetUp, report: Callable[[str, PhaseAmperes], None]) -> None:
        """Prepare; nothing is listened to before `start`."""
        self._hass = hass
        self.set_up = set_up
        self._report = report
        self._fields = {entity_id: field for field, entity_id in set_up.entities.items()}
        self._groups = _by_device(hass, self._fields)
        self._reported_at: dict[str, float] = {}
        self._fresh: set[str] = set()
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._unsubscribe: list[CALLBACK_TYPE] = []

    @callback
    def start(self) -> None:
        """Listen to the entities, and take what they have said already."""
        self._unsubscribe = [
            async_track_state_change_event(self._hass, self._fields, self._changed),
            async_track_state_report_event(self._hass, self._fields, self._told_again),
        ]
        for entity_id in self._fields:
            if state := self._hass.states.get(entity_id):
                self._heard(entity_id, state)

    @callback
    def stop(self) -> None:
        """Listen no longer."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        """Take a changed state."""
        if state := event.data["new_state"]:
            self._heard(event.data["entity_id"], state)

    @callback
    def _told_again(self, event: Event[EventStateReportedData]) -> None:
        """Take a state that was written again without a change."""
        self._heard(event.data["entity_id"], event.data["new_state"])

    @callback
    def _heard(self, entity_id: str, state: State) -> None:
        """Note a value; hand on the telegram when it is whole, or when the rest of it does not come."""
        if reading(self._fields[entity_id], state) is None:
            return
        self._reported_at[entity_id] = state.last_reported_timestamp
        self._fresh.add(entity_id)
        if len(self._fresh) == len(self._fields):
            self._hand_on(None)
        elif self._cancel_timer is None:
            self._cancel_timer = async_call_later(
                self._hass, COALESCE_S, HassJob(self._hand_on, cancel_on_shutdown=True)
            )

    @callback
    def _hand_on(self, _now: object) -> None:
        """Report the currents, unless a part of the meter is missing or has fallen silent."""
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None
        self._fresh.clear()
        oldest_allowed = dt_util.utcnow().timestamp() - self.set_up.stale_after_s
        for group in self._groups:
            if max(self._reported_at.get(entity_id, -math.inf) for entity_id in group) < oldest_allowed:
                return
        values = {
            field: value
            for entity_id, field in self._fields.items()
            if (value := reading(field, self._hass.states.get(entity_id))) is not None
        }
        if len(values) == len(self._fields) and (currents := phase_currents(self.set_up, values)) is not None:
            self._report(self.set_up.circuit_id, currents)


def _by_device(hass: HomeAssistant, entity_ids: Iterable[str]) -> tuple[frozenset[str], ...]:
    """Gather entities that report for one another."""
    registry = er.async_get(hass)
    groups: dict[str, set[str]] = {}
    for entity_id in entity_ids:
        registered = registry.async_get(entity_id)
        device_id = registered.device_id if registered else None
        groups.setdefault(device_id or entity_id, set()).add(entity_id)
    return tuple(frozenset(group) for group in groups.values())


class MeterFeed:
    """All meters of a site."""

    def __init__(
        self,
        hass: HomeAssistant,
        report: Callable[[str, PhaseAmperes], None],
        read_anew: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Begin without meters. `read_anew` is told of a circuit whose meter is read in another way from now on."""
        self._hass = hass
        self._report = report
        self._read_anew = read_anew
        self._meters: dict[str, CircuitMeter] = {}

    @callback
    def follow(self, set_ups: Iterable[MeterSetUp]) -> None:
        """Listen to these meters and no others; one that has not changed is not interrupted."""
        wanted = {set_up.circuit_id: set_up for set_up in set_ups if set_up.entities}
        for circuit_id, meter in tuple(self._meters.items()):
            new = wanted.get(circuit_id)
            if new != meter.set_up:
                meter.stop()
                del self._meters[circuit_id]
                if new is not None and not new.reads_alike(meter.set_up):
                    self._read_anew(circuit_id)
        for circuit_id, set_up in wanted.items():
            if circuit_id not in self._meters:
                self._meters[circuit_id] = meter = CircuitMeter(self._hass, set_up, self._report)
                meter.start()

    @callback
    def stop(self) -> None:
        """Listen no longer."""
        self.follow(())

    @property
    def entities(self) -> dict[str, frozenset[str]]:
        """Entities that each circuit is read from."""
        return {name: frozenset(meter.set_up.entities.values()) for name, meter in self._meters.items()}
