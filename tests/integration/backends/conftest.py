"""A site with a backend whose lines are in the hand of the test, and a central system to dial."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentryData
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.const import DOMAIN
from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.upstream.config import UpstreamConfig
from custom_components.offline_evse.engine.model.upstream.delivery import (
    DeliveryBook,
    DeliveryState,
    DueSession,
    PendingCall,
    Settlement,
)
from custom_components.offline_evse.engine.model.upstream.link import Backlog, LinkView, UpstreamView
from custom_components.offline_evse.engine.model.upstream.site import Grounds
from custom_components.offline_evse.engine.model.upstream.wish import UpstreamWish, WishAnswer
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.engine.site.uplinks import joint
from custom_components.offline_evse.flows.backends import backend as flow
from simulator.backend.central import CentralSystem
from tests.integration.conftest import Dial, open_entry
from tests.integration.home import home, wall_charger
from tests.integration.wallbox import Wallbox

CARD = "04A2B3C4D5E680"
MONTA: dict[str, Any] = {
    "address": "ws://127.0.0.1:9/ocpp",
    "role": "report",
    "version": "automatic",
    "chargers": {"CP-1": {"identity": "MONTA-7", "password": "very-secret-pw"}},
    "knows_repeats": True,
    "live_interval": 60,
    "probe_interval": 15,
}


def backend(title: str = "Monta", **more: Any) -> ConfigSubentryData:
    """A backend, as it is stored."""
    return ConfigSubentryData(data={**MONTA, **more}, subentry_type="backend", title=title, unique_id=None)


def backend_id(entry: ConfigEntry[Any], title: str = "Monta") -> str:
    """The id of a backend."""
    (found,) = [it for it in entry.get_subentries_of_type("backend") if it.title == title]
    return found.subentry_id


def view(entry: MockConfigEntry, link: LinkState = LinkState.ONLINE, title: str = "Monta", **more: Any) -> UpstreamView:
    """A backend at a moment."""
    parts = {name: more.pop(name) for name in ("trouble", "detail", "since", "latency_s") if name in more}
    shown = LinkView(state=link, **parts)
    more.setdefault("lines", {"CP-1": shown})
    return UpstreamView(upstream_id=backend_id(entry, title), name=title, link=shown, **more)


class LinesInHand:
    """What stands in for the lines: it keeps account in the real book, dials nobody, and shows what the test says."""

    def __init__(self, book: DeliveryBook, grounds: Grounds, *_: object) -> None:
        """Begin with none."""
        self._book = book
        self._grounds = grounds
        self._shown: dict[str, UpstreamView] = {}
        self.configs: tuple[UpstreamConfig, ...] = ()
        self.failures: list[Exception] = []
        """Raised at the next set-ups."""
        self.metered: dict[str, bool] = {}
        self.dialled: list[str] = []
        self.settled: list[tuple[str, str, Settlement, str | None]] = []
        self.authority = None

    async def configure(self, configs: tuple[UpstreamConfig, ...]) -> None:
        """Open a book for every backend."""
        if self.failures:
            raise self.failures.pop()
        for config in configs:
            await self._book.open_upstream(config.upstream_id, config.since)
        self.configs = configs

    def views(self) -> tuple[UpstreamView, ...]:
        """What was shown last; nothing is known of the others yet."""
        return tuple(
            self._shown.get(it.upstream_id, UpstreamView(upstream_id=it.upstream_id, name=it.name))
            for it in self.configs
        )

    async def settle(
        self, upstream_id: str, session_id: str, settlement: Settlement, remote_id: str | None = None
    ) -> bool:
        """Take a decision down, and let the session go."""
        self.settled.append((upstream_id, session_id, settlement, remote_id))
        due = await self._book.delivery(upstream_id, session_id)
        if due is None or not due.delivery.state.parked:
            return False
        state = DeliveryState.SKIPPED if settlement is Settlement.SKIP else DeliveryState.WAITING
        await self._book.save(replace(due.delivery, state=state))
        return True

    def reconnect(self, upstream_id: str) -> None:
        """Take down that somebody wants a dial."""
        self.dialled.append(upstream_id)

    def set_metered(self, upstream_id: str, metered: bool) -> None:
        """Take down whether the way is metered."""
        self.metered[upstream_id] = metered

    def session_ended(self, station_id: str, session_id: str) -> None:
        """Nothing hangs on a session here."""

    async def close(self) -> None:
        """There is nothing to close."""

    async def wish(self, upstream_id: str, station_id: str, wish: UpstreamWish) -> WishAnswer:
        """Ask something of the site, as a backend does."""
        return await self._grounds.wish(upstream_id, station_id, wish)

    def show(self, view: UpstreamView) -> None:
        """Show a backend like this, through the site's own door."""
        self._shown[view.upstream_id] = view
        self._grounds.shown(view)

    async def park(self, upstream_id: str, session: DueSession, **more: Any) -> None:
        """Leave a session to a person."""
        await self._book.save(replace(session.delivery, **more))

    async def due(self, upstream_id: str, station_id: str) -> tuple[DueSession, ...]:
        """What a backend is to be told."""
        return await self._book.due(upstream_id, station_id)


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to see that a backend is being dialled."""
    monkeypatch.setattr(flow, "SHOWN_S", 0.0)


@pytest.fixture
def opened_lines(monkeypatch: pytest.MonkeyPatch) -> list[LinesInHand]:
    """Have the lines in the hand of the test; they are in the list once the site has opened them."""
    opened: list[LinesInHand] = []

    def open_lines(*parts: Any) -> LinesInHand:
        opened.append(LinesInHand(*parts))
        return opened[-1]

    monkeypatch.setattr(joint, "_import_uplinks", lambda: open_lines)
    return opened


@pytest.fixture
def monta_entry() -> MockConfigEntry:
    """A site with the chargers Garage (CP-1) and Yard (CP-2), and the backend Monta for the first."""
    return home(wall_charger("CP-2", "Yard"), backend(since="2020-01-01"), fuse_a=63.0)


@pytest.fixture
async def monta_site(
    hass: HomeAssistant, own_folder: object, opened_lines: list[LinesInHand], monta_entry: MockConfigEntry
) -> Site:
    """The site of `monta_entry`, open, with its lines in hand."""
    site = await open_entry(hass, monta_entry)
    await hass.async_block_till_done(wait_background_tasks=True)
    return site


@pytest.fixture
def lines(monta_site: Site, opened_lines: list[LinesInHand]) -> LinesInHand:
    """The lines of `monta_site`."""
    (only,) = opened_lines
    return only


@pytest.fixture
async def central() -> AsyncIterator[CentralSystem]:
    """A central system that knows MONTA-7 and MONTA-9 with their passwords, and nobody else."""
    system = CentralSystem(passwords={"MONTA-7": "very-secret-pw", "MONTA-9": "another-secret"})
    await system.start()
    yield system
    await system.close()


@pytest.fixture
async def garage(hass: HomeAssistant, monta_site: Site, dial: Dial) -> Wallbox:
    """The charger CP-1, with Ada's card enrolled."""
    await hass.services.async_call(DOMAIN, "enrol_card", {"card": CARD, "name": "Ada"}, blocking=True)
    point = await dial(monta_site.port, "CP-1")
    await point.boot()
    await point.status("Available")
    return point


async def charged(garage: Wallbox, count: int = 1) -> None:
    """Charge 12.34 kWh with Ada's card, so many times, each time for an hour."""
    for number in range(count):
        begins_ago_s = (count - number) * 2 * 3600.0
        begun = await garage.start(CARD, meter_wh=number * 12_340, ago_s=begins_ago_s)
        ended = datetime.now(UTC) - timedelta(seconds=begins_ago_s - 3600)
        stop = {"transactionId": begun, "meterStop": (number + 1) * 12_340, "timestamp": ended.isoformat()}
        await garage.say("StopTransaction", stop)


async def parked(
    lines: LinesInHand,
    entry: MockConfigEntry,
    state: DeliveryState,
    action: str = "StartTransaction",
    remote_id: str | None = None,
) -> list[str]:
    """Leave everything that was charged to a person; return the ids of the sessions."""
    upstream_id = backend_id(entry)
    pending = PendingCall(message_id="1", action=action, frame="[]", through_seq=1, sent_count=3)
    due = await lines.due(upstream_id, "CP-1")
    for session in due:
        said = {"pending": pending, "remote_id": remote_id, "detail": "InternalError: no such tariff"}
        await lines.park(upstream_id, session, state=state, **said)
    count = len(due)
    backlog = Backlog(session_count=count, oldest=due[0].transaction.started_at, parked_count=count)
    lines.show(view(entry, backlog=backlog))
    return [it.transaction.session_id for it in due]
