"""Cars that are recognised, as they are kept in the options of the entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME

from ..engine.model.credential import Credential, CredentialKind, HolderKind, Terms
from ..engine.model.id_token import IdToken, IdTokenType
from ..engine.site.access.vehicles_seen import plain_id

OPTION_CARS: Final = "cars"

CONF_CAPACITY: Final = "capacity"
CONF_CAR_PRIORITY: Final = "priority"
CONF_CAR_SOC: Final = "soc_entity"
CONF_LEAST_CURRENT: Final = "least_current"
CONF_NUMBER: Final = "number"
CONF_PLUGGED: Final = "plugged_entity"

REFERENCE: Final = "car:"
"""What the key of a car's credential begins with that is looked after here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """A car that somebody has described."""

    car_id: str
    name: str
    vehicle_id: str
    """By which it is known at a charger: its own address where that is known, or one that stands for it."""
    plugged_entity: str | None = None
    soc_entity: str | None = None
    capacity_wh: float | None = None
    minimum_a: float | None = None
    priority: int | None = None

    def credential(self) -> Credential:
        """Return what stands for it. It lets nobody charge, and carries name and priority."""
        return Credential(
            id_token=IdToken(self.vehicle_id, IdTokenType.MAC_ADDRESS),
            name=self.name,
            kind=CredentialKind.VEHICLE,
            holder=HolderKind.VEHICLE,
            terms=Terms(priority=self.priority),
            key=f"{REFERENCE}{self.car_id}",
        )


def cars(entry: ConfigEntry) -> tuple[Car, ...]:
    """Read the cars of a site."""
    kept: Mapping[str, Mapping[str, Any]] = entry.options.get(OPTION_CARS, {})
    return tuple(_car(car_id, data) for car_id, data in kept.items())


def _car(car_id: str, data: Mapping[str, Any]) -> Car:
    capacity_kwh, priority = data.get(CONF_CAPACITY), data.get(CONF_CAR_PRIORITY)
    return Car(
        car_id=car_id,
        name=data[CONF_NAME],
        vehicle_id=plain_id(data.get(CONF_NUMBER, "")) or plain_id(f"car{car_id}"),
        plugged_entity=data.get(CONF_PLUGGED),
        soc_entity=data.get(CONF_CAR_SOC),
        capacity_wh=None if capacity_kwh is None else float(capacity_kwh) * 1000,
        minimum_a=data.get(CONF_LEAST_CURRENT),
        priority=None if priority is None else round(priority),
    )
