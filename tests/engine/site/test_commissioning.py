"""A site that surveys itself: real chargers on sockets, a meter that shows what the test says, and what is done."""

from dataclasses import replace

import pytest

from custom_components.offline_evse.engine.model.circuit import Circuit
from custom_components.offline_evse.engine.model.commissioning import FindingKind
from custom_components.offline_evse.engine.model.offer import LimitReason
from custom_components.offline_evse.engine.model.phases import WIRINGS, Phase, PhaseAmperes
from custom_components.offline_evse.engine.site.config import SiteConfig
from custom_components.offline_evse.engine.site.tree import MeterHearing
from tests.engine.clock import settle

from .place import ONE, Place, charger
from .wallbox import Wallbox

METERED = Circuit(
    circuit_id="main", name="Main fuse", limit_a=PhaseAmperes(25, 25, 25), metered=True, stale_after_s=30.0
)
CONFIG = SiteConfig(name="Home", circuits=(METERED,), stations=(charger("ONE"), charger("TWO")))


class Car:
    """A car at the charger ONE, and the meter of the building."""

    def __init__(self, place: Place, box: Wallbox, sign: int = 1, phase: Phase | None = None) -> None:
        self.place, self.box, self.sign, self.phase = place, box, sign, phase
        self.transaction: int | None = None

    async def draw(self, current_a: float, seconds: int) -> None:
        """Draw for a while on all phases, or on the first terminal only, which is on `phase`."""
        for _ in range(seconds // 5):
            shown = [2.0, 2.0, 2.0]
            for phase in Phase if self.phase is None else (self.phase,):
                shown[phase] += self.sign * current_a
            self.place.site.meter_reported("main", PhaseAmperes(*shown))
            others_a = current_a if self.phase is None else 0.0
            await self.box.measure(
                self.transaction, current_l1_a=current_a, current_l2_a=others_a, current_l3_a=others_a
            )
            await self.place.pass_time(5)
            await settle()

    async def sessions(self, count: int) -> None:
        for _ in range(count):
            self.transaction = await self.box.plug_in()
            await self.draw(0.0, 15)
            await self.draw(10.0, 40)
            await self.draw(0.0, 30)
            await self.box.stop(self.transaction, meter_wh=2000)
            self.transaction = None
            await self.box.status("Available")


async def metered(place: Place, **more: object) -> None:
    await place.reload(circuits=(METERED,), stations=(charger("ONE", **more), charger("TWO")))


async def test_a_meter_the_wrong_way_round_is_not_believed_until_it_is_put_right(place: Place, box: Wallbox) -> None:
    await metered(place)
    car = Car(place, box, sign=-1)
    await car.sessions(2)
    (finding,) = place.site.state.meter_findings
    assert (finding.kind, finding.phase, finding.proven) == (FindingKind.SIGN, None, True)
    assert place.site.state.distrusted_meters == {"main"}
    assert place.site.tree().roots[0].meter is MeterHearing.DISTRUSTED
    car.transaction = await box.plug_in()
    await car.draw(0.0, 10)
    offer = place.evse().offer
    assert (offer.current_a, offer.binding.reason) == (6.0, LimitReason.METER_SILENT)
    await place.reopen(CONFIG)
    assert place.site.state.distrusted_meters == {"main"}
    place.site.meter_changed("main")
    assert place.site.state.meter_findings == ()
    assert place.site.tree().roots[0].meter is not MeterHearing.DISTRUSTED
    await place.reopen(CONFIG)
    assert place.site.state.distrusted_meters == frozenset()


async def test_a_wiring_that_was_learned_is_reckoned_with(place: Place, box: Wallbox) -> None:
    await metered(place, learn_wiring=True)
    assert not place.evse().wiring_known
    car = Car(place, box, phase=Phase.L2)
    await car.sessions(2)
    (learned,) = place.site.state.wirings_learned
    assert (learned.evse, learned.wiring, learned.sure) == (ONE, WIRINGS["str"], False)
    assert place.evse().wiring_known
    car.transaction = await box.plug_in()
    await car.draw(0.0, 15)
    await car.draw(8.0, 60)
    assert place.evse().phases_used == (0,)
    tree = place.site.tree()
    assert tree.roots[0].chargers[0].wiring == WIRINGS["str"]
    assert tree.roots[0].chargers[0].drawn_a == (8.0, 0.0, 0.0)


async def test_a_charger_on_another_phase_than_was_set_up_counts_on_all_of_them(place: Place, box: Wallbox) -> None:
    await metered(place, wiring=(Phase.L1,))
    car = Car(place, box, phase=Phase.L3)
    await car.sessions(2)
    (learned,) = place.site.state.wirings_learned
    assert (learned.wiring, learned.sure) == ((Phase.L3,), True)
    assert not place.evse().wiring_known
    assert place.site.tree().roots[0].chargers[0].wiring == (Phase.L1, Phase.L2, Phase.L3)
    assert place.site.state.meter_findings == ()
    await metered(place, wiring=(Phase.L3,))
    assert place.site.state.wirings_learned == ()
    assert place.evse().wiring_known


async def test_a_car_on_one_phase_is_seen_after_half_a_minute_and_a_second_phase_at_once(
    place: Place, box: Wallbox
) -> None:
    transaction = await box.plug_in()
    for second in range(0, 40, 5):
        await box.measure(transaction, current_l1_a=10.0, current_l2_a=0.2, current_l3_a=0.0)
        assert place.evse().phases_used == (None if second < 30 else (0,))
        await place.pass_time(5)
    await box.measure(transaction, current_l1_a=10.0, current_l2_a=6.0, current_l3_a=6.0)
    assert place.evse().phases_used is None


async def test_the_next_car_is_not_taken_for_the_one_before(place: Place, box: Wallbox) -> None:
    transaction = await box.plug_in()
    for _ in range(8):
        await box.measure(transaction, current_l1_a=10.0, current_l2_a=0.0, current_l3_a=0.0)
        await place.pass_time(5)
    assert place.evse().phases_used == (0,)
    await box.stop(transaction, meter_wh=2000)
    assert place.evse().phases_used is None


@pytest.mark.parametrize("kept", ["nonsense", [1, 2], {"findings": 7, "wirings": [{"evse": 1}, None]}])
async def test_a_memory_that_makes_no_sense_is_passed_over(place: Place, kept: object) -> None:
    notebook = place.site._ledger  # noqa: SLF001 (there is no door through which nonsense gets in)
    await notebook.remember("survey", kept)  # type: ignore[arg-type]
    site = await place.reopen(replace(CONFIG))
    assert site.state.meter_findings == ()
