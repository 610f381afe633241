"""Several lines and several backends, on paper: what is shown, what is kept, and what a change of set-up costs."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.id_token import IdToken
from custom_components.offline_evse.engine.model.upstream.config import (
    LineConfig,
    Traffic,
    UpstreamConfig,
    UpstreamRole,
)
from custom_components.offline_evse.engine.model.upstream.delivery import Settlement
from custom_components.offline_evse.engine.model.upstream.link import LinkTrouble
from custom_components.offline_evse.engine.uplink.link.budget import Budget
from custom_components.offline_evse.engine.uplink.uplinks import Uplinks
from custom_components.offline_evse.engine.uplink.upstream import Upstream

from ..clock import ManualClock, settle
from .doubles import PaperSite, Wire

ONE = LineConfig(station_id="CP1", identity="CP1")
TWO = LineConfig(station_id="CP2", identity="CP2")
CONFIG = UpstreamConfig(upstream_id="csms", name="Monta", url="ws://127.0.0.1/ocpp", lines=(ONE, TWO))


class Backend:
    """One backend with its lines, and time."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.wire = Wire()
        self.site = PaperSite(self.clock, self.wire)
        self.upstream = Upstream(CONFIG, self.site.equipment, None)

    async def online(self) -> None:
        """Begin, and wait until it is online."""
        await self.upstream.configure(CONFIG)
        await self.clock.advance(90)
        assert self.upstream.link is LinkState.ONLINE

    async def close(self) -> None:
        """Hang up."""
        await self.upstream.close()
        await settle()
        assert self.clock.pending == 0


async def test_a_misconfigured_line_does_not_stop_the_others() -> None:
    backend = Backend()
    backend.site.dialler.backend("csms", "CP2").refusal = LinkTrouble.UNKNOWN_STATION
    number = backend.site.lane("csms", "CP1").add()
    await backend.online()
    assert backend.site.dialler.backend("csms", "CP1").told == [number]
    view = backend.upstream.view
    assert (view.link.state, view.link.trouble) == (LinkState.OFFLINE, LinkTrouble.UNKNOWN_STATION)
    assert view.lines["CP1"].state is LinkState.ONLINE
    assert backend.upstream.link is LinkState.ONLINE, "cards are asked about where that works"
    assert backend.upstream.link_at("CP2") is LinkState.OFFLINE
    backend.site.dialler.backend("csms", "CP1").answers["Authorize"] = {"idTokenInfo": {"status": "Accepted"}}
    asking = asyncio.create_task(backend.upstream.ask(IdToken("CARD1"), "CP1", 1))
    await backend.clock.advance(1)
    assert (await asking).accepted
    with pytest.raises(ConnectionError):
        await backend.upstream.ask(IdToken("CARD1"), "CP2", 1)
    await backend.close()


async def test_what_is_shown_changes_at_most_once_a_second() -> None:
    backend = Backend()
    await backend.online()
    shown = len(backend.site.grounds.views)
    for _ in range(50):
        backend.site.lane("csms", "CP1").add()
        backend.upstream.recorded("CP1")
        await backend.clock.advance(0.1)
    views = backend.site.grounds.views[shown:]
    assert 1 <= len(views) <= 6
    assert all(before != after for before, after in pairwise(views))
    await backend.clock.advance(10)
    assert backend.site.grounds.views[-1].backlog.session_count == 0
    assert backend.site.grounds.views[-1].last_proof is not None
    await backend.close()


async def test_recovery_is_shown_as_a_share() -> None:
    backend = Backend()
    backend.wire.trip_s = 1.0
    for _ in range(20):
        backend.site.lane("csms", "CP1").add()
    await backend.upstream.configure(CONFIG)
    await backend.clock.advance(90)
    shares = [view.recovered for view in backend.site.grounds.views if view.recovered is not None]
    assert len(shares) > 5
    assert shares == sorted(shares)
    assert shares[0] < 0.3
    assert shares[-1] == 1.0
    await backend.close()


async def test_whoever_listens_hears_of_every_change() -> None:
    backend = Backend()
    heard: list[LinkState] = []
    stop = backend.upstream.on_link(heard.append)
    await backend.online()
    backend.wire.up = False
    await backend.clock.advance(95)
    assert heard == [LinkState.RECOVERING, LinkState.ONLINE, LinkState.OFFLINE]
    stop()
    backend.wire.up = True
    await backend.clock.advance(400)
    assert len(heard) == 3
    await backend.close()


async def test_a_no_to_a_session_reaches_the_site() -> None:
    backend = Backend()
    await backend.online()
    backend.site.dialler.backend("csms", "CP1").answers["TransactionEvent"] = {"denied": True}
    number = backend.site.lane("csms", "CP1").add()
    backend.upstream.recorded("CP1")
    await backend.clock.advance(2)
    assert backend.site.grounds.noes == [("csms", f"S{number}")]
    await backend.close()


async def test_bytes_and_proof_outlive_a_restart() -> None:
    backend = Backend()
    backend.site.lane("csms", "CP1").add()
    await backend.online()
    before = backend.upstream.view
    await backend.close()
    assert before.sent_today_bytes > 0
    again = Upstream(CONFIG, backend.site.equipment, backend.site.grounds.kept("csms/")["link"])
    assert again.view.sent_today_bytes >= before.sent_today_bytes
    assert again.view.last_proof == before.last_proof
    assert before.last_proof is not None


async def test_an_outage_is_as_long_as_it_is_over_restarts() -> None:
    backend = Backend()
    await backend.online()
    online_since = backend.upstream.view.link.since
    backend.site.dialler.backend("csms", "CP2").refusal = LinkTrouble.CREDENTIALS
    for socket in backend.site.dialler.backend("csms", "CP2").sockets:
        socket.end(None)
    await backend.clock.advance(4 * 3600)
    gone_since = backend.upstream.view.lines["CP2"].since
    assert online_since is not None
    assert gone_since is not None
    assert online_since < gone_since < backend.clock.now() - timedelta(hours=3)
    await backend.close()

    await backend.clock.advance(3600)
    again = Upstream(CONFIG, backend.site.equipment, backend.site.grounds.kept("csms/")["link"])
    await again.configure(CONFIG)
    lines = again.view.lines
    assert (lines["CP2"].state, lines["CP2"].since) == (LinkState.OFFLINE, gone_since)
    assert lines["CP1"].since == backend.clock.now(), "it could be reached as long as anybody was here to see it"
    backend.site.dialler.backend("csms", "CP2").refusal = None
    again.reconnect()
    await backend.clock.advance(90)
    back = again.view.lines["CP2"]
    assert back.state is LinkState.ONLINE
    assert back.since is not None
    assert back.since > backend.clock.now() - timedelta(seconds=90)
    await again.close()


async def test_kept_times_that_cannot_be_read_do_no_harm() -> None:
    backend = Backend()
    kept = {"proof": "yesterday", "offline": {"CP1": "2026-13-01", "CP2": 7, "CP3": "2026-01-01T00:00:00"}}
    upstream = Upstream(CONFIG, backend.site.equipment, kept)
    await upstream.configure(CONFIG)
    assert upstream.view.last_proof is None
    assert {line.since for line in upstream.view.lines.values()} == {backend.clock.now()}
    await upstream.close()


async def test_a_metered_way_is_shown() -> None:
    backend = Backend()
    await backend.online()
    backend.upstream.set_metered(True)
    await backend.clock.advance(2)
    assert backend.site.grounds.views[-1].metered
    await backend.close()


class Everything:
    """All backends of a site, with the parts that they are really made of but for the network and the book."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.wire = Wire()
        self.site = PaperSite(self.clock, self.wire)
        self.uplinks = self.opened()

    def opened(self) -> Uplinks:
        """Begin as after a start of Home Assistant."""
        site = self.site
        return Uplinks(site.book, site.grounds, self.clock, Random(1), dialler=site.dialler)

    async def configure(self, *configs: UpstreamConfig) -> None:
        """Set backends up, and give them time."""
        await self.uplinks.configure(configs)
        await self.clock.advance(90)

    def sockets(self, upstream_id: str, identity: str) -> int:
        """Count how often a line was dialled with success."""
        return len(self.site.dialler.backend(upstream_id, identity).sockets)


async def test_a_change_of_set_up_keeps_the_sockets_that_it_does_not_concern() -> None:
    site = Everything()
    other = replace(CONFIG, upstream_id="ere", name="ERE", lines=(ONE,))
    await site.configure(CONFIG, other)
    assert [view.link.state for view in site.uplinks.views()] == [LinkState.ONLINE, LinkState.ONLINE]
    renamed = replace(LineConfig(station_id="CP2", identity="CP2-b"))
    await site.configure(replace(CONFIG, name="Monta NL", lines=(ONE, renamed)), other)
    assert site.sockets("csms", "CP1") == 1
    assert site.sockets("csms", "CP2") == 1
    assert site.sockets("csms", "CP2-b") == 1
    assert site.sockets("ere", "CP1") == 1
    await site.configure(replace(CONFIG, lines=(ONE,)))
    assert site.sockets("csms", "CP1") == 1
    assert [view.upstream_id for view in site.uplinks.views()] == ["csms"]
    assert site.site.dialler.backend("ere", "CP1").sockets[0].closed.done()
    assert site.site.book.open == {"csms"}
    await site.uplinks.close()
    await settle()
    assert site.clock.pending == 0


async def test_a_backend_that_was_removed_while_nobody_looked_is_forgotten() -> None:
    site = Everything()
    await site.configure(CONFIG, replace(CONFIG, upstream_id="ere"))
    await site.uplinks.close()
    assert site.site.book.open == {"csms", "ere"}
    site.uplinks = site.opened()
    await site.configure(CONFIG)
    assert site.site.book.open == {"csms"}
    assert site.site.grounds.kept("ere/") == {}
    await site.uplinks.close()


async def test_who_is_asked_about_cards() -> None:
    site = Everything()
    here = replace(CONFIG, upstream_id="a", role=UpstreamRole.AUTHORITY, lines=(ONE,))
    there = replace(CONFIG, upstream_id="b", role=UpstreamRole.AUTHORITY, lines=(TWO,))
    await site.configure(replace(CONFIG, upstream_id="r"), here, there)
    assert site.uplinks.authority is not None
    assert site.uplinks.authority.upstream_id == "a"
    found = site.uplinks.authority_at("CP2")
    assert found is not None
    assert found.upstream_id == "b"
    assert site.uplinks.authority_at("CP9") is None
    await site.uplinks.close()


async def test_a_person_may_have_it_dialled_at_once() -> None:
    site = Everything()
    site.site.dialler.backend("csms", "CP1").refusal = LinkTrouble.CREDENTIALS
    await site.configure(replace(CONFIG, lines=(ONE,)))
    assert len(site.site.dialler.backend("csms", "CP1").dialled_s) == 1
    site.uplinks.reconnect("csms")
    await site.clock.advance(1)
    assert len(site.site.dialler.backend("csms", "CP1").dialled_s) == 2
    assert not await site.uplinks.settle("csms", "S9", Settlement.SKIP)
    await site.uplinks.close()


async def test_another_machine_is_told_nothing_of_what_has_begun_elsewhere() -> None:
    site = Everything()
    await site.configure(CONFIG)
    assert site.site.book.moves == []
    await site.configure(replace(CONFIG, url="wss://127.0.0.1:444/v16"))
    assert site.site.book.moves == [], "the same machine"
    sockets = site.sockets("csms", "CP1")
    await site.configure(replace(CONFIG, url="wss://localhost/v16"))
    assert site.site.book.moves == ["csms"]
    assert site.sockets("csms", "CP1") == sockets + 1
    assert site.uplinks.views()[0].link.state is LinkState.ONLINE
    await site.uplinks.close()
    # Also where the address was changed while nobody was here to see it.
    site.uplinks = site.opened()
    await site.configure(replace(CONFIG, url="wss://elsewhere/v16"))
    assert site.site.book.moves == ["csms", "csms"]
    await site.configure()
    assert not [key for key in site.site.grounds.facts if key.startswith("csms/")]
    await site.uplinks.close()


async def test_a_clock_that_was_a_year_ahead_gives_the_day_its_bytes_again() -> None:
    budget = Budget(Traffic(daily_bytes=1000), lambda: UTC)
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    budget.used(1000, now + timedelta(days=365))
    assert budget.spent(now + timedelta(days=365))
    assert not budget.spent(now)
    budget.used(1000, now)
    assert budget.spent(now - timedelta(hours=20)), "one that goes back over midnight does not"
    assert not budget.spent(now + timedelta(days=1))
