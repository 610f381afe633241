"""What every test inside Home Assistant relies on."""

import pytest


@pytest.fixture(autouse=True)
def find_our_integration(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load the integration of this checkout. A recorder, where asked for, has to start first."""
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")
