"""A day of a hotel with 30 rooms and 6 chargers, all of it offline: against a real Home Assistant and real sockets.

Guests come by webhook and by action; they charge with codes on the guest page and with cards at readers; one tries
another room's charger, some stay longer, one goes late, one loses a card. In the evening the energy of every room is
what its cars took, in the chargers' meters, in the records of the guests and in the ledger.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import itertools
import random
from typing import Any

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site
from tests.integration.conftest import Dial, open_entry
from tests.integration.guests.phone import Phone
from tests.integration.home import fuse, home, wall_charger
from tests.integration.waiting import until
from tests.integration.wallbox import Wallbox

ROOMS = tuple(range(101, 131))
BAYS = tuple(range(1, 7))
WEBHOOK_ID = "f" * 64
CARD_ROOMS = frozenset(range(121, 131))
"""Rooms whose guests get a card instead of a code."""


@dataclass
class Bay:
    """A charger, and what its own meter shows."""

    point: Wallbox
    evse: EvseKey
    meter_wh: int


@dataclass
class Day:
    """The hotel, with what everybody in it knows."""

    hass: HomeAssistant
    site: Site
    system: Phone
    bays: dict[int, Bay]
    new_phone: Callable[[], Awaitable[Phone]]
    dial: Dial
    codes: dict[int, str] = field(default_factory=dict)
    taken_wh: Counter[str] = field(default_factory=Counter)
    """What cars took, by room: the truth."""

    async def say(self, event: str, stay: int, **more: Any) -> dict[str, Any]:
        """Let the hotel's system say something of the stay in a room."""
        body = {"event": event, "reservation": f"2026-{stay}", **more}
        response = await self.system.client.post(f"/api/webhook/{WEBHOOK_ID}", json=body)
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer

    async def act(self, action: str, **data: Any) -> Any:
        """Perform an action, as the front desk does."""
        return await self.hass.services.async_call("offline_evse", action, data, blocking=True, return_response=True)

    async def guest(self, room: int) -> Phone:
        """Return the phone of a room, with the code entered."""
        phone = await self.new_phone()
        await phone.enter(self.codes[room])
        return phone

    async def begins_with_phone(self, phone: Phone, bay: int) -> int:
        """Press start on the page; returns the id of the transaction that the charger begins."""
        it = self.bays[bay]
        await it.point.status("Preparing")
        status, body = await phone.press("start", (await phone.spot(f"Bay {bay}"))["id"])
        assert status == 200, body
        told = await it.point.hear("RemoteStartTransaction")
        return await self.begins(bay, told["idTag"])

    async def begins(self, bay: int, card: str) -> int:
        """Let the charger begin a transaction, an hour ago so that there was time for what the car takes."""
        it = self.bays[bay]
        transaction = await it.point.start(card, meter_wh=it.meter_wh, ago_s=3600)
        await it.point.status("Charging")
        return transaction

    async def takes(self, bay: int, transaction: int, energy_wh: int) -> None:
        """Let a car take some energy."""
        it = self.bays[bay]
        it.meter_wh += energy_wh
        await it.point.measure(transaction, energy_wh=it.meter_wh, power_w=7400)

    async def ends(self, bay: int, room: str, transaction: int, energy_wh: int, reason: str = "Local") -> None:
        """End a transaction after the rest of its energy, which counts for the room."""
        it = self.bays[bay]
        before = next(iter(await self.site.transactions(evse=it.evse, limit=1)))
        it.meter_wh += energy_wh
        self.taken_wh[room] += it.meter_wh - (before.register_start_wh or 0)
        await it.point.stop(transaction, meter_wh=it.meter_wh, reason=reason)
        await it.point.status("Available")

    async def dial_again(self, bay: int) -> Wallbox:
        """Let a charger that was away come back, as it was."""
        point = await self.dial(self.site.port, f"BAY-{bay}")
        await point.boot()
        await point.status("Charging")
        return point

    async def accepted(self, bay: int, card: str) -> bool:
        """Ask a charger's reader."""
        answer = await self.bays[bay].point.say("Authorize", {"idTag": card})
        return bool(answer["idTagInfo"]["status"] == "Accepted")


def hotel_entry() -> MockConfigEntry:
    """Describe a hotel with six chargers behind a fuse of their own."""
    bays = [wall_charger(f"BAY-{bay}", f"Bay {bay}") for bay in BAYS]
    entry = home(fuse("yard", "Yard", fuse_a=100.0), *bays, fuse_a=160.0)
    options = {
        "guests": {"page": True, "page_url": "http://192.0.2.10:8123", "webhook": True, "webhook_id": WEBHOOK_ID}
    }
    object.__setattr__(entry, "options", options)
    return entry


@pytest.fixture
async def day(
    hass: HomeAssistant, own_folder: object, dial: Dial, hass_client_no_auth: ClientSessionGenerator
) -> AsyncIterator[Day]:
    """The hotel in the morning: empty rooms, free chargers, each with another meter."""
    site = await open_entry(hass, hotel_entry())
    chance = random.Random(4)
    bays: dict[int, Bay] = {}
    for bay in BAYS:
        point = await dial(site.port, f"BAY-{bay}")
        await point.boot()
        await point.status("Available")
        bays[bay] = Bay(point, EvseKey(f"BAY-{bay}", 1), chance.randrange(10_000, 9_000_000))
    await hass.async_block_till_done()

    server = (await hass_client_no_auth()).make_url("/")
    async with AsyncExitStack() as phones:

        async def phone() -> Phone:
            # Every phone has an address of its own, as on a real Wi-Fi.
            numbers = next(addresses)
            connector = aiohttp.TCPConnector(local_addr=(f"127.0.{numbers // 250}.{numbers % 250 + 2}", 0))
            cookies = aiohttp.CookieJar(unsafe=True)
            session = aiohttp.ClientSession(server, connector=connector, cookie_jar=cookies)
            return Phone(await phones.enter_async_context(session))

        addresses = itertools.count(1)
        yield Day(hass, site, await phone(), bays, phone, dial)


def later(**span: float) -> str:
    return (dt_util.utcnow() + timedelta(**span)).isoformat()


def card_of(room: int) -> str:
    return f"ROOM{room}"


async def check_everybody_in(day: Day) -> None:
    """25 rooms by the hotel's system, some twice and some after their changes; 5 at the desk by the action."""
    for room in ROOMS[:25]:
        stay: dict[str, Any] = {"room": str(room), "departure": later(hours=20), "limits": {"total_kwh": 60}}
        if room in CARD_ROOMS:
            stay["card"] = card_of(room)
        if room == 105:
            # The change has overtaken the check-in.
            noted = await day.say("change", room, departure=later(hours=44), sent_at=later(minutes=-1))
            assert noted["status"] == "noted"
            stay["sent_at"] = later(minutes=-5)
        answer = await day.say("check_in", room, **stay)
        assert answer["status"] == "checked_in"
        if room % 7 == 0:
            assert await day.say("check_in", room, **stay) == answer
        if answer["code"]:
            day.codes[room] = answer["code"]
    for room in ROOMS[25:]:
        await day.act("issue_pass", name=str(room), to=later(hours=20), form="card", card=card_of(room))
    assert sorted(it.name for it in day.site.passes.live()) == [str(room) for room in ROOMS]
    assert len(day.codes) == 20
    assert len(set(day.codes.values())) == 20


async def test_a_hotel_day(day: Day, device_registry: dr.DeviceRegistry) -> None:
    chance = random.Random(7)
    await check_everybody_in(day)

    # Somebody from a suite has bay 1 only, and tries the wrong one.
    bay_1 = device_registry.async_get_device_by_identifier(("offline_evse", "site_BAY-1"), "site")
    assert bay_1 is not None
    suite = await day.act("issue_pass", name="Suite", to=later(hours=20), form="card", card="SUITE", device_id=bay_1.id)
    assert suite["chargers"] == ["Bay 1"]
    assert not await day.accepted(2, "SUITE")
    assert await day.accepted(1, "SUITE")

    # All day long, cars come and go at six bays.
    for number, room in enumerate(ROOMS):
        bay = BAYS[number % len(BAYS)]
        energy_wh = chance.randrange(500, 6000)
        if room in CARD_ROOMS:
            assert await day.accepted(bay, card_of(room))
            transaction = await day.begins(bay, card_of(room))
        else:
            transaction = await day.begins_with_phone(await day.guest(room), bay)
        await day.takes(bay, transaction, energy_wh // 2)
        await day.ends(bay, str(room), transaction, energy_wh - energy_wh // 2)

    # The wrong room: 102 sees that a bay is in use, and can neither stop nor take over what 101 does there.
    first, second = await day.guest(101), await day.guest(102)
    transaction = await day.begins_with_phone(first, 3)
    seen = await second.spot("Bay 3")
    assert (seen["state"], seen["session"]) == ("busy", None)
    assert (await second.press("stop", seen["id"]))[0] == 409
    assert (await second.press("start", seen["id"]))[0] == 409
    await day.takes(3, transaction, 1500)
    status, _ = await first.press("stop", (await first.spot("Bay 3"))["id"])
    assert status == 200
    assert await day.bays[3].point.hear("RemoteStopTransaction") == {"transactionId": transaction}
    await day.ends(3, "101", transaction, 100, "Remote")

    # Extension: 103 stays another night, and the code goes on being good.
    leaves = datetime.fromisoformat(later(hours=44))
    changed = await day.say("change", 103, departure=leaves.isoformat())
    assert datetime.fromisoformat(changed["to"]) == leaves
    await day.guest(103)

    # The lost card: revoked at the desk in the middle of a session, which ends; the next card is another one.
    transaction = await day.begins(4, card_of(126))
    await day.takes(4, transaction, 2000)
    await day.act("revoke_pass", name="126")
    assert await day.bays[4].point.hear("RemoteStopTransaction") == {"transactionId": transaction}
    await day.ends(4, "126", transaction, 50, "Remote")
    assert not await day.accepted(4, card_of(126))
    await day.act("issue_pass", name="126", to=later(hours=20), form="card", card="ROOM126-B")
    assert await day.accepted(4, "ROOM126-B")

    # Late check-out: 104 should have left by now, charges a little longer by leave of the desk, and then is out.
    late = await day.guest(104)
    transaction = await day.begins_with_phone(late, 5)
    await day.takes(5, transaction, 900)
    await day.say("change", 104, departure=later(hours=3))
    assert (await late.spot("Bay 5"))["state"] == "yours"
    assert (await day.say("check_out", 104))["status"] == "checked_out"
    assert await day.bays[5].point.hear("RemoteStopTransaction") == {"transactionId": transaction}
    await day.ends(5, "104", transaction, 20, "Remote")
    assert (await late.state())["over"]
    assert sum(it["kwh"] for it in await late.record()) * 1000 == pytest.approx(day.taken_wh["104"])

    # A time that is over ends a session by itself.
    over = dt_util.utcnow().replace(microsecond=0) + timedelta(seconds=3)
    await day.act("issue_pass", name="107", to=over.isoformat(), form="card", card="BRIEF")
    transaction = await day.begins(6, "BRIEF")
    await day.takes(6, transaction, 300)
    assert await day.bays[6].point.hear("RemoteStopTransaction") == {"transactionId": transaction}
    await day.ends(6, "107", transaction, 10, "Remote")
    assert over <= dt_util.utcnow()
    assert not await day.accepted(6, "BRIEF")

    # A charger that loses its network goes on, and tells everything later, twice.
    phone = await day.guest(108)
    transaction = await day.begins_with_phone(phone, 2)
    await day.takes(2, transaction, 4000)
    state = day.site.evses[day.bays[2].evse]
    await until(state, lambda: state.transaction is not None and state.transaction.energy_wh == 4000)
    await day.bays[2].point.hang_up()
    await until(state, lambda: not state.connected)
    offline = await phone.spot("Bay 2")
    assert (offline["state"], offline["session"]["why"]["key"]) == ("yours", "offline")
    day.bays[2].point = await day.dial_again(2)
    await day.ends(2, "108", transaction, 1000)
    await day.bays[2].point.stop(transaction, meter_wh=day.bays[2].meter_wh)

    # Everybody else checks out, some of them twice; nobody is left who could charge.
    for room in ROOMS[:25]:
        for _ in range(1 + room % 2):
            assert (await day.say("check_out", room))["status"] == "checked_out"
    for name in {it.name for it in day.site.passes.all()}:
        await day.act("revoke_pass", name=name)
    assert day.site.passes.all() == ()
    for room in sorted(CARD_ROOMS):
        assert not await day.accepted(1, card_of(room))
    stranger = await day.new_phone()
    assert (await stranger.post("/visit", {"code": day.codes[101]})).status == 401

    # The kWh of every room are those of the meters, to the Wh.
    ledger: Counter[str] = Counter()
    for it in await day.site.transactions(limit=1000):
        assert not it.is_open
        assert it.name is not None
        ledger[it.name] += it.energy_wh
    assert dict(ledger) == dict(day.taken_wh)
    assert set(ledger) == {str(room) for room in ROOMS}
    listed = await day.act("list_sessions", limit=1000)
    by_action: Counter[str] = Counter()
    for it in listed["sessions"]:
        by_action[it["name"]] += round(it["energy_kwh"] * 1000)
    assert by_action == ledger
