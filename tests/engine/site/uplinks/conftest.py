"""A site whose lines to backends are in the test's hand."""

import pytest

from custom_components.offline_evse.engine.site.uplinks import joint
from tests.engine.site.place import Place

from .fake_uplinks import FakeUplinks, upstream


@pytest.fixture(autouse=True)
def unwired(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open no line."""
    FakeUplinks.opened = []
    monkeypatch.setattr(joint, "_import_uplinks", lambda: FakeUplinks)


@pytest.fixture
async def uplinks(place: Place) -> FakeUplinks:
    """The lines of a site with one backend, which may control."""
    await place.site.configure_upstreams((upstream(),))
    return FakeUplinks.opened[-1]
