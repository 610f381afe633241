"""Restarts of chargers, as backends hear of them."""

from datetime import timedelta

from custom_components.offline_evse.engine.model.station import ResetKind
from custom_components.offline_evse.engine.model.upstream.config import UpstreamPermit
from custom_components.offline_evse.engine.model.upstream.wish import WantReset, WishOutcome
from tests.engine.clock import ManualClock
from tests.engine.site.place import Place
from tests.engine.site.wallbox import Wallbox

from .fake_uplinks import FakeUplinks, upstream

type Boot = tuple[str, str | None, frozenset[str]]


def listen(uplinks: FakeUplinks) -> list[Boot]:
    """Hear of boots as lines do."""
    heard: list[Boot] = []
    uplinks.grounds.on_boot(lambda station_id, reason, ordered: heard.append((station_id, reason, ordered)))
    return heard


async def test_whoever_has_ordered_a_reset_hears_that_it_came_about(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    await place.site.configure_upstreams((upstream(permits=frozenset({UpstreamPermit.RESET})), upstream("shell")))
    heard = listen(uplinks)
    await box.plug_in()
    assert (await uplinks.wish(WantReset(ResetKind.SOFT))).outcome is WishOutcome.ACCEPTED
    assert heard == []
    await box.boot()
    # A session is running: nobody else is told to close it.
    assert heard == [("ONE", None, frozenset({"monta"}))]
    await box.boot()
    assert len(heard) == 1, "once for each"


async def test_a_reset_that_was_refused_or_is_long_ago_is_nobodys(
    place: Place, box: Wallbox, uplinks: FakeUplinks, clock: ManualClock
) -> None:
    await place.site.configure_upstreams((upstream(permits=frozenset({UpstreamPermit.RESET})),))
    heard = listen(uplinks)
    await box.plug_in()
    box.replies["Reset"] = {"status": "Rejected"}
    assert (await uplinks.wish(WantReset(ResetKind.SOFT))).outcome is WishOutcome.REJECTED
    await box.boot()
    box.replies["Reset"] = {"status": "Accepted"}
    await uplinks.wish(WantReset(ResetKind.SOFT))
    clock.jump_wall(clock.now() + timedelta(minutes=31))
    await box.boot()
    assert heard == []


async def test_without_a_session_every_boot_is_one(place: Place, box: Wallbox, uplinks: FakeUplinks) -> None:
    heard = listen(uplinks)
    await box.boot()
    assert heard == [("ONE", "PowerUp", frozenset())]
