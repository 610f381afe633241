"""What the options say of the grid operator, turned into the engine's set-up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry

from .engine.model.grid import (
    DEVICE_FLOOR_W,
    FAILSAFE_MINIMUM_S,
    HEARTBEAT_S,
    GridConfig,
    GridLineConfig,
    GridMode,
    GridSource,
    GridTerms,
)
from .engine.model.shared_limit import LimitBasis

OPTION_GRID: Final = "grid_operator"
OPTION_OPENADR: Final = "openadr"

CONF_ACTIVE_ENTITY: Final = "active_entity"
CONF_BASIS: Final = "basis"
CONF_DEVICES: Final = "devices"
CONF_FAILSAFE: Final = "failsafe"
CONF_FAILSAFE_HOURS: Final = "failsafe_hours"
CONF_FLOOR: Final = "floor"
CONF_GENERATION_ENTITY: Final = "generation_entity"
CONF_HEARTBEAT: Final = "heartbeat"
CONF_LIMIT_ENTITY: Final = "limit_entity"
CONF_MODE: Final = "mode"
CONF_RELAY_ENTITY: Final = "relay_entity"

ENTITY_FIELDS: Final = (CONF_LIMIT_ENTITY, CONF_ACTIVE_ENTITY, CONF_RELAY_ENTITY, CONF_GENERATION_ENTITY)
LINE_LIMIT: Final = "entity"
LINE_RELAY: Final = "relay"


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSetUp:
    """The entities of a grid operator, and the lines that they are."""

    entities: Mapping[str, str]
    """Entity ids by the field they were chosen for."""
    lines: tuple[GridLineConfig, ...]

    @classmethod
    def from_options(cls, data: Mapping[str, Any]) -> GridSetUp:
        """Read it from the options of the step."""
        entities = {name: str(data[name]) for name in ENTITY_FIELDS if data.get(name)}
        failsafe_kw = data.get(CONF_FAILSAFE)
        terms = GridTerms(
            heartbeat_s=float(data.get(CONF_HEARTBEAT, HEARTBEAT_S)) or None,
            failsafe_w=None if failsafe_kw is None else float(failsafe_kw) * 1000,
            failsafe_minimum_s=float(data.get(CONF_FAILSAFE_HOURS, FAILSAFE_MINIMUM_S / 3600)) * 3600,
        )
        lines = []
        if CONF_LIMIT_ENTITY in entities:
            basis = LimitBasis(data.get(CONF_BASIS, LimitBasis.CHARGING))
            lines.append(GridLineConfig(key=LINE_LIMIT, source=GridSource.ENTITY, basis=basis, terms=terms))
        if CONF_RELAY_ENTITY in entities:
            lines.append(GridLineConfig(key=LINE_RELAY, source=GridSource.RELAY, terms=terms))
        return cls(entities=entities, lines=tuple(lines))


def grid_options(entry: ConfigEntry) -> Mapping[str, Any]:
    """Return what the options say of the grid operator; empty where nothing was set up."""
    options: Mapping[str, Any] = entry.options.get(OPTION_GRID, {})
    return options


def grid_config(entry: ConfigEntry) -> GridConfig:
    """Read whom limits hold for, and how far down."""
    data = grid_options(entry)
    devices = data.get(CONF_DEVICES)
    return GridConfig(
        mode=GridMode(data.get(CONF_MODE, GridMode.GROUP)),
        floor_w=float(data.get(CONF_FLOOR, DEVICE_FLOOR_W / 1000)) * 1000,
        devices=frozenset(devices) if devices else None,
    )
