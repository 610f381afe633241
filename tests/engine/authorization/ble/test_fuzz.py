"""A short run of benchmarks/fuzz_ble.py: nothing that comes off the air may do more than be refused."""

import pytest

from benchmarks.fuzz_ble import Target, fuzz, targets

INPUTS = 3000


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_hostile_bytes_are_refused_quickly(target: Target) -> None:
    outcome = fuzz(target, INPUTS, seed=7)
    assert outcome.inputs == INPUTS
    assert outcome.within_us < 20_000
    assert outcome.grown_kb < 5_000
    if target.refusals:
        assert outcome.refused > INPUTS / 2
