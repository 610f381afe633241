"""Harbour House on a day on which everything is cooked, washed and heated at once."""

from dataclasses import replace

from simulator.description import CarDescription
from simulator.harbour_house import HARBOUR_HOUSE
from simulator.physics.car import CarModel
from simulator.physics.house import DRYER, HEAT_PUMP, INDUCTION, KETTLE, OVEN

NASTY_HARBOUR = replace(
    HARBOUR_HOUSE,
    cars=(
        *HARBOUR_HOUSE.cars,
        CarDescription(name="sanderling", soc=0.1, model=CarModel(phases=3, capacity_wh=80_000, reaction_s=7.0)),
    ),
    appliances=(
        replace(KETTLE, every_s=500),
        replace(OVEN, every_s=1500),
        replace(INDUCTION, every_s=900),
        replace(HEAT_PUMP, every_s=900),
        replace(DRYER, every_s=1200),
    ),
    script=(),
)
"""Six cars at six EVSEs; kettle, oven, hob, heat pump and dryer several times an hour. The house is capped at 20 A."""
