"""The tree: what may be one, and what an ampere costs in it."""

from dataclasses import replace
from math import nan

import pytest

from custom_components.offline_evse.engine.balancing.tree.fuse_tree import (
    CircuitLoopError,
    DuplicateCircuitError,
    DuplicateEvseError,
    FuseTree,
    InvalidValueError,
    Row,
    UnknownCircuitError,
    UnknownParentError,
)
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.failure import LayoutError
from custom_components.offline_evse.engine.model.phases import WIRINGS, Phase

from .sites import key, three

MAIN = Circuit(circuit_id="main", name="Main", limit_a=three(63.0), limit_w=30000.0)
GARAGE = Circuit(circuit_id="garage", name="Garage", parent_id="main", limit_a=three(32.0))
CHARGER = EvsePlacement(evse=key(0), circuit_id="garage", wiring=WIRINGS["str"])


def test_an_evse_passes_every_row_up_to_the_supply() -> None:
    tree = FuseTree(SiteLayout(circuits=(GARAGE, MAIN), placements=(CHARGER,)))
    costs = {tree.rows[row]: cost for row, cost in tree.coefficients(key(0))}
    assert costs == {
        **{Row(circuit_id, phase): 1.0 for circuit_id in ("garage", "main") for phase in Phase},
        Row("main", None): 690.0,
    }
    assert [tree.limits[row] for row, _ in tree.coefficients(key(0))].count(32.0) == 3


def test_a_car_on_one_terminal_loads_the_phase_it_is_wired_to() -> None:
    tree = FuseTree(SiteLayout(circuits=(MAIN, GARAGE), placements=(CHARGER,)))
    costs = {tree.rows[row]: cost for row, cost in tree.coefficients(key(0), (0,))}
    assert costs == {Row("garage", Phase.L2): 1.0, Row("main", Phase.L2): 1.0, Row("main", None): 230.0}


@pytest.mark.parametrize("phases_used", [None, (), (7,)])
def test_unknown_or_impossible_terminals_count_as_all(phases_used: tuple[int, ...] | None) -> None:
    tree = FuseTree(SiteLayout(circuits=(MAIN, GARAGE), placements=(CHARGER,)))
    assert len(tree.coefficients(key(0), phases_used)) == 7


def test_a_circuit_knows_what_it_feeds_at_any_depth() -> None:
    other = replace(CHARGER, evse=key(1), circuit_id="main")
    tree = FuseTree(SiteLayout(circuits=(MAIN, GARAGE), placements=(CHARGER, other)))
    assert set(tree.evses_below("main")) == {key(0), key(1)}
    assert tree.evses_below("garage") == (key(0),)
    assert tree.ancestry("garage") == ("garage", "main")


@pytest.mark.parametrize(
    ("circuits", "placements", "error", "placeholders"),
    [
        ((MAIN, MAIN), (), DuplicateCircuitError, {"circuit": "main"}),
        ((GARAGE,), (), UnknownParentError, {"circuit": "garage", "parent": "main"}),
        ((replace(MAIN, parent_id="garage"), GARAGE), (), CircuitLoopError, {"circuit": "main"}),
        ((replace(MAIN, parent_id="main"),), (), CircuitLoopError, {"circuit": "main"}),
        ((MAIN,), (CHARGER,), UnknownCircuitError, {"evse": "charger-0/1", "circuit": "garage"}),
        ((MAIN, GARAGE), (CHARGER, CHARGER), DuplicateEvseError, {"evse": "charger-0/1"}),
        ((replace(MAIN, limit_a=three(nan)),), (), InvalidValueError, {"place": "Main"}),
        ((replace(MAIN, limit_w=-1.0),), (), InvalidValueError, {"place": "Main"}),
        ((MAIN, GARAGE), (replace(CHARGER, step_a=0.0),), InvalidValueError, {"place": "charger-0/1"}),
        ((MAIN, GARAGE), (replace(CHARGER, weight=-1.0),), InvalidValueError, {"place": "charger-0/1"}),
        ((MAIN, GARAGE), (replace(CHARGER, wiring=()),), InvalidValueError, {"place": "charger-0/1"}),
        ((MAIN, GARAGE), (replace(CHARGER, wiring=(Phase.L1, Phase.L1)),), InvalidValueError, {"place": "charger-0/1"}),
    ],
)
def test_a_layout_that_cannot_be_is_refused_by_name(
    circuits: tuple[Circuit, ...],
    placements: tuple[EvsePlacement, ...],
    error: type[LayoutError],
    placeholders: dict[str, str],
) -> None:
    with pytest.raises(error) as caught:
        FuseTree(SiteLayout(circuits=circuits, placements=placements))
    assert caught.value.placeholders == placeholders
    assert caught.value.code != LayoutError.code
