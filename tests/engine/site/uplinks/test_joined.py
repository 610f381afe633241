"""From a charger through the site to a central system and back, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.link import Backlog
from tests.engine.clock import ManualClock
from tests.engine.site.place import Place
from tests.engine.site.wallbox import Wallbox

from .fake_uplinks import upstream
from .small_csms import PATIENCE_S, SmallCsms


@pytest.fixture(autouse=True)
def unwired() -> None:
    """Open real lines."""


@pytest.fixture
async def csms() -> AsyncIterator[SmallCsms]:
    """A central system that listens."""
    csms = SmallCsms()
    await csms.open()
    yield csms
    await csms.close()


@pytest.fixture
async def place(tmp_path: Path, clock: ManualClock, csms: SmallCsms) -> AsyncIterator[Place]:
    """A site of two chargers, one of which is known to the central system."""
    place = Place(tmp_path, clock)
    await place.open()
    await place.enrol()
    config = upstream(stations=("ONE",))
    url = f"ws://127.0.0.1:{csms.port}/ocpp"
    await place.site.configure_upstreams((replace(config, url=url, versions=(OcppVersion.V16,)),))
    yield place
    await place.leave()


async def lived(place: Place, box: Wallbox, condition: Callable[[], bool]) -> None:
    """Let time pass until something is so."""
    assert isinstance(place.clock, ManualClock)
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await place.clock.advance(1)
            await box.say("Heartbeat", {})
            await asyncio.sleep(0.01)


def is_online(place: Place) -> bool:
    """Whether the central system can be reached as it should."""
    view = place.site.state.upstreams.get("monta")
    return view is not None and view.lines["ONE"].state is LinkState.ONLINE


async def test_a_central_system_hears_of_sessions_and_has_its_say(place: Place, csms: SmallCsms, box: Wallbox) -> None:
    await lived(place, box, lambda: is_online(place))
    # It starts a session for somebody whom only it knows.
    order = await csms.ask("RemoteStartTransaction", {"connectorId": 1, "idTag": "APP-USER"})
    assert order == {"status": "Accepted"}
    assert (await box.hear("RemoteStartTransaction"))["idTag"] == "APP-USER"
    ours = await box.plug_in("APP-USER", meter_wh=1000)
    await lived(place, box, lambda: "StartTransaction" in csms.actions())
    start = await csms.hear("StartTransaction")
    assert (start["idTag"], start["meterStart"]) == ("APP-USER", 1000)
    # It lowers what the session may have.
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8}]}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
    }
    await lived(place, box, lambda: place.evse().offer.current_a == 16)
    set_to = await csms.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    assert set_to == {"status": "Accepted"}
    await lived(place, box, lambda: place.evse().offer.current_a == 8)
    assert place.evse().offer.binding.reason is LimitReason.BACKEND
    # It ends the session, under its own number.
    stop = await csms.ask("RemoteStopTransaction", {"transactionId": 4001})
    assert stop == {"status": "Accepted"}
    assert await box.hear("RemoteStopTransaction") == {"transactionId": ours}
    await box.stop(ours, meter_wh=1750, reason="Remote")
    await lived(place, box, lambda: "StopTransaction" in csms.actions())
    stopped = await csms.hear("StopTransaction")
    assert (stopped["transactionId"], stopped["meterStop"]) == (4001, 1750)


async def test_charging_goes_on_without_it_and_it_hears_everything_afterwards(
    place: Place, csms: SmallCsms, box: Wallbox
) -> None:
    await lived(place, box, lambda: is_online(place))
    first = await box.plug_in(meter_wh=1000)
    await lived(place, box, lambda: "StartTransaction" in csms.actions())
    await csms.close()
    await box.stop(first, meter_wh=3000)
    second = await box.plug_in(meter_wh=3000)
    await box.stop(second, meter_wh=4500)
    assert [session.energy_wh for session in await place.site.transactions()] == [1500, 2000]
    await csms.open()
    await lived(place, box, lambda: csms.actions().count("StopTransaction") == 2)
    told = [(action, payload) for action, payload in csms.heard if action in ("StartTransaction", "StopTransaction")]
    assert [action for action, _ in told] == ["StartTransaction", "StopTransaction"] * 2
    meters = [payload.get("meterStart", payload.get("meterStop")) for _, payload in told]
    assert meters == [1000, 3000, 3000, 4500]
    await lived(place, box, lambda: is_online(place))
    await lived(place, box, lambda: place.site.state.upstreams["monta"].backlog == Backlog())
