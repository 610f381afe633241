"""Codes of passes, and how often somebody may try one."""

import secrets

from hypothesis import given, strategies as st

from custom_components.offline_evse.engine.authorization.passes.attempts import (
    FREE_TRIES,
    LONGEST_WAIT_S,
    MOST_PLACES,
    SITE_FORGIVEN_S,
    SITE_TRIES,
    Attempts,
)
from custom_components.offline_evse.engine.authorization.passes.codes import (
    ALPHABET,
    LONGEST,
    RARITY,
    SHORTEST,
    as_typed,
    code_length,
    new_code,
    new_handle,
    new_link_secret,
)


@given(st.integers(0, 5_000))
def test_a_code_is_never_easy_to_hit_by_chance(live_count: int) -> None:
    code = new_code(live_count)
    assert SHORTEST <= len(code) <= LONGEST
    assert len(ALPHABET) ** len(code) >= RARITY * (live_count + 1)
    assert as_typed(code) == code
    assert as_typed(f" {code[:3].lower()}-{code[3:].lower()} ") == code


def test_no_two_characters_of_a_code_look_alike() -> None:
    for alike in ("0O", "1IL", "2Z", "5S", "8B"):
        assert len(set(alike) & set(ALPHABET)) == 0
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert code_length(10**9) == LONGEST


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_code_or_nothing(text: str) -> None:
    typed = as_typed(text)
    assert typed is None or (SHORTEST <= len(typed) <= LONGEST and set(typed) <= set(ALPHABET))


def test_links_and_handles_are_long_and_never_the_same() -> None:
    links = {new_link_secret() for _ in range(200)}
    assert len(links) == 200
    # 18 bytes in base64 are 24 characters, 144 bits.
    assert {len(link) for link in links} == {24}
    handles = {new_handle() for _ in range(200)}
    assert len(handles) == 200
    assert {len(handle) for handle in handles} == {20}


def test_who_tries_at_one_place_waits_twice_as_long_each_time() -> None:
    attempts, now_s, waits = Attempts(), 0.0, []
    for _ in range(20):
        now_s += attempts.wait_s("page", now_s)
        waits.append(attempts.wrong("page", now_s))
    assert waits[: FREE_TRIES - 1] == [0.0] * (FREE_TRIES - 1)
    assert waits[FREE_TRIES - 1 : FREE_TRIES + 3] == [5, 10, 20, 40]
    assert max(waits) == LONGEST_WAIT_S
    assert attempts.wait_s("other", now_s) == 0


def test_a_right_code_forgives_its_place() -> None:
    attempts = Attempts()
    for _ in range(FREE_TRIES):
        attempts.wrong("page", 0)
    attempts.right("page")
    assert attempts.wait_s("page", 0) == 0


def test_who_tries_at_many_places_makes_everybody_wait() -> None:
    attempts = Attempts()
    for number in range(SITE_TRIES):
        assert attempts.wait_s("honest", 0) == 0
        attempts.wrong(f"place {number}", 0)
    assert attempts.wait_s("honest", 0) == SITE_FORGIVEN_S
    assert attempts.wait_s("honest", SITE_FORGIVEN_S) == 0


def test_a_flood_of_places_is_bounded_in_codes_and_memory() -> None:
    attempts, now_s, tried = Attempts(), 0.0, 0
    while now_s < 86_400:
        place = secrets.token_hex(4)
        if (wait_s := attempts.wait_s(place, now_s)) > 0:
            now_s += wait_s
            continue
        attempts.wrong(place, now_s)
        tried += 1
    # Of a million codes for each that opens something, a day of trying covers less than 2 in a thousand.
    assert tried <= SITE_TRIES + 86_400 / SITE_FORGIVEN_S + 1
    assert attempts.place_count <= MOST_PLACES
