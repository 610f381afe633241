"""Layouts that can be, but are hardly meant."""

from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.balancing.tree.fuse_tree import CircuitLoopError
from custom_components.offline_evse.engine.balancing.tree.layout_doubts import LayoutDoubt, doubts
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.phases import WIRINGS, PhaseAmperes

from .sites import key, three

MAIN = Circuit(circuit_id="main", name="Main", limit_a=three(25.0), metered=True, reserve_a=5.0)
GARAGE = Circuit(circuit_id="garage", name="Garage", parent_id="main", limit_a=three(16.0))
CHARGER = EvsePlacement(evse=key(0), circuit_id="garage", maximum_a=32.0)


def doubted(*circuits: Circuit, chargers: tuple[EvsePlacement, ...] = (CHARGER,)) -> list[LayoutDoubt]:
    return list(doubts(SiteLayout(circuits=circuits, placements=chargers)))


def test_a_charger_larger_than_its_fuse_is_no_doubt() -> None:
    assert doubted(MAIN, GARAGE) == []


@pytest.mark.parametrize(
    ("garage", "charger", "code", "placeholders"),
    [
        ({"reserve_a": 20.0}, {"safe_a": 0.0}, "reserve_above_limit", {"reserve": "20", "limit": "16"}),
        (
            {"limit_a": PhaseAmperes(16.0, 5.0, 16.0)},
            {"safe_a": 0.0},
            "fuse_below_charger",
            {"evse": "charger-0/1", "limit": "5", "minimum": "6"},
        ),
        ({"limit_w": 4000.0}, {}, "power_below_minimum", {"limit": "4000", "minimum": "4140"}),
        ({}, {"safe_a": 16.5}, "safe_currents_above_limit", {"phase": "L1", "safe": "16.5", "left": "16"}),
        (
            {"limit_a": PhaseAmperes(16.0, 0.0, 0.0)},
            {},
            "phase_missing",
            {"evse": "charger-0/1", "phases": "L2, L3"},
        ),
    ],
)
def test_what_is_hardly_meant_is_said_with_its_figures(
    garage: dict[str, object], charger: dict[str, object], code: str, placeholders: dict[str, str]
) -> None:
    placed = replace(CHARGER, **charger)  # type: ignore[arg-type]
    found = doubted(MAIN, replace(GARAGE, **garage), chargers=(placed,))  # type: ignore[arg-type]
    assert found == [LayoutDoubt(code, {"circuit": "Garage", **placeholders})]


def test_a_limit_too_small_for_anybody_is_said_of_the_circuit_and_of_the_charger() -> None:
    found = doubted(MAIN, replace(GARAGE, limit_a=three(4.0)), chargers=(replace(CHARGER, safe_a=0.0),))
    assert [doubt.code for doubt in found] == ["limit_below_minimum", "fuse_below_charger"]


def test_safe_currents_add_up_per_phase() -> None:
    chargers = tuple(
        replace(CHARGER, evse=key(number), circuit_id="main", wiring=WIRINGS[name], safe_a=8.0)
        for number, name in enumerate(("r", "s", "t", "s", "s"))
    )
    assert doubted(MAIN, chargers=chargers) == [
        LayoutDoubt("safe_currents_above_limit", {"circuit": "Main", "phase": "L2", "safe": "24", "left": "20"})
    ]


def test_a_single_phase_charger_does_not_need_the_other_phases() -> None:
    garage = replace(GARAGE, limit_a=PhaseAmperes(0.0, 16.0, 0.0), limit_w=1400.0)
    assert doubted(MAIN, garage, chargers=(replace(CHARGER, wiring=WIRINGS["s"]),)) == []


def test_a_layout_that_cannot_be_is_refused_before_it_is_doubted() -> None:
    with pytest.raises(CircuitLoopError):
        doubted(replace(MAIN, parent_id="garage"), GARAGE)
