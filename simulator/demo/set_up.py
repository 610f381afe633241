"""Sets the demo site up as an installer would: the meter, the site, its fuses, its chargers, a card."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..harbour_house import OWNER_TAG
from .backend.operator import IDENTITIES, NAME, PASSWORD, Operator
from .home_assistant import HomeAssistant, HomeAssistantError
from .simulation import Simulation
from .waiting import until

GUEST_FUSE = "Guest bays"

PER_PHASE = tuple(
    f"_{quantity}_phase_{phase}" for quantity in ("power_consumption", "voltage") for phase in ("l1", "l2", "l3")
)
"""How the entities end that the balancing needs of the meter."""

METER_HELD_S = 60
"""Longer than Home Assistant needs to stop and start, in s."""


REFRESH_S, EXPIRES_S = 15, 25
"""How often limits are repeated in the demo, and how long they hold: short, so that one can watch them run out."""


_LINK = "sensor.harbour_cpo_link"
LIVE_S, PROBE_S = 15, 5
"""How often the operator is told of running sessions, and how often an idle line to it is tried, in s."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """How a charger of Harbour House is adopted."""

    station_id: str
    name: str
    circuit: str
    wiring: str


ADOPTIONS = (
    Adoption("driveway", "Driveway", "main", "rst"),
    Adoption("guest-bays", "Guest bays", "guests", "str"),
    Adoption("boathouse", "Boathouse", "main", "srt"),
    Adoption("garden-gate", "Garden gate", "main", "s"),
)
"""All but one: the new charger stays at the door, to be adopted by whoever tries the demo."""


async def add_meter(home: HomeAssistant, simulation: Simulation) -> None:
    """Add the smart meter with Home Assistant's own DSMR integration, reporting every telegram.

    A new DSMR entry throttles its very first telegram for 30 s, and an entry that is reloaded before that adds its
    entities twice. So the meter holds its breath while the option is set, and Home Assistant starts anew.
    """
    flow = await home.start_flow("dsmr")
    port = f"socket://127.0.0.1:{simulation.meter_port}"
    created = await home.continue_flow(flow, {"port": port, "dsmr_version": "5"})
    if created["type"] != "create_entry":
        raise HomeAssistantError(f"the meter was not added: {created}")
    entry_id = created["result"]["entry_id"]
    await simulation.act("fault", {"kind": "meter_freeze", "seconds": METER_HELD_S})
    options = await home.post("/api/config/config_entries/options/flow", {"handler": entry_id})
    path = f"/api/config/config_entries/options/flow/{options['flow_id']}"
    await home.post(path, {"time_between_update": 0})
    await home.restart()
    await simulation.act("fault", {"kind": "meter_freeze", "seconds": 0})
    await _enable_phases(home, entry_id)
    # Entities that were enabled come to life when the entry is set up.
    await home.post(f"/api/config/config_entries/entry/{entry_id}/reload", {})
    await until("the meter reports", lambda: meter_entities(home), within_s=30)


async def add_site(home: HomeAssistant, port: int, fuse_a: float = 35) -> str:
    """Add the site with its main fuse and meter; returns the id of its config entry."""
    meter = await until("the meter reports", lambda: meter_entities(home), within_s=30)
    flow = await home.start_flow("offline_evse")
    step = await home.continue_flow(flow, {"name": "Harbour House", "port": port, "advanced": {"host": "127.0.0.1"}})
    step = await home.continue_flow(step, {"fuse": fuse_a, "phases": "three_phase"})
    step = await home.continue_flow(step, {"meter_kind": "power_voltage"})
    suggested = suggested_values(step)
    step = await home.continue_flow(step, {**suggested, **meter})
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"the site was not added: {step}")
    if following := step.get("next_flow"):
        await home.delete(f"/api/config/config_entries/subentries/flow/{following[1]}")
    entry_id: str = step["result"]["entry_id"]
    return entry_id


async def add_guest_fuse(home: HomeAssistant, entry_id: str, fuse_a: float = 20) -> str:
    """Add the fuse of the guest bays below the main one; returns the id of the circuit."""
    step = await home.start_subentry_flow(entry_id, "circuit")
    answers = {**suggested_values(step), "name": GUEST_FUSE, "fuse": fuse_a}
    step = await home.continue_subentry_flow(step, answers)
    while step["type"] == "form":
        kind = {"meter_kind": "none"} if step["step_id"] == "meter" else {}
        step = await home.continue_subentry_flow(step, {**suggested_values(step), **kind})
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"the fuse was not added: {step}")
    adopt_form = await discovered(home, ADOPTIONS[0].station_id)
    options = next(field for field in adopt_form["data_schema"] if field["name"] == "circuit")
    choices = options["selector"]["select"]["options"]
    circuit: str = next(choice["value"] for choice in choices if choice["label"] == GUEST_FUSE)
    return circuit


async def adopt(home: HomeAssistant, adoption: Adoption, circuits: Mapping[str, str]) -> None:
    """Adopt a charger from its discovery card."""
    step = await discovered(home, adoption.station_id)
    answers = {
        **suggested_values(step),
        "name": adoption.name,
        "circuit": circuits[adoption.circuit],
        "wiring": adoption.wiring,
        "connection": {"timeout": "own", "refresh": REFRESH_S, "expiry": EXPIRES_S, "after_expiry": "trust"},
    }
    done = await home.continue_flow(step, answers)
    if done.get("reason") != "charger_added":
        raise HomeAssistantError(f"{adoption.name} was not adopted: {done}")


async def discovered(home: HomeAssistant, station_id: str) -> dict[str, Any]:
    """Wait for the discovery card of a charger; returns its form."""

    async def card() -> dict[str, Any] | None:
        for flow in await home.ask({"type": "config_entries/flow/progress"}):
            if flow["handler"] == "offline_evse" and flow["context"].get("unique_id") == station_id:
                form: dict[str, Any] = await home.get(f"/api/config/config_entries/flow/{flow['flow_id']}")
                return form
        return None

    return await until(f"{station_id} is discovered", card, within_s=60)


async def enrol_owner(home: HomeAssistant) -> None:
    """Enrol the card of the people who live there."""
    await home.act("offline_evse", "enrol_card", {"card": OWNER_TAG, "name": "Ada"})


async def add_operator(home: HomeAssistant, entry_id: str, operator: Operator) -> None:
    """Add the operator as a backend that hears of every charger that has been adopted, and may start and limit."""
    step = await home.start_subentry_flow(entry_id, "backend")
    suggested = suggested_values(step)
    traffic = {**suggested["traffic"], "live_interval": LIVE_S, "probe_interval": PROBE_S}
    answers = {**suggested, "name": NAME, "address": operator.address, "role": "control", "traffic": traffic}
    step = await home.continue_subentry_flow(step, answers)
    identities = {adoption.name: IDENTITIES[adoption.station_id] for adoption in ADOPTIONS}
    while step["type"] == "form" and step["step_id"] == "charger":
        identity = identities[step["description_placeholders"]["charger"]]
        step = await home.continue_subentry_flow(step, {"identity": identity, "password": PASSWORD})
    tried = await until("the operator has been dialled", lambda: home.progressed_subentry_flow(step), within_s=60)
    if tried["type"] != "create_entry":
        raise HomeAssistantError(f"{NAME} was not added: {tried}")

    async def introduced() -> bool:
        return await operator.connected() == set(IDENTITIES.values()) and _LINK in await home.states()

    # Sessions that begin before the site has opened its line are not the operator's.
    await until("every charger has been introduced to the operator", introduced, within_s=60)


async def whole_site(home: HomeAssistant, simulation: Simulation, operator: Operator, port: int) -> str:
    """Set up everything; returns the id of the site's config entry."""
    await add_meter(home, simulation)
    entry_id = await add_site(home, port)
    circuits = {"main": "main", "guests": await add_guest_fuse(home, entry_id)}
    for adoption in ADOPTIONS:
        await adopt(home, adoption, circuits)
    await add_operator(home, entry_id, operator)
    await enrol_owner(home)
    return entry_id


def suggested_values(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form suggests: what somebody sends who only presses the button."""
    values: dict[str, Any] = {}
    for field in step["data_schema"]:
        if field.get("type") == "expandable":
            values[field["name"]] = suggested_values({"data_schema": field["schema"]})
            continue
        suggested = (field.get("description") or {}).get("suggested_value", field.get("default"))
        if suggested is not None:
            values[field["name"]] = suggested
    return values


async def _enable_phases(home: HomeAssistant, entry_id: str) -> None:
    """Enable what the meter tells of each phase; the integration leaves it disabled."""
    async with home.conversation() as ask:

        async def registered() -> list[str] | None:
            entities = await ask({"type": "config/entity_registry/list"})
            per_phase = [
                entity["entity_id"]
                for entity in entities
                if entity["config_entry_id"] == entry_id and entity["entity_id"].endswith(PER_PHASE)
            ]
            return per_phase if len(per_phase) == len(PER_PHASE) else None

        # The integration makes its entities when it has seen the first telegram.
        for entity_id in await until("the meter's entities are there", registered, within_s=30):
            await ask({"type": "config/entity_registry/update", "entity_id": entity_id, "disabled_by": None})


async def meter_entities(home: HomeAssistant) -> dict[str, str] | None:
    """Find what the meter tells of each phase, by the field of the form; None until all of it reports."""
    states = await home.states()
    found: dict[str, str] = {}
    for entity_id, state in states.items():
        if entity_id.endswith(PER_PHASE) and state["state"] not in ("unknown", "unavailable"):
            quantity = "voltage" if "voltage" in entity_id else "power"
            found[f"{quantity}_{entity_id[-2:]}"] = entity_id
    return found if len(found) == len(PER_PHASE) else None
