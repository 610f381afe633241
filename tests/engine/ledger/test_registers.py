"""What registers of real chargers do, each case named after the trouble it makes."""

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.engine.ledger.registers import Reading, RegisterTrack, SessionEnergy

MINUTE_US = 60_000_000


def energy(start: int | None, samples: list[int], stop: int | None, *, step: int = 5) -> int:
    """Energy of a session with one sample every `step` minutes and the stop one step after the last."""
    judged = SessionEnergy(None if start is None else Reading(0, start, 2))
    judged.feed(Reading((number + 1) * step * MINUTE_US, wh) for number, wh in enumerate(samples))
    end = None if stop is None else Reading((len(samples) + 1) * step * MINUTE_US, stop, 2)
    return judged.result(end)[0]


@pytest.mark.parametrize(
    ("trouble", "start", "samples", "stop", "expected"),
    [
        ("none at all", 5_000_000, [5_001_000, 5_002_000], 5_003_210, 3210),
        ("no samples", 5_000_000, [], 5_003_210, 3210),
        ("register drops to 0 once", 16_000_000, [16_001_000, 0, 16_002_000], 16_003_000, 3000),
        ("register drops to 0 three times", 16_000_000, [16_001_000, 0, 0, 0, 16_002_000], 16_003_000, 3000),
        ("one sample 16 MWh too high", 5_000, [6_000, 16_000_000, 7_000], 8_000, 3000),
        ("stop register not read", 5_000_000, [5_001_000, 5_002_000], 0, 2000),
        ("no stop register", 5_000_000, [5_001_000, 5_002_000], None, 2000),
        ("stop a little lower than the last sample", 5_000_000, [5_001_000, 5_002_000], 5_001_900, 1900),
        ("stop far lower than the last sample", 5_000_000, [5_003_000, 5_006_000], 5_000_000, 6000),
        ("meter of the session counts from 0", 0, [0, 1000, 2000], 3000, 3000),
        ("start register not read", 0, [16_001_000, 16_002_000, 16_003_000], 16_004_000, 3000),
        ("start register not read, one sample", 0, [16_002_000], 16_004_000, 2000),
        ("start and stop lifetime, samples from 0", 16_000_000, [0, 1500, 3000, 4500], 16_006_000, 6000),
        ("the same on a new charger", 3_000, [0, 1500, 3000, 4500], 9_000, 6000),
        ("start lifetime, samples and stop from 0", 16_000_000, [100, 1500, 3000], 4500, 4500),
        ("start lifetime, samples from 0, no stop", 16_000_000, [100, 1500, 3000], None, 3000),
        ("register reset by a reboot", 8_000_000, [8_003_000, 100, 1100, 2100], 3100, 6000),
        ("samples in kWh where Wh were told", 16_000_000, [16_001, 16_002, 16_003], 16_004_000, 4000),
        ("samples and stop in kWh", 16_000_000, [16_001, 16_002, 16_003], 16_004, 4000),
        ("only the stop in kWh", 16_000_000, [], 16_004, 4000),
        ("samples a thousand times too high", 16_000_000, [16_001_000_000, 16_002_000_000, 16_003_000_000], None, 3000),
        ("samples rounded down to kWh", 5_000_900, [5_000_000, 5_001_000, 5_002_000, 5_005_000], 5_005_300, 4400),
        ("unknown start", None, [9000, 9500], 10_000, 1000),
        ("negative samples", 1000, [-5, 2000], 3000, 2000),
        ("only garbage between", 0, [], 16_004_000, 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_energy_of_a_session_with(
    trouble: str, start: int | None, samples: list[int], stop: int | None, expected: int
) -> None:
    assert energy(start, samples, stop) == expected


def test_reading_after_the_stop_makes_no_negative_session() -> None:
    assert energy(5_000, [5_000, 5_500], 6_000) == 1000
    assert energy(4_990, [5_010, 5_500], 5_990) == 1000


def test_fast_charger_is_believed_if_the_site_says_so() -> None:
    readings = [Reading(minutes * 5 * MINUTE_US, minutes * 25_000) for minutes in range(1, 4)]
    slow, fast = SessionEnergy(Reading(0, 0)), SessionEnergy(Reading(0, 0), maximum_power_w=400_000)
    slow.feed(readings)
    fast.feed(readings)
    assert slow.result(None)[0] == 0
    assert fast.result(None)[0] == 75_000


def follow(*registers: int, weight: int = 1) -> list[int]:
    track = RegisterTrack()
    totals = []
    for number, wh in enumerate(registers):
        track.feed(Reading(number * 5 * MINUTE_US, wh, weight))
        totals.append(track.total_wh)
        # A restart between any two readings changes nothing.
        track = RegisterTrack.from_json(track.as_json())
    return totals


def test_lifetime_is_the_register() -> None:
    assert follow(16_000_000, 16_001_000, 16_002_000) == [16_000_000, 16_001_000, 16_002_000]


def test_lifetime_does_not_spike_when_the_register_drops_to_0() -> None:
    assert follow(16_000_000, 0, 16_001_000, 0, 0, 0, 0, 16_002_000)[-1] == 16_002_000


def test_lifetime_begins_with_a_meter_that_was_not_read() -> None:
    assert follow(0, 16_000_000) == [0, 16_000_000]


def test_lifetime_goes_on_over_sessions_that_count_from_0() -> None:
    assert follow(0, 0, 3000, 0, 2000, 0, 4000, weight=2)[-1] == 9000
    assert follow(0, 0, 0, 1000, 3000, 0, 0, 0, 2000)[-1] == 5000


def test_lifetime_returns_to_the_meter_after_samples_that_count_from_0() -> None:
    assert follow(16_000_000, 0, 500, 1000, 1500, 16_001_500, 16_002_500)[-1] == 16_002_500


@given(
    st.lists(
        st.one_of(
            st.integers(min_value=0, max_value=3_000),
            st.integers(min_value=0, max_value=2**40),
        ),
        max_size=40,
    )
)
def test_lifetime_never_runs_backwards(registers: list[int]) -> None:
    totals = follow(*registers)
    assert totals == sorted(totals)


@given(
    st.integers(min_value=0, max_value=10**9),
    st.lists(st.integers(min_value=0, max_value=4_000), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(min_value=0, max_value=29), st.just(0)), max_size=2),
)
def test_sane_start_and_stop_count_to_the_wh(base: int, steps: list[int], glitches: list[tuple[int, int]]) -> None:
    samples, register = [], base
    for step in steps:
        register += step
        samples.append(register)
    for place, garbage in glitches:
        samples.insert(min(place, len(samples) - 1), garbage)
    assert energy(base, samples, register) == register - base
