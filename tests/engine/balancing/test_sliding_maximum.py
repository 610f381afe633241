"""The highest value of late."""

from random import Random

from hypothesis import given, strategies as st

from custom_components.offline_evse.engine.balancing.sliding_maximum import SlidingMaximum


@given(st.integers(0, 2**32 - 1))
def test_it_is_never_below_the_truth_and_forgets_within_one_resolution(seed: int) -> None:
    random = Random(seed)
    maximum = SlidingMaximum(20.0, 2.0)
    history: list[tuple[float, float]] = []
    now_s = 0.0
    for _ in range(150):
        now_s += random.choice([0.2, 1.0, 7.0])
        value = float(random.randint(0, 9))
        maximum.add(value, now_s)
        history.append((now_s, value))
        ends = [*(start for start, _ in history[1:]), now_s + 1.0]
        truth = max(value for (_, value), end in zip(history, ends, strict=True) if end > now_s - 20.0)
        loosely = max(value for (_, value), end in zip(history, ends, strict=True) if end > now_s - 20.0 - 2.0)
        assert truth <= maximum.highest(now_s) <= loosely


def test_a_peak_leaves_when_the_span_has_passed_since_it_ended() -> None:
    maximum = SlidingMaximum(60.0, 1.0)
    maximum.add(9.0, 0.0)
    maximum.add(2.0, 10.0)
    assert maximum.highest(69.0) == 9.0
    assert maximum.next_fall_s() == 70.0
    assert maximum.highest(70.0) == 2.0
    assert maximum.next_fall_s() is None


def test_it_keeps_no_more_than_the_span_needs() -> None:
    maximum = SlidingMaximum(60.0, 1.0)
    for tick in range(100_000):
        maximum.add(-float(tick), tick / 100)
        maximum.highest(tick / 100)
    assert len(maximum._ended) <= 62  # noqa: SLF001 - memory is what this is about
