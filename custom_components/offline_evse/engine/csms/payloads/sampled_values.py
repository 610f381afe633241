"""What sampled values mean: from measurand, phase, unit and place to one EvseSample.

Shared by all OCPP versions. A charger sends the same few combinations for ever, so each combination is worked out
once and remembered; after that a value costs one look-up.

What is read:
- `energy_import_wh`: Energy.Active.Import.Register, in total or as the sum of its phases. Intervals and exports are
  not the register.
- `power_w`: Power.Active.Import, in total or as the sum of its phases.
- `currents_a`: Current.Import per terminal. Terminals that are not mentioned carry nothing; one that is mentioned but
  cannot be read makes all of them unknown. A current without a phase is the current of each phase in use: the number
  of these is taken from the power, where the power settles it, and `phases_known` says if the terminals are known.
- `voltages_v`: phase to neutral. Voltages between lines stand in for missing ones (400 V is divided by √3).
- The outlet counts. Inlet, body, cable and car are only believed where the outlet says nothing.
"""

from datetime import datetime
import math
from typing import NamedTuple

from ...model.meter import EvseSample, ReadingContext
from .coercion import LARGEST_NUMBER, by_word, word
from .oddities import Oddities

# Places in a row of readings: the total, then three terminals.
ENERGY, POWER, CURRENT, VOLTAGE, LINE_VOLTAGE, OFFERED, EXPORTED_CURRENT = range(0, 28, 4)
SOC, TEMPERATURE = 28, 29
ELSEWHERE = 30
"""Added to a place for a reading that was not taken at the outlet."""
ROW = 2 * ELSEWHERE
NOTHING = -1

UNREADABLE = math.nan
_ABSENT: list[float | None] = [None] * 4
NOMINAL_V = 230.0
_HIGHEST_PHASE_VOLTAGE_V = 300.0

type Row = list[float | None]


class Slot(NamedTuple):
    """What one combination of attributes means."""

    place: int
    factor: float
    offset: float
    context: ReadingContext
    signed: bool
    oddities: tuple[str, ...]


_CONTEXTS = by_word(
    (
        ("Transaction.Begin", ReadingContext.TRANSACTION_BEGIN),
        ("Transaction.End", ReadingContext.TRANSACTION_END),
        ("Sample.Periodic", ReadingContext.SAMPLE_PERIODIC),
        ("Sample.Clock", ReadingContext.SAMPLE_CLOCK),
        ("Trigger", ReadingContext.TRIGGER),
        ("Interruption.Begin", ReadingContext.OTHER),
        ("Interruption.End", ReadingContext.OTHER),
        ("Other", ReadingContext.OTHER),
    )
)
_READ = by_word(
    (
        ("Energy.Active.Import.Register", ENERGY),
        ("Power.Active.Import", POWER),
        ("Current.Import", CURRENT),
        ("Current.Export", EXPORTED_CURRENT),
        ("Current.Offered", OFFERED),
        ("Current.Import.Offered", OFFERED),
        ("Voltage", VOLTAGE),
        ("SoC", SOC),
        ("Temperature", TEMPERATURE),
    )
)
_NOT_READ = frozenset(
    word(name)
    for name in (
        "Energy.Active.Export.Register",
        "Energy.Reactive.Import.Register",
        "Energy.Reactive.Export.Register",
        "Energy.Active.Import.Interval",
        "Energy.Active.Export.Interval",
        "Energy.Active.Net",
        "Energy.Reactive.Import.Interval",
        "Energy.Reactive.Export.Interval",
        "Energy.Reactive.Net",
        "Energy.Apparent.Net",
        "Energy.Apparent.Import",
        "Energy.Apparent.Export",
        "Power.Active.Export",
        "Power.Reactive.Import",
        "Power.Reactive.Export",
        "Power.Offered",
        "Current.Export.Offered",
        "Current.Export.Minimum",
        "Current.Import.Minimum",
        "Display.BatteryEnergyCapacity",
        "Display.ChargingComplete",
        "Display.InletHot",
        "Display.MaximumSOC",
        "Display.MinimumSOC",
        "Display.PresentSOC",
        "Display.RemainingTimeToMaximumSOC",
        "Display.RemainingTimeToMinimumSOC",
        "Display.RemainingTimeToTargetSOC",
        "Display.TargetSOC",
        "Energy.Active.Import.CableLoss",
        "Energy.Active.Import.LocalGeneration.Register",
        "Energy.Active.Setpoint.Interval",
        "EnergyRequest.Bulk",
        "EnergyRequest.Maximum",
        "EnergyRequest.Maximum.V2X",
        "EnergyRequest.Minimum",
        "EnergyRequest.Minimum.V2X",
        "EnergyRequest.Target",
        "Power.Active.Residual",
        "Power.Active.Setpoint",
        "Power.Export.Minimum",
        "Power.Export.Offered",
        "Power.Import.Minimum",
        "Power.Import.Offered",
        "Voltage.Maximum",
        "Voltage.Minimum",
        "Power.Factor",
        "Frequency",
        "RPM",
    )
)
_PHASES = {
    **dict.fromkeys(("l1", "l1n", "l1l2", "l1gnd", "phase1", "a"), 1),
    **dict.fromkeys(("l2", "l2n", "l2l3", "l2gnd", "phase2", "b"), 2),
    **dict.fromkeys(("l3", "l3n", "l3l1", "l3gnd", "phase3", "c"), 3),
}
_LINE_TO_LINE = frozenset({"l1l2", "l2l3", "l3l1"})
_WHOLE_SUPPLY = frozenset({"", "l1l2l3", "l123", "all", "total", "sum"})

_UNITS: dict[int, dict[str, tuple[float, float]]] = {
    ENERGY: {"wh": (1, 0), "kwh": (1e3, 0)},
    POWER: {"w": (1, 0), "kw": (1e3, 0), "va": (1, 0), "kva": (1e3, 0)},
    CURRENT: {"a": (1, 0), "amp": (1, 0), "amps": (1, 0), "ampere": (1, 0), "ka": (1e3, 0), "ma": (1e-3, 0)},
    VOLTAGE: {"v": (1, 0), "volt": (1, 0), "volts": (1, 0), "kv": (1e3, 0), "mv": (1e-3, 0)},
    SOC: {"percent": (1, 0), "%": (1, 0)},
    TEMPERATURE: {
        **dict.fromkeys(("celsius", "celcius", "c", "°c", "degc"), (1.0, 0.0)),
        **dict.fromkeys(("fahrenheit", "f", "°f"), (5 / 9, -160 / 9)),
        **dict.fromkeys(("k", "kelvin"), (1.0, -273.15)),
    },
}
_UNITS[EXPORTED_CURRENT] = _UNITS[OFFERED] = _UNITS[CURRENT]
_CASE_MATTERS = {"MWh": (1e6, 0.0), "mWh": (1e-3, 0.0), "MW": (1e6, 0.0), "mW": (1e-3, 0.0)}


class SampledValueReader:
    """The combinations that one OCPP version has used so far; shared by all its stations."""

    MOST_REMEMBERED = 2048
    """Combinations that are remembered; a charger that invents new ones for ever does not fill the memory."""
    LONGEST_WORD = 64

    def __init__(self, standard_units: frozenset[str] | None) -> None:
        """Begin knowing none; `standard_units` are the only ones allowed, None: any may be used."""
        self._standard_units = standard_units
        self.slots: dict[tuple[object, ...], Slot] = {}

    def learn(
        self,
        key: tuple[object, ...],
        *,
        measurand: object,
        phase: object,
        unit: object,
        context: object,
        location: object,
        signed: bool = False,
        multiplier: int = 0,
        found: tuple[str, ...] = (),
    ) -> Slot:
        """Work out a combination, and remember it under `key` if a sane charger could have sent it.

        `found`: oddities that the caller met in it; they count each time that the combination is used.
        """
        oddities = list(found)
        place = self._place(measurand, phase, location, oddities)
        factor, offset = 1.0, 0.0
        kind = place % ELSEWHERE if place >= 0 else NOTHING
        if kind >= 0:
            quantity = kind if kind >= SOC else kind - kind % 4
            factor, offset = self._unit(VOLTAGE if quantity == LINE_VOLTAGE else quantity, unit, oddities)
        if self._standard_units is not None and isinstance(unit, str) and unit not in self._standard_units:
            oddities.append("nonstandard_unit")
        known_context = ReadingContext.SAMPLE_PERIODIC
        if context is not None:
            known_context = _CONTEXTS.get(word(context), ReadingContext.OTHER)
            if word(context) not in _CONTEXTS:
                oddities.append("unknown_context")
        slot = Slot(place, factor * 10.0**multiplier, offset, known_context, signed, tuple(oddities))
        if all(isinstance(part, str | int | None) and len(str(part)) <= self.LONGEST_WORD for part in key):
            if len(self.slots) >= self.MOST_REMEMBERED:
                self.slots.clear()
            self.slots[key] = slot
        return slot

    @staticmethod
    def _place(measurand: object, phase: object, location: object, oddities: list[str]) -> int:
        name = word(measurand) if measurand is not None else word("Energy.Active.Import.Register")
        quantity = _READ.get(name, NOTHING)
        if quantity == NOTHING:
            if name not in _NOT_READ:
                oddities.append("unknown_measurand")
            return NOTHING
        terminal = 0
        if phase is not None and quantity < SOC:
            phase_name = word(phase)
            if phase_name in ("n", "neutral"):
                return NOTHING
            terminal = _PHASES.get(phase_name, 0)
            if not terminal and phase_name not in _WHOLE_SUPPLY:
                oddities.append("unknown_phase")
            if quantity == VOLTAGE and phase_name in _LINE_TO_LINE:
                quantity = LINE_VOLTAGE
        place = quantity + terminal
        if location is not None and word(location) not in ("", "outlet") and quantity < SOC:
            place += ELSEWHERE
        return place

    @staticmethod
    def _unit(quantity: int, unit: object, oddities: list[str]) -> tuple[float, float]:
        """Return what a value in `unit` has to be multiplied with, and then added to it."""
        if unit is None or unit == "":
            if quantity == POWER:
                oddities.append("missing_unit")
            return 1.0, 0.0
        written = unit.strip() if isinstance(unit, str) else ""
        if quantity in (ENERGY, POWER) and written in _CASE_MATTERS:
            return _CASE_MATTERS[written]
        known = _UNITS[quantity].get(written.casefold())
        if known is not None:
            return known
        oddities.append("unknown_unit")
        # An energy in kW is an energy in kWh: the prefix is what people get right.
        return (1e3 if quantity in (ENERGY, POWER) and written[:1] in ("k", "K") else 1.0), 0.0


def merged_context(now: ReadingContext | None, further: ReadingContext) -> ReadingContext:
    """Return the context of values sampled together: the end of a transaction says most, then its beginning."""
    if now is None or further is ReadingContext.TRANSACTION_END:
        return further
    if further is ReadingContext.TRANSACTION_BEGIN and now is not ReadingContext.TRANSACTION_END:
        return further
    return now


def build_sample(
    row: Row, timestamp: datetime, context: ReadingContext | None, signed_data: str | None, oddities: Oddities
) -> EvseSample:
    """Make the sample of everything that was read at one moment."""
    energy = _total(row, ENERGY)
    if energy is not None and not -LARGEST_NUMBER <= energy <= LARGEST_NUMBER:
        oddities.count("number_out_of_range")
        energy = None
    power = _total(row, POWER)
    voltages = _per_phase(row, VOLTAGE, gaps=False) or _line_voltages(row)
    currents = _per_phase(row, CURRENT, gaps=True)
    if currents is None and power is not None and power > 0 and _silent(row, CURRENT):
        currents = _per_phase(row, EXPORTED_CURRENT, gaps=True)
        if currents is not None:
            oddities.count("import_reported_as_export")
            currents = tuple(abs(current) for current in currents)
    phases_known = True
    if currents is None:
        unphased = _value(row, CURRENT)
        if unphased is not None:
            phases = _phases_in_use(unphased, power, voltages)
            currents, phases_known = (unphased,) * phases, phases == 3
    return EvseSample(
        timestamp=timestamp,
        context=context or ReadingContext.SAMPLE_PERIODIC,
        energy_import_wh=None if energy is None else round(energy),
        power_w=power,
        currents_a=currents,
        phases_known=phases_known,
        voltages_v=voltages,
        offered_a=None if _silent(row, OFFERED) else _offered(row),
        soc_percent=None if row[SOC] is None else _state_of_charge(row, oddities),
        temperature_c=_value(row, TEMPERATURE),
        signed_data=signed_data,
    )


def _offered(row: Row) -> float | None:
    if row[OFFERED] is not None:
        return _value(row, OFFERED)
    per_phase = _per_phase(row, OFFERED, gaps=True)
    return max(per_phase) if per_phase else _value(row, OFFERED)


def _state_of_charge(row: Row, oddities: Oddities) -> float | None:
    percent = _value(row, SOC)
    if percent is not None and not 0 <= percent <= 100:
        oddities.count("soc_out_of_range")
        return None
    return percent


def _silent(row: Row, place: int) -> bool:
    """Whether nothing at all was said about a quantity."""
    elsewhere = place + ELSEWHERE
    return row[place : place + 4] == _ABSENT == row[elsewhere : elsewhere + 4]


def _value(row: Row, place: int) -> float | None:
    """Return the reading without a phase; the outlet first. NaN is no reading."""
    value = row[place]
    if value is None or math.isnan(value):
        value = row[place + ELSEWHERE]
        if value is None or math.isnan(value):
            return None
    return value


def _total(row: Row, place: int) -> float | None:
    """Return the total: as it was told, or summed over the phases where each one that was told can be read."""
    told = row[place]
    if told is not None and not math.isnan(told):
        return told
    for base in (place, place + ELSEWHERE):
        told = row[base]
        if told is not None and not math.isnan(told):
            return told
        phases = [value for value in row[base + 1 : base + 4] if value is not None]
        if phases and not math.isnan(total := sum(phases)):
            return total
    return None


def _per_phase(row: Row, place: int, *, gaps: bool) -> tuple[float, ...] | None:
    """Return a value per terminal up to the last one mentioned; `gaps` may be filled with 0, or there are none."""
    for base in (place, place + ELSEWHERE):
        total, first, second, third = row[base : base + 4]
        if first is not None and second is not None and third is not None:
            return None if math.isnan(first + second + third) else (first, second, third)
        if first is None and second is None and third is None:
            if total is not None and not gaps and not math.isnan(total):
                return (total,)
            continue
        values = (first, second, third) if third is not None else (first, second) if second is not None else (first,)
        filled = tuple(0.0 if value is None and gaps else value for value in values)
        readable = tuple(value for value in filled if value is not None and not math.isnan(value))
        return readable if len(readable) == len(filled) else None
    return None


def _line_voltages(row: Row) -> tuple[float, ...] | None:
    between = _per_phase(row, LINE_VOLTAGE, gaps=False)
    if between is None:
        return None
    return tuple(volts / math.sqrt(3) if volts > _HIGHEST_PHASE_VOLTAGE_V else volts for volts in between)


def _phases_in_use(current_a: float, power_w: float | None, voltages_v: tuple[float, ...] | None) -> int:
    """Return the number of phases that a power needs at a current per phase; 1 where the power does not settle it."""
    if power_w is None or current_a < 1.0:
        return 1
    volts = voltages_v[0] if voltages_v and voltages_v[0] > 90.0 else NOMINAL_V
    ratio = power_w / (volts * current_a)
    phases = round(ratio)
    return phases if phases in (2, 3) and abs(ratio - phases) <= 0.25 else 1
