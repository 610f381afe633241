"""A described site brought to life: physics, stations and script on one clock. No socket in here."""

from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from random import Random
from typing import Any

from .clock import Clock
from .description import SiteDescription
from .meter.server import MeterServer
from .physics.car import Car
from .physics.evse import Evse
from .physics.house import House
from .physics.phases import WIRINGS
from .physics.site import SimulatedSite
from .protocol.link import Link
from .station.station import Station

_LOGGER = logging.getLogger(__name__)

FAULTS = ("drop", "half_open", "reboot", "garbage", "clock_skew", "meter_freeze", "meter_frozen_values", "meter_gone")

DEFAULT_FAULT_S = 20.0


class ActionError(Exception):
    """Something was asked for that this site cannot do. The text says why."""


class Simulator:
    """One virtual site. `step` moves everything; the rest is what people and faults do to it."""

    def __init__(self, description: SiteDescription, seed: int, clock: Clock) -> None:
        """Build the site; equal seeds give equal sites."""
        self.description = description
        self.seed = seed
        self.clock = clock
        self.cars = {car.name: Car(car.name, car.model, car.soc) for car in description.cars}
        evses: dict[str, tuple[str, Evse]] = {}
        self.stations: dict[str, Station] = {}
        self.links: dict[str, Link] = {}
        """Sockets of the stations, by identity, where they have any."""
        for station in description.stations:
            own: dict[int, Evse] = {}
            for number, point in enumerate(station.points, 1):
                own[number] = Evse(
                    wiring=WIRINGS[point.wiring], maximum_a=point.maximum_a, register_wh=point.register_wh
                )
                evses[f"{station.model.identity}/{number}"] = (point.branch, own[number])
            random = Random(f"{seed}/{station.model.identity}")
            self.stations[station.model.identity] = Station(station.model, own, clock, random)
        house = House(
            description.appliances,
            seed=f"{seed}/house",
            base_w=description.base_w,
            capped_at_a=description.house_capped_at_a,
        )
        self.house = house
        self.site = SimulatedSite(description.branches, evses, house)
        self.meter = MeterServer(self.site)
        self._script = sorted(description.script, key=lambda happening: happening.at_s)

    def step(self, dt_s: float) -> None:
        """Advance physics and controllers by `dt_s` seconds. The clock is not moved; whoever owns it does that."""
        while self._script and self._script[0].at_s <= self.site.elapsed_s:
            happening = self._script.pop(0)
            try:
                self.perform(happening.action, happening.arguments)
            except ActionError as error:
                # What people have done meanwhile goes before what was planned.
                _LOGGER.warning("Left out of the script: %s", error)
        self.site.step(dt_s)
        for station in self.stations.values():
            station.tick()

    def perform(self, action: str, arguments: dict[str, Any]) -> None:
        """Do one thing by its name: plug, unplug, swipe, load or fault. Raises ActionError if it cannot be done."""
        actions: dict[str, Callable[..., None]] = {
            "plug": self.plug,
            "unplug": self.unplug,
            "swipe": self.swipe,
            "load": self.load,
            "fault": self.fault,
        }
        if action not in actions:
            raise ActionError(f"nothing is called {action!r}; there are {', '.join(actions)}")
        try:
            actions[action](**arguments)
        except TypeError as error:
            raise ActionError(f"{action}: {error}") from error

    def plug(self, *, charger: str, connector: int = 1, car: str | None = None) -> None:
        """Connect a car, or any that is free."""
        point = self._station(charger).points.get(connector)
        if point is None:
            raise ActionError(f"{charger} has no connector {connector}")
        if point.evse.car is not None:
            raise ActionError(f"{charger}/{connector} has a car already: {point.evse.car.name}")
        taken = {evse.car.name for evse in self.site.evses.values() if evse.car is not None}
        name = car if car is not None else next((name for name in self.cars if name not in taken), None)
        if name is None or name not in self.cars:
            raise ActionError(f"there is no car {car!r}" if car else "no car is free")
        if name in taken:
            raise ActionError(f"{name} is plugged in somewhere else")
        point.plug(self.cars[name])

    def unplug(self, *, charger: str, connector: int = 1) -> None:
        """Take the car away."""
        point = self._station(charger).points.get(connector)
        if point is None or point.evse.car is None:
            raise ActionError(f"no car is at {charger}/{connector}")
        point.unplug()

    def swipe(self, *, charger: str, tag: str, connector: int = 1) -> None:
        """Hold a card to a charger."""
        station = self._station(charger)
        if connector not in station.points:
            raise ActionError(f"{charger} has no connector {connector}")
        if station.powered:
            station.points[connector].present(tag)

    def load(self, *, appliance: str, on: bool | None, seconds: float | None = None) -> None:
        """Switch an appliance, for a while or for good; None gives it back to its timetable."""
        if appliance not in self.house.appliances:
            raise ActionError(f"there is no {appliance!r}; there are {', '.join(self.house.appliances)}")
        self.house.switch(appliance, on, seconds)

    def fault(self, *, kind: str, charger: str | None = None, seconds: float = DEFAULT_FAULT_S) -> None:
        """Let something break: one of FAULTS. For `clock_skew`, `seconds` is how far the clock is off."""
        until = self._until(seconds)
        if kind == "meter_freeze":
            self.meter.silence(until)
        elif kind == "meter_frozen_values":
            self.meter.stick(until)
        elif kind == "meter_gone":
            self.meter.hang_up(until)
        elif kind not in FAULTS:
            raise ActionError(f"no fault is called {kind!r}; there are {', '.join(FAULTS)}")
        elif charger is None:
            raise ActionError(f"{kind} needs a charger")
        else:
            self._station_fault(kind, charger, seconds)

    def _station_fault(self, kind: str, charger: str, seconds: float) -> None:
        station = self._station(charger)
        if kind == "clock_skew":
            station.clock_skew_s = seconds
        elif kind == "reboot":
            station.reboot(seconds)
        elif charger not in self.links:
            raise ActionError(f"{charger} has no socket")
        elif kind == "drop":
            self.links[charger].drop(seconds)
        elif kind == "half_open":
            self.links[charger].half_open(seconds)
        else:
            self.links[charger].send_garbage()

    def _station(self, identity: str) -> Station:
        if identity not in self.stations:
            raise ActionError(f"there is no charger {identity!r}; there are {', '.join(self.stations)}")
        return self.stations[identity]

    def _until(self, seconds: float) -> datetime | None:
        return self.clock.now() + timedelta(seconds=seconds) if seconds > 0 else None
