"""Where the owner says which reader puck hangs at which charger."""

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .corner import Corner

MAC = "24:6f:28:00:00:01"


async def choose(hass: HomeAssistant, corner: Corner, readers: list[str] | None) -> dict[str, str]:
    """Go through the options; returns the readers that are kept. None: the field is not there."""
    flow = await hass.config_entries.options.async_init(corner.entry.entry_id)
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "bluetooth"})
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "bluetooth_radio"})
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], {"enabled": True, "plain": False})
    assert flow["step_id"] == "bluetooth_scanners"
    schema = flow["data_schema"]
    assert schema is not None
    shown = {str(field): selector for field, selector in schema.schema.items()}
    if readers is None:
        assert "readers" not in shown
        answer: dict[str, list[str]] = {}
    else:
        assert shown["readers"].config["options"] == [{"value": MAC, "label": "reader-garage"}]
        answer = {"readers": readers}
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], answer)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    kept: dict[str, str] = corner.entry.options["bluetooth"].get("readers", {})
    return kept


async def test_a_puck_is_chosen_and_given_up(hass: HomeAssistant, bus_corner: Corner) -> None:
    await bus_corner.set_options(readers={})
    assert await choose(hass, bus_corner, [MAC]) == {MAC: "CP-1"}
    assert [puck["charger"] for puck in bus_corner.pucks.diagnostics()["pucks"]] == ["CP-1"]
    assert await choose(hass, bus_corner, []) == {}
    assert bus_corner.pucks.diagnostics()["pucks"] == []


async def test_nobody_is_asked_where_there_is_no_puck(hass: HomeAssistant, bus_corner: Corner) -> None:
    await bus_corner.set_options(readers={})
    for action in ("introduce", "send", "hang_up"):
        hass.services.async_remove("esphome", f"reader_garage_offline_evse_{action}")
    assert await choose(hass, bus_corner, None) == {}
