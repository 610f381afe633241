"""A site in Home Assistant, a charger, and a strict central system that is dialled over a real socket."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.site.site import Site
from simulator.backend.central import CentralSystem
from simulator.backend.conduct import Deed
from tests.integration.backends.conftest import CARD, MONTA, backend, backend_id
from tests.integration.conftest import Dial, open_entry
from tests.integration.home import home
from tests.integration.waiting import state_is, state_when
from tests.integration.wallbox import Wallbox
from tests.simulation.hurried_clock import HurriedClock

SPEED = 20.0
"""The way back of a line takes a minute; nobody waits for it here."""


class QuickClock(HurriedClock):
    """A hurried clock that begins now, as chargers tell the time of day."""

    def __init__(self) -> None:
        """Begin now."""
        super().__init__(SPEED)
        self._begin = datetime.now(UTC)

    @override
    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self.monotonic())


@pytest.fixture(params=["ocpp1.6", "ocpp2.0.1"])
async def central(request: pytest.FixtureRequest) -> AsyncIterator[CentralSystem]:
    """A central system of one version, that knows MONTA-7 with its password. It holds every fault against us."""
    system = CentralSystem(passwords={"MONTA-7": "very-secret-pw"}, versions=(request.param,))
    await system.start()
    yield system
    await system.close()


@pytest.fixture
async def site(
    hass: HomeAssistant, own_folder: object, central: CentralSystem, monkeypatch: pytest.MonkeyPatch
) -> Site:
    """A site that tells the central system what Garage does."""
    monkeypatch.setattr("custom_components.offline_evse.SystemClock", QuickClock)
    entry = home(backend(address=f"ws://127.0.0.1:{central.port}/ocpp", since="2020-01-01"))
    return await open_entry(hass, entry)


@pytest.fixture
async def garage(hass: HomeAssistant, site: Site, dial: Dial) -> Wallbox:
    """The charger CP-1, with Ada's card enrolled."""
    await hass.services.async_call(DOMAIN, "enrol_card", {"card": CARD, "name": "Ada"}, blocking=True)
    point = await dial(site.port, "CP-1")
    await point.boot()
    await point.status("Available")
    return point


async def charge(garage: Wallbox, from_wh: int, to_wh: int) -> None:
    """Charge at once, too little to be doubted."""
    begun = await garage.start(CARD, meter_wh=from_wh)
    await garage.stop(begun, meter_wh=to_wh)


async def test_a_session_is_told_while_it_happens_and_another_one_after_an_outage(
    hass: HomeAssistant, central: CentralSystem, garage: Wallbox
) -> None:
    await state_is(hass, "sensor.monta_link", "online")
    await charge(garage, 1000, 1004)
    await central.until(lambda: any(it.ended for it in central.book.sessions.values()))
    await state_is(hass, "sensor.monta_sessions_waiting", "0")
    await central.stop()
    await state_is(hass, "sensor.monta_link", "offline")
    await charge(garage, 1004, 1009)
    await state_is(hass, "sensor.monta_sessions_waiting", "1")
    sentence = await state_when(hass, "sensor.home_backends", lambda it: "1 session waits" in it.state)
    assert sentence.state.startswith("Charging continues. 1 session waits for Monta, since ")
    await central.start()
    await hass.services.async_call("button", "press", {"entity_id": "button.monta_connect_now"}, blocking=True)
    await central.until(lambda: sum(it.ended is not None for it in central.book.sessions.values()) == 2)
    await state_is(hass, "sensor.monta_link", "online")
    await state_is(hass, "sensor.home_backends", "Monta is up to date.")
    assert [it.energy_wh for it in central.book.sessions.values()] == [4, 5]
    assert {it.id_tag for it in central.book.sessions.values()} == {CARD}
    assert central.book.faults == []


@pytest.mark.parametrize("central", ["ocpp1.6"], indirect=True)
async def test_a_start_that_only_the_backend_knows_of_is_settled_by_hand(
    hass: HomeAssistant, site: Site, central: CentralSystem, garage: Wallbox, issue_registry: ir.IssueRegistry
) -> None:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    upstream_id = backend_id(entry)
    monta = entry.subentries[upstream_id]
    hass.config_entries.async_update_subentry(entry, monta, data={**monta.data, "knows_repeats": False})
    await state_is(hass, "sensor.monta_link", "online")
    central.conduct.plan(Deed.DIE, "StartTransaction")
    await charge(garage, 1000, 1004)
    await state_when(hass, "binary_sensor.monta_problem", lambda it: it.attributes["sessions_to_settle"] == 1)
    assert issue_registry.async_get_issue(DOMAIN, f"backend_parked_{upstream_id}") is not None
    (known,) = central.book.sessions.values()
    assert known.ended is None
    listed = await hass.services.async_call(
        DOMAIN, "list_backend_sessions", {"backend": "Monta"}, blocking=True, return_response=True
    )
    told: Any = listed
    (waiting,) = told["backends"][0]["sessions"]
    assert (waiting["state"], waiting["energy_kwh"], waiting["name"]) == ("ambiguous", 0.004, "Ada")
    decided = {"session_id": waiting["session_id"], "decision": "match", "remote_id": known.remote_id}
    await hass.services.async_call(DOMAIN, "settle_backend_session", decided, blocking=True)
    await central.until(lambda: known.ended is not None)
    await state_is(hass, "binary_sensor.monta_problem", "off")
    assert issue_registry.async_get_issue(DOMAIN, f"backend_parked_{upstream_id}") is None
    assert [it.energy_wh for it in central.book.sessions.values()] == [4]
    assert central.book.faults == []


async def test_a_wrong_password_is_a_repair_until_it_is_put_right(
    hass: HomeAssistant, site: Site, central: CentralSystem, issue_registry: ir.IssueRegistry
) -> None:
    await state_is(hass, "sensor.monta_link", "online")
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    monta = entry.subentries[backend_id(entry)]
    wrong = {**monta.data, "chargers": {"CP-1": {"identity": "MONTA-7", "password": "wrong"}}}
    hass.config_entries.async_update_subentry(entry, monta, data=wrong)
    await state_is(hass, "sensor.monta_link", "misconfigured")
    assert issue_registry.async_get_issue(DOMAIN, f"backend_trouble_{monta.subentry_id}") is not None
    right = {**monta.data, "chargers": MONTA["chargers"]}
    hass.config_entries.async_update_subentry(entry, monta, data=right)
    await state_is(hass, "sensor.monta_link", "online")
    assert issue_registry.async_get_issue(DOMAIN, f"backend_trouble_{monta.subentry_id}") is None
    assert central.book.faults == []


async def test_a_backend_that_is_removed_is_hung_up_on(hass: HomeAssistant, site: Site, central: CentralSystem) -> None:
    await state_is(hass, "sensor.monta_link", "online")
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    hass.config_entries.async_remove_subentry(entry, backend_id(entry))
    await hass.async_block_till_done(wait_background_tasks=True)
    await central.until(lambda: not central.lines)
    assert site.state.upstreams == {}


@pytest.mark.parametrize("central", ["ocpp1.6"], indirect=True)
async def test_two_backends_are_told_of_one_charger_each_at_its_own_pace(
    hass: HomeAssistant, site: Site, central: CentralSystem, garage: Wallbox
) -> None:
    other = CentralSystem(passwords={"ROAD-1": "another-pw"}, versions=("ocpp2.0.1",))
    await other.start()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    road = ConfigSubentry(
        data=MappingProxyType(
            {
                **MONTA,
                "address": f"ws://127.0.0.1:{other.port}/road",
                "chargers": {"CP-1": {"identity": "ROAD-1", "password": "another-pw"}},
                "since": "2020-01-01",
            }
        ),
        subentry_type="backend",
        title="Road",
        unique_id=None,
    )
    try:
        hass.config_entries.async_add_subentry(entry, road)
        await state_is(hass, "sensor.monta_link", "online")
        await state_is(hass, "sensor.road_link", "online")
        await central.stop()
        await state_is(hass, "sensor.monta_link", "offline")
        await charge(garage, 1000, 1007)
        await other.until(lambda: any(it.ended for it in other.book.sessions.values()))
        await state_is(hass, "sensor.monta_sessions_waiting", "1")
        await state_is(hass, "sensor.road_sessions_waiting", "0")
        await central.start()
        await hass.services.async_call(DOMAIN, "reconnect_backend", {"backend": "Monta"}, blocking=True)
        await central.until(lambda: any(it.ended for it in central.book.sessions.values()))
        for system in (central, other):
            assert [it.energy_wh for it in system.book.sessions.values()] == [7]
            assert system.book.faults == []
    finally:
        await other.close()
