"""Sampled values as chargers write them."""

import pytest

from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
from custom_components.offline_evse.engine.model.meter import ReadingContext
from tests.engine.csms.ocpp16.samples import reading, sample_of
from tests.engine.csms.tally import Tally


@pytest.mark.parametrize(
    ("raw", "wh", "oddity"),
    [
        ("1000", 1000, None),
        (1000, 1000, "text_as_number"),
        (1000.4, 1000, "text_as_number"),
        (" 1000 ", 1000, None),
        ("1000,5", 1000, "decimal_comma"),
        ("1.000,4", 1000, "decimal_comma"),
        ("1,000.4", 1000, "decimal_comma"),
        ("1e3", 1000, None),
        ("0", 0, None),
        ("-5", -5, None),
    ],
)
def test_readable_numbers(codec: Ocpp16Codec, tally: Tally, raw: object, wh: int, oddity: str | None) -> None:
    """A register is read however it is written."""
    assert sample_of(codec, reading(raw)).energy_import_wh == wh
    assert set(tally.met) == ({oddity} if oddity else set())


@pytest.mark.parametrize(
    ("raw", "oddity"),
    [
        ("", "empty_number"),
        ("  ", "empty_number"),
        (None, "missing_number"),
        ("NaN", "number_out_of_range"),
        ("inf", "number_out_of_range"),
        ("-Infinity", "number_out_of_range"),
        ("1e300", "number_out_of_range"),
        (10**400, "number_out_of_range"),
        ("garbage", "unreadable_number"),
        (True, "unreadable_number"),
        ({}, "unreadable_number"),
        (["1"], "unreadable_number"),
    ],
)
def test_an_unreadable_value_is_none_and_never_zero(codec: Ocpp16Codec, tally: Tally, raw: object, oddity: str) -> None:
    """The other values of the sample stay."""
    sample = sample_of(codec, reading(raw), reading("5", "Power.Active.Import", unit="W"))
    assert sample.energy_import_wh is None
    assert sample.power_w == 5
    assert tally.met[oddity] == 1


@pytest.mark.parametrize(
    ("measurand", "unit", "field", "expected", "oddities"),
    [
        (None, "kWh", "energy_import_wh", 2000, set()),
        (None, "KWH", "energy_import_wh", 2000, {"nonstandard_unit"}),
        (None, "MWh", "energy_import_wh", 2_000_000, {"nonstandard_unit"}),
        (None, "", "energy_import_wh", 2, {"nonstandard_unit"}),
        (None, "kW", "energy_import_wh", 2000, {"unknown_unit"}),
        (None, "furlong", "energy_import_wh", 2, {"nonstandard_unit", "unknown_unit"}),
        ("Power.Active.Import", "kW", "power_w", 2000, set()),
        ("Power.Active.Import", "KW", "power_w", 2000, {"nonstandard_unit"}),
        ("Power.Active.Import", None, "power_w", 2, {"missing_unit"}),
        ("Power.Active.Import", "kVA", "power_w", 2000, set()),
        ("power_active_import", "W", "power_w", 2, set()),
        ("Current.Offered", "a", "offered_a", 2, {"nonstandard_unit"}),
        ("Temperature", "Celcius", "temperature_c", 2, {"nonstandard_unit"}),
        ("Temperature", "Celsius", "temperature_c", 2, set()),
        ("Temperature", "Fahrenheit", "temperature_c", pytest.approx(-16.667, abs=0.001), set()),
        ("Temperature", "K", "temperature_c", pytest.approx(-271.15), set()),
        ("SoC", "%", "soc_percent", 2, {"nonstandard_unit"}),
    ],
)
def test_units(
    codec: Ocpp16Codec,
    tally: Tally,
    measurand: str | None,
    unit: str | None,
    field: str,
    expected: object,
    oddities: set[str],
) -> None:
    """Whatever the unit is called, the model has one."""
    value = reading("2", measurand) | ({} if unit is None else {"unit": unit})
    assert getattr(sample_of(codec, value), field) == expected
    assert set(tally.met) == oddities


def test_legrand_charge_amps_alfen_deviations_lose_nothing(codec: Ocpp16Codec, tally: Tally) -> None:
    """Unit `Hz`, unknown measurands and unknown contexts are counted, and the rest is read."""
    sample = sample_of(
        codec,
        reading("50", "Frequency", unit="Hz"),
        reading("1", "Energy.Made.Up"),
        reading("42", context="Sample.Weird"),
    )
    assert sample.energy_import_wh == 42
    assert tally.met == {"nonstandard_unit": 1, "unknown_measurand": 1, "unknown_context": 1}
    assert sample.context is ReadingContext.SAMPLE_PERIODIC


def test_per_phase_power_and_energy_are_summed(codec: Ocpp16Codec) -> None:
    """A total that is told wins over the sum."""
    phases = ("L1", "L2", "L3")
    sample = sample_of(
        codec,
        *(reading("1000", phase=phase) for phase in phases),
        *(reading("2000", "Power.Active.Import", unit="W", phase=phase) for phase in phases),
        reading("5900", "Power.Active.Import", unit="W"),
    )
    assert (sample.energy_import_wh, sample.power_w) == (3000, 5900.0)


def test_a_phase_that_cannot_be_read_leaves_no_sum(codec: Ocpp16Codec) -> None:
    """Neither a sum that is too low, nor a current that looks like none."""
    sample = sample_of(
        codec,
        reading("2000", "Power.Active.Import", unit="W", phase="L1"),
        reading("", "Power.Active.Import", unit="W", phase="L2"),
        reading("10", "Current.Import", unit="A", phase="L1"),
        reading("", "Current.Import", unit="A", phase="L2"),
        reading("9"),
    )
    assert (sample.power_w, sample.currents_a, sample.energy_import_wh) == (None, None, 9)


@pytest.mark.parametrize(
    ("told", "currents", "known"),
    [
        ({"L1": "16"}, (16.0,), True),
        ({"L2": "16"}, (0.0, 16.0), True),
        ({"L1": "6", "L3": "7"}, (6.0, 0.0, 7.0), True),
        ({"L1-N": "6", "L2-N": "7", "L3-N": "8", "N": "1"}, (6.0, 7.0, 8.0), True),
        ({None: "16"}, (16.0,), False),
        ({None: "99", "L1": "16"}, (16.0,), True),
        ({"L9": "16"}, (16.0,), False),
    ],
)
def test_currents_per_terminal(
    codec: Ocpp16Codec, told: dict[str | None, str], currents: tuple[float, ...], known: bool
) -> None:
    """Terminals that are not mentioned carry nothing; a current without a phase is that of an unknown one."""
    sample = sample_of(
        codec,
        *(
            reading(value, "Current.Import", unit="A") | ({"phase": phase} if phase else {})
            for phase, value in told.items()
        ),
    )
    assert (sample.currents_a, sample.phases_known) == (currents, known)


@pytest.mark.parametrize(("power", "phases"), [("11040", 3), ("7360", 2), ("3680", 1), ("5500", 1), ("0", 1)])
def test_power_tells_how_many_phases_an_unphased_current_is_on(codec: Ocpp16Codec, power: str, phases: int) -> None:
    """16 A at 11 kW can only be three phases; where the power settles nothing it stays one."""
    sample = sample_of(
        codec, reading("16", "Current.Import", unit="A"), reading(power, "Power.Active.Import", unit="W")
    )
    assert sample.currents_a == (16.0,) * phases
    assert sample.phases_known is (phases == 3)


@pytest.mark.parametrize(
    ("told", "voltages"),
    [
        ({"L1-N": "229", "L2-N": "230", "L3-N": "231"}, (229.0, 230.0, 231.0)),
        ({"L1": "229"}, (229.0,)),
        ({None: "231"}, (231.0,)),
        ({"L1-L2": "400", "L2-L3": "400", "L3-L1": "400"}, pytest.approx((230.94, 230.94, 230.94), abs=0.01)),
        ({"L1-L2": "231", "L2-L3": "232", "L3-L1": "230"}, (231.0, 232.0, 230.0)),
        ({"L1-L2": "400", "L1-N": "228"}, (228.0,)),
        ({"L2-N": "228"}, None),
    ],
)
def test_voltages_are_of_phases(codec: Ocpp16Codec, told: dict[str | None, str], voltages: object) -> None:
    """Between lines of a 400 V supply it is √3 times as much; in a 230 V delta it is what the car gets."""
    sample = sample_of(
        codec,
        reading("1"),
        *(reading(value, "Voltage", unit="V") | ({"phase": phase} if phase else {}) for phase, value in told.items()),
    )
    assert sample.voltages_v == voltages


def test_grizzl_e_reports_import_as_export(codec: Ocpp16Codec, tally: Tally) -> None:
    """`Current.Export` while power is imported is the current that is imported."""
    power = reading("1600", "Power.Active.Import", unit="W")
    assert sample_of(codec, reading("7", "Current.Export", unit="A", phase="L1"), power).currents_a == (7.0,)
    assert tally.met == {"import_reported_as_export": 1}
    assert sample_of(codec, reading("7", "Current.Export", unit="A", phase="L1"), reading("1")).currents_a is None


def test_intervals_and_exports_are_not_the_register(codec: Ocpp16Codec) -> None:
    """Only what the meter has counted in all is."""
    sample = sample_of(
        codec,
        reading("5", "Energy.Active.Import.Interval", unit="Wh"),
        reading("6", "Energy.Active.Export.Register", unit="Wh"),
        reading("7", "Energy.Reactive.Import.Register", unit="varh"),
        reading("20", "SoC", unit="Percent"),
    )
    assert (sample.energy_import_wh, sample.soc_percent) == (None, 20)


def test_the_outlet_wins_over_the_inlet(codec: Ocpp16Codec) -> None:
    """In either order; the inlet is better than nothing."""
    inlet, outlet = reading("900", location="Inlet"), reading("100", location="Outlet")
    assert sample_of(codec, inlet, outlet).energy_import_wh == 100
    assert sample_of(codec, outlet, inlet).energy_import_wh == 100
    assert sample_of(codec, inlet).energy_import_wh == 900


def test_end_wins_over_beginning_in_one_meter_value(codec: Ocpp16Codec) -> None:
    """In either order."""
    begin, end = reading("100", context="Transaction.Begin"), reading("900", context="Transaction.End")
    for order in ((begin, end), (end, begin)):
        sample = sample_of(codec, *order)
        assert (sample.energy_import_wh, sample.context) == (900, ReadingContext.TRANSACTION_END)


@pytest.mark.parametrize(
    ("written", "context"),
    [
        (None, ReadingContext.SAMPLE_PERIODIC),
        ("Sample.Clock", ReadingContext.SAMPLE_CLOCK),
        ("sample.clock", ReadingContext.SAMPLE_CLOCK),
        ("Trigger", ReadingContext.TRIGGER),
        ("Transaction.Begin", ReadingContext.TRANSACTION_BEGIN),
        ("Interruption.Begin", ReadingContext.OTHER),
    ],
)
def test_contexts(codec: Ocpp16Codec, written: str | None, context: ReadingContext) -> None:
    """A value without a context is a periodic sample (EN+ uses Trigger for all of them)."""
    value = reading("1") | ({} if written is None else {"context": written})
    assert sample_of(codec, value).context is context


def test_signed_data_is_kept_raw(codec: Ocpp16Codec) -> None:
    """By its format, and by its look where the format is not told; it is never taken for a number."""
    sample = sample_of(
        codec,
        reading("OCMF|{a}|{b}", format="SignedData", context="Transaction.Begin"),
        reading("OCMF|{c}|{d}"),
        reading("5"),
    )
    assert sample.signed_data == "OCMF|{a}|{b}\nOCMF|{c}|{d}"
    assert sample.energy_import_wh == 5
