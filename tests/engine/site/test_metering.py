"""What counts as present among the values a charger reports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.offline_evse.engine.model.meter import EvseSample
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.state import EvseState
from custom_components.offline_evse.engine.site.steering.metering import Metering
from tests.engine.clock import NOON

SAMPLE = EvseSample(timestamp=NOON, power_w=7360.0, energy_import_wh=12_000, currents_a=(16.0, 16.0))


class Bay:
    """An EVSE with what its metering told the balancing."""

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self.evse = EvseState(EvseKey("bay", 1))
        self.draws: list[tuple[float, ...]] = []
        self.metering = Metering(lambda _, terminals_a: self.draws.append(terminals_a))

    def take(self, *samples: EvseSample) -> bool:
        """Take in samples at noon."""
        return self.metering.take(self.evse, samples, NOON)


@pytest.fixture
def bay() -> Bay:
    """Give a bay."""
    return Bay()


def test_a_value_stamped_2020_does_not_become_the_present(bay: Bay) -> None:
    bay.take(SAMPLE)
    late = EvseSample(timestamp=datetime(2020, 1, 1, tzinfo=UTC), power_w=1.0, currents_a=(0.1, 0.1))
    assert not bay.take(late)
    assert bay.evse.power_w == 7360.0
    assert bay.draws == [(16.0, 16.0)]


def test_a_charger_whose_clock_was_ahead_is_believed_again_when_it_is_right(bay: Bay) -> None:
    bay.take(replace(SAMPLE, timestamp=NOON + timedelta(days=4000)))
    assert bay.take(replace(SAMPLE, power_w=3000.0))
    assert bay.evse.power_w == 3000.0


def test_what_is_not_told_anew_stays(bay: Bay) -> None:
    bay.take(SAMPLE)
    bay.take(EvseSample(timestamp=NOON + timedelta(seconds=10), power_w=7000.0))
    assert bay.evse.sample is not None
    assert bay.evse.sample.energy_import_wh == 12_000
    assert bay.evse.sample.power_w == 7000.0


def test_an_empty_value_changes_nothing(bay: Bay) -> None:
    bay.take(SAMPLE)
    assert not bay.take(EvseSample(timestamp=NOON + timedelta(seconds=10)))


def test_the_draw_is_estimated_from_power_where_no_current_is_told(bay: Bay) -> None:
    bay.take(EvseSample(timestamp=NOON, power_w=6900.0))
    assert bay.draws == [(10.0, 10.0, 10.0)]


@pytest.mark.parametrize("currents_a", [(10.0,), (10.0, 10.0)], ids=["one_phase", "two_phases"])
def test_currents_that_name_no_phase_may_be_on_any_terminal(bay: Bay, currents_a: tuple[float, ...]) -> None:
    bay.take(EvseSample(timestamp=NOON, currents_a=currents_a, phases_known=False))
    assert bay.draws == [(10.0, 10.0, 10.0)]


def test_a_current_that_names_its_phase_is_on_that_terminal_only(bay: Bay) -> None:
    bay.take(EvseSample(timestamp=NOON, currents_a=(10.0,)))
    assert bay.draws == [(10.0,)]


def test_that_no_phase_was_named_is_not_forgotten_with_the_next_values(bay: Bay) -> None:
    bay.take(EvseSample(timestamp=NOON, currents_a=(10.0,), phases_known=False))
    bay.take(EvseSample(timestamp=NOON + timedelta(seconds=10), power_w=2300.0))
    assert bay.evse.sample is not None
    assert not bay.evse.sample.phases_known


def test_what_a_charger_kept_while_nobody_listened_is_not_the_present(bay: Bay) -> None:
    for minute in range(5):
        kept = EvseSample(timestamp=NOON - timedelta(hours=2, minutes=-minute), power_w=11_000.0)
        assert not bay.metering.take(bay.evse, (kept,), NOON + timedelta(seconds=minute))
    assert bay.evse.sample is None
    assert bay.draws == []


def test_a_charger_whose_clock_is_behind_is_believed_from_its_second_value_on(bay: Bay) -> None:
    taken = [
        bay.metering.take(
            bay.evse,
            (EvseSample(timestamp=datetime(1970, 1, 1, 0, 0, 10 * it, tzinfo=UTC), power_w=3000.0),),
            NOON + timedelta(seconds=10 * it),
        )
        for it in range(3)
    ]
    assert taken == [False, True, True]


def test_after_the_end_nothing_flows(bay: Bay) -> None:
    bay.take(SAMPLE)
    bay.metering.rest(bay.evse, NOON)
    assert bay.evse.power_w == 0.0
    assert bay.evse.sample is not None
    assert bay.evse.sample.currents_a == (0.0, 0.0)
    assert bay.evse.sample.energy_import_wh == 12_000
    assert bay.draws[-1] == (0.0, 0.0, 0.0)


def test_power_is_worked_out_where_only_currents_and_voltages_are_told(bay: Bay) -> None:
    bay.take(EvseSample(timestamp=NOON, currents_a=(10.0, 0.0, 0.0), voltages_v=(230.0, 231.0, 229.0)))
    assert bay.evse.power_w == 2300.0
