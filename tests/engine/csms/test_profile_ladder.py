"""The forms of charging profile that a station is asked to take, from the best one down."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.engine.csms.smart_charging.profile_ladder import STRIKES, ProfileLadder
from custom_components.offline_evse.engine.csms.smart_charging.profiles import (
    Kind,
    Period,
    ProfileShape,
    Purpose,
    RateUnit,
    floor_profile,
    limit_value,
    live_profile,
)
from custom_components.offline_evse.engine.model.command import ApplyFloor, ApplyLimit, CommandResult, Outcome
from tests.engine.clock import NOON
from tests.engine.csms.any_command import FLOORS, JSON, LIMITS

LIMIT = ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id="7")
REJECTED = CommandResult(outcome=Outcome.REJECTED)
ACCEPTED = CommandResult(outcome=Outcome.ACCEPTED)


def climbed_down(ladder: ProfileLadder) -> list[ProfileShape]:
    """Refuse everything, and return what was tried."""
    tried = [ladder.current]
    while ladder.next_rung(LIMIT, REJECTED):
        tried.append(ladder.current)
    return tried


def test_the_first_shape_is_a_two_step_profile_of_the_transaction() -> None:
    """Absolute, in amperes, above the floor."""
    assert ProfileLadder().current == ProfileShape()


def test_every_shape_is_tried_once() -> None:
    """And then it begins again."""
    ladder = ProfileLadder()
    tried = climbed_down(ladder)
    assert len(tried) == len(set(tried)) == len(ladder.shapes)
    assert ladder.current == tried[0]
    assert {shape.unit for shape in tried} == {RateUnit.AMPERES, RateUnit.WATTS}
    assert {shape.kind for shape in tried} == {Kind.ABSOLUTE, Kind.RELATIVE}
    assert {shape.purpose for shape in tried} == {Purpose.TX, Purpose.TX_DEFAULT}


def test_a_station_that_refused_everything_is_asked_once_per_command() -> None:
    """With the next shape each time, so that its memory does not wear out."""
    ladder = ProfileLadder()
    tried = climbed_down(ladder)
    for shape in (*tried, tried[0]):
        assert ladder.current == shape
        assert not ladder.next_rung(LIMIT, REJECTED)
    ladder.noted(LIMIT, ACCEPTED)
    ladder.next_rung(LIMIT, REJECTED)
    assert ladder.next_rung(LIMIT, REJECTED)


@pytest.mark.parametrize(
    "result",
    [
        CommandResult(outcome=Outcome.UNCERTAIN),
        CommandResult(outcome=Outcome.OFFLINE),
        CommandResult(outcome=Outcome.UNSUPPORTED, detail="NotImplemented"),
    ],
)
def test_what_is_no_refusal_of_the_shape_changes_nothing(result: CommandResult) -> None:
    """Silence is not a no, and a station without smart charging has no shape."""
    ladder = ProfileLadder()
    assert not ladder.next_rung(LIMIT, result)
    assert ladder.current == ProfileShape()


def test_a_proven_shape_is_not_left_for_one_refusal() -> None:
    """A TxProfile is refused when the transaction has just ended; the next one takes it again."""
    ladder = ProfileLadder()
    ladder.noted(LIMIT, ACCEPTED)
    for strike in range(STRIKES):
        assert ladder.current == ProfileShape()
        assert ladder.next_rung(LIMIT, REJECTED)
        ladder.noted(LIMIT, ACCEPTED)
        assert (ladder.current == ProfileShape()) is (strike < STRIKES - 1)
    assert ladder.proven


def test_evbox_elvi_abb_one_stack_level() -> None:
    """The live limit takes the place of the floor, with its id."""
    ladder = ProfileLadder()
    ladder.learned({"ChargeProfileMaxStackLevel": "0"})
    assert {shape.live_level for shape in ladder.shapes} == {0}
    shape = ProfileShape(purpose=Purpose.TX_DEFAULT, live_level=0)
    floor = floor_profile(ApplyFloor(evse_id=1, current_a=6, phases=3), shape, NOON)
    assert live_profile(LIMIT, shape, NOON).profile_id == floor.profile_id


def test_abb_reports_three_levels_and_wants_zero() -> None:
    """The highest is tried first, 0 soon after."""
    ladder = ProfileLadder()
    ladder.learned({"ChargeProfileMaxStackLevel": "3"})
    assert [shape.live_level for shape in climbed_down(ladder)[:3]] == [3, 1, 0]


@pytest.mark.parametrize(
    ("value", "units"),
    [
        ("Current", {RateUnit.AMPERES}),
        ("Power", {RateUnit.WATTS}),
        ("Current,Power", {RateUnit.AMPERES, RateUnit.WATTS}),
        ('["W"]', {RateUnit.WATTS}),
        ("'A', W", {RateUnit.AMPERES, RateUnit.WATTS}),
        ("furlongs", {RateUnit.AMPERES, RateUnit.WATTS}),
        (None, {RateUnit.AMPERES, RateUnit.WATTS}),
    ],
)
@pytest.mark.parametrize("name", ["ChargingScheduleAllowedChargingRateUnit", "SmartChargingCtrlr.RateUnit"])
def test_rate_units(name: str, value: str | None, units: set[RateUnit]) -> None:
    """By the names of either version, in quotes, brackets and letters."""
    ladder = ProfileLadder()
    ladder.learned({name: value})
    assert {shape.unit for shape in ladder.shapes} == units


def test_one_period_per_schedule() -> None:
    """No shape with two steps is left; what follows is told by the floor."""
    ladder = ProfileLadder()
    ladder.learned({"ChargingScheduleMaxPeriods": "1"})
    assert not any(shape.two_step for shape in ladder.shapes)
    profile = live_profile(LIMIT, ladder.current, NOON)
    assert profile.periods == (Period(0, 10, 3),)
    assert profile.valid_to == NOON + timedelta(seconds=250)


def test_a_single_step_in_the_place_of_the_floor_does_not_end() -> None:
    """Nothing would be left below it but the station's own default."""
    shape = ProfileShape(purpose=Purpose.TX_DEFAULT, live_level=0, two_step=False)
    assert live_profile(LIMIT, shape, NOON).valid_to is None


def test_a_station_wide_maximum_is_the_last_rung_of_a_single_evse() -> None:
    """And of nobody else; nor does it stay when a second EVSE turns up."""
    ladder = ProfileLadder()
    assert Purpose.STATION_MAX not in {shape.purpose for shape in ladder.shapes}
    ladder.saw_evse(1)
    assert ladder.shapes[-1].purpose is Purpose.STATION_MAX
    assert not ladder.shapes[-1].on_evse
    while ladder.current.purpose is not Purpose.STATION_MAX:
        assert ladder.next_rung(LIMIT, REJECTED)
    ladder.noted(LIMIT, ACCEPTED)
    assert live_profile(LIMIT, ladder.current, NOON).evse_id == 0
    ladder.saw_evse(2)
    assert ladder.current == ProfileShape()
    assert not ladder.proven


def test_the_number_of_connectors_is_believed() -> None:
    """Only connector 1 has spoken yet, and there are two."""
    ladder = ProfileLadder()
    ladder.saw_evse(1)
    ladder.learned({"NumberOfConnectors": "2"})
    assert Purpose.STATION_MAX not in {shape.purpose for shape in ladder.shapes}


def test_ocpp_2_has_no_relative_maximum() -> None:
    """K01.FR.38."""
    ladder = ProfileLadder(relative_station_max=False)
    ladder.saw_evse(1)
    maxima = [shape for shape in ladder.shapes if shape.purpose is Purpose.STATION_MAX]
    assert maxima
    assert {shape.kind for shape in maxima} == {Kind.ABSOLUTE}


def test_the_floor_has_a_ladder_of_its_own() -> None:
    """A refused floor says nothing of the live limit."""
    ladder = ProfileLadder()
    floor = ApplyFloor(evse_id=1, current_a=6, phases=3)
    assert ladder.next_rung(floor, REJECTED)
    assert ladder.current_floor.kind is Kind.RELATIVE
    assert ladder.current == ProfileShape()
    assert not ladder.next_rung(ApplyFloor(evse_id=1, current_a=None, phases=3), REJECTED)


def test_what_was_learned_is_remembered() -> None:
    """Over a restart."""
    ladder = ProfileLadder()
    ladder.learned({"ChargeProfileMaxStackLevel": "8", "ChargingScheduleAllowedChargingRateUnit": "Power"})
    ladder.next_rung(LIMIT, REJECTED)
    ladder.noted(LIMIT, ACCEPTED)
    again = ProfileLadder()
    again.remember(ladder.to_dict())
    assert again.current == ladder.current
    assert again.proven
    assert again.to_dict() == ladder.to_dict()


@given(st.dictionaries(st.sampled_from(list(ProfileLadder().to_dict())), JSON))
def test_a_spoiled_memory_is_found_out_anew(memory: dict[str, object]) -> None:
    """Nothing in it raises."""
    ladder = ProfileLadder()
    ladder.remember(memory)
    assert ladder.current in ladder.shapes


@given(st.integers(0, 5000))
def test_tenths_of_an_ampere_are_exact(tenths: int) -> None:
    """8.3 A stay 8.3 A, and anything in between is rounded down."""
    assert limit_value(tenths / 10, RateUnit.AMPERES, 3) == tenths / 10
    assert limit_value(tenths / 10 + 0.09, RateUnit.AMPERES, 3) == tenths / 10


@given(command=LIMITS, rung=st.integers(0, 40))
def test_no_shape_gives_more_than_was_allowed(command: ApplyLimit, rung: int) -> None:
    """And each that falls back does so in time."""
    ladder = ProfileLadder()
    ladder.saw_evse(1)
    shape = ladder.shapes[rung % len(ladder.shapes)]
    profile = live_profile(command, shape, NOON)
    used = command.phases if command.use_phases is None else min(command.use_phases, command.phases)
    factor = 1.0 if shape.unit is RateUnit.AMPERES else 230.0 * used
    assert 0 <= profile.periods[0].limit <= command.current_a * factor + 1e-3
    assert profile.start is None or profile.start < NOON
    if len(profile.periods) == 2:
        assert profile.start is not None
        assert profile.start + timedelta(seconds=profile.periods[1].start_s) == NOON + timedelta(
            seconds=command.expires_after_s or 0
        )
        assert profile.periods[1].limit <= command.fallback_a * factor + 1e-3


@given(FLOORS.filter(lambda floor: floor.current_a is not None), LIMITS)
def test_ids_differ_by_evse_and_role(floor: ApplyFloor, limit: ApplyLimit) -> None:
    """A profile replaces its predecessor and nothing else."""
    floor_id = floor_profile(floor, ProfileShape(), NOON).profile_id
    assert floor_id != live_profile(limit, ProfileShape(), NOON).profile_id
    assert floor_id // 10 == floor.evse_id


@pytest.mark.parametrize(
    ("shape", "expires"),
    [
        (ProfileShape(), True),
        (ProfileShape(two_step=False), True),
        (ProfileShape(two_step=False, live_level=0), False),
        (ProfileShape(purpose=Purpose.TX_DEFAULT, two_step=False, live_level=0), False),
        (ProfileShape(purpose=Purpose.STATION_MAX, on_evse=False, two_step=False, live_level=0), True),
        (ProfileShape(kind=Kind.RELATIVE, two_step=False), False),
    ],
)
def test_a_shape_says_whether_its_limits_run_out(shape: ProfileShape, expires: bool) -> None:
    """With a transaction and without; what is said must be what the profile does."""
    assert shape.expires is expires
    profiles = [
        live_profile(ApplyLimit(evse_id=1, current_a=10, phases=3, transaction_id=transaction_id), shape, NOON)
        for transaction_id in ("7", None)
    ]
    assert expires is all(len(profile.periods) == 2 or profile.valid_to is not None for profile in profiles)


def test_other_firmware_is_asked_from_the_top() -> None:
    """But its EVSEs are still the same."""
    ladder = ProfileLadder()
    ladder.saw_evse(1)
    known = ProfileLadder()
    known.saw_evse(1)
    ladder.learned({"ChargingScheduleAllowedChargingRateUnit": "Power", "NumberOfConnectors": "1"})
    ladder.next_rung(LIMIT, REJECTED)
    ladder.noted(LIMIT, ACCEPTED)
    assert ladder.proven
    ladder.forget()
    assert not ladder.proven
    assert ladder.current == ProfileShape()
    assert ladder.shapes == known.shapes


@pytest.mark.parametrize(
    ("use_phases", "unit", "limit", "number"),
    [
        (None, RateUnit.AMPERES, 10, None),
        (None, RateUnit.WATTS, 6900, None),
        (1, RateUnit.AMPERES, 10, 1),
        (1, RateUnit.WATTS, 2300, 1),
        (2, RateUnit.WATTS, 4600, 2),
        (3, RateUnit.AMPERES, 10, 3),
        (3, RateUnit.WATTS, 6900, 3),
        (7, RateUnit.WATTS, 6900, 3),
    ],
)
def test_fewer_phases(use_phases: int | None, unit: RateUnit, limit: float, number: int | None) -> None:
    """The limit stays what it is per phase, and watts are for the phases in use; in both steps of every shape."""
    ladder = ProfileLadder(offline_duration=True)
    ladder.saw_evse(1)
    command = ApplyLimit(evse_id=1, current_a=10, phases=3, use_phases=use_phases, transaction_id="7", fallback_a=6)
    for shape in ladder.shapes:
        if shape.unit is unit:
            profile = live_profile(command, shape, NOON)
            assert profile.periods[0].limit == limit
            assert {period.number_phases for period in profile.periods} == {number}
            assert {period.phase_to_use for period in profile.periods} == {None}
            assert len(profile.periods) == (2 if shape.two_step else 1)
            if shape.two_step:
                assert profile.periods[1].limit == pytest.approx(limit * 0.6)


def test_a_station_that_can_choose_its_phase_is_told_which() -> None:
    """The first one, so that we know what it draws on; and only where it is to use one of several."""
    ladder = ProfileLadder()
    assert not ladder.chooses_phase
    ladder.learned({"SmartChargingCtrlr.ACPhaseSwitchingSupported": "true"})
    assert ladder.chooses_phase
    for phases, use_phases, chosen in ((3, 1, 1), (3, 2, None), (3, None, None), (1, 1, None)):
        command = ApplyLimit(evse_id=1, current_a=10, phases=phases, use_phases=use_phases)
        profile = live_profile(command, ladder.current, NOON, chooses_phase=ladder.chooses_phase)
        assert profile.periods[0].phase_to_use == chosen


@given(command=LIMITS.map(lambda limit: replace(limit, expires_after_s=None)))
def test_a_limit_without_an_end_holds_in_every_shape(command: ApplyLimit) -> None:
    """One period, no end of validity, no word of the connection."""
    ladder = ProfileLadder(offline_duration=True)
    ladder.saw_evse(1)
    for shape in ladder.shapes:
        profile = live_profile(command, shape, NOON)
        assert len(profile.periods) == 1
        assert profile.valid_to is None
        assert profile.max_offline_s is None


@pytest.mark.parametrize("expires_s", [60, 70, 120, 130, 250, 310, 610, 1, 86_400])
def test_any_time_until_it_runs_out(expires_s: int) -> None:
    """By steps, or by an end of validity with the floor below."""
    ladder = ProfileLadder(offline_duration=True)
    ladder.saw_evse(1)
    command = replace(LIMIT, expires_after_s=expires_s)
    end = NOON + timedelta(seconds=expires_s)
    for shape in ladder.shapes:
        profile = live_profile(command, shape, NOON)
        if shape.kind is Kind.RELATIVE:
            assert (len(profile.periods), profile.valid_to) == (1, None)
        elif shape.two_step:
            assert profile.start is not None
            assert profile.start + timedelta(seconds=profile.periods[1].start_s) == end
        else:
            assert profile.valid_to in (end, None)
            assert (profile.valid_to == end) or not shape.expires
        assert profile.max_offline_s == (expires_s if shape.offline_duration else None)
