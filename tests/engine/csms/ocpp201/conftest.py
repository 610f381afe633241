"""A codec with a clock that stands still."""

import pytest

from custom_components.offline_evse.engine.csms.ocpp21.codec import Ocpp21Codec
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


@pytest.fixture(params=[Ocpp201Codec, Ocpp21Codec], ids=["2.0.1", "2.1"])
def codec(request: pytest.FixtureRequest, clock: ManualClock, tally: Tally) -> Ocpp201Codec:
    """A conversation with a station of which nothing is known, in either version."""
    made = request.param("cp1", clock, tally)
    assert isinstance(made, Ocpp201Codec)
    return made


@pytest.fixture
def codec_201(clock: ManualClock, tally: Tally) -> Ocpp201Codec:
    """The same, where the versions differ."""
    return Ocpp201Codec("cp1", clock, tally)
