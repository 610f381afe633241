"""From meter entities to currents per phase."""

from collections.abc import Iterator
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.inputs.meter import COALESCE_S, MeterFeed, MeterSetUp
from custom_components.offline_evse.inputs.meter_kind import MeterKind

AMPERE = {"unit_of_measurement": "A"}
WATT = {"unit_of_measurement": "W"}
CURRENTS = {f"current_l{n}": f"sensor.i{n}" for n in (1, 2, 3)}
POWERS = {f"power_l{n}": f"sensor.p{n}" for n in (1, 2, 3)}
VOLTAGES = {f"voltage_l{n}": f"sensor.u{n}" for n in (1, 2, 3)}


class Reports(list[PhaseAmperes]):
    """What a meter has handed on, and the feed that hands it on."""

    feed: MeterFeed


@pytest.fixture
def reports(hass: HomeAssistant) -> Iterator[Reports]:
    heard = Reports()
    heard.feed = MeterFeed(hass, lambda _circuit_id, currents: heard.append(currents))
    yield heard
    heard.feed.stop()


def set_up(kind: MeterKind, entities: dict[str, str], phases: tuple[int, ...] = (0, 1, 2)) -> MeterSetUp:
    return MeterSetUp(circuit_id="main", kind=kind, phases=phases, entities=entities, stale_after_s=10.0)


def write(hass: HomeAssistant, values: dict[str, object], attributes: dict[str, str]) -> None:
    for entity_id, value in values.items():
        hass.states.async_set(entity_id, str(value), attributes)


async def coalesced(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.tick(timedelta(seconds=COALESCE_S * 2))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()


async def test_three_currents_make_one_report(hass: HomeAssistant, reports: Reports) -> None:
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS)])
    write(hass, {"sensor.i1": 1.5, "sensor.i2": 2, "sensor.i3": -3}, AMPERE)
    assert reports == [PhaseAmperes(1.5, 2.0, -3.0)]


async def test_an_unchanged_value_is_a_report_too(hass: HomeAssistant, reports: Reports) -> None:
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS)])
    for _ in range(3):
        write(hass, {"sensor.i1": 1, "sensor.i2": 2, "sensor.i3": 3}, AMPERE)
    assert reports == [PhaseAmperes(1, 2, 3)] * 3


async def test_values_from_before_count(hass: HomeAssistant, reports: Reports) -> None:
    write(hass, {"sensor.i1": 1, "sensor.i2": 2, "sensor.i3": 3}, AMPERE)
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS)])
    assert reports == [PhaseAmperes(1, 2, 3)]


async def test_values_from_long_before_do_not(
    hass: HomeAssistant, reports: Reports, freezer: FrozenDateTimeFactory
) -> None:
    write(hass, {"sensor.i1": 1, "sensor.i2": 2, "sensor.i3": 3}, AMPERE)
    freezer.tick(timedelta(seconds=30))
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS)])
    assert reports == []


async def test_a_phase_that_falls_silent_silences_the_meter(
    hass: HomeAssistant, reports: Reports, freezer: FrozenDateTimeFactory
) -> None:
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS)])
    write(hass, {"sensor.i1": 1, "sensor.i2": 2, "sensor.i3": 3}, AMPERE)
    freezer.tick(timedelta(seconds=11))
    write(hass, {"sensor.i1": 4, "sensor.i2": 5}, AMPERE)
    await coalesced(hass, freezer)
    assert reports == [PhaseAmperes(1, 2, 3)]


async def test_phases_of_one_device_vouch_for_one_another(
    hass: HomeAssistant, reports: Reports, freezer: FrozenDateTimeFactory, entity_registry: er.EntityRegistry
) -> None:
    entry = MockConfigEntry(domain="p1")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers={("p1", "meter")})
    for phase in (1, 2, 3):
        entity_registry.async_get_or_create(
            "sensor", "p1", f"i{phase}", suggested_object_id=f"i{phase}", device_id=device.id, config_entry=entry
        )
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS)])
    write(hass, {"sensor.i1": 1, "sensor.i2": 0, "sensor.i3": 0}, AMPERE)
    freezer.tick(timedelta(seconds=11))
    write(hass, {"sensor.i1": 4}, AMPERE)
    await coalesced(hass, freezer)
    assert reports == [PhaseAmperes(1, 0, 0), PhaseAmperes(4, 0, 0)]


@pytest.mark.parametrize("bad", ["unavailable", "unknown", "", "NaN", "inf", "twelve", "999999"])
async def test_what_is_no_number_is_no_report(
    hass: HomeAssistant, reports: Reports, freezer: FrozenDateTimeFactory, bad: str
) -> None:
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS)])
    write(hass, {"sensor.i1": 1, "sensor.i2": bad, "sensor.i3": 3}, AMPERE)
    await coalesced(hass, freezer)
    assert reports == []


async def test_units_are_converted(hass: HomeAssistant, reports: Reports) -> None:
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS)])
    write(hass, {"sensor.i1": 1500, "sensor.i2": 0, "sensor.i3": -250}, {"unit_of_measurement": "mA"})
    assert reports == [PhaseAmperes(1.5, 0, -0.25)]


async def test_a_unit_that_does_not_fit_is_no_report(
    hass: HomeAssistant, reports: Reports, freezer: FrozenDateTimeFactory
) -> None:
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS)])
    write(hass, {"sensor.i1": 1, "sensor.i2": 2, "sensor.i3": 3}, {"unit_of_measurement": "kWh"})
    await coalesced(hass, freezer)
    assert reports == []


async def test_a_current_without_sign_takes_that_of_the_power(hass: HomeAssistant, reports: Reports) -> None:
    reports.feed.follow([set_up(MeterKind.CURRENTS, CURRENTS | POWERS)])
    write(hass, {"sensor.i1": 5, "sensor.i2": 6, "sensor.i3": 0.4}, AMPERE)
    write(hass, {"sensor.p1": -1100, "sensor.p2": 1300, "sensor.p3": 0}, WATT)
    assert reports[-1] == PhaseAmperes(-5, 6, 0.4)


async def test_power_and_voltage_make_currents(hass: HomeAssistant, reports: Reports) -> None:
    reports.feed.follow([set_up(MeterKind.POWER_VOLTAGE, POWERS | VOLTAGES)])
    write(hass, {"sensor.u1": 230, "sensor.u2": 240, "sensor.u3": 220}, {"unit_of_measurement": "V"})
    write(hass, {"sensor.p1": 2.3, "sensor.p2": -0.48, "sensor.p3": 0}, {"unit_of_measurement": "kW"})
    assert reports == [PhaseAmperes(pytest.approx(10), pytest.approx(-2), 0)]


async def test_power_without_voltage_errs_on_the_safe_side(hass: HomeAssistant, reports: Reports) -> None:
    reports.feed.follow([set_up(MeterKind.POWER_VOLTAGE, POWERS)])
    write(hass, {"sensor.p1": 2070, "sensor.p2": -2530, "sensor.p3": 0}, WATT)
    assert reports == [PhaseAmperes(pytest.approx(10), pytest.approx(-10), 0)]


async def test_a_voltage_that_cannot_be_is_no_report(
    hass: HomeAssistant, reports: Reports, freezer: FrozenDateTimeFactory
) -> None:
    reports.feed.follow([set_up(MeterKind.POWER_VOLTAGE, POWERS | VOLTAGES)])
    write(hass, {"sensor.u1": 0, "sensor.u2": 240, "sensor.u3": 220}, {"unit_of_measurement": "V"})
    write(hass, {"sensor.p1": 100, "sensor.p2": 100, "sensor.p3": 100}, WATT)
    await coalesced(hass, freezer)
    assert reports == []


async def test_a_total_is_spread_over_the_phases(hass: HomeAssistant, reports: Reports) -> None:
    reports.feed.follow([set_up(MeterKind.POWER_TOTAL, {"power_total": "sensor.grid"})])
    write(hass, {"sensor.grid": 6210}, WATT)
    assert reports == [PhaseAmperes(*(pytest.approx(10),) * 3)]


async def test_a_total_of_one_phase_is_all_on_it(hass: HomeAssistant, reports: Reports) -> None:
    reports.feed.follow([set_up(MeterKind.POWER_TOTAL, {"power_total": "sensor.grid"}, phases=(1,))])
    write(hass, {"sensor.grid": 2070}, WATT)
    assert reports == [PhaseAmperes(0, pytest.approx(10), 0)]


async def test_a_changed_meter_is_followed_and_the_old_one_is_not(hass: HomeAssistant, reports: Reports) -> None:
    reports.feed.follow([set_up(MeterKind.POWER_TOTAL, {"power_total": "sensor.old"})])
    reports.feed.follow([set_up(MeterKind.POWER_TOTAL, {"power_total": "sensor.new"})])
    write(hass, {"sensor.old": 1000}, WATT)
    assert reports == []
    write(hass, {"sensor.new": 0}, WATT)
    assert reports == [PhaseAmperes(0, 0, 0)]
    assert reports.feed.entities == {"main": frozenset({"sensor.new"})}
