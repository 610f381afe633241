"""A desk to ask at."""

from collections.abc import AsyncIterator

import pytest

from .place import Place, backend


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    """A desk of a backend that controls and has every permit."""
    built = Place(backend())
    yield built
    await built.desk.close()
