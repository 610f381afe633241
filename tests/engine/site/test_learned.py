"""What one charger has taught us spares others of its model the trying, and is void with other firmware."""

from typing import Any

from .place import Place
from .wallbox import Wallbox


def purposes(box: Wallbox) -> list[str]:
    """What the limits that a charger was told were for, in order; the floor is not one of them."""
    profiles: list[dict[str, Any]] = [
        payload["csChargingProfiles"] for action, payload in box.told if action == "SetChargingProfile"
    ]
    return [str(one["chargingProfilePurpose"]) for one in profiles if one["chargingProfileId"] != 11]


def only_default(payload: dict[str, Any]) -> dict[str, Any]:
    """Refuse limits for a transaction."""
    refused = payload["csChargingProfiles"]["chargingProfilePurpose"] == "TxProfile"
    return {"status": "Rejected" if refused else "Accepted"}


async def charging(place: Place, station_id: str, firmware: str = "1.2.3") -> Wallbox:
    """Connect a charger that refuses TxProfile, and have a car charge there until it has its limit."""
    box = await place.dial(Wallbox, station_id)
    box.replies["SetChargingProfile"] = only_default
    await box.boot(firmwareVersion=firmware)
    await box.plug_in()
    await place.pass_time(10, box)
    await box.hear("SetChargingProfile", lambda payload: payload["csChargingProfiles"]["chargingProfileId"] == 12)
    return box


async def test_a_second_charger_of_a_model_begins_with_what_works(place: Place) -> None:
    first = await charging(place, "ONE")
    assert first.heard.count("SetChargingProfile") > 2
    await place.pass_time(130, first)
    second = await place.dial(Wallbox, "TWO")
    second.replies["SetChargingProfile"] = only_default
    await second.boot()
    await second.plug_in()
    await place.pass_time(10, first, second)
    assert purposes(second)
    assert "TxProfile" not in purposes(second)


async def test_other_firmware_is_tried_from_the_top(place: Place) -> None:
    first = await charging(place, "ONE")
    await place.pass_time(130, first)
    second = await place.dial(Wallbox, "TWO")
    second.replies["SetChargingProfile"] = only_default
    await second.boot(firmwareVersion="2.0.0")
    await second.plug_in()
    await place.pass_time(10, first, second)
    assert purposes(second)[0] == "TxProfile"


async def test_it_is_known_after_a_restart(place: Place) -> None:
    first = await charging(place, "ONE")
    await place.pass_time(130, first)
    await first.hang_up()
    await place.reopen()
    second = await place.dial(Wallbox, "TWO")
    second.replies["SetChargingProfile"] = only_default
    await second.boot()
    await second.plug_in()
    await place.pass_time(10, second)
    assert purposes(second)
    assert "TxProfile" not in purposes(second)
