"""The demo's dashboard: nothing but Home Assistant's own cards, as anybody can make them."""

from typing import Any

from .backend.entities import SWITCHES, switch_of
from .backend.operator import NAME
from .home_assistant import HomeAssistant
from .set_up import ADOPTIONS

TITLE = "Charging"
PATH = "evse-charging"


async def add_dashboard(home: HomeAssistant) -> None:
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
        sections = [_site(), _operator(), *(_connector(name, title) for name, title in _connectors())]
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
    drawn = [f"sensor.electricity_meter_power_consumption_phase_l{phase}" for phase in (1, 2, 3)]
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
                "title": "What the meter sees",
                "hours_to_show": 0.25,
                "entities": [
                    *({"entity": entity, "name": f"L{phase}"} for phase, entity in enumerate(drawn, 1)),
                    {"entity": "sensor.harbour_house_charging_power", "name": "Charging"},
                ],
                "grid_options": {"columns": 12},
            },
        ],
    }


def _operator() -> dict[str, Any]:
    """The backend as the site sees it, its troubles, and its own book."""
    troubles = [
        {**_tile(switch_of(trouble), name, columns=12), "features": [{"type": "toggle"}], "features_position": "inline"}
        for trouble, (name, _) in SWITCHES.items()
    ]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": NAME, "icon": "mdi:office-building-outline"},
            {"type": "markdown", "content": "{{ states('sensor.harbour_house_backends') }}"},
            _tile("sensor.harbour_cpo_link", "Link"),
            _tile("sensor.harbour_cpo_sessions_waiting", "Waiting for it"),
            _tile("sensor.harbour_cpo_sessions_in_its_book", "Sessions it has"),
            _tile("sensor.harbour_cpo_energy_in_its_book", "Energy it has"),
            *troubles,
            {**_tile("button.harbour_cpo_connect_now", "Connect now"), "hide_state": True},
            _tile("sensor.harbour_cpo_complaints", "Its complaints"),
        ],
    }


def _connector(name: str, title: str) -> dict[str, Any]:
    limit = {
        **_tile(f"number.{name}_current_limit", "At most", columns=12),
        "features": [{"type": "numeric-input", "style": "slider"}],
        "features_position": "inline",
    }
    reason = {
        **_tile(f"sensor.{name}_limit_reason", "Limited by", columns=12),
        "state_content": ["state", "circuit", "phase"],
    }
    in_session = [
        _tile(f"sensor.{name}_power", "Power"),
        _tile(f"sensor.{name}_offered_current", "Offered"),
        _tile(f"sensor.{name}_session_energy", "Session"),
        _tile(f"sensor.{name}_card", "Card"),
        reason,
    ]
    runs = [{"condition": "state", "entity": f"sensor.{name}_card", "state_not": "no_card"}]
    plugged_in = [{"condition": "state", "entity": f"binary_sensor.{name}_cable", "state": "on"}]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": title, "icon": "mdi:ev-plug-type2"},
            _tile(f"sensor.{name}_status", "Status"),
            _tile(f"switch.{name}_charging", "Charging"),
            *({**card, "visibility": runs} for card in in_session),
            {**limit, "visibility": plugged_in},
        ],
    }


def _tile(entity: str, name: str, columns: int = 6) -> dict[str, Any]:
    return {"type": "tile", "entity": entity, "name": name, "grid_options": {"columns": columns, "rows": 1}}
