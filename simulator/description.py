"""The description of a virtual site: what stands where, and what happens when. JSON, or built in Python."""

from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

from .physics.car import CarModel
from .physics.house import HOUSEHOLD, USUAL_BASE_W, Appliance
from .physics.phases import WIRINGS, PerPhase
from .physics.site import Branch
from .station.model import StationModel
from .station.quirks import quirks_from


@dataclass(frozen=True, slots=True, kw_only=True)
class PointDescription:
    """One EVSE of a station."""

    branch: str
    wiring: str = "RST"
    """How it is wired, by its OCPP name."""
    maximum_a: float = 16.0
    register_wh: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StationDescription:
    """A station with its EVSEs, numbered from 1."""

    model: StationModel
    points: tuple[PointDescription, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarDescription:
    """A car and how full it is at the start."""

    name: str
    model: CarModel
    soc: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that is done at a moment, as over the control interface."""

    at_s: float
    action: str
    """plug, unplug, swipe, load or fault."""
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDescription:
    """A whole site."""

    name: str
    branches: tuple[Branch, ...]
    stations: tuple[StationDescription, ...]
    cars: tuple[CarDescription, ...] = ()
    appliances: tuple[Appliance, ...] = HOUSEHOLD
    base_w: PerPhase = USUAL_BASE_W
    house_capped_at_a: float | None = None
    script: tuple[Happening, ...] = ()


def load(path: Path) -> SiteDescription:
    """Read a description from a JSON file whose keys are the fields of these classes.

    Raises OSError if there is no such file, ValueError with a sentence if it describes no site.
    """
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} does not describe a site: {error}") from error


def from_json(raw: dict[str, Any]) -> SiteDescription:
    """Build a description from decoded JSON. Raises KeyError, TypeError or ValueError where it does not fit."""
    house = raw.get("house", {})
    return SiteDescription(
        name=raw["name"],
        branches=tuple(Branch(**branch) for branch in raw["branches"]),
        stations=tuple(_station(station) for station in raw["stations"]),
        cars=tuple(
            CarDescription(name=car["name"], soc=car.get("soc", 0.3), model=CarModel(**car.get("model", {})))
            for car in raw.get("cars", ())
        ),
        appliances=tuple(_appliance(one) for one in house["appliances"]) if "appliances" in house else HOUSEHOLD,
        base_w=PerPhase(*house.get("base_w", USUAL_BASE_W)),
        house_capped_at_a=house.get("capped_at_a"),
        script=tuple(
            Happening(
                at_s=entry["at_s"],
                action=entry["action"],
                arguments={key: value for key, value in entry.items() if key not in ("at_s", "action")},
            )
            for entry in raw.get("script", ())
        ),
    )


def _station(raw: dict[str, Any]) -> StationDescription:
    model: dict[str, Any] = {key: tuple(value) if key == "redial_s" else value for key, value in raw["model"].items()}
    if "quirks" in model:
        model["quirks"] = quirks_from(model["quirks"])
    points = tuple(PointDescription(**point) for point in raw["points"])
    for point in points:
        if point.wiring not in WIRINGS:
            raise ValueError(f"no wiring is called {point.wiring!r}")
    return StationDescription(model=StationModel(**model), points=points)


def _appliance(raw: dict[str, Any]) -> Appliance:
    values = dict(raw)
    values["power_w"] = PerPhase(*raw["power_w"])
    if "on_s" in raw:
        values["on_s"] = (raw["on_s"][0], raw["on_s"][1])
    return Appliance(**values)
