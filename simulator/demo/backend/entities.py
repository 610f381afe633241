"""What Home Assistant shows of the operator's own side: switches for its troubles, and what is in its book.

All of it is made of Home Assistant's own templates and REST commands, as anybody could who has something with HTTP.
"""

from typing import Any, Final

from .operator import NAME

LOOK_EVERY_S: Final = 2
TOLD: Final = "harbour_cpo_told"
"""Event with what the switchboard says, when it was asked, and when something was switched."""

SWITCHES: Final = {
    "cut": ("Line cut", "mdi:scissors-cutting"),
    "slow": ("Line slow", "mdi:tortoise"),
    "killed": ("Process killed", "mdi:skull-outline"),
}
"""Name and icon, by the name on the switchboard."""


_TELL: Final = {"event": TOLD, "event_data": {"state": "{{ told.content }}"}}


def switch_of(trouble: str) -> str:
    """Return the entity that switches one of SWITCHES."""
    return f"switch.harbour_cpo_{SWITCHES[trouble][0].lower().replace(' ', '_')}"


def configuration(port: int) -> dict[str, Any]:
    """Return what belongs into configuration.yaml, for a switchboard at this port."""
    door = f"http://127.0.0.1:{port}"
    return {
        "rest_command": {
            "harbour_cpo_state": {"url": f"{door}/state"},
            "harbour_cpo_switch": {
                "url": f"{door}/{{{{ trouble }}}}",
                "method": "post",
                "content_type": "application/json",
                "payload": '{"on": {{ on | lower }}}',
                "timeout": 30,
            },
        },
        "template": [
            {
                "triggers": [{"trigger": "time_pattern", "seconds": f"/{LOOK_EVERY_S}"}],
                "actions": [{"action": "rest_command.harbour_cpo_state", "response_variable": "told"}, _TELL],
                # What only asks has to have something that it shows.
                "binary_sensor": [
                    {"name": f"{NAME} switchboard", "unique_id": "harbour_cpo_switchboard", "state": "true"}
                ],
            },
            {
                "triggers": [{"trigger": "event", "event_type": TOLD}],
                "sensor": [
                    _sensor("Sessions in its book", "sessions", icon="mdi:book-open-variant"),
                    _sensor("Energy in its book", "energy_kwh", unit_of_measurement="kWh", device_class="energy"),
                    _sensor("Complaints", "faults | count", icon="mdi:alert-circle-outline"),
                ],
                "switch": [_switch(trouble, name, icon) for trouble, (name, icon) in SWITCHES.items()],
            },
        ],
    }


def _sensor(name: str, told: str, **more: str) -> dict[str, Any]:
    return {
        "name": f"{NAME} {name.lower()}",
        "unique_id": f"harbour_cpo_{name.lower().replace(' ', '_')}",
        "state": f"{{{{ trigger.event.data.state.{told} }}}}",
        **more,
    }


def _switch(trouble: str, name: str, icon: str) -> dict[str, Any]:
    return {
        "name": f"{NAME} {name.lower()}",
        "unique_id": f"harbour_cpo_{trouble}",
        "icon": icon,
        "state": f"{{{{ trigger.event.data.state.{trouble} }}}}",
        "turn_on": _switched(trouble, on=True),
        "turn_off": _switched(trouble, on=False),
    }


def _switched(trouble: str, *, on: bool) -> list[dict[str, Any]]:
    data = {"trouble": trouble, "on": on}
    return [{"action": "rest_command.harbour_cpo_switch", "data": data, "response_variable": "told"}, _TELL]
