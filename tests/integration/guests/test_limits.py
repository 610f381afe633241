"""How much may be asked, and who is remembered: with a clock of its own."""

from datetime import UTC, datetime

from hypothesis import given, strategies as st
import pytest

from custom_components.offline_evse.guest.slips import MOST_SLIPS, SLIP_S, Slip, Slips
from custom_components.offline_evse.guest.throttle import MOST_ADDRESSES, Rate, Throttle, place_of
from custom_components.offline_evse.guest.visits import MOST_OF_A_PASS, MOST_VISITS, VISIT_S, Visits
from custom_components.offline_evse.guest.words import best_language

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Clock:
    """Monotonic seconds, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_an_address_has_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    throttle = Throttle(Rate(burst=3, per_s=0.5), Rate(burst=100, per_s=10), clock)
    assert [throttle.wait_s("a") for _ in range(4)] == [0, 0, 0, 2]
    assert throttle.wait_s("b") == 0
    clock.now_s = 2
    assert [throttle.wait_s("a"), throttle.wait_s("a")] == [0, 2]


def test_all_together_have_a_rate_too_and_the_greedy_do_not_eat_it() -> None:
    clock = Clock()
    throttle = Throttle(Rate(burst=2, per_s=1), Rate(burst=4, per_s=1), clock)
    for _ in range(100):
        throttle.wait_s("greedy")
    assert [throttle.wait_s("b"), throttle.wait_s("b"), throttle.wait_s("c")] == [0, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 3)), max_size=200))
def test_nobody_ever_gets_more_than_burst_and_rate(asked: list[tuple[int, float]]) -> None:
    clock = Clock()
    throttle = Throttle(Rate(burst=5, per_s=1), Rate(burst=12, per_s=2), clock)
    served: dict[str, int] = {}
    for who, pause_s in asked:
        clock.now_s += pause_s
        if throttle.wait_s(str(who)) == 0:
            served[str(who)] = served.get(str(who), 0) + 1
    assert all(count <= 5 + clock.now_s + 1e-6 for count in served.values())
    assert sum(served.values()) <= 12 + 2 * clock.now_s + 1e-6


def test_a_throttle_remembers_only_so_many() -> None:
    throttle = Throttle(Rate(burst=1, per_s=0.001), Rate(burst=1e9, per_s=1), Clock())
    for number in range(MOST_ADDRESSES + 1):
        throttle.wait_s(str(number))
    assert throttle.wait_s("0") == 0
    assert throttle.wait_s(str(MOST_ADDRESSES)) > 0


@pytest.mark.parametrize(
    ("remote", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("@", "@"),
        (None, "unknown"),
    ],
)
def test_places(remote: str | None, place: str) -> None:
    assert place_of(remote) == place


def test_a_visit_lasts_while_it_is_used_and_ends_when_it_is_not() -> None:
    clock = Clock()
    visits = Visits(clock)
    token = visits.begin("P", NOW)
    for _ in range(5):
        clock.now_s += VISIT_S - 1
        visit = visits.find(token)
        assert visit is not None
        assert visit.pass_id == "P"
    clock.now_s += VISIT_S
    assert visits.find(token) is None
    assert visits.find("") is None
    assert visits.find(token[:-1]) is None


def test_a_pass_has_so_many_phones_and_the_site_so_many_visits() -> None:
    visits = Visits(Clock())
    tokens = [visits.begin("P", NOW) for _ in range(MOST_OF_A_PASS + 1)]
    assert [visits.find(it) is not None for it in tokens] == [False] + [True] * MOST_OF_A_PASS
    others = [visits.begin(f"Q{number}", NOW) for number in range(MOST_VISITS)]
    assert visits.find(tokens[-1]) is None
    assert visits.find(others[0]) is not None


def test_a_slip_is_there_for_a_quarter_of_an_hour() -> None:
    clock = Clock()
    slips = Slips(clock)
    slip = Slip(site="S", name="12", guest=None, code="C", page=None, svg=None, valid_from=None, valid_until=None)
    name = slips.keep(slip)
    clock.now_s = SLIP_S - 1
    assert slips.find(name) is slip
    clock.now_s = SLIP_S
    assert slips.find(name) is None
    names = [slips.keep(slip) for _ in range(MOST_SLIPS + 1)]
    assert [slips.find(names[0]), slips.find(names[-1])] == [None, slip]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("pt, nl;q=0.3, es;q=0.7", "es"),
        ("*", "en"),
        (None, "en"),
        ("de;q=abc, it", "it"),
        ("fr;q=0", "en"),
        (";;;,,,", "en"),
    ],
)
def test_languages(accepted: str | None, language: str) -> None:
    assert best_language(accepted, "en") == language
