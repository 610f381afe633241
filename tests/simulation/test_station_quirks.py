"""Stations that deal with limits in their own ways, told them by our central system over real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import web
import pytest

from custom_components.offline_evse.engine.csms.central_system import CentralSystem
from custom_components.offline_evse.engine.model.command import ApplyFloor, ApplyLimit, CommandResult, Outcome
from custom_components.offline_evse.engine.model.station_event import BootReported, StatusReported, TransactionReported
from custom_components.offline_evse.engine.model.transaction import TransactionEventType
from simulator.station.quirks import QUIRKS
from tests.engine.clock import ManualClock
from tests.engine.csms.site_double import SiteDouble

from .central_system import START, Bench, CentralSystem as Recorder, bench


@dataclass
class Steered:
    """One simulated station, and the real central system that it talks to."""

    site: Bench
    csms: CentralSystem
    heard: SiteDouble
    transaction_id: str = ""

    @property
    def drawn_a(self) -> tuple[float, ...]:
        """What the car draws from each terminal."""
        return self.site.simulator.site.evses["bay/1"].terminals_a

    async def charge(self) -> None:
        """Plug a car of three phases in, and have it charge."""
        told = len(self.heard.told(TransactionReported))
        self.site.simulator.plug(charger="bay", car="heron")
        self.site.simulator.swipe(charger="bay", tag="04A1B2C3")
        await self.heard.until(lambda: len(self.heard.told(TransactionReported)) > told)
        started = self.heard.told(TransactionReported)[-1]
        assert isinstance(started, TransactionReported)
        # The site double gives every transaction of 1.6 the number 7.
        self.transaction_id = started.report.transaction_id or "7"
        self.site.live(30)

    async def limit(self, current_a: float, **more: Any) -> CommandResult:
        """Tell it a limit, and let half a minute pass."""
        command = ApplyLimit(
            evse_id=1, current_a=current_a, phases=3, transaction_id=self.transaction_id, **{"fallback_a": 6.0, **more}
        )
        result = await self.csms.send("bay", command)
        self.site.live(30)
        return result


@dataclass
class _Door:
    """Lets the station of the bench in to our central system."""

    csms: CentralSystem
    port: int = 0
    refusing: bool = False
    sockets: list[Any] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refusing:
            return web.Response(status=503)
        return await self.csms.serve(request, "bay")


@asynccontextmanager
async def steered(quirk: str, version: str = "1.6") -> AsyncIterator[Steered]:
    clock = ManualClock(START)
    heard = SiteDouble(clock)
    heard.adopted.add("bay")
    csms = CentralSystem(heard, clock)
    async with bench(cast("Recorder", _Door(csms)), version=version, quirks=QUIRKS[quirk]) as site:
        await heard.until(lambda: heard.told(BootReported) and heard.told(StatusReported))
        yield Steered(site, csms, heard)
        await csms.stop()


VERSIONS = ("1.6", "2.0.1", "2.1")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_that_follows_defaults_only_is_found_out_and_limited(version: str) -> None:
    """Its word is not believed."""
    async with steered("follows_defaults_only", version) as it:
        await it.charge()
        assert (await it.limit(10)).outcome is Outcome.ACCEPTED
        assert it.drawn_a == (16.0, 16.0, 16.0)
        assert it.csms.limit_ignored("bay", 1, "draws 16 A, was told 10 A")
        assert (await it.limit(10)).outcome is Outcome.ACCEPTED
        assert it.drawn_a == (10.0, 10.0, 10.0)
        it.csms.confirm_followed("bay", 1)
        assert it.csms.limit_proven("bay")


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_that_refuses_zero_is_known_for_it(version: str) -> None:
    async with steered("refuses_zero", version) as it:
        await it.charge()
        assert (await it.limit(10)).done
        assert it.csms.takes_zero("bay") is None
        assert (await it.limit(0)).outcome is Outcome.REJECTED
        assert it.drawn_a == (10.0, 10.0, 10.0)
        assert (await it.limit(6)).done
        assert it.csms.takes_zero("bay") is False
        assert (await it.limit(0)).detail == "zero_refused"
        assert it.drawn_a == (6.0, 6.0, 6.0)


async def test_a_station_that_dies_on_zero_ends_the_session() -> None:
    """It starts again only once the car was plugged in anew."""
    async with steered("dies_on_zero") as it:
        await it.charge()
        assert (await it.limit(0)).done
        it.site.live(10)
        await it.heard.until(
            lambda: any(
                event.report.event_type is TransactionEventType.ENDED
                for event in it.heard.told(TransactionReported)
                if isinstance(event, TransactionReported)
            )
        )
        point = it.site.simulator.stations["bay"].points[1]
        it.site.simulator.swipe(charger="bay", tag="04A1B2C3")
        it.site.live(10)
        assert point.transaction is None
        it.site.simulator.unplug(charger="bay")
        await it.charge()
        assert point.transaction is not None


@pytest.mark.parametrize(
    ("quirk", "expires"),
    [("none", True), ("relative_only", False), ("watts_only", True), ("one_level", True), ("one_period", True)],
)
@pytest.mark.parametrize("version", VERSIONS)
async def test_every_station_is_limited_in_the_form_that_it_takes(version: str, quirk: str, expires: bool) -> None:
    """And it is known whether that runs out: the station is left alone and falls to its floor, or does not."""
    async with steered(quirk, version) as it:
        floor = await it.csms.send("bay", ApplyFloor(evse_id=1, current_a=6, phases=3))
        assert floor.done
        await it.charge()
        assert (await it.limit(10, expires_after_s=70)).done
        assert it.drawn_a == (10.0, 10.0, 10.0)
        assert it.csms.expires("bay") is expires
        it.site.live(80)
        assert it.drawn_a == ((6.0, 6.0, 6.0) if expires else (10.0, 10.0, 10.0))
        assert (await it.limit(12, expires_after_s=None)).done
        it.site.live(1000)
        assert it.drawn_a == (12.0, 12.0, 12.0)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_with_contactors_charges_on_one_phase(version: str) -> None:
    """After a pause, and on all of them again when it is told so."""
    async with steered("switches_phases", version) as it:
        await it.charge()
        assert (await it.limit(10, use_phases=1)).done
        assert it.drawn_a == (10.0, 0.0, 0.0)
        assert (await it.limit(10, use_phases=3)).done
        assert it.drawn_a == (10.0, 10.0, 10.0)


async def test_a_station_with_contactors_stops_before_it_switches() -> None:
    """Nothing flows while they move."""
    async with steered("switches_phases") as it:
        await it.charge()
        command = ApplyLimit(evse_id=1, current_a=10, phases=3, use_phases=1, transaction_id=it.transaction_id)
        await it.csms.send("bay", command)
        seen = []
        for _ in range(30):
            it.site.live(1)
            seen.append(it.drawn_a)
        last_of_three = max(at for at, drawn in enumerate(seen) if drawn[1] > 0)
        first_of_one = min(at for at, drawn in enumerate(seen) if drawn[0] > 0 and drawn[1] == 0)
        assert first_of_one - last_of_three > 5
        assert all(drawn == (0.0, 0.0, 0.0) for drawn in seen[last_of_three + 1 : first_of_one])


async def test_a_station_without_contactors_goes_on_with_all_phases() -> None:
    async with steered("none") as it:
        await it.charge()
        assert (await it.limit(10, use_phases=1)).done
        assert it.drawn_a == (10.0, 10.0, 10.0)


async def test_a_2_1_station_falls_to_its_floor_once_the_connection_is_gone() -> None:
    """Rather than to the second step of the limit, which it still holds."""
    async with steered("none", "2.1") as it:
        assert (await it.csms.send("bay", ApplyFloor(evse_id=1, current_a=6, phases=3))).done
        await it.charge()
        assert (await it.limit(12, fallback_a=8.0, expires_after_s=120)).done
        await it.site.cut_off()
        it.site.live(50)
        assert it.drawn_a == (12.0, 12.0, 12.0)
        it.site.live(40)
        assert it.drawn_a == (8.0, 8.0, 8.0)
        it.site.live(50)
        assert it.drawn_a == (6.0, 6.0, 6.0)
