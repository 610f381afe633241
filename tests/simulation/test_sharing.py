"""Too many cars for too few amperes: turns, wirings, nested fuses, and reasons that are true."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.offline_evse.engine.model.offer import Binding, LimitReason
from custom_components.offline_evse.engine.model.phases import Phase
from custom_components.offline_evse.engine.model.station import EvseKey
from simulator.description import CarDescription, PointDescription, SiteDescription, StationDescription
from simulator.harbour_house import OWNER_TAG
from simulator.physics.car import CarModel
from simulator.physics.fuse import TRIP_LEVEL
from simulator.physics.phases import PerPhase
from simulator.physics.site import Branch
from simulator.station.model import StationModel

from .books import assert_books
from .closed_loop import ClosedLoop, play, running

pytestmark = pytest.mark.simulation

SLOT_S = 900


def site(
    fuse_a: float, bays: tuple[tuple[str, str], ...], *, guests_a: float = 20.0, phases: int = 3
) -> SiteDescription:
    """A quiet site with one station per bay, each given by its branch and its wiring."""
    return SiteDescription(
        name="Test",
        branches=(Branch(name="main", rating_a=fuse_a), Branch(name="guests", rating_a=guests_a, parent="main")),
        stations=tuple(
            StationDescription(
                model=StationModel(identity=f"bay-{number}", serial=f"B-{number}"),
                points=(PointDescription(branch=branch, wiring=wiring),),
            )
            for number, (branch, wiring) in enumerate(bays)
        ),
        cars=tuple(
            CarDescription(name=f"car-{number}", soc=0.1, model=CarModel(capacity_wh=80_000))
            for number in range(len(bays))
        ),
        appliances=(),
        base_w=PerPhase(230.0, 230.0, 230.0),
    )


def bay(number: int) -> EvseKey:
    return EvseKey(f"bay-{number}", 1)


def assert_safe(loop: ClosedLoop) -> None:
    assert loop.longest_over_s <= 15
    assert loop.highest_theta < TRIP_LEVEL
    assert loop.judgement.impossible_offers == []


def binding(loop: ClosedLoop, number: int) -> Binding:
    return loop.site.evses[bay(number)].offer.binding


def test_five_cars_on_two_places_take_turns(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(site(16.0, (("main", "RST"),) * 5), tmp_path) as loop:
            loop.plug_all()
            await loop.run(120)
            reasons = Counter(binding(loop, number).reason for number in range(5))
            assert reasons[LimitReason.WAITING_TURN] == 3
            await loop.run(3 * SLOT_S + 400)
            judgement = loop.judgement
            # Two places, so everybody's turn comes within ceil(5 / 2) slots, and a window for the change-over.
            assert max(judgement.longest_wait_s.values()) <= 2 * SLOT_S + 90
            served_wh = [loop.point(bay(number)).evse.register_wh for number in range(5)]
            assert min(served_wh) > 500
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=5)

    play(scenario)


def test_single_phase_cars_have_a_phase_each_if_the_wiring_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(site(20.0, (("main", "R"), ("main", "S"), ("main", "T"))), tmp_path) as loop:
            loop.plug_all()
            await loop.run(180)
            for number in range(3):
                assert loop.point(bay(number)).evse.terminals_a == (16.0,)
                assert binding(loop, number) == Binding(LimitReason.CHARGER_MAXIMUM)
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=3)

    play(scenario)


def test_rotated_wirings_are_added_up_where_they_meet(tmp_path: Path) -> None:
    async def scenario() -> None:
        bays = (("main", "S"), ("main", "STR"), ("main", "TRS"), ("main", "SRT"))
        async with running(site(32.0, bays), tmp_path) as loop:
            # One three-phase car draws on its first terminal only: the phase that its wiring gives.
            loop.plug_all()
            await loop.run(240)
            main_a = loop.simulator.site.currents_a["main"]
            assert main_a.l2 == max(main_a)
            assert main_a.l2 <= 32.0
            assert binding(loop, 0) == Binding(LimitReason.CIRCUIT, "main", Phase.L2)
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=4)

    play(scenario)


def test_the_fuse_below_binds_its_own_and_leaves_the_rest_to_the_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        bays = (("main", "RST"), ("guests", "STR"), ("guests", "TRS"))
        async with running(site(63.0, bays, guests_a=20.0), tmp_path) as loop:
            loop.plug_all()
            await loop.run(240)
            assert loop.site.evses[bay(0)].offer.current_a == 16
            assert binding(loop, 0) == Binding(LimitReason.CHARGER_MAXIMUM)
            for number in (1, 2):
                assert 9.8 <= loop.site.evses[bay(number)].offer.current_a <= 10.2
                reason = binding(loop, number)
                assert reason.reason is LimitReason.CIRCUIT
                assert reason.circuit_id == "guests"
            assert max(loop.simulator.site.currents_a["guests"]) <= 20
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=3)

    play(scenario)


@pytest.mark.parametrize(
    ("description", "raised"),
    [
        (site(26.0, (("main", "RST"),) * 3), "main"),
        (site(63.0, (("main", "RST"), ("guests", "RST"), ("guests", "RST"))), "guests"),
    ],
    ids=["main", "guests"],
)
def test_the_limit_that_is_named_really_binds(tmp_path: Path, description: SiteDescription, raised: str) -> None:
    async def scenario() -> None:
        async with running(description, tmp_path) as loop:
            loop.plug_all()
            await loop.run(240)
            bound = {key: evse.offer for key, evse in loop.site.evses.items() if evse.offer.binding.circuit_id}
            assert {offer.binding.circuit_id for offer in bound.values()} == {raised}
            before_a = sum(offer.current_a for offer in bound.values())
            config = loop.site.config
            loop.site.configure(
                replace(
                    config,
                    circuits=tuple(
                        replace(
                            circuit,
                            limit_a=type(circuit.limit_a)(*(limit_a + len(bound) * 1.5 for limit_a in circuit.limit_a)),
                        )
                        if circuit.circuit_id == raised
                        else circuit
                        for circuit in config.circuits
                    ),
                )
            )
            await loop.run(60)
            after_a = sum(loop.site.evses[key].offer.current_a for key in bound)
            assert after_a >= before_a + len(bound)

    play(scenario)


def test_a_person_who_asks_for_more_has_it_within_seconds(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(site(32.0, (("main", "RST"), ("main", "RST"))), tmp_path) as loop:
            await loop.run(120)
            point = loop.point(bay(0))
            loop.simulator.plug(charger="bay-0")
            loop.simulator.swipe(charger="bay-0", tag=OWNER_TAG)
            assert await loop.until(lambda: point.evse.limit_a == 16, 5) <= 3
            await loop.run(200)
            await loop.site.set_limit(bay(0), 8.0)
            assert await loop.until(lambda: point.evse.limit_a == 8, 5) <= 2
            await loop.site.set_limit(bay(0), None)
            assert await loop.until(lambda: point.evse.limit_a == 16, 5) <= 3
            await loop.site.pause(bay(0), paused=True)
            assert await loop.until(lambda: point.evse.limit_a == 0, 5) <= 2
            await loop.run(30)
            await loop.site.pause(bay(0), paused=False)
            assert await loop.until(lambda: point.evse.limit_a == 16, 5) <= 3
            # A second one gets its share as soon as the first has given it up.
            other = loop.point(bay(1))
            loop.simulator.plug(charger="bay-1")
            loop.simulator.swipe(charger="bay-1", tag=OWNER_TAG)
            assert await loop.until(lambda: other.evse.limit_a >= 13, 10) <= 5
            assert_safe(loop)
            assert_books(loop, await loop.finish(), sessions=2)

    play(scenario)
