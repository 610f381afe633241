"""A meter that is wired or named wrongly is found out by the steps of cars, and a good one is left alone."""

from random import Random

import pytest

from custom_components.offline_evse.engine.balancing.commissioning.survey import Survey, Surveyor
from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement, SiteLayout
from custom_components.offline_evse.engine.model.commissioning import FindingKind, MeterFinding
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.phases import Phase, PhaseAmperes
from custom_components.offline_evse.engine.model.station import EvseKey

from .sites import House, key
from .surveyed_site import SurveyedSite


def one(survey: Survey) -> MeterFinding:
    (finding,) = survey.findings
    return finding


def l1_backwards(it: PhaseAmperes) -> PhaseAmperes:
    return PhaseAmperes(-it.l1, it.l2, it.l3)


def backwards(it: PhaseAmperes) -> PhaseAmperes:
    return PhaseAmperes(-it.l1, -it.l2, -it.l3)


def evenly(it: PhaseAmperes) -> PhaseAmperes:
    return PhaseAmperes(*(it.total / 3,) * 3)


@pytest.mark.parametrize("by_terminal", [True, False])
@pytest.mark.parametrize("meter_s", [1, 10])
@pytest.mark.parametrize("terminals", [1, 3])
def test_a_good_meter_is_left_alone(terminals: int, meter_s: int, by_terminal: bool) -> None:
    site = SurveyedSite(terminals=terminals, meter_s=meter_s, by_terminal=by_terminal)
    site.run(60)
    assert site.steps(12) == Survey(one_phase=frozenset() if by_terminal or terminals > 1 else site.seen.one_phase)


@pytest.mark.parametrize("by_terminal", [True, False])
def test_a_phase_the_wrong_way_round_is_suspected_after_two_steps_and_proven_after_four(by_terminal: bool) -> None:
    site = SurveyedSite(l1_backwards, by_terminal=by_terminal)
    site.run(60)
    assert site.steps(1).findings == ()
    suspicion = one(site.steps(1))
    assert (suspicion.kind, suspicion.phase, suspicion.proven) == (FindingKind.SIGN, Phase.L1, False)
    assert suspicion.dangerous
    proof = one(site.steps(2))
    assert (proof.phase, proof.proven) == (Phase.L1, True)
    assert proof.confidence > suspicion.confidence


def test_a_meter_that_is_wholly_the_wrong_way_round_is_one_finding() -> None:
    site = SurveyedSite(backwards)
    site.run(60)
    finding = one(site.steps(6))
    assert (finding.kind, finding.phase, finding.proven) == (FindingKind.SIGN, None, True)


def test_a_meter_of_the_sum_the_wrong_way_round() -> None:
    site = SurveyedSite(lambda it: evenly(backwards(it)), by_phase=False, terminals=1)
    site.run(60)
    finding = one(site.steps(6))
    assert (finding.kind, finding.phase, finding.proven) == (FindingKind.SIGN, None, True)


def test_a_meter_of_the_sum_is_not_blamed_for_spreading_it() -> None:
    site = SurveyedSite(evenly, by_phase=False, terminals=1)
    site.run(60)
    assert site.steps(8) == Survey()


@pytest.mark.parametrize(("factor", "dangerous"), [(0.5, True), (1 / 3, True), (2.0, False), (3.0, False)])
def test_a_wrong_scale(factor: float, dangerous: bool) -> None:
    site = SurveyedSite(lambda it: PhaseAmperes(*(factor * phase for phase in it)), noise_a=0.2)
    site.run(60)
    finding = one(site.steps(6, 16.0))
    assert (finding.kind, finding.factor, finding.proven) == (FindingKind.SCALE, factor, True)
    assert finding.dangerous is dangerous


def test_a_charger_that_the_meter_does_not_see() -> None:
    site = SurveyedSite(lambda _: PhaseAmperes(2.0, 3.0, 1.0))
    site.run(60)
    finding = one(site.steps(6))
    assert (finding.kind, finding.evse, finding.proven, finding.dangerous) == (
        FindingKind.NOT_SEEN,
        key(0),
        True,
        False,
    )


def test_a_charger_that_hangs_in_another_circuit_is_found_there() -> None:
    circuits = tuple(
        Circuit(circuit_id=name, name=name, limit_a=PhaseAmperes(25, 25, 25), metered=True) for name in ("a", "b")
    )
    surveyor = Surveyor()
    surveyor.set_layout(SiteLayout(circuits=circuits, placements=(EvsePlacement(evse=key(0), circuit_id="a"),)))
    found = Survey()
    for second in range(1, 400):
        current_a = 10.0 * (second // 50 % 2)
        surveyor.meter("a", PhaseAmperes(1, 1, 1), float(second))
        surveyor.meter("b", PhaseAmperes(1 + current_a, 1 + current_a, 1 + current_a), float(second))
        if second % 10 == 0:
            surveyor.draw(key(0), (current_a,) * 3, float(second))
        found = surveyor.look(float(second)) or found
    assert (one(found).circuit_id, one(found).seen_in) == ("a", "b")


def test_several_chargers_on_the_same_wrong_phase_speak_against_the_meter() -> None:
    site = SurveyedSite(
        lambda it: PhaseAmperes(it.l2, it.l1, it.l3), cars=2, real=(Phase.L1,), told=(Phase.L1,), terminals=1
    )
    site.run(60)
    finding = one(site.steps(16))
    assert (finding.kind, finding.phase, finding.seen_on) == (FindingKind.PHASES_SWAPPED, Phase.L1, Phase.L2)
    assert finding.dangerous
    assert site.seen.wirings == ()


def test_coincidences_of_a_busy_house_prove_nothing() -> None:
    site = SurveyedSite(terminals=1)
    kettle = Random(3)
    for number in range(300):
        if number % 2:
            site.draws[key(0)] = 0.0 if site.draws[key(0)] else 10.0
        site.house[kettle.randrange(3)] = kettle.choice([1.0, 10.0, 20.0])
        site.run(kettle.randint(20, 40))
        assert not [finding for finding in site.seen.findings if finding.proven]


def test_a_suspicion_goes_when_steps_come_right_again() -> None:
    site = SurveyedSite(l1_backwards)
    site.run(60)
    assert site.steps(2).findings
    site.wrong = lambda it: it
    site.run(60)
    assert site.steps(2).findings == ()


def test_a_meter_that_was_put_right_starts_without_suspicion() -> None:
    site = SurveyedSite(l1_backwards)
    site.run(60)
    assert site.steps(4).findings
    site.surveyor.forget_meter("main")
    assert site.surveyor.survey() == Survey()


def test_two_cars_that_move_together_say_nothing() -> None:
    site = SurveyedSite(l1_backwards, cars=2)
    site.run(60)
    for number in range(6):
        site.draws = dict.fromkeys(site.cars, 0.0 if number % 2 else 10.0)
        site.run(45)
    assert site.seen == Survey()


@pytest.mark.parametrize("silly", [float("nan"), float("inf")])
def test_values_that_are_no_currents_are_passed_over(silly: float) -> None:
    site = SurveyedSite()
    site.surveyor.meter("main", PhaseAmperes(silly, 1, 1), 1.0)
    site.surveyor.draw(key(0), (silly, 0.0, 0.0), 1.0)
    site.surveyor.draw(EvseKey("nobody", 1), (6.0,), 1.0)
    site.surveyor.meter("nowhere", PhaseAmperes(1, 1, 1), 1.0)
    assert site.surveyor.look(100.0) is None


def test_chargers_behind_a_meter_that_is_not_believed_get_their_safe_current() -> None:
    house = House(fuse_a=25.0)
    house.wants()
    house.live(120)
    assert house.offer().current_a == 16.0
    house.balancer.distrust("main", True, house.now_s)
    decision = house.live(5)
    assert decision.safe_mode
    assert decision.offers[key(0)].current_a == 6.0
    assert decision.offers[key(0)].binding.reason is LimitReason.METER_SILENT
    assert decision.circuits["main"].measured_a is None
    house.balancer.distrust("main", False, house.now_s)
    decision = house.live(120)
    assert not decision.safe_mode
    assert decision.offers[key(0)].current_a == 16.0
