"""The way from the meter to the chargers: look at the site, decide, send."""

import asyncio
from collections.abc import Callable
from functools import partial

from ...balancing.control import Balancer
from ...model.circuit import SiteLayout
from ...model.clock import Clock, Timer
from ...model.command import ChangeAvailability, CommandResult, Priority
from ...model.meter import CircuitSample
from ...model.offer import BalancingDecision, EvseDemand
from ...model.phases import PhaseAmperes
from ...model.shared_limit import SharedLimit
from ...model.station import EvseKey
from ..background import Background
from ..config import PauseWay
from ..register import SiteRegister
from ..state import EvseState
from .absence import Absence, fallback_a, floor_profile_a
from .demands import Demands
from .dispatch import Dispatch, Order, Send
from .floors import Floors
from .pausing import Pausing
from .turns import longest_turn_s

ACQUAINTED_AFTER_S = 15.0
"""How long a charger that was running before us is given to say what it draws, before it is steered all the same."""
LOOK_EVERY_S = 1.0
"""Silence makes no event, so the site is looked at this often whatever happens."""


class Steering:
    """Runs the balancer over the live site and brings its offers to the chargers."""

    def __init__(
        self,
        register: SiteRegister,
        balancer: Balancer,
        send: Send,
        clock: Clock,
        background: Background,
        pausing: Pausing,
        expires: Callable[[str], bool],
    ) -> None:
        """Steer what is in the register; `expires` tells whether the limits of a station run out by themselves."""
        self._register = register
        self._balancer = balancer
        self._send = send
        self._clock = clock
        self._background = background
        self.dispatch = Dispatch(send, clock, background, self._confirmed, self._failed, self._answered)
        """What is on its way to the chargers."""
        self._pausing = pausing
        self.absence = Absence(register, clock, expires, self._assume)
        """What is held for chargers that are out of sight."""
        self._floors = Floors(register, send, background)
        self.draws: dict[EvseKey, tuple[float, float]] = {}
        """The highest current of any terminal that each EVSE told last, in A, and when."""
        self._followers: list[Callable[[BalancingDecision], None]] = []
        self._timer: Timer | None = None
        self._demands: dict[EvseKey, EvseDemand] = {}
        self._looking = False
        self._closed = False
        self._shared_limits: dict[str, tuple[SharedLimit, ...]] = {}
        self._running_before_us: dict[EvseKey, Timer | None] = {}
        """With what is still waited for from those that are connected."""
        self.demands = Demands()
        """Who has a say in what an EVSE would take."""
        self._ready: set[str] = set()
        """Stations that have introduced themselves on their present connection; others may not listen yet."""

    @property
    def commands_sent(self) -> int:
        """Limits sent since the start."""
        return self.dispatch.commands_sent

    def start(self) -> None:
        """Begin to look at the site."""
        self.layout_changed()
        for key in self._running_before_us:
            self._assume_most(key)
        self._tick()

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        self.absence.close()
        for timer in (self._timer, *self._running_before_us.values()):
            if timer is not None:
                timer.cancel()

    def layout_changed(self) -> None:
        """Take over the tree as it is now; raises LayoutError where it makes no sense."""
        layout: SiteLayout = self._register.layout()
        self._balancer.set_layout(layout)
        for evse in self._register.evses.values():
            self.demand_changed(evse)
        self._floors.renew()
        self.look_soon()

    def set_shared_limits(self, source: str, limits: tuple[SharedLimit, ...]) -> None:
        """Take over all limits that `source` has to set, instead of those it set before; every source's hold."""
        if self._shared_limits.get(source, ()) == limits:
            return
        self._shared_limits[source] = limits
        together = tuple(limit for told in self._shared_limits.values() for limit in told)
        self._balancer.set_shared_limits(together, self._clock.monotonic())
        self.look_soon()

    def meter_reported(self, circuit_id: str, currents_a: PhaseAmperes) -> None:
        """Take in a report of a circuit's meter, in A per phase."""
        self._balancer.meter_reported(CircuitSample(circuit_id, currents_a, self._clock.monotonic()))
        self.look_soon()

    def distrust(self, circuit_id: str, distrusted: bool) -> None:
        """Take a circuit's meter for silent although it reports, or believe it again."""
        self._balancer.distrust(circuit_id, distrusted, self._clock.monotonic())
        self.look_soon()

    def draw_reported(self, key: EvseKey, terminals_a: tuple[float, ...]) -> None:
        """Take in what an EVSE says it draws, in A per terminal."""
        self._balancer.draw_reported(key, terminals_a, self._clock.monotonic())
        self.draws[key] = (max(terminals_a, default=0.0), self._clock.monotonic())
        if key in self._running_before_us and (evse := self._register.evses.get(key)) is not None:
            offered_a = evse.sample.offered_a if evse.sample else None
            self._acquainted(evse, max((offered_a or 0.0, *terminals_a)))

    def found_running(self, evse: EvseState) -> None:
        """Take it that an EVSE has been charging since before we came, at a current that it has yet to tell.

        Until it does, it is taken to have as much as it can: so nothing that the meter shows is reckoned twice, once
        as the house's and once as held for it, and nobody is cut for it. Out of our sight its limit runs out in time.
        """
        self._assume_most(evse.key)
        self._running_before_us[evse.key] = None
        self.demand_changed(evse)

    def demand_changed(self, evse: EvseState) -> None:
        """Work out anew what an EVSE would take if nothing bound it."""
        self._pausing.refresh(evse)
        if not evse.has_transaction:
            self._no_longer_waited_for(evse.key)
            self.absence.forget(evse.key)
            self.dispatch.session_over(evse.key)
        # Where nothing runs, nothing has to be told.
        reachable = evse.connected if not evse.has_transaction else self._can_be_told(evse)
        reachable = reachable and evse.key not in self._running_before_us
        demand = self.demands.of(evse, reachable=reachable, taken_out=self.dispatch.takes_out(evse.key))
        if self._demands.get(evse.key) != demand:
            self._demands[evse.key] = demand
            self._balancer.set_demand(demand, self._clock.monotonic())
            self.look_soon()
        if evse.has_transaction and not self._can_be_told(evse):
            self.absence.begin(evse)
        else:
            self.absence.end(evse.key)

    def _can_be_told(self, evse: EvseState) -> bool:
        return evse.connected and evse.key.station_id in self._ready

    def _assume_most(self, key: EvseKey) -> None:
        config = self._register.configs[key.station_id]
        self._assume(key, self.absence.held_at_first_a(config))

    def _assume(self, key: EvseKey, current_a: float) -> None:
        self._balancer.offer_confirmed(key, current_a, self._clock.monotonic())
        self.look_soon()

    def _acquainted(self, evse: EvseState, current_a: float) -> None:
        self._no_longer_waited_for(evse.key)
        if current_a > 0:
            self._balancer.offer_confirmed(evse.key, current_a, self._clock.monotonic())
        self.demand_changed(evse)

    def _no_longer_waited_for(self, key: EvseKey) -> None:
        if (timer := self._running_before_us.pop(key, None)) is not None:
            timer.cancel()

    def longest_wait_s(self, key: EvseKey) -> float | None:
        """Return how long an EVSE that waits for its turn waits at most, in s; None where that cannot be stated."""
        evse = self._register.evses.get(key)
        if evse is None:
            return None
        tree, circuits = self._balancer.tree, self._register.state.circuits
        return longest_turn_s(evse.offer, tree, self._demands, circuits, self._balancer.slot_s)

    def follow(self, follower: Callable[[BalancingDecision], None]) -> None:
        """Tell `follower` of every decision, once it has been brought on its way."""
        self._followers.append(follower)

    async def introduce(self, evse: EvseState) -> None:
        """Give an EVSE of a station that has just connected its floor, before anything else."""
        await self._floors.give(evse)

    def connection_changed(self, station_id: str) -> None:
        """Tell a station nothing: its connection is gone, or so new that it may be booting."""
        self._ready.discard(station_id)
        self._floors.forget(station_id)

    def ready(self, station_id: str) -> None:
        """Take it that a station listens from now on, and knows none of our limits any more."""
        self._ready.add(station_id)
        self.dispatch.forget(station_id)
        for evse in self._register.of_station(station_id):
            self.demand_changed(evse)
            self._restore_service(evse)
            if evse.key in self._running_before_us:
                if (timer := self._running_before_us[evse.key]) is not None:
                    timer.cancel()
                silence_over = partial(self._acquainted, evse, 0.0)
                self._running_before_us[evse.key] = self._clock.call_later(ACQUAINTED_AFTER_S, silence_over)
        self.look_soon()

    def look_soon(self) -> None:
        """Look at the site once everything that is happening right now has happened."""
        if not self._looking and not self._closed:
            self._looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def _tick(self) -> None:
        self._timer = self._clock.call_later(LOOK_EVERY_S, self._tick)
        self.look_soon()

    def _look(self) -> None:
        self._looking = False
        if self._closed:
            return
        decision = self._balancer.decide(self._clock.monotonic())
        orders = self._orders(decision)
        if self._register.config.shadow:
            self.dispatch.give(())
            for order in orders:
                # As if every charger did at once what it would have been told.
                self._balancer.offer_confirmed(order.evse, order.current_a, self._clock.monotonic())
        else:
            self.dispatch.give(orders)
        self._show(decision)
        for follower in self._followers:
            follower(decision)

    def _orders(self, decision: BalancingDecision) -> list[Order]:
        orders = []
        for key, offer in decision.offers.items():
            evse = self._register.evses.get(key)
            if evse is None or not self._can_be_told(evse) or not evse.has_transaction:
                continue
            if key in self._running_before_us:
                continue
            assert evse.transaction is not None
            config = self._register.configs[key.station_id]
            orders.append(
                Order(
                    evse=key,
                    current_a=offer.current_a,
                    floor_a=config.maximum_a if (floor_a := floor_profile_a(config)) is None else floor_a,
                    fallback_a=fallback_a(config),
                    transaction_id=evse.transaction.transaction_id,
                    phases=evse.terminals,
                    use_phases=offer.terminals,
                    refresh_s=config.refresh_s,
                    expires_s=config.expires_s,
                    minimum_a=config.minimum_a,
                    pause_way=self._pausing.way(evse),
                )
            )
        return orders

    def _show(self, decision: BalancingDecision) -> None:
        for key, offer in decision.offers.items():
            evse = self._register.evses.get(key)
            if evse is not None and evse.offer != offer:
                evse.offer = offer
                evse.changed()
        site = self._register.state
        silent = frozenset(circuit.circuit_id for circuit in decision.circuits.values() if circuit.meter_silent)
        shadow = self._register.config.shadow
        if site.shadow is not shadow:
            site.shadow = shadow
            site.changed()
        if site.circuits != decision.circuits or site.safe_mode != decision.safe_mode or site.silent_meters != silent:
            site.circuits = decision.circuits
            site.safe_mode = decision.safe_mode
            site.silent_meters = silent
            site.changed()

    def _confirmed(self, evse: EvseKey, current_a: float) -> None:
        self.absence.told(evse)
        self._balancer.offer_confirmed(evse, current_a, self._clock.monotonic())

    def _failed(self, evse: EvseKey) -> None:
        # It may have been carried out all the same, and then runs out that much later.
        self.absence.told(evse)
        self._balancer.offer_failed(evse, self._clock.monotonic())

    def _answered(self, key: EvseKey, current_a: float, result: CommandResult) -> None:
        if (evse := self._register.evses.get(key)) is not None:
            before = evse.pausable
            self._pausing.told(evse, current_a, result)
            if evse.pausable is not before:
                self.demand_changed(evse)

    def _restore_service(self, evse: EvseState) -> None:
        """Put an EVSE back into service that was taken out of it to be paused, by us before a restart perhaps."""
        config = self._register.configs.get(evse.key.station_id)
        station = self._register.stations.get(evse.key.station_id)
        if config is None or station is None or config.pause_way is not PauseWay.AVAILABILITY:
            return
        if not evse.has_transaction and station.operative is not False and evse.key.evse_id not in station.taken_out:
            command = ChangeAvailability(evse.key.evse_id, operative=True)
            self._background.run(self._restored(evse.key.station_id, command), "return of an EVSE into service")

    async def _restored(self, station_id: str, command: ChangeAvailability) -> None:
        await self._send(station_id, command, Priority.SAFETY)
