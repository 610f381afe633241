"""Cars that are recognised: for priority and what is learned of them, never to let anybody charge."""

from custom_components.offline_evse.engine.model.credential import Credential, CredentialKind, HolderKind, Terms
from custom_components.offline_evse.engine.model.decision import Refusal
from custom_components.offline_evse.engine.model.id_token import IdToken
from tests.engine.site.place import ONE, TWO, Place, until
from tests.engine.site.wallbox import Station201, Wallbox

CAR = Credential(
    id_token=IdToken("E0A1B2C3D4E5"),
    name="Blue van",
    kind=CredentialKind.VEHICLE,
    holder=HolderKind.VEHICLE,
    terms=Terms(priority=7),
)


async def test_a_car_that_presents_itself_is_recognised_and_gets_nothing(place: Place, box: Wallbox) -> None:
    await place.site.enrol_card(CAR)
    await box.status("Preparing")
    assert await box.authorize("VID:E0A1B2C3D4E5") == "Invalid"
    assert place.decision().refusal is Refusal.VEHICLE_ALONE
    vehicle = place.evse().vehicle
    assert vehicle is not None and vehicle.name == "Blue van"
    await box.plug_in()
    assert place.evse().vehicle is not None
    await box.stop(1, meter_wh=1200)
    await box.status("Available")
    assert place.evse().vehicle is None


async def test_a_station_tells_the_car_by_its_events(place: Place, station: Station201) -> None:
    await place.site.enrol_card(CAR)
    await station.status("Occupied")
    await station.say(
        "NotifyEvent",
        {
            "generatedAt": station.at(),
            "seqNo": 0,
            "eventData": [
                {
                    "eventId": 1,
                    "timestamp": station.at(),
                    "trigger": "Alerting",
                    "actualValue": "e0:a1:b2:c3:d4:e5",
                    "eventNotificationType": "HardWiredNotification",
                    "component": {"name": "ConnectedEV", "evse": {"id": 1}},
                    "variable": {"name": "VehicleId"},
                }
            ],
        },
    )
    vehicle = place.evse(TWO).vehicle
    assert vehicle is not None
    assert (vehicle.name, vehicle.source) == ("Blue van", "notify_event")


async def test_a_vendors_data_may_name_the_car(place: Place, box: Wallbox) -> None:
    await box.status("Preparing")
    data = {"connectorId": 1, "session": {"evccId": "E0-A1-B2-C3-D4-E5"}}
    await box.say("DataTransfer", {"vendorId": "Acme", "messageId": "EV", "data": data})
    vehicle = place.evse().vehicle
    assert vehicle is not None and vehicle.id_token.value == "E0A1B2C3D4E5"
    assert vehicle.name is None


async def test_somebody_outside_may_tell_the_car_and_its_class_goes_with_it(
    place: Place, box: Wallbox, station: Station201
) -> None:
    await place.site.enrol_card(CAR)
    transaction_id = await box.plug_in()
    assert place.site.vehicle_seen(ONE, "e0a1b2c3d4e5", "car_integration") == CAR
    assert place.site.vehicle_seen(ONE, "??", "car_integration") is None
    await box.measure(transaction_id, energy_wh=1100)
    await until(lambda: place.evse().offer.current_a == 16)
    vehicle = place.evse().vehicle
    assert vehicle is not None and vehicle.source == "car_integration"
