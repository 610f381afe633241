"""The site: one object that chargers, the meter and people talk to."""

from aiohttp import web

from ..authorization.terms import day_start
from ..balancing.control import Balancer
from ..csms.central_system import CentralSystem
from ..csms.settings import CsmsSettings
from ..ledger.ledger import Ledger
from ..model.access import Backend
from ..model.clock import Clock
from ..model.command import Command, CommandResult, Priority
from ..model.consumption import Consumption
from ..model.credential import Credential, Evidence
from ..model.frame import LoggedFrame
from ..model.id_token import IdToken
from ..model.phases import PhaseAmperes
from ..model.station import EvseKey, ResetKind
from ..model.upstream.config import UpstreamConfig
from ..model.upstream.delivery import DueSession, Settlement
from ..model.upstream.link import LinkTrouble
from .access.access import Access, authorizer_of
from .access.evidence_door import Presented
from .admission import Admission
from .background import Background
from .commissioning import Commissioning
from .config import SiteConfig
from .conversation import Conversation
from .goals.goals import Goals
from .grid.desk import GridDesk
from .in_sight import SiteInSight
from .learned import Learned
from .memory import SiteMemory
from .people import People
from .records import Records
from .register import SiteRegister
from .safety.self_test import SelfTestRefusal
from .safety.watch import SafetyWatch
from .sessions import Sessions
from .steering.metering import Metering
from .steering.pausing import Pausing
from .steering.steering import Steering
from .steering.vehicles import Vehicles
from .uplinks.joint import UplinkJoint
from .uplinks.trial import try_upstream


class Site(SiteInSight):
    """Everything that happens at one site. Opened by `open_site`."""

    def __init__(
        self,
        config: SiteConfig,
        ledger: Ledger,
        memory: SiteMemory,
        credentials: tuple[Credential, ...],
        site_tag: IdToken,
        clock: Clock,
        settings: CsmsSettings,
    ) -> None:
        """Join the rooms of the engine."""
        self._memory = memory
        self._clock = clock
        self._background = Background()
        super().__init__(SiteRegister(config), ledger)
        self._authorizer = authorizer_of(self._register, credentials, site_tag, clock)
        balancer = Balancer()
        self._steering = Steering(
            self._register,
            balancer,
            self._send,
            clock,
            self._background,
            Pausing(self._register, memory, clock, self._background),
            lambda station_id: self._csms.expires(station_id),
        )
        metering = Metering(self._steering.draw_reported)
        self._commissioning = Commissioning(
            self._register,
            memory,
            clock,
            self._background,
            distrust=self._steering.distrust,
            wirings_changed=self._steering.layout_changed,
            phases_changed=self._steering.demand_changed,
        )
        metering.tell(self._commissioning.sampled)
        self._access = Access(
            self._register, ledger, self._authorizer, self._steering, memory, self._send, clock, self._background
        )
        admission = Admission(self._register, ledger, self._authorizer, self._access, memory, clock)
        self._sessions = Sessions(
            self._register,
            ledger,
            admission,
            metering,
            self._steering,
            memory,
            self._send,
            clock,
            self._background,
        )
        self._sessions.follow(self._access.look)
        self._people = People(
            self._register,
            ledger,
            self._authorizer,
            self._access.deciding,
            self._access.endings,
            self._steering,
            memory,
            self._send,
            clock,
        )
        self._door, self.passes = self._access.open_doors(self._people)
        """At `passes` guests get their passes."""
        conversation = Conversation(
            self._register,
            ledger,
            admission,
            self._access.vehicles,
            self.passes,
            self._sessions,
            metering,
            self._steering,
            memory,
            clock,
            self._background,
        )
        self._csms = CentralSystem(conversation, clock, settings)
        self._safety = SafetyWatch(
            self._register, balancer, self._steering, memory, self._csms, self._send, clock, self._background
        )
        self.goals = Goals(self._register, self._steering, self._people, memory, clock, self._background)
        """What people want beyond the fuse."""
        self.grid = GridDesk(self._register, ledger, memory, self._steering.set_shared_limits, clock, self._background)
        """The grid's word."""
        self.records = Records(self._register, ledger, memory, clock)
        """The room they have, and how they leave as files."""
        self._learned = Learned(self._register, self._csms, memory, clock, self._background)
        conversation.on_introduced = self._learned.introduced
        conversation.on_ready = self._access.lists.ready
        self._uplinks = UplinkJoint(
            self._register,
            ledger,
            self._authorizer,
            self._access,
            self._people,
            self._steering,
            memory,
            self._send,
            clock,
            self._background,
        )
        Vehicles(self._register, self._steering, balancer, ledger, memory, self._background, site_tag)
        ledger.on_failure = self._ledger_failed

    @property
    def port(self) -> int:
        """Port that chargers dial; 0 while none is listened on."""
        return self._csms.port or 0

    @property
    def site_tag(self) -> IdToken:
        """The idToken under which the site itself starts transactions; short, and the same for ever."""
        return self._authorizer.remote_starts.site_tag

    @property
    def commands_sent(self) -> int:
        """Limits sent to chargers since the site was opened."""
        return self._steering.commands_sent

    async def start(self, port: int, host: str | None = None) -> None:
        """Take up where the ledger ends, then listen; raises OSError where the port is taken."""
        for station_id in self.stations:
            self._restore(station_id)
        await self._sessions.restore(self.stations)
        self._steering.start()
        self._commissioning.start()
        self._learned.start()
        self._access.start()
        self.grid.start()
        self.goals.start()
        await self._csms.start(port, host)

    async def listen_on(self, port: int) -> None:
        """Listen on another port; sockets that are open stay open. Raises OSError where it is taken."""
        await self._csms.move(port)

    async def serve(self, request: web.Request, station_id: str) -> web.StreamResponse:
        """Serve a charger that has come in through somebody else's web server."""
        return await self._csms.serve(request, station_id)

    async def close(self) -> None:
        """Close sockets, finish what is being written, and leave nothing running."""
        await self._uplinks.close()
        self._steering.close()
        self._commissioning.close()
        self._sessions.close()
        self._access.close()
        self._learned.close()
        self.grid.close()
        self.goals.close()
        await self._csms.stop()
        await self._background.end()
        await self.records.close()
        await self._ledger.close()

    def configure(self, config: SiteConfig) -> None:
        """Take over a changed set-up in place; no socket is dropped but those of stations that were removed.

        Raises LayoutError, with nothing changed, where the circuits make no tree.
        """
        before = self._register.config
        added, removed = self._register.configure(config)
        for station_id in added:
            self._restore(station_id)
        try:
            self._commissioning.layout_changed()
            self._steering.layout_changed()
        except ValueError:
            self._register.configure(before)
            self._commissioning.layout_changed()
            self._steering.layout_changed()
            raise
        self.goals.configure()
        self._access.configured()
        self.grid.changed()
        if added:
            self._background.run(self._sessions.restore(added), "sessions of stations that were added")
        for station_id in added:
            self._csms.adopt(station_id)
        for station_id in removed:
            self._sessions.forget(station_id)
            self._safety.self_tests.abort(station_id)
            self._csms.dismiss(station_id)

    def longest_wait_s(self, evse: EvseKey) -> float | None:
        """How long an EVSE that waits for its turn waits at most, in s; None where that cannot be stated."""
        return self._steering.longest_wait_s(evse)

    def meter_reported(self, circuit_id: str, currents_a: PhaseAmperes) -> None:
        """The meter of a circuit has reported (the same value again counts as a report too)."""
        self._commissioning.meter_reported(circuit_id, currents_a)
        self._steering.meter_reported(circuit_id, currents_a)
        self.goals.meter_reported(circuit_id, currents_a)

    def meter_changed(self, circuit_id: str) -> None:
        """The meter of a circuit is read in another way from now on: what was held against it is forgotten."""
        self._commissioning.meter_changed(circuit_id)

    async def start_charging(self, evse: EvseKey, id_token: IdToken | None = None) -> CommandResult:
        """Remote start; with the site's own tag where no card is given. Lifts a pause."""
        return await self._people.start(evse, id_token)

    async def stop_charging(self, evse: EvseKey) -> CommandResult:
        """End the running transaction."""
        return await self._people.stop(evse)

    async def pause(self, evse: EvseKey, paused: bool) -> None:
        """Hold the offer at 0, or let it go again; the transaction goes on. Survives restarts."""
        await self._people.pause(evse, paused)

    async def set_limit(self, evse: EvseKey, current_a: float | None) -> None:
        """The most that an EVSE may have, in A; None lifts it. Survives restarts. Raises ValueError out of range."""
        await self._people.set_limit(evse, current_a)

    async def set_operative(self, station_id: str, operative: bool, evse_id: int = 0) -> CommandResult:
        """Take a station or one EVSE into or out of service.

        Into service it also takes what was taken out from here because its limits were not followed.
        """
        result = await self._people.set_operative(station_id, evse_id, operative)
        if operative and result.done:
            await self._safety.escalations.back_in_service(station_id, evse_id)
        return result

    async def stop_all(self, stopped: bool) -> None:
        """Hold every offer at 0 A, whatever else is wanted, or let charging go on again. Survives restarts."""
        await self._safety.stop.set(stopped)

    def self_test(self, station_id: str) -> SelfTestRefusal | None:
        """Begin to fall silent towards a station that charges, and see it fall to its safe current.

        Returns why that cannot be now; None: it has begun, and `StationState.self_test` tells how it ends.
        """
        return self._safety.self_tests.begin(station_id)

    async def restart(self, station_id: str, kind: ResetKind = ResetKind.SOFT) -> CommandResult:
        """Restart a station."""
        return await self._people.restart(station_id, kind)

    async def unlock(self, evse: EvseKey) -> CommandResult:
        """Release the cable."""
        return await self._people.unlock(evse)

    async def enrol_card(self, credential: Credential) -> None:
        """Enrol a credential of any kind, or change one that is enrolled."""
        await self._people.enrol(credential)

    async def remove_card(self, id_token: IdToken) -> bool:
        """Remove a card; returns whether there was one."""
        return await self._people.remove(id_token)

    def credential(self, id_token: IdToken) -> Credential | None:
        """What is enrolled under a number; None: nothing."""
        return self._authorizer.credentials.find(id_token)

    def credential_by_key(self, key: str) -> Credential | None:
        """What is enrolled with a public key, a button or a tracker (`Credential.key`)."""
        return self._authorizer.credentials.by_key(key)

    async def present(self, evidence: Evidence) -> Presented:
        """Somebody asks to charge in another way than with a card in a reader: decide, record, and start."""
        return await self._door.present(evidence)

    async def end_by(self, evidence: Evidence) -> Presented:
        """Somebody asks in such a way to stop: the one who began it, one of the same group, or a master."""
        return await self._door.end_by(evidence)

    def use_backend(self, backend: Backend | None) -> None:
        """Ask this backend about cards where the mode says so, and settle what is owed to it; None: ask nobody."""
        self._access.backend.use(backend)

    async def configure_upstreams(self, configs: tuple[UpstreamConfig, ...]) -> None:
        """Take over all backends as they are set up now, in place; one that is missing is forgotten with what it left.

        Raises UpstreamError, with nothing changed, where they cannot be together.
        """
        await self._uplinks.configure(configs)

    async def parked_sessions(self, upstream_id: str) -> tuple[DueSession, ...]:
        """Sessions of which only a person can say what a backend has of them, the oldest first."""
        return await self._uplinks.parked(upstream_id)

    async def untold_sessions(self, upstream_id: str) -> tuple[DueSession, ...]:
        """Sessions that a backend has not been told of in full, those that are parked among them; the oldest first."""
        return await self._uplinks.untold(upstream_id)

    async def try_upstream(self, config: UpstreamConfig) -> tuple[LinkTrouble, str] | None:
        """Dial a backend once for its first charger, set up or not; returns what is wrong, and what was said."""
        return await try_upstream(config, self._clock)

    async def settle_session(
        self, upstream_id: str, session_id: str, settlement: Settlement, remote_id: str | None = None
    ) -> bool:
        """Settle such a session; `remote_id` goes with MATCH. Returns whether there was one to be settled."""
        return await self._uplinks.settle(upstream_id, session_id, settlement, remote_id)

    def reconnect_upstream(self, upstream_id: str) -> None:
        """Dial a backend anew at once, whatever it waits for."""
        self._uplinks.reconnect(upstream_id)

    def set_upstream_metered(self, upstream_id: str, metered: bool) -> None:
        """The way to a backend costs by the byte just now, or no longer: only money goes up meanwhile."""
        self._uplinks.set_metered(upstream_id, metered)

    def vehicle_seen(self, evse: EvseKey, vehicle_id: str, source: str) -> Credential | None:
        """A car was recognised at an EVSE; returns what is enrolled of it. Lets nobody charge."""
        return self._access.vehicles.seen(evse, vehicle_id, source)

    def cards(self) -> tuple[Credential, ...]:
        """Everything that is enrolled, by holder."""
        return tuple(self._authorizer.credentials)

    async def consumption(self, id_token: IdToken) -> Consumption:
        """What was charged with a credential: in all, and on this day of the site."""
        since = day_start(self._clock.now(), self.config.goals.time_zone)
        return await self._ledger.consumption(id_token, since)

    def frames(self, station_id: str) -> tuple[LoggedFrame, ...]:
        """The last messages to and from a station, oldest first. They hold personal data: redact them."""
        return self._csms.frames(station_id)

    async def _send(self, station_id: str, command: Command, priority: Priority) -> CommandResult:
        return await self.grid.witness(station_id, command, self._csms.send(station_id, command, priority=priority))

    def _restore(self, station_id: str) -> None:
        self._memory.restore(self._register, station_id)
        self._learned.restore(station_id)
        self._safety.restore(station_id)
        for evse in self._register.of_station(station_id):
            self._memory.restore_evse(evse)
            self.goals.restore(evse)

    def _ledger_failed(self, error: Exception | None) -> None:
        self.state.ledger_failed = error is not None
        self.state.changed()
