"""The demo's dashboard: nothing but Home Assistant's own cards, as anybody can make them."""

from typing import Any

from .home_assistant import HomeAssistant
from .set_up import ADOPTIONS

TITLE = "Charging"
PATH = "evse-charging"


async def add_dashboard(home: HomeAssistant, entry_id: str) -> None:
    """Make a dashboard of the site."""
    async with home.conversation() as ask:
        await ask(
            {
                "type": "lovelace/dashboards/create",
                "url_path": PATH,
                "title": TITLE,
                "icon": "mdi:ev-station",
                "mode": "storage",
                "show_in_sidebar": True,
            }
        )
        sections = [_site(), *(_connector(name, title) for name, title in _connectors())]
        view = {"title": TITLE, "type": "sections", "max_columns": 3, "sections": sections}
        await ask({"type": "lovelace/config/save", "url_path": PATH, "config": {"views": [view]}})


def _connectors() -> list[tuple[str, str]]:
    found = []
    for adoption in ADOPTIONS:
        slug = adoption.name.lower().replace(" ", "_")
        numbers = (1, 2) if adoption.station_id == "guest-bays" else (1,)
        found += [
            (f"{slug}_connector_{number}", f"{adoption.name} {number}" if len(numbers) > 1 else adoption.name)
            for number in numbers
        ]
    return found


def _site() -> dict[str, Any]:
    available = [f"sensor.harbour_house_available_current_l{phase}" for phase in (1, 2, 3)]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": "Harbour House", "icon": "mdi:home-lightning-bolt"},
            _tile("sensor.harbour_house_charging_power", "Charging"),
            _tile("binary_sensor.harbour_house_safe_mode", "Safe mode"),
            *(_tile(entity, f"Free on L{phase}") for phase, entity in enumerate(available, 1)),
            _tile("sensor.harbour_house_connected_chargers", "Connected"),
            {
                "type": "history-graph",
                "hours_to_show": 1,
                "entities": [
                    *(f"sensor.electricity_meter_power_consumption_phase_l{phase}" for phase in (1, 2, 3)),
                    "sensor.harbour_house_charging_power",
                ],
                "grid_options": {"columns": 12},
            },
        ],
    }


def _connector(name: str, title: str) -> dict[str, Any]:
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": title, "icon": "mdi:ev-plug-type2"},
            _tile(f"sensor.{name}_status", "Status"),
            _tile(f"switch.{name}_charging", "Charging"),
            _tile(f"sensor.{name}_power", "Power"),
            _tile(f"sensor.{name}_session_energy", "Session"),
            _tile(f"sensor.{name}_offered_current", "Offered"),
            _tile(f"sensor.{name}_limit_reason", "Limited by"),
            _tile(f"sensor.{name}_card", "Card"),
            {
                "type": "tile",
                "entity": f"number.{name}_current_limit",
                "name": "Most it may have",
                "features": [{"type": "numeric-input", "style": "slider"}],
            },
        ],
    }


def _tile(entity: str, name: str) -> dict[str, Any]:
    return {"type": "tile", "entity": entity, "name": name}
