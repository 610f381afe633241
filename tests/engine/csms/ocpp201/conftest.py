"""A codec with a clock that stands still."""

import pytest

from custom_components.offline_evse.engine.csms.ocpp201.codec import Ocpp201Codec
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
def codec(clock: ManualClock, tally: Tally) -> Ocpp201Codec:
    """A conversation with a station of which nothing is known."""
    return Ocpp201Codec("cp1", clock, tally)
