"""What every test here relies on: our own `custom_components`, sockets on loopback, and repeatable examples."""

from hypothesis import HealthCheck, settings
import pytest

# The test plugin brings a package of the same name. Whichever is imported first is the one Home Assistant finds.
import custom_components  # noqa: F401

settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    max_examples=100,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def loopback_sockets(socket_enabled: None) -> None:
    """Let tests open real sockets. Connecting to anything but 127.0.0.1 stays forbidden by the test plugin."""
