"""What the site would do if nobody steered it any more: the worst fuse, worked out from the tree."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.balancing.outlook import Prospect, look_ahead
from custom_components.offline_evse.engine.balancing.tree.fuse_tree import FuseTree
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.offer import CircuitState, LimitReason
from custom_components.offline_evse.engine.model.outlook import Outlook
from custom_components.offline_evse.engine.model.phases import WIRINGS, Phase, PhaseAmperes
from custom_components.offline_evse.engine.model.shared_limit import LimitBasis, SharedLimit
from custom_components.offline_evse.engine.model.station import EvseKey

KEYS = [EvseKey(name, 1) for name in ("one", "two", "three")]


def tree_of(*circuits: Circuit, wiring: str = "rst", below: str = "main") -> FuseTree:
    """Three chargers of 16 A in one circuit of a tree."""
    placements = tuple(EvsePlacement(evse=key, circuit_id=below, wiring=WIRINGS[wiring]) for key in KEYS)
    return FuseTree(SiteLayout(circuits=circuits, placements=placements))


def main(
    limit_a: float = 40.0, *, metered: bool = True, reserve_a: float = 0.0, limit_w: float | None = None
) -> Circuit:
    """Return a main fuse."""
    return Circuit(
        circuit_id="main",
        name="Main fuse",
        limit_a=PhaseAmperes(limit_a, limit_a, limit_a),
        limit_w=limit_w,
        metered=metered,
        reserve_a=reserve_a,
    )


def house(l1: float, l2: float, l3: float, *, silent: bool = False) -> dict[str, CircuitState]:
    """Tell what the house takes."""
    nothing = PhaseAmperes(0, 0, 0)
    state = CircuitState("main", None, nothing, nothing, meter_silent=silent, uncontrolled_a=PhaseAmperes(l1, l2, l3))
    return {"main": state}


def falls(key: EvseKey, now_a: float, then_a: float = 6.0) -> Prospect:
    """Return a car that charges, and a charger that falls."""
    return Prospect(evse=key, running=True, now_a=now_a, then_a=then_a, falls_after_s=255.0)


def test_three_chargers_fall_and_the_worst_phase_is_named() -> None:
    outlook = look_ahead(tree_of(main()), house(5, 13, 2), [falls(key, 6.5) for key in KEYS])
    assert (outlook.falling_count, outlook.to_a, outlook.after_s) == (3, 6.0, 255.0)
    assert (outlook.circuit_id, outlook.phase) == ("main", Phase.L2)
    # They do not fall at the same time, so what they have now counts meanwhile.
    assert outlook.load == pytest.approx(13 + 3 * 6.5)
    assert (outlook.limit, outlook.safe) == (40.0, True)


def test_a_paused_car_that_gets_its_safe_current_back_rises() -> None:
    outlook = look_ahead(tree_of(main(16)), house(8, 8, 8), [falls(KEYS[0], 0.0), falls(KEYS[1], 6.0)])
    assert (outlook.falling_count, outlook.rising_count, outlook.holding_count) == (0, 1, 1)
    assert outlook.load == 20.0
    assert not outlook.safe


def test_a_limit_that_never_runs_out_is_held() -> None:
    held = Prospect(evse=KEYS[0], running=True, now_a=16.0, then_a=16.0, falls_after_s=None)
    outlook = look_ahead(tree_of(main()), house(0, 0, 0), [held])
    assert (outlook.falling_count, outlook.holding_count, outlook.to_a) == (0, 1, None)
    assert outlook.load == 16.0


def test_a_charger_without_a_car_counts_only_if_one_comes() -> None:
    free = [Prospect(evse=key, running=False, now_a=0.0, then_a=6.0, falls_after_s=None) for key in KEYS[:2]]
    outlook = look_ahead(tree_of(main(20)), house(1, 1, 1), [*free, falls(KEYS[2], 10.0)])
    assert (outlook.falling_count, outlook.load, outlook.safe) == (1, 11.0, True)
    assert (outlook.full_load, outlook.full_limit, outlook.safe_when_full) == (23.0, 20.0, False)


def test_a_peak_that_somebody_wants_to_keep_is_no_fuse() -> None:
    tree = tree_of(main(40))
    tree.set_shared_limits(
        [
            SharedLimit(
                limit_id="peak", reason=LimitReason.PEAK, circuit_id="main", basis=LimitBasis.TOTAL, limit_w=800.0
            )
        ]
    )
    outlook = look_ahead(tree, house(5, 13, 2), [falls(KEYS[0], 6.5)])
    assert (outlook.phase, outlook.limit, outlook.safe, outlook.safe_when_full) == (Phase.L2, 40.0, True, True)
    assert (outlook.full_circuit_id, outlook.full_phase) == ("main", Phase.L2)


@pytest.mark.parametrize("metered", [True, False])
def test_where_nobody_measures_the_reserve_counts(metered: bool) -> None:
    outlook = look_ahead(tree_of(main(metered=metered, reserve_a=20.0)), house(1, 1, 1, silent=True), [])
    assert outlook.load == 20.0


def test_the_fuse_of_the_bays_is_the_worst() -> None:
    bays = Circuit(circuit_id="bays", name="Bays", parent_id="main", limit_a=PhaseAmperes(16, 16, 16))
    tree = tree_of(main(), bays, wiring="t", below="bays")
    outlook = look_ahead(tree, house(0, 0, 0), [falls(key, 6.0) for key in KEYS])
    assert (outlook.circuit_id, outlook.phase, outlook.load, outlook.safe) == ("bays", Phase.L3, 18.0, False)


def test_a_limit_in_watts_can_be_the_worst() -> None:
    outlook = look_ahead(tree_of(main(limit_w=10_000)), house(0, 0, 0), [falls(key, 6.0) for key in KEYS])
    assert outlook.phase is None
    assert outlook.load == pytest.approx(3 * 6 * 3 * 230)
    assert outlook.limit == 10_000
    assert not outlook.safe


def test_a_site_without_circuits_has_nothing_to_say() -> None:
    assert look_ahead(FuseTree(SiteLayout()), {}, []) == Outlook(falling_count=0)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 32), st.floats(0, 32), st.booleans()), min_size=3, max_size=3),
    st.tuples(st.floats(0, 40), st.floats(0, 40), st.floats(0, 40)),
    st.sampled_from(sorted(WIRINGS)),
)
def test_no_moment_on_the_way_is_worse_than_what_is_told(
    cars: list[tuple[float, float, bool]], house_a: tuple[float, float, float], wiring: str
) -> None:
    tree = tree_of(main(), wiring=wiring)
    prospects = [
        Prospect(evse=key, running=running, now_a=now_a, then_a=then_a, falls_after_s=250.0 if running else None)
        for key, (now_a, then_a, running) in zip(KEYS, cars, strict=True)
    ]
    outlook = look_ahead(tree, house(*house_a), prospects)
    for fallen in range(8):
        for phase in Phase:
            load = house_a[phase]
            for number, prospect in enumerate(prospects):
                if phase in WIRINGS[wiring]:
                    now_a = prospect.now_a if prospect.running else 0.0
                    load += prospect.then_a if fallen >> number & 1 else now_a
            assert load <= outlook.full_load + 1e-9
            assert load <= 40.0 + 0.06 or not outlook.safe_when_full
            if all(prospect.running for prospect in prospects):
                assert load <= outlook.load + 1e-9
