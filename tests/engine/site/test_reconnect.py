"""Chargers that come back, reboot, keep silent, or are set up anew while they charge."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.model.command import Outcome
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.announcement import EvseFound, SessionEnded
from tests.engine.clock import ManualClock

from .place import MAIN, ONE, Place, charger, until
from .wallbox import Payload, Station201, Wallbox, is_live, limit_a

HARMFUL = {"ChangeAvailability", "Reset", "UpdateFirmware", "UnlockConnector", "ClearCache", "RemoteStopTransaction"}


def _factory_settings(asked: Payload) -> Payload:
    return {"configurationKey": [{"key": key, "readonly": False, "value": "86400"} for key in asked["key"]]}


async def test_redial_over_a_half_open_socket_keeps_the_new_one_and_the_session(place: Place, box: Wallbox) -> None:
    transaction_id = await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    assert limit_a(await again.hear("SetChargingProfile", is_live)) == 16
    assert await box.closed() == 1000
    await again.measure(transaction_id, energy_wh=1500)
    assert place.session().energy_wh == 500
    assert place.evse().connected
    assert not again.socket.closed


async def test_a_command_pending_on_a_dead_socket_does_not_block_the_new_one(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    box.replies["SetChargingProfile"] = None
    box.forget()
    await place.site.set_limit(ONE, 8)
    await box.hear("SetChargingProfile")
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Charging")
    # No time has passed: nobody waits here for the answer that the old socket owes.
    assert limit_a(await again.hear("SetChargingProfile", is_live)) == 8


async def test_a_charger_that_reboots_is_given_its_floor_limit_and_settings_again(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await box.hear("GetConfiguration")
    await until(lambda: "ChangeConfiguration" in box.heard)
    box.forget()
    await box.boot()
    await box.status("Charging")
    floor = await box.hear("SetChargingProfile")
    assert not is_live(floor)
    assert limit_a(floor) == 6
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 16
    await box.hear("GetConfiguration")
    await box.hear("ChangeConfiguration")


async def test_a_charger_that_reconnects_without_boot_is_set_up_again(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await until(lambda: "ChangeConfiguration" in box.heard)
    await box.hang_up()
    await until(lambda: not place.evse().connected)
    again = await place.dial(Wallbox)
    again.replies["GetConfiguration"] = _factory_settings
    await again.status("Charging")
    await place.pass_time(5, again)
    assert limit_a(await again.hear("SetChargingProfile", is_live)) == 16
    # Its settings are gone, so its floor may be as well.
    assert limit_a(await again.hear("SetChargingProfile", lambda profile: not is_live(profile))) == 6
    await again.hear("ChangeConfiguration", lambda setting: setting["key"] == "HeartbeatInterval")


async def test_a_charger_that_reconnects_with_all_it_had_is_not_given_its_floor_again(
    place: Place, box: Wallbox
) -> None:
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    await until(lambda: "ChangeConfiguration" in box.heard)
    await box.hang_up()
    await until(lambda: not place.evse().connected)
    again = await place.dial(Wallbox)
    await again.status("Charging")
    await place.pass_time(5, again)
    assert limit_a(await again.hear("SetChargingProfile", is_live)) == 16
    await again.hear("GetConfiguration")
    assert again.heard.count("SetChargingProfile") == 1


async def test_a_charger_that_never_answers_get_configuration_charges_all_the_same(place: Place) -> None:
    box = await place.dial(Wallbox)
    box.replies["GetConfiguration"] = None
    await box.boot()
    await box.status("Available")
    await box.hear("GetConfiguration")
    transaction_id = await box.plug_in()
    await place.pass_time(15, box)
    assert limit_a(await box.hear("SetChargingProfile", is_live)) == 16
    assert place.evse().connected
    assert place.evse().charging
    await box.stop(transaction_id, meter_wh=2000)
    assert (await place.only()).energy_wh == 1000


@pytest.mark.parametrize("kind", [Wallbox, Station201])
async def test_nothing_is_tried_out_on_a_charger_that_connects(place: Place, kind: type[Wallbox | Station201]) -> None:
    post = await place.dial(kind)
    await post.boot()
    await post.status("Available")
    await post.hear("SetChargingProfile")
    await place.pass_time(20, post)
    assert not HARMFUL & set(post.heard)
    assert len(post.heard) >= 3


async def test_never_two_requests_are_out_on_one_socket(place: Place, clock: ManualClock) -> None:
    box = await place.dial(Wallbox)
    box.replies["TriggerMessage"] = None
    await box.boot()
    await clock.advance(3)
    await box.hear("TriggerMessage")
    await box.plug_in()
    commands = asyncio.gather(place.site.restart("ONE"), place.site.unlock(ONE), place.site.stop_charging(ONE))
    await box.say("Heartbeat", {})
    assert box.heard == ["TriggerMessage"]
    # A request that has been given up counts no more: the next ones leave one after the other, the urgent one first.
    box.unanswered = 0
    await place.pass_time(10, box)
    assert [result.outcome for result in await commands] == [Outcome.ACCEPTED] * 3
    assert box.heard.index("RemoteStopTransaction") < box.heard.index("Reset") < box.heard.index("UnlockConnector")
    assert box.most_unanswered == 1


async def test_a_second_connector_appears_without_a_reload(place: Place, box: Wallbox) -> None:
    await box.status("Available", connector=2)
    assert [news.evse for news in place.heard_of(EvseFound)] == [ONE, EvseKey("ONE", 2)]
    assert place.site.stations["ONE"].evse_ids == (1, 2)
    await box.plug_in(connector=2)
    profile = await box.hear("SetChargingProfile", is_live)
    assert profile["connectorId"] == 2
    await place.reopen()
    assert place.site.stations["ONE"].evse_ids == (1, 2)


async def test_changed_settings_drop_no_charger(place: Place, box: Wallbox) -> None:
    await box.plug_in()
    await box.hear("SetChargingProfile", is_live)
    old_port = place.site.port
    await place.reload(stations=(*place.site.config.stations, charger("THREE")))
    await place.reload(circuits=(replace(MAIN, limit_a=MAIN.limit_a._replace(l2=13)),))
    assert 6 <= limit_a(await box.hear("SetChargingProfile", is_live)) <= 13
    await place.site.listen_on(0)
    assert place.site.port != old_port
    await place.reload(stations=tuple(it for it in place.site.config.stations if it.station_id != "THREE"))
    await box.say("Heartbeat", {})
    assert not box.socket.closed
    assert place.evse().has_transaction
    other = await place.dial(Wallbox, "TWO")
    assert (await other.boot())["status"] == "Accepted"
    assert place.heard_of(SessionEnded) == []


async def test_a_circuit_that_makes_no_tree_changes_nothing(place: Place, box: Wallbox) -> None:
    before = place.site.config
    with pytest.raises(ValueError, match="main"):
        await place.reload(circuits=(replace(MAIN, parent_id="main"),))
    assert place.site.config == before
    assert await box.authorize("CARD") == "Accepted"


async def test_a_station_that_is_removed_is_hung_up_and_may_come_back_to_its_session(
    place: Place, box: Wallbox
) -> None:
    transaction_id = await box.plug_in()
    stations = place.site.config.stations
    await place.reload(stations=stations[1:])
    await box.closed()
    assert ONE not in place.site.evses
    assert (await place.site.restart("ONE")).outcome is Outcome.OFFLINE
    await place.reload(stations=stations)
    await until(lambda: ONE in place.site.evses and place.evse().has_transaction)
    again = await place.dial(Wallbox)
    await again.boot()
    await again.stop(transaction_id, meter_wh=2500)
    assert (await place.only()).energy_wh == 1500
