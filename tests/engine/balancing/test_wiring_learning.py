"""A charger's wiring is learned from the phases on which the meter rises when its cars do."""

import pytest

from custom_components.offline_evse.engine.balancing.commissioning.survey import Survey
from custom_components.offline_evse.engine.model.commissioning import WiringLearned
from custom_components.offline_evse.engine.model.phases import IN_ORDER, WIRINGS, Phase, PhaseAmperes, Wiring

from .sites import key
from .surveyed_site import SurveyedSite

THREE = [wiring for wiring in WIRINGS.values() if len(wiring) == 3]
ONE = [wiring for wiring in WIRINGS.values() if len(wiring) == 1]


def learned(survey: Survey) -> WiringLearned:
    (wiring,) = survey.wirings
    return wiring


@pytest.mark.parametrize("real", THREE)
def test_cars_on_one_phase_and_on_two_tell_the_whole_wiring(real: Wiring) -> None:
    site = SurveyedSite(real=real, terminals=1, learning=True)
    site.run(60)
    site.steps(4)
    assert learned(site.seen).wiring[0] == real[0]
    assert not learned(site.seen).sure
    site.terminals = 2
    site.steps(4)
    assert learned(site.seen) == WiringLearned(key(0), real, sure=True)
    assert site.seen.findings == ()


@pytest.mark.parametrize("real", ONE)
def test_a_charger_on_one_phase_is_learned_from_any_car(real: Wiring) -> None:
    told = (Phase.L2,)
    site = SurveyedSite(real=real, told=told, terminals=1)
    site.run(60)
    site.steps(2)
    assert site.seen.wirings == ()
    site.steps(2)
    if real == told:
        assert site.seen.wirings == ()
    else:
        assert learned(site.seen) == WiringLearned(key(0), real, sure=True)


@pytest.mark.parametrize("real", THREE)
def test_the_first_terminal_of_another_wiring_than_the_one_set_up_is_told(real: Wiring) -> None:
    site = SurveyedSite(real=real, terminals=1)
    site.run(60)
    site.steps(4)
    if real[0] == Phase.L1:
        assert site.seen.wirings == ()
    else:
        assert learned(site.seen).wiring[0] == real[0]
    assert site.seen.findings == ()


def test_a_car_on_all_phases_tells_nothing_of_their_order() -> None:
    site = SurveyedSite(real=WIRINGS["str"], terminals=3, learning=True)
    site.run(60)
    assert site.steps(8) == Survey()


def test_a_charger_that_tells_only_its_power_shows_a_car_on_one_phase() -> None:
    site = SurveyedSite(real=WIRINGS["str"], terminals=1, by_terminal=False, learning=True)
    site.run(60)
    site.steps(5)
    assert site.seen.one_phase == {key(0)}
    assert learned(site.seen).wiring[0] == Phase.L2
    site.terminals = 3
    site.steps(3)
    assert site.seen.one_phase == frozenset()


def test_a_meter_of_the_sum_teaches_no_wiring() -> None:
    site = SurveyedSite(
        lambda it: PhaseAmperes(*(it.total / 3,) * 3), real=WIRINGS["str"], terminals=1, by_phase=False, learning=True
    )
    site.run(60)
    assert site.steps(8) == Survey()


def test_what_was_learned_wrongly_is_learned_anew() -> None:
    site = SurveyedSite(real=(Phase.L1,), told=(Phase.L1,), terminals=1)
    site.run(60)
    site.steps(6)
    site.real = (Phase.L3,)
    site.run(60)
    site.steps(10)
    assert learned(site.seen).wiring == (Phase.L3,)


def test_reports_a_minute_apart_and_a_slow_meter_will_do() -> None:
    site = SurveyedSite(real=WIRINGS["trs"], told=IN_ORDER, terminals=1, report_s=60, meter_s=10)
    site.run(120)
    for number in range(8):
        site.draws[key(0)] = 0.0 if number % 2 else 12.0
        site.run(180)
    assert learned(site.seen).wiring[0] == Phase.L3
