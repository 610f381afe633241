"""The four states: every threshold, and what holds whatever happens."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.upstream.link import LinkTrouble
from custom_components.offline_evse.engine.uplink.link.machine import LinkMachine

OFFLINE, RECOVERING = LinkState.OFFLINE, LinkState.RECOVERING
ONLINE, DEGRADED = LinkState.ONLINE, LinkState.DEGRADED


class Timeline:
    """A machine with the time of its last call; probes come every 15 s."""

    def __init__(self) -> None:
        self.at = 0.0
        self.machine = LinkMachine(0.0)

    def good(self, count: int = 1, rtt_s: float = 0.1, every_s: float = 15.0) -> LinkState:
        for _ in range(count):
            self.at += every_s
            self.machine.succeeded(self.at, rtt_s)
        return self.machine.state

    def bad(self, count: int = 1, every_s: float = 15.0) -> LinkState:
        for _ in range(count):
            self.at += every_s
            self.machine.failed(self.at)
        return self.machine.state

    def wait(self, seconds: float) -> LinkState:
        self.at += seconds
        return self.machine.tick(self.at)

    def online(self) -> Timeline:
        self.good(3, every_s=10)
        self.machine.drained(self.at)
        self.good(2)
        assert self.machine.state is ONLINE
        return self

    def fall(self) -> None:
        """Go out of reach by silence, and let the time pass that a fall needs."""
        self.bad(3, every_s=30)
        assert self.machine.state is OFFLINE


def test_three_good_probes_begin_recovery() -> None:
    line = Timeline()
    assert line.good(2, every_s=10) is OFFLINE
    assert line.good(1, every_s=10) is RECOVERING


def test_a_failure_between_begins_the_count_anew() -> None:
    line = Timeline()
    line.good(2, every_s=10)
    line.bad()
    assert line.good(2, every_s=10) is OFFLINE
    assert line.good(1, every_s=10) is RECOVERING


def test_answers_in_one_breath_are_one_probe() -> None:
    line = Timeline()
    assert line.good(40, every_s=0.1) is OFFLINE
    assert line.good(2, every_s=5) is RECOVERING


def test_recovery_takes_thirty_seconds_and_the_money() -> None:
    line = Timeline()
    line.good(3, every_s=10)
    assert line.good(4) is RECOVERING, "nothing is drained"
    assert line.machine.drained(line.at) is ONLINE

    line = Timeline()
    line.good(3, every_s=10)
    line.machine.drained(line.at)
    assert line.wait(29.9) is RECOVERING
    assert line.wait(0.1) is ONLINE


def test_a_failure_in_recovery_begins_the_thirty_seconds_anew() -> None:
    line = Timeline()
    line.good(3, every_s=10)
    line.machine.drained(line.at)
    line.bad(1, every_s=20)
    line.good(1, every_s=5)
    assert line.wait(24.9) is RECOVERING
    assert line.wait(0.1) is ONLINE


def test_a_quarter_of_failures_degrades() -> None:
    line = Timeline().online()
    line.good(16)
    for _ in range(4):
        assert line.bad() is ONLINE
        line.good(2)
    assert line.machine.window.error_share == pytest.approx(0.2)
    assert line.bad() is DEGRADED


def test_slow_answers_degrade_once_there_are_eight() -> None:
    line = Timeline()
    line.good(3, rtt_s=3.0, every_s=10)
    line.machine.drained(line.at)
    line.good(2, rtt_s=3.0)
    assert line.machine.state is ONLINE, "three probes are not enough to judge by"
    while line.machine.window.count < 8:
        assert line.machine.state is ONLINE
        line.good(1, rtt_s=3.0)
    assert line.machine.state is DEGRADED


def test_one_slow_answer_among_twenty_does_not() -> None:
    line = Timeline().online()
    line.good(18)
    assert line.good(1, rtt_s=9.0) is ONLINE


def test_a_busy_line_is_judged_over_minutes_too() -> None:
    line = Timeline().online()
    line.good(20)
    assert line.good(100, rtt_s=9.0, every_s=0.1) is ONLINE
    assert line.machine.window.count == 20


def test_fine_for_two_minutes_is_online_again() -> None:
    line = Timeline().online()
    line.good(20)
    for _ in range(5):
        line.bad()
        line.good()
    assert line.machine.state is DEGRADED
    while line.machine.window.error_share > 0.05:
        assert line.good() is DEGRADED
    fine_at = line.at
    while line.good() is DEGRADED:
        pass
    assert 120 <= line.machine.since - fine_at <= 120.0


def test_three_failures_are_not_enough_before_45_seconds() -> None:
    line = Timeline().online()
    assert line.bad(3, every_s=10) is ONLINE
    assert line.wait(14.9) is ONLINE
    assert line.wait(0.1) is OFFLINE


def test_45_seconds_are_not_enough_without_three_failures() -> None:
    line = Timeline().online()
    line.bad(2, every_s=22.5)
    assert line.machine.state is ONLINE
    assert line.wait(44.9) is ONLINE
    assert line.wait(0.1) is OFFLINE


def test_silence_of_which_nobody_took_note_still_counts() -> None:
    line = Timeline().online()
    falls_at = line.at + 90
    line.at += 500
    line.machine.succeeded(line.at, 0.1)
    assert line.machine.state is OFFLINE
    assert line.machine.since == falls_at


def test_a_line_that_comes_and_goes_has_to_show_more() -> None:
    line = Timeline().online()
    needed = []
    for _ in range(8):
        line.fall()
        needed.append(line.machine.probes_to_return)
        line.good(line.machine.probes_to_return, every_s=6)
        assert line.machine.state is RECOVERING
    assert needed == [3, 3, 6, 12, 24, 32, 32, 32]


def test_falls_are_forgotten_after_an_hour() -> None:
    line = Timeline().online()
    for _ in range(3):
        line.fall()
        line.good(line.machine.probes_to_return, every_s=6)
    line.fall()
    assert line.machine.probes_to_return == 12
    line.wait(3600)
    assert line.machine.probes_to_return == 3


def test_what_was_poor_before_a_gap_is_poor_after_it() -> None:
    line = Timeline().online()
    line.good(20)
    for _ in range(6):
        line.bad()
        line.good()
    line.fall()
    line.good(3, every_s=10)
    line.machine.drained(line.at)
    assert line.good(2) is DEGRADED


def test_a_gap_is_no_poor_quality() -> None:
    line = Timeline().online()
    line.good(20)
    line.bad(60, every_s=60)
    line.good(3, every_s=10)
    line.machine.drained(line.at)
    assert line.good(2) is ONLINE


@pytest.mark.parametrize("trouble", [LinkTrouble.CREDENTIALS, LinkTrouble.CERTIFICATE, LinkTrouble.NOT_ACCEPTED])
def test_a_refusal_is_offline_at_once_and_says_why(trouble: LinkTrouble) -> None:
    line = Timeline().online()
    assert line.machine.refused(line.at, trouble, "401") is OFFLINE
    assert (line.machine.trouble, line.machine.detail) == (trouble, "401")
    assert line.machine.due_at is None
    line.good()
    assert line.machine.trouble is None


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["good", "good", "good", "bad", "refused", "drained", "tick"]),
        st.floats(min_value=-5.0, max_value=200.0, allow_nan=False),
        st.floats(min_value=0.0, max_value=40.0, allow_nan=False),
    ),
    max_size=120,
)
ALLOWED = {
    (OFFLINE, RECOVERING),
    (RECOVERING, ONLINE),
    (RECOVERING, DEGRADED),
    (ONLINE, DEGRADED),
    (DEGRADED, ONLINE),
    (ONLINE, OFFLINE),
    (DEGRADED, OFFLINE),
    (RECOVERING, OFFLINE),
}


@settings(max_examples=300, deadline=None)
@given(CALLS)
def test_whatever_happens(calls: list[tuple[str, float, float]]) -> None:
    machine = LinkMachine(0.0)
    at = now = 0.0
    heard_at: float | None = None
    for what, pause_s, rtt_s in calls:
        at += pause_s
        # Time is driven as the line drives it: every deadline has its tick.
        while (due_at := machine.due_at) is not None and due_at < at:
            before = machine.state
            machine.tick(due_at)
            assert machine.state is before or (before, machine.state) in ALLOWED
            assert machine.due_at != due_at, "a deadline that has passed is not named again"
        now = max(now, at)
        machine.tick(at)
        before = machine.state
        match what:
            case "good":
                machine.succeeded(at, rtt_s)
                heard_at = now
            case "bad":
                machine.failed(at)
            case "refused":
                machine.refused(at, LinkTrouble.CREDENTIALS)
            case "drained":
                machine.drained(at)
        assert machine.state is before or (before, machine.state) in ALLOWED
        if heard_at is None or now - heard_at >= 90.0 or what == "refused":
            assert machine.state is OFFLINE
        assert 3 <= machine.probes_to_return <= 32
        assert 0.0 <= machine.window.error_share <= 1.0
        assert machine.window.count <= 20
        assert (machine.due_at is None) == (machine.state is OFFLINE)


@settings(max_examples=100, deadline=None)
@given(CALLS)
def test_ticks_change_nothing_but_when_it_is_seen(calls: list[tuple[str, float, float]]) -> None:
    watched, unwatched = LinkMachine(0.0), LinkMachine(0.0)
    at = 0.0
    for what, pause_s, rtt_s in calls:
        at += abs(pause_s)
        while (due_at := watched.due_at) is not None and due_at <= at:
            watched.tick(due_at)
        for machine in (watched, unwatched):
            match what:
                case "good":
                    machine.succeeded(at, rtt_s)
                case "bad":
                    machine.failed(at)
                case "refused":
                    machine.refused(at, LinkTrouble.CREDENTIALS)
                case "drained":
                    machine.drained(at)
                case _:
                    machine.tick(at)
        assert (watched.state, watched.since) == (unwatched.state, unwatched.since)
