"""Meters that are late, whole, unsigned, frozen or silent: each is known by what it does."""

from collections.abc import Callable

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit, EvsePlacement
from custom_components.offline_evse.engine.model.offer import Binding, LimitReason
from custom_components.offline_evse.engine.model.phases import PhaseAmperes

from .sites import House, key, three

Shown = Callable[[float], float]


def run(
    house: House, seconds: int, house_a: Callable[[float], float], every_s: int, shown: Shown = lambda a: a
) -> float:
    """Let time pass with a meter of its own habits and one car that follows; returns its offer at the end."""
    offer_a = house.offer().current_a
    for _ in range(seconds):
        house.now_s += 1.0
        if house.now_s % every_s == 0:
            house.meter(shown(house_a(house.now_s) + offer_a))
        if house.now_s % 5 == 0:
            house.draws(0, offer_a)
        offer_a = house.offer().current_a
    return offer_a


def restless(now_s: float) -> float:
    """A house that always moves a little, up to 12.4 A."""
    return 12.4 - 0.1 * (now_s % 5)


@pytest.mark.parametrize(("every_s", "margin_a"), [(1, 1.0), (5, 2.0), (10, 3.0)])
def test_the_rarer_a_meter_reports_the_more_is_kept_free(every_s: int, margin_a: float) -> None:
    house = House()
    house.wants()
    offer_a = run(house, 400, restless, every_s)
    assert offer_a == pytest.approx(25.0 - margin_a - 12.4, abs=0.5)
    assert not house.decide().circuits["main"].meter_silent


def test_a_meter_of_ten_seconds_that_misses_one_report_is_not_silent_yet() -> None:
    house = House()
    house.wants()
    run(house, 400, restless, 10)
    house.now_s += 20
    assert not house.decide().circuits["main"].meter_silent
    house.now_s += 10
    assert house.decide().circuits["main"].meter_silent


def test_a_meter_of_one_second_is_silent_as_soon_as_was_set() -> None:
    house = House()
    house.wants()
    house.live(100)
    house.now_s += 11
    assert house.decide().circuits["main"].meter_silent


def test_a_meter_of_whole_amperes_is_given_one_more() -> None:
    house = House()
    house.wants()
    offer_a = run(house, 400, lambda now_s: 12.4 - 2.0 * (now_s % 2), 1, lambda current_a: float(int(current_a)))
    assert offer_a <= 25.0 - 2.0 - 12.0
    assert offer_a >= 9.5


def test_an_unsigned_meter_never_makes_room_that_is_not_there() -> None:
    """The house exports 9 A and then needs 14 A; the meter shows amounts only."""
    house = House()
    house.wants()
    run(house, 200, lambda _: -9.0, 1, abs)
    assert house.offer().current_a == 16.0
    offer_a = run(house, 30, lambda _: 14.0, 1, abs)
    assert offer_a + 14.0 <= 24.0
    # Cut, the car makes the exporting house's meter rise: that is taken for load, never for room.
    for second in range(60):
        offer_a = run(house, 1, lambda _: -9.0, 1, abs)
        assert offer_a <= 25.0 - 1.0, second


def frozen_house() -> House:
    house = House(2, fuse_a=35.0)
    house.wants(0)
    house.wants(1, wants=False)
    house.live(100, house_a=9.0)
    return house


def repeat(house: House, seconds: int, drawn_a: tuple[float, float], shown_a: float) -> list[bool]:
    """Let time pass with a meter that shows the same whatever the cars draw."""
    silent = []
    for _ in range(seconds):
        house.now_s += 1.0
        house.meter(shown_a)
        if house.now_s % 5 == 0:
            house.draws(0, drawn_a[0])
            house.draws(1, drawn_a[1])
        silent.append(house.decide().circuits["main"].meter_silent)
    return silent


def test_a_meter_that_repeats_itself_although_a_car_has_begun_is_frozen() -> None:
    house = frozen_house()
    house.wants(1)
    silent = repeat(house, 60, (16.0, 9.0), 25.0)
    assert silent[-1]
    assert not any(silent[:20])
    assert silent.index(True) <= 20 + 15
    assert house.balancer.frozen_meters == {"main"}
    decision = house.decide()
    assert decision.safe_mode
    assert decision.offers[key(1)].binding == Binding(LimitReason.METER_SILENT, "main")


def test_a_meter_that_repeats_itself_although_a_car_has_stopped_is_frozen() -> None:
    house = frozen_house()
    house.wants(0, wants=False)
    silent = repeat(house, 60, (0.0, 0.0), 25.0)
    assert silent[-1]


def test_a_frozen_meter_that_moves_again_is_believed_again() -> None:
    house = frozen_house()
    house.wants(0, wants=False)
    repeat(house, 60, (0.0, 0.0), 25.0)
    decision = house.live(2, house_a=9.1)
    assert not decision.circuits["main"].meter_silent
    assert house.balancer.frozen_meters == frozenset()


def test_a_meter_that_repeats_itself_while_nothing_happens_is_believed() -> None:
    house = frozen_house()
    assert not any(repeat(house, 1200, (16.0, 0.0), 25.0))


def silent_house(seen_a: float, reserve_a: float = 0.0, chargers: int = 3) -> House:
    main = Circuit(circuit_id="main", name="Main", limit_a=three(25.0), metered=True, reserve_a=reserve_a)
    placements = tuple(
        EvsePlacement(evse=key(number), circuit_id="main", priority=-number) for number in range(chargers)
    )
    house = House(circuits=(main,), placements=placements)
    for number in range(chargers):
        house.wants(number)
    house.live(100, house_a=2.0)
    house.live(20, house_a=seen_a)
    house.live(300, house_a=2.0)
    house.now_s += 45
    return house


@pytest.mark.parametrize(
    ("seen_a", "reserve_a", "admitted"),
    [
        (2.0, 0.0, 3),
        (12.0, 0.0, 2),
        (2.0, 12.0, 2),  # the reserve, if it is more
        (18.9, 0.0, 1),
        (22.0, 0.0, 1),  # 22 + 6 is what a breaker carries for an hour
        (23.0, 0.0, 0),
        (2.0, 20.0, 0),  # a reserve that leaves nobody room leaves nobody room
    ],
)
def test_in_silence_the_house_counts_with_its_worst_or_the_reserve(
    seen_a: float, reserve_a: float, admitted: int
) -> None:
    house = silent_house(seen_a, reserve_a)
    for _ in range(3):
        decision = house.decide()
        assert decision.safe_mode
        assert [decision.offers[key(number)].current_a for number in range(3)] == [6.0] * admitted + [0.0] * (
            3 - admitted
        )
        house.now_s += 4 * 3600  # it has been silent all night


def test_power_is_held_back_in_silence_too() -> None:
    main = Circuit(circuit_id="main", name="Main", limit_a=three(63.0), limit_w=11000.0, metered=True)
    house = House(circuits=(main,), chargers=2)
    house.wants(0)
    house.wants(1)
    house.live(100, house_a=PhaseAmperes(10.0, 5.0, 5.0))
    house.now_s += 45
    decision = house.decide()
    assert sum(offer.current_a for offer in decision.offers.values()) == 6.0  # (11000 / 230 - 20) / 3 = 9.3


def test_a_whole_ampere_meter_that_repeats_itself_before_a_slow_charger_has_told_why_is_believed() -> None:
    """The car stops, the meter shows it at once and then the same for long; the charger tells a minute later."""
    house = frozen_house()
    for _ in range(6):
        for drawn_a in (0.0, 16.0):
            for second in range(180):
                house.now_s += 1.0
                house.meter(9.0 + drawn_a)
                if second % 60 == 55:
                    house.draws(0, drawn_a)
                assert not house.decide().circuits["main"].meter_silent
