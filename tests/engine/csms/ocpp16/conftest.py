"""A codec with a clock that stands still."""

import pytest

from custom_components.offline_evse.engine.csms.ocpp16.codec import Ocpp16Codec
from tests.engine.clock import ManualClock
from tests.engine.csms.tally import Tally


@pytest.fixture
def clock() -> ManualClock:
    """Noon."""
    return ManualClock()


@pytest.fixture
def tally() -> Tally:
    """What was coerced."""
    return Tally()


@pytest.fixture
def codec(clock: ManualClock, tally: Tally) -> Ocpp16Codec:
    """A conversation with a station of which nothing is known."""
    return Ocpp16Codec("cp1", clock, tally)
