"""Harbour House: the site of the demonstration."""

from .description import CarDescription, Happening, PointDescription, SiteDescription, StationDescription
from .physics.car import CarModel
from .physics.site import Branch
from .station.model import StationModel

OWNER_TAG = "04A1B2C3"
"""Card of the people who live there."""

GUEST_TAG = "04D4E5F6"
"""Card that is lent to guests."""

HARBOUR_HOUSE = SiteDescription(
    name="Harbour House",
    branches=(Branch(name="main", rating_a=35.0), Branch(name="guests", rating_a=20.0, parent="main")),
    stations=(
        StationDescription(
            model=StationModel(
                identity="driveway", vendor="Voltgarden", model="Sprig 11", serial="VG-110421", firmware="2.3.0"
            ),
            points=(PointDescription(branch="main", register_wh=1_204_377),),
        ),
        StationDescription(
            model=StationModel(
                identity="guest-bays",
                vendor="Quayside Electric",
                model="Bollard Duo",
                serial="QE-D-0077",
                firmware="5.1",
            ),
            points=(
                PointDescription(branch="guests", wiring="STR", register_wh=88_120),
                PointDescription(branch="guests", wiring="TRS", register_wh=412_903),
            ),
        ),
        StationDescription(
            model=StationModel(
                identity="boathouse",
                version="2.0.1",
                vendor="Northlight",
                model="Beacon 2",
                serial="NL2-55120",
                firmware="2025.11",
                knows_soc=True,
            ),
            points=(PointDescription(branch="main", wiring="SRT", register_wh=30_511),),
        ),
        StationDescription(
            model=StationModel(
                identity="garden-gate",
                vendor="Voltgarden",
                model="Seedling 3",
                serial="VG-030018",
                firmware="1.9.4",
                settings={"ChargingScheduleAllowedChargingRateUnit": "Current"},
            ),
            points=(PointDescription(branch="main", wiring="S", register_wh=655_360),),
        ),
        StationDescription(
            model=StationModel(
                identity="new-charger", vendor="Tidewater", model="Anchor", serial="TW-A-2201", firmware="1.0.7"
            ),
            points=(PointDescription(branch="main"),),
        ),
    ),
    cars=(
        CarDescription(name="heron", soc=0.42, model=CarModel(phases=3, capacity_wh=62_000, reaction_s=4.0)),
        CarDescription(name="puffin", soc=0.55, model=CarModel(phases=1, capacity_wh=39_000, reaction_s=6.0)),
        CarDescription(name="gull", soc=0.20, model=CarModel(phases=3, capacity_wh=77_000, reaction_s=8.0)),
        CarDescription(name="tern", soc=0.35, model=CarModel(phases=2, capacity_wh=50_000, reaction_s=5.0)),
        CarDescription(
            name="wren", soc=0.78, model=CarModel(phases=1, maximum_a=16, capacity_wh=24_000, reaction_s=9.0)
        ),
    ),
    house_capped_at_a=20.0,
    script=(
        Happening(at_s=2, action="plug", arguments={"charger": "driveway", "connector": 1, "car": "heron"}),
        Happening(at_s=4, action="plug", arguments={"charger": "guest-bays", "connector": 1, "car": "gull"}),
        Happening(at_s=6, action="plug", arguments={"charger": "boathouse", "connector": 1, "car": "tern"}),
        Happening(at_s=8, action="plug", arguments={"charger": "garden-gate", "connector": 1, "car": "wren"}),
        Happening(at_s=240, action="plug", arguments={"charger": "guest-bays", "connector": 2, "car": "puffin"}),
    ),
)
