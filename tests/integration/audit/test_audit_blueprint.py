"""The blueprint that goes through a site before a busy evening."""

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_mock_service

from custom_components.offline_evse.engine.site.site import Site

FILE = Path(__file__).parents[3] / "blueprints" / "automation" / "offline_evse" / "check_before_evening.yaml"
TELL: list[dict[str, Any]] = [
    {
        "action": "test.tell",
        "data": {
            "level": "{{ level }}",
            "report": "{{ report }}",
            "codes": "{{ findings | map(attribute='code') | list }}",
        },
    }
]

type Use = Callable[..., Awaitable[None]]


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """What somebody is told."""
    return async_mock_service(hass, "test", "tell")


@pytest.fixture
def use(hass: HomeAssistant, site: Site, own_folder: Path, freezer: FrozenDateTimeFactory) -> Use:
    """Make an automation of the blueprint and let tomorrow's time come: `await use(at="15:00:00")`."""

    async def make(**inputs: Any) -> None:
        target = own_folder / "blueprints" / "automation" / "offline_evse"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(FILE, target)
        used = {"path": f"offline_evse/{FILE.name}", "input": inputs}
        config = {"id": "evening", "alias": "evening", "use_blueprint": used}
        assert await async_setup_component(hass, "automation", {"automation": [config]})
        await hass.async_block_till_done()
        tomorrow = dt_util.now().date() + timedelta(days=1)
        freezer.move_to(datetime.combine(tomorrow, time(15, 0, 1), dt_util.get_default_time_zone()))
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        await hass.services.async_call("automation", "turn_off", {"entity_id": "automation.evening"}, blocking=True)

    return make


async def test_somebody_is_told_what_is_not_ready(use: Use, told: list[ServiceCall]) -> None:
    await use(told=TELL)
    (call,) = told
    assert call.data["level"] == "fail"
    assert call.data["report"].startswith("Not ready: ")
    assert "charger_never_seen" in call.data["codes"]
    assert "ledger_ok" not in call.data["codes"]


async def test_a_notification_is_shown_where_nothing_else_is_chosen(hass: HomeAssistant, use: Use) -> None:
    assert await async_setup_component(hass, "persistent_notification", {})
    await use()
    assert hass.data["persistent_notification"]["offline_evse_audit"]["message"].startswith("Not ready: ")


@pytest.mark.parametrize(("tell_from", "expected"), [("pass", 1), ("warn", 1), ("fail", 0)])
async def test_only_what_is_wanted(
    hass: HomeAssistant, use: Use, told: list[ServiceCall], tell_from: str, expected: int
) -> None:
    answer: JsonObjectType = {"level": "warn", "report": "Ready.", "items": [{"code": "a", "level": "warn"}]}
    async_mock_service(hass, "offline_evse", "audit_site", response=answer)
    await use(tell_from=tell_from, told=TELL)
    assert len(told) == expected


async def test_not_on_other_days(use: Use, told: list[ServiceCall]) -> None:
    tomorrow = (dt_util.now() + timedelta(days=1)).strftime("%a").lower()
    await use(days=[day for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun") if day != tomorrow], told=TELL)
    assert told == []
