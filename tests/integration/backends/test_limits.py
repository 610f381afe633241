"""A backend's limit as people see it: with its name, in the sentence and in the tree."""

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.actions.tree import tree_view
from custom_components.offline_evse.engine.model.upstream.wish import WantLimit, WishOutcome
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.backends.conftest import CARD, LinesInHand, backend_id
from tests.integration.waiting import state_is, state_when
from tests.integration.wallbox import Wallbox

WHY = "sensor.garage_connector_1_why"


async def test_a_limit_is_told_with_the_name_of_its_backend(
    hass: HomeAssistant, garage: Wallbox, lines: LinesInHand, monta_site: Site, monta_entry: MockConfigEntry
) -> None:
    monta = backend_id(monta_entry)
    await garage.status("Preparing")
    await garage.start(CARD, meter_wh=0)
    await garage.status("Charging")
    answer = await lines.wish(monta, "CP-1", WantLimit(1, 8.0))
    assert answer.outcome is WishOutcome.ACCEPTED
    await state_is(hass, WHY, "Monta allows 8 A.")
    await lines.wish(monta, "CP-1", WantLimit(1, 7.5))
    await state_is(hass, WHY, "Monta allows 7.5 A.")
    (circuit,) = tree_view(monta_site.tree())["circuits"]
    (row,) = circuit["chargers"]
    assert (row["station_id"], row["limited_by"]["reason"]) == ("CP-1", "backend")
    assert row["backend_limit"] == {"backend": "Monta", "current_a": 7.5}
    await lines.wish(monta, "CP-1", WantLimit(1, None))
    await state_when(hass, WHY, lambda why: "Monta" not in why.state)
    (circuit,) = tree_view(monta_site.tree())["circuits"]
    assert circuit["chargers"][0]["backend_limit"] is None
