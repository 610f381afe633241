"""The central system: every station's door, and the way to each of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
import logging
from typing import Any

from aiohttp import WSCloseCode, hdrs, web

from ..model.clock import Clock, sleep
from ..model.command import Command, CommandResult, Outcome, Priority
from ..model.frame import LoggedFrame
from ..model.station import OcppVersion
from .codec import Codec, Oddities
from .handler import StationHandler
from .handshake import (
    basic_credentials,
    choose_version,
    identity_of,
    is_usable,
    is_websocket,
    password_matches,
    repair_upgrade,
    username_of,
    without_offers,
)
from .introduction import learn_identity
from .listener import Listener
from .ocpp16.codec import Ocpp16Codec
from .ocpp21.codec import Ocpp21Codec
from .ocpp201.codec import Ocpp201Codec
from .rpc.connection import Connection
from .settings import CsmsSettings
from .station import Station, StationMemory

__all__ = ["CODECS", "CentralSystem", "CsmsSettings"]

_LOGGER = logging.getLogger(__name__)

type CodecFactory = Callable[[str, Clock, Oddities], Codec]

CODECS: Mapping[OcppVersion, CodecFactory] = {
    OcppVersion.V16: Ocpp16Codec,
    OcppVersion.V201: Ocpp201Codec,
    OcppVersion.V21: Ocpp21Codec,
}

_FIGHT_DELAY_S = 3.0
"""How long devices that fight for one name are held at the door; the one that is inside works meanwhile."""
_RETRY_AFTER_S = 60

WRONG_PASSWORD = "wrong_password"
DUPLICATE = "duplicate"
TOO_MANY_STRANGERS = "too_many_strangers"


class CentralSystem:
    """Accepts stations, keeps the newest connection of each, and sends them commands."""

    def __init__(
        self,
        handler: StationHandler,
        clock: Clock,
        settings: CsmsSettings | None = None,
        codecs: Mapping[OcppVersion, CodecFactory] = CODECS,
    ) -> None:
        """Do nothing until started; `handler` is told of everything that stations say."""
        self._handler = handler
        self._clock = clock
        self._settings = settings or CsmsSettings()
        self._codecs = codecs
        self._listener = Listener(self._serve_path)
        self._stations: dict[str, Station] = {}
        self._seats: Counter[str] = Counter()
        """Sockets of strangers by identity, from the handshake on."""
        self._serving: set[asyncio.Task[Any]] = set()
        self._nameless = 0
        self._stopping = False

    @property
    def port(self) -> int | None:
        """The port that is listened on; None while none is."""
        return self._listener.port

    @property
    def connected(self) -> Collection[str]:
        """Identities of the stations that are connected, strangers included."""
        return [station.station_id for station in self._stations.values() if station.connection]

    async def start(self, port: int, host: str | None = None) -> None:
        """Listen on a port (0: any that is free) of all interfaces or of one. Raises OSError if it is taken."""
        self._stopping = False
        await self._listener.start(port, host)

    async def move(self, port: int) -> None:
        """Listen on another port; sockets that are open stay open. Raises OSError if the new one is taken."""
        await self._listener.move(port)

    async def stop(self) -> None:
        """Say goodbye to every station and leave nothing behind."""
        self._stopping = True
        await self._listener.close()
        for station in self._stations.values():
            if station.connection is not None:
                station.connection.cut(WSCloseCode.GOING_AWAY, "Restarting")
        if self._serving:
            await asyncio.wait(self._serving, timeout=self._settings.close_timeout_s)
        leftover = set(self._serving)
        for task in leftover:
            task.cancel()
        if leftover:
            await asyncio.wait(leftover)
        await self._listener.stop()

    async def send(
        self,
        station_id: str,
        command: Command,
        *,
        priority: Priority = Priority.COMMAND,
        timeout_s: float | None = None,
    ) -> CommandResult:
        """Have a command carried out; never raises for anything a station does, the outcome says it.

        `timeout_s` counts from the moment the command leaves; before that it may wait for others to be answered.
        """
        station = self._stations.get(station_id)
        if station is None or station.connection is None:
            return CommandResult(outcome=Outcome.OFFLINE)
        return await station.connection.send(command, priority, timeout_s)

    def adopt(self, station_id: str) -> None:
        """The site has taken a station in: serve it from now on, over the socket it may have open."""
        station = self._stations.get(station_id)
        if station is not None and station.connection is not None and not station.connection.adopted:
            station.connection.adopted = True
            station.connection.onboarding.start(ask_boot=True)

    def dismiss(self, station_id: str) -> None:
        """The site has removed a station: hang up, and forget what it taught us."""
        station = self._stations.pop(station_id, None)
        if station is not None and station.connection is not None:
            connection, station.connection = station.connection, None
            connection.cut(WSCloseCode.OK, "Removed")
            self._tell(self._handler.station_disconnected, station_id)

    def oddities(self, station_id: str) -> Mapping[str, int]:
        """How often each deviation from the standard had to be put right since the start."""
        station = self._stations.get(station_id)
        return dict(station.oddities.counts) if station else {}

    def frames(self, station_id: str) -> tuple[LoggedFrame, ...]:
        """The last frames of a station, oldest first. They hold personal data."""
        station = self._stations.get(station_id)
        return station.frame_log.frames() if station else ()

    def memory(self, station_id: str) -> dict[str, Any]:
        """What a station has taught us, as JSON values worth keeping over a restart."""
        station = self._stations.get(station_id)
        return station.memory_as_dict() if station else {}

    def remember(self, station_id: str, memory: Mapping[str, Any]) -> None:
        """Give back what `memory` returned before a restart."""
        self._station(station_id).memory = StationMemory.from_dict(memory)

    def expires(self, station_id: str) -> bool:
        """Whether live limits of this station run out by themselves, in the form in which it takes them.

        Where they do not, what it was told last holds until it is told otherwise. A station that has not said yet
        what it takes is judged by the form that is tried next.
        """
        station = self._stations.get(station_id) or Station(station_id, self._clock)
        return station.ladder.current.expires

    def takes_zero(self, station_id: str) -> bool | None:
        """Whether a station lets itself be limited to 0 A; None: that has not been tried yet.

        A limit of 0 A to one that does not is not sent: it ends as REJECTED, with the detail `zero_refused`.
        """
        station = self._stations.get(station_id)
        return None if station is None else station.ladder.low_limits.takes_zero

    def minimum_refused_a(self, station_id: str) -> float | None:
        """Return the highest limit above 0 A that was refused while a higher one was taken; None: there was none."""
        station = self._stations.get(station_id)
        return None if station is None else station.ladder.low_limits.minimum_refused_a

    def limit_ignored(self, station_id: str, evse_id: int, evidence: str) -> bool:
        """An accepted limit is not followed, as `evidence` tells: have the next one sent in another form.

        Returns whether the next limit goes out in another form than the one that was ignored. False: every form was
        refused or ignored, and the one with the best record stays; or limits in this form have been seen to be
        followed before, so that the car is the more likely culprit.
        """
        station = self._stations.get(station_id)
        if station is None:
            return False
        station.oddities.count("limit_ignored")
        moved, commands = station.ignored()
        _LOGGER.info("Station %s does not follow its limit on EVSE %d: %s", station_id, evse_id, evidence)
        if station.connection is not None:
            for command in commands:
                station.connection.calls.submit(command, Priority.SAFETY)
        return moved

    def confirm_followed(self, station_id: str, evse_id: int) -> None:
        """A limit is followed, by measurement: its form is proven, and not left for a doubt or two."""
        station = self._stations.get(station_id)
        if station is not None:
            _LOGGER.debug("Station %s follows its limit on EVSE %d", station_id, evse_id)
            station.confirmed()

    def limit_proven(self, station_id: str) -> bool:
        """Whether limits in the form in use were seen to be followed."""
        station = self._stations.get(station_id)
        return station is not None and station.ladder.followed

    def model_memory(self, station_id: str, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What a station has taught us that holds for all of its model and firmware, as JSON values.

        `known` is what was known before; it is returned as long as the station has not taught us anything better.
        """
        station = self._stations.get(station_id)
        return station.model_memory(known or {}) if station else dict(known or {})

    def remember_model(self, station_id: str, memory: Mapping[str, Any]) -> bool:
        """Let a station begin with what `model_memory` told of another of the same model and firmware.

        Changes nothing, and returns False, where the station has taught us something itself on this firmware.
        """
        return self._station(station_id).remember_model(memory)

    async def serve(self, request: web.BaseRequest, station_id: str) -> web.StreamResponse:
        """Serve one request of a station until its socket ends, on whatever server it came in."""
        if self._stopping:
            return _refusal(503, "Restarting", {hdrs.RETRY_AFTER: "5"})
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            return await self._serve(request, station_id)
        finally:
            self._serving.discard(task)

    async def _serve_path(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self.serve(request, identity_of(request.raw_path))

    async def _serve(self, request: web.BaseRequest, station_id: str) -> web.StreamResponse:
        """Check who is dialling before the handshake costs anything."""
        if not is_websocket(request):
            return _refusal(426, "This is where chargers connect, by WebSocket (OCPP-J).", {hdrs.UPGRADE: "websocket"})
        credentials = basic_credentials(request)
        identity = station_id or username_of(credentials)
        if not is_usable(identity):
            return _refusal(404, "No charger can have this name.")
        if not self._may_enter(identity, credentials):
            self._tell(self._handler.connection_refused, identity, WRONG_PASSWORD)
            return _refusal(401, "Wrong password", {hdrs.WWW_AUTHENTICATE: 'Basic realm="OCPP", charset="UTF-8"'})
        seat = None if identity and self._handler.is_adopted(identity) else identity or self._nameless_seat()
        if seat is None:
            return await self._shake_hands(request, identity, credentials)
        if seat not in self._seats and self._strangers() >= self._settings.max_strangers:
            self._tell(self._handler.connection_refused, identity, TOO_MANY_STRANGERS)
            return _refusal(503, "Too many unknown chargers", {hdrs.RETRY_AFTER: str(_RETRY_AFTER_S)})
        self._seats[seat] += 1
        try:
            return await self._shake_hands(request, identity, credentials)
        finally:
            self._seats[seat] -= 1
            if not self._seats[seat]:
                del self._seats[seat]

    def _strangers(self) -> int:
        """How many stations that nobody adopted hold a socket."""
        return sum(not self._handler.is_adopted(seat) for seat in self._seats)

    def _nameless_seat(self) -> str:
        self._nameless += 1
        return f"\0{self._nameless}"

    def _may_enter(self, identity: str, credentials: bytes | None) -> bool:
        """Whether no password is asked of the station, or it has given the right one."""
        expected = self._handler.password(identity) if identity else None
        return expected is None or password_matches(credentials, identity, expected)

    async def _shake_hands(
        self, request: web.BaseRequest, identity: str, credentials: bytes | None
    ) -> web.StreamResponse:
        """Complete the handshake, and find out who it is where the path does not say."""
        remote = request.remote or ""
        await self._damp_fight(identity, remote)
        version, offer = choose_version(request, self._codecs)
        repaired = repair_upgrade(request)
        socket: web.WebSocketResponse[bool] = web.WebSocketResponse(
            protocols=(offer,) if offer else (),
            timeout=self._settings.close_timeout_s,
            autoping=False,
            compress=False,
            max_msg_size=self._settings.max_frame_bytes + 1,
            decode_text=False,
        )
        await socket.prepare(request if version else without_offers(request))
        if version is None:
            # OCPP-J (1.6 §3.2, 2.0.1 part 4 §3.2): complete without a subprotocol, then close.
            await socket.close(code=WSCloseCode.PROTOCOL_ERROR, message=b"No common OCPP version")
            return socket
        first_frame = None
        if not identity:
            stranger = self._codecs[version]("", self._clock, Station("", self._clock).oddities)
            introduced = await learn_identity(socket, stranger, self._clock, self._settings)
            if introduced is None or not self._may_enter(introduced[0], credentials):
                if introduced is not None:
                    self._tell(self._handler.connection_refused, introduced[0], WRONG_PASSWORD)
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"Unknown charger")
                return socket
            identity, first_frame = introduced
        if self._stopping:
            await socket.close(code=WSCloseCode.GOING_AWAY)
            return socket
        station = self._station(identity)
        if repaired:
            station.oddities.count("no_connection_upgrade_header")
        if offer is None:
            station.oddities.count("no_subprotocol")
        codec = self._codecs[version](identity, self._clock, station.oddities)
        station.share_ladder(codec)
        connection = Connection(
            station=station,
            socket=socket,
            transport=request.transport,
            remote=remote,
            codec=codec,
            handler=self._handler,
            clock=self._clock,
            settings=self._settings,
            adopted=self._handler.is_adopted(identity),
        )
        await self._run(station, connection, first_frame)
        return socket

    async def _run(self, station: Station, connection: Connection, first_frame: bytes | None) -> None:
        """Make a connection the station's only one, and serve it to its end."""
        station_id = station.station_id
        station.generation += 1
        station.returned()
        older, station.connection = station.connection, connection
        if older is not None:
            station.broke_off()
            older.cut(WSCloseCode.OK, "Replaced by a newer connection")
        _LOGGER.info("Station %s connected (%s, connection %d)", station_id, connection.version, station.generation)
        self._tell(self._handler.station_connected, station_id, connection.version, connection.remote)
        try:
            await connection.run(first_frame)
        finally:
            if station.connection is connection:
                station.connection = None
                if not self._stopping:
                    station.broke_off()
                _LOGGER.info("Station %s disconnected", station_id)
                self._tell(self._handler.station_disconnected, station_id)
                if not connection.adopted and self._stations.get(station_id) is station:
                    del self._stations[station_id]

    async def _damp_fight(self, identity: str, remote: str) -> None:
        """Slow down devices that throw each other out under one name, and have somebody told."""
        station = self._stations.get(identity)
        if station is None or not station.challenged(remote):
            return
        station.oddities.count("duplicate_identity")
        if station.tell_of_fight():
            _LOGGER.warning("Several devices dial in as station %s", identity)
            self._tell(self._handler.connection_refused, identity, DUPLICATE)
        await sleep(self._clock, _FIGHT_DELAY_S)

    def _station(self, station_id: str) -> Station:
        station = self._stations.get(station_id)
        if station is None:
            station = self._stations[station_id] = Station(station_id, self._clock)
        return station

    def _tell[**P](self, callback: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Tell the site; a fault there costs no station its connection."""
        try:
            callback(*args, **kwargs)
        except Exception:
            _LOGGER.exception("The site could not take in what happened to a connection")


def _refusal(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer to somebody who does not get a socket."""
    return web.Response(status=status, text=text, headers={**(headers or {}), hdrs.CONNECTION: "close"})
