"""The site's doors for backends: set up, shown, settled, removed, and not there at all."""

import asyncio
from dataclasses import replace
import subprocess
import sys
from textwrap import dedent

import pytest

from custom_components.offline_evse.engine.model.access import LinkState
from custom_components.offline_evse.engine.model.failure import UpstreamError
from custom_components.offline_evse.engine.model.station import EvseStatus
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, UpstreamRole
from custom_components.offline_evse.engine.model.upstream.delivery import Settlement
from tests.engine.clock import settle
from tests.engine.site.place import CONFIG, Place, charger, until
from tests.engine.site.wallbox import Wallbox

from .fake_uplinks import FakeUplinks, upstream

AUTHORITY = UpstreamRole.AUTHORITY


def test_a_site_without_backends_imports_nothing_of_them() -> None:
    program = dedent("""
        import asyncio, pathlib, sys, tempfile
        from custom_components.offline_evse.engine.model.circuit import Circuit
        from custom_components.offline_evse.engine.model.clock import SystemClock
        from custom_components.offline_evse.engine.model.phases import PhaseAmperes
        from custom_components.offline_evse.engine.site.config import SiteConfig
        from custom_components.offline_evse.engine.site.opening import open_site

        async def main():
            with tempfile.TemporaryDirectory() as folder:
                fuse = Circuit(circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(25, 25, 25))
                config = SiteConfig(name="Home", circuits=(fuse,), stations=())
                place = pathlib.Path(folder)
                site = await open_site(config=config, folder=place, clock=SystemClock(), port=0, host="127.0.0.1")
                await site.configure_upstreams(())
                await site.close()

        asyncio.run(main())
        print([name for name in sys.modules if ".engine.uplink" in name])
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


async def test_what_cannot_be_together_is_refused_and_nothing_changes(place: Place, uplinks: FakeUplinks) -> None:
    before = uplinks.configs
    line = LineConfig(station_id="ONE", identity="CS-1")
    wrong = {
        "two_authorities": (upstream("a", AUTHORITY), upstream("b", AUTHORITY)),
        "same_upstream": (upstream("a"), upstream("a")),
        "same_charger": (replace(upstream("a"), lines=(line, line)),),
        "same_identity": (replace(upstream("a"), lines=(line, LineConfig(station_id="TWO", identity="CS-1"))),),
    }
    for code, configs in wrong.items():
        with pytest.raises(UpstreamError) as raised:
            await place.site.configure_upstreams(configs)
        assert raised.value.code == code
        assert raised.value.placeholders
    assert uplinks.configs is before
    # One each is fine, and any number that only hear.
    await place.site.configure_upstreams(
        (upstream("a", AUTHORITY, ("ONE",)), upstream("b", AUTHORITY, ("TWO",)), upstream("c"), upstream("d"))
    )
    assert list(uplinks.configs) == ["a", "b", "c", "d"]


async def test_backends_are_shown_as_they_are(place: Place, uplinks: FakeUplinks) -> None:
    told: list[LinkState] = []
    shown = place.site.state.upstreams
    unlisten = place.site.state.listen(lambda: told.append(shown["monta"].lines["ONE"].state))
    uplinks.become(LinkState.DEGRADED, station_id="ONE")
    unlisten()
    assert told == [LinkState.DEGRADED]
    assert shown["monta"].lines["TWO"].state is LinkState.OFFLINE
    assert place.site.state.link is None
    await place.site.configure_upstreams((upstream("other"),))
    assert set(shown) == {"other"}
    uplinks.configs["monta"] = upstream()
    uplinks.become(LinkState.ONLINE, "monta")
    assert set(shown) == {"other"}


async def test_what_is_kept_of_a_backend_lasts_as_long_as_it_is_there(place: Place, uplinks: FakeUplinks) -> None:
    await place.site.configure_upstreams((upstream(), upstream("other")))
    await uplinks.grounds.keep("monta/ONE/profile", {"limit": 10})
    await uplinks.grounds.keep("monta/ONE/gone", "soon")
    await uplinks.grounds.keep("monta/ONE/gone", None)
    await uplinks.grounds.keep("other/x", 1)
    await place.reopen()
    await place.site.configure_upstreams((upstream(), upstream("other")))
    grounds = FakeUplinks.opened[-1].grounds
    assert grounds.kept("monta/ONE/") == {"profile": {"limit": 10}}
    await place.site.configure_upstreams((upstream("other"),))
    assert grounds.kept("monta/") == {}
    # One that is removed while nobody is here is forgotten as well.
    await place.reopen()
    await place.site.configure_upstreams(())
    await place.site.configure_upstreams((upstream("other"),))
    assert FakeUplinks.opened[-1].grounds.kept("") == {}


async def test_decisions_of_people_reach_their_backend(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    assert await place.site.settle_session("monta", "S1", Settlement.MATCH, "4711")
    place.site.reconnect_upstream("monta")
    place.site.set_upstream_metered("monta", True)
    assert uplinks.done == [
        ("settle", "monta", "S1", Settlement.MATCH, "4711"),
        ("reconnect", "monta"),
        ("metered", "monta", True),
    ]
    assert await place.site.parked_sessions("monta") == ()


async def test_without_backends_there_is_nothing_to_decide(place: Place) -> None:
    assert not await place.site.settle_session("monta", "S1", Settlement.SKIP)
    place.site.reconnect_upstream("monta")
    place.site.set_upstream_metered("monta", True)
    assert await place.site.parked_sessions("monta") == ()
    assert FakeUplinks.opened == []


async def test_the_end_of_a_session_is_heard_by_the_backends(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    transaction_id = await box.plug_in()
    await box.stop(transaction_id, meter_wh=2000)
    assert uplinks.done == [("ended", "ONE", place.session().session_id)]


async def test_backends_see_every_charger_whether_it_is_there_or_not(
    place: Place, box: Wallbox, uplinks: FakeUplinks
) -> None:
    news: list[str] = []
    end = uplinks.grounds.on_status(news.append)
    assert uplinks.grounds.identity("ONE").vendor == "Acme"
    assert uplinks.grounds.statuses("ONE") == {1: (EvseStatus.AVAILABLE, None)}
    assert uplinks.grounds.statuses("TWO") == {1: (EvseStatus.UNAVAILABLE, None)}
    assert uplinks.grounds.evses("TWO") == {}
    transaction_id = await box.plug_in()
    assert uplinks.grounds.statuses("ONE") == {1: (EvseStatus.CHARGING, None)}
    seen = uplinks.grounds.evses("ONE")[1]
    assert (seen.phases, seen.max_current_a, seen.transaction) == (3, 16.0, place.session())
    count = len(news)
    assert set(news) == {"ONE"}
    for energy_wh in (1100, 1200, 1300):
        await box.measure(transaction_id, energy_wh=energy_wh)
    assert len(news) == count
    await box.status("Faulted", errorCode="GroundFailure")
    assert uplinks.grounds.statuses("ONE") == {1: (EvseStatus.FAULTED, "GroundFailure")}
    await box.status("Available", connector=2)
    assert set(uplinks.grounds.statuses("ONE")) == {1, 2}
    await box.hang_up()
    await until(lambda: uplinks.grounds.statuses("ONE")[1] == (EvseStatus.UNAVAILABLE, None))
    assert len(news) > count
    end()
    count = len(news)
    again = await place.dial(Wallbox)
    await again.boot()
    await again.status("Available")
    assert len(news) == count


async def test_a_charger_that_is_added_later_is_seen(place: Place, uplinks: FakeUplinks) -> None:
    news: list[str] = []
    uplinks.grounds.on_status(news.append)
    place.site.configure(replace(CONFIG, stations=(*CONFIG.stations, charger("THREE"))))
    three = await place.dial(Wallbox, "THREE")
    await three.boot()
    await three.status("Available")
    assert "THREE" in news
    place.site.configure(CONFIG)
    assert uplinks.grounds.statuses("THREE") == {1: (EvseStatus.UNAVAILABLE, None)}
    await place.close()
    assert uplinks.closed


async def test_a_charger_never_waits_for_its_backends(
    place: Place, box: Wallbox, uplinks: FakeUplinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = asyncio.Event()

    async def hang(*_: object) -> None:
        await never.wait()

    monkeypatch.setattr(uplinks, "configure", hang)
    changing = asyncio.create_task(place.site.configure_upstreams((upstream("slow"),)))
    await settle()
    transaction_id = await box.plug_in()
    await box.stop(transaction_id, meter_wh=2000)
    assert not changing.done()
    never.set()
    await changing
    assert (await place.only()).energy_wh == 1000
