"""What a fuse or a charger cannot be is said in the form, and what a meter tells of itself is suggested."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.engine.model.phases import PhaseAmperes
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.flows.charger_form import charger_error_figures, charger_errors
from custom_components.offline_evse.flows.tree_form import circuit_error_figures, circuit_errors
from custom_components.offline_evse.inputs.meter import MeterSetUp, phase_currents
from custom_components.offline_evse.inputs.meter_kind import MeterKind
from custom_components.offline_evse.inputs.meter_pace import MeterPace
from custom_components.offline_evse.site_config import site_config
from tests.integration.conftest import CHARGER, MAIN
from tests.integration.home import fuse, home

BOARD: dict[str, Any] = {"fuse": 20.0, "phases": "three_phase", "parent": "main"}


@pytest.mark.parametrize(
    ("circuit_id", "values", "errors"),
    [
        (None, BOARD, {}),
        ("board", BOARD | {"parent": "board"}, {"parent": "hangs_in_itself"}),
        ("board", BOARD | {"parent": "garage"}, {"parent": "hangs_in_itself"}),
        (None, BOARD | {"fuse": 10.0, "derate": 50}, {"base": "fuse_below_minimum"}),
        (None, BOARD | {"parent": "garage"}, {"phases": "phase_not_above"}),
        ("main", {"fuse": 10.0, "derate": 55, "phases": "three_phase"}, {"base": "fuse_below_charger"}),
        ("main", {"fuse": 25.0, "phases": "l1"}, {"phases": "phase_in_use"}),
    ],
)
def test_a_fuse_that_cannot_be(circuit_id: str | None, values: dict[str, Any], errors: dict[str, str]) -> None:
    entry = home(
        fuse("board", "Board", fuse_a=20.0, parent="main"),
        fuse("garage", "Garage board", fuse_a=16.0, phases="l1", parent="board"),
    )
    before = {"circuit_id": circuit_id} if circuit_id else {}
    found = circuit_errors(entry, before, values)
    assert errors.items() <= found.items()
    assert bool(found) == bool(errors)


def test_who_minds_a_fuse_is_named() -> None:
    figures = circuit_error_figures(home(), {"circuit_id": "main"}, {"fuse": 10.0, "derate": 50, "phases": "l1"})
    assert figures == {"carries": "5", "minimum": "6", "chargers": "Garage", "wired": "Garage", "above": "Main fuse"}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"wiring": "learn"}, {"wiring": "nothing_to_learn_from"}),
        ({"minimum": 13.0}, {"circuit": "minimum_above_fuse"}),
        ({}, {}),
    ],
)
def test_a_charger_that_cannot_be(values: dict[str, Any], error: dict[str, str]) -> None:
    entry = home(fuse_a=15.0, derate=80)
    assert site_config(entry).circuits[0].limit_a == PhaseAmperes(12, 12, 12)
    assert charger_errors(entry, CHARGER | {"safe": 0.0} | values) == error
    figures = charger_error_figures(entry, CHARGER | {"safe": 0.0} | values)
    assert (figures["fuse"], figures["carries"], figures["phases"]) == ("Main fuse", "12", "L1, L2, L3")


def test_a_wiring_can_be_left_to_be_learned_below_a_meter_that_tells_the_phases(site_entry: MockConfigEntry) -> None:
    assert charger_errors(site_entry, CHARGER | {"wiring": "learn"}) == {}
    assert charger_errors(site_entry, CHARGER | {"wiring": "learn_one"}) == {}


@pytest.mark.parametrize(
    ("kind", "inverted", "values", "currents"),
    [
        (MeterKind.CURRENTS, ["l2"], {"current_l1": 1, "current_l2": 2, "current_l3": 3}, (1, -2, 3)),
        (MeterKind.POWER_TOTAL, ["l1"], {"power_total": -3 * 207 * 4}, (4, 4, 4)),
        (
            MeterKind.POWER_VOLTAGE,
            ["l1", "l2", "l3"],
            {"power_l1": -2070, "power_l2": 253, "power_l3": -230, "voltage_l3": 230},
            (10, -1, 1),
        ),
    ],
)
def test_a_meter_that_counts_the_wrong_way_is_turned(
    kind: MeterKind, inverted: list[str], values: dict[str, float], currents: tuple[float, ...]
) -> None:
    set_up = MeterSetUp.from_data("main", (0, 1, 2), {"meter_kind": kind, "inverted": inverted})
    assert phase_currents(set_up, values) == pytest.approx(currents)


async def test_a_slow_meter_of_whole_amperes_gets_time_and_margin(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    sensors = list(MAIN["meter"].values())  # type: ignore[attr-defined]
    pace = MeterPace(hass)
    for entity_id in sensors:
        hass.states.async_set(entity_id, "3", {"unit_of_measurement": "A"})
    pace.watch(sensors)
    assert pace.period_s(sensors) is None
    assert pace.stale_after_s(sensors, 10.0) == 10
    for _ in range(3):
        freezer.tick(timedelta(seconds=10))
        for entity_id in sensors:
            hass.states.async_set(entity_id, "3", {"unit_of_measurement": "A"})
        await hass.async_block_till_done()
    assert pace.period_s(sensors) == pytest.approx(10)
    assert pace.stale_after_s(sensors, 10.0) == 30
    assert pace.tells_whole_amperes(sensors)
    hass.states.async_set(sensors[0], "3.2", {"unit_of_measurement": "A"})
    assert not pace.tells_whole_amperes(sensors)
    pace.stop()


async def test_the_form_refuses_a_main_fuse_that_is_too_small(
    hass: HomeAssistant, site: Site, site_entry: MockConfigEntry
) -> None:
    (subentry,) = site_entry.get_subentries_of_type("circuit")
    flow = await hass.config_entries.subentries.async_init(
        (site_entry.entry_id, "circuit"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id},
    )
    assert flow["step_id"] == "main"
    answer = await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {"fuse": 8.0, "derate": 60, "phases": "three_phase"}
    )
    assert answer["errors"] == {"base": "fuse_below_charger"}
    answer = await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {"fuse": 20.0, "derate": 80, "phases": "three_phase"}
    )
    assert answer["step_id"] == "meter"
