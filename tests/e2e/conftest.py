"""Tests in a real browser: all of them need a Chromium, and say so where there is none."""

from shutil import which

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session", autouse=True)
def chromium() -> str:
    """The path of the machine's Chromium; without one, every test of this folder is skipped."""
    found = next(filter(None, map(which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine; `scripts/setup --browser` installs one")
    return found
