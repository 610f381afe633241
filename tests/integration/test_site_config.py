"""From a config entry to the engine's set-up."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.phases import Phase, PhaseAmperes
from custom_components.offline_evse.engine.site.config import DefaultProfile
from custom_components.offline_evse.site_config import meter_set_ups, site_config
from tests.integration.conftest import CHARGER, MAIN, charger_subentry, circuit_subentry


def entry_of(*subentries: ConfigSubentryData) -> MockConfigEntry:
    return MockConfigEntry(domain=DOMAIN, title="Home", data={"port": 9000}, subentries_data=list(subentries))


def circuit(name: str, parent: str, **more: Any) -> ConfigSubentryData:
    data = {"circuit_id": name, "fuse": 16.0, "phases": "three_phase", "parent": parent, **more}
    return circuit_subentry(data, name.title())


def parents(entry: MockConfigEntry) -> dict[str, str | None]:
    return {each.circuit_id: each.parent_id for each in site_config(entry).circuits}


def test_the_main_fuse_is_the_root() -> None:
    config = site_config(entry_of(circuit_subentry(MAIN, "Home")))
    (main,) = config.circuits
    assert config.name == "Home"
    assert main.circuit_id == "main"
    assert main.parent_id is None
    assert main.limit_a == PhaseAmperes(25.0, 25.0, 25.0)
    assert main.metered
    assert (main.margin_a, main.reserve_a, main.stale_after_s) == (1.0, 12.5, 10.0)


def test_a_charger_is_read_whole() -> None:
    data = CHARGER | {"wiring": "str", "password": "secret", "default_profile": "zero", "priority": 2}
    config = site_config(entry_of(circuit_subentry(MAIN, "Home"), charger_subentry(data, "Garage")))
    (station,) = config.stations
    assert station.station_id == "CP-1"
    assert station.name == "Garage"
    assert station.circuit_id == "main"
    assert station.wiring == (Phase.L2, Phase.L3, Phase.L1)
    assert (station.maximum_a, station.minimum_a, station.safe_a) == (16.0, 6.0, 6.0)
    assert station.default_profile is DefaultProfile.ZERO
    assert station.password == "secret"
    assert station.priority == 2


def test_what_a_charger_does_in_silence_is_read() -> None:
    data = CHARGER | {
        "timeout": "own",
        "refresh": 30,
        "expiry": 75,
        "after_expiry": "hold",
        "hardware": 32,
        "session_time": 1.5,
        "session_energy": 20,
        "derate_from": 60,
        "pause_way": "stop",
        "can_switch_phases": True,
        "weight": 2.5,
    }
    config = site_config(entry_of(circuit_subentry(MAIN, "Home"), charger_subentry(data, "Garage")))
    (station,) = config.stations
    assert (station.refresh_s, station.expires_s, station.after_expiry) == (30, 75, "hold")
    assert (station.hardware_a, station.weight, station.can_switch_phases) == (32.0, 2.5, True)
    assert (station.session_time_s, station.session_energy_wh, station.derate_from_c) == (5400, 20000, 60.0)
    assert station.pause_way == "stop"


@pytest.mark.parametrize(
    ("timeout", "refresh_s", "expires_s"),
    [
        ("none", 120, None),
        ("60_70", 60, 70),
        ("60_130", 60, 130),
        ("120_130", 120, 130),
        ("120_250", 120, 250),
        ("300_310", 300, 310),
        ("300_610", 300, 610),
    ],
)
def test_the_pairs_are_what_they_say(timeout: str, refresh_s: int, expires_s: int | None) -> None:
    data = CHARGER | {"timeout": timeout, "refresh": 1, "expiry": 2}
    (station,) = site_config(entry_of(circuit_subentry(MAIN, "Home"), charger_subentry(data, "Garage"))).stations
    assert (station.refresh_s, station.expires_s) == (refresh_s, expires_s)


def test_an_empty_password_is_none() -> None:
    entry = entry_of(circuit_subentry(MAIN, "Home"), charger_subentry(CHARGER | {"password": ""}, "Garage"))
    assert site_config(entry).stations[0].password is None


@pytest.mark.parametrize(
    ("phases", "limit"),
    [
        ("l1", PhaseAmperes(16, 0, 0)),
        ("l2", PhaseAmperes(0, 16, 0)),
        ("l3", PhaseAmperes(0, 0, 16)),
        ("three_phase", PhaseAmperes(16, 16, 16)),
    ],
)
def test_a_phase_that_is_not_there_carries_nothing(phases: str, limit: PhaseAmperes) -> None:
    entry = entry_of(circuit_subentry(MAIN, "Home"), circuit("garage", "main", phases=phases))
    assert site_config(entry).circuits[1].limit_a == limit


def test_without_a_main_fuse_nothing_may_charge() -> None:
    config = site_config(entry_of(charger_subentry(CHARGER, "Garage")))
    assert [each.limit_a for each in config.circuits] == [PhaseAmperes(0, 0, 0)]
    assert config.stations[0].circuit_id == "main"


def test_what_hung_in_a_removed_circuit_hangs_in_the_main_fuse() -> None:
    entry = entry_of(
        circuit_subentry(MAIN, "Home"),
        circuit("garage", "removed"),
        circuit("board", "garage"),
        charger_subentry(CHARGER | {"circuit": "removed"}, "Garage"),
    )
    assert parents(entry) == {"main": None, "garage": "main", "board": "garage"}
    assert site_config(entry).stations[0].circuit_id == "main"


def test_circuits_in_a_ring_hang_in_the_main_fuse() -> None:
    entry = entry_of(
        circuit_subentry(MAIN, "Home"), circuit("a", "b"), circuit("b", "a"), circuit("c", "c"), circuit("d", "a")
    )
    assert parents(entry) == {"main": None, "a": "main", "b": "main", "c": "main", "d": "main"}


def test_a_circuit_without_a_meter_is_not_metered() -> None:
    entry = entry_of(circuit_subentry(MAIN | {"meter_kind": "none", "meter": {}}, "Home"))
    assert not site_config(entry).circuits[0].metered
    assert not meter_set_ups(entry)[0].entities


def test_a_power_limit_is_handed_on() -> None:
    entry = entry_of(circuit_subentry(MAIN, "Home"), circuit("garage", "main", limit_power=11000))
    assert site_config(entry).circuits[1].limit_w == 11000
