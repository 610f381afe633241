"""The reader pucks of a site: which belongs to which charger, and the phones that connect to them.

Everything that a puck tells is untrusted: whoever can fire events in Home Assistant can tell the same. What counts is
the signature that a phone makes over a fresh challenge.
"""

import asyncio
from collections.abc import Mapping
import logging
import secrets
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_SERVICE_REGISTERED
from homeassistant.core import CALLBACK_TYPE, Event, EventOrigin, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from ..bluetooth_config import BluetoothSetUp
from ..engine.authorization.ble.charger import Charger
from ..engine.authorization.ble.limits import ConnectLimits
from ..engine.authorization.ble.pkoc.reader import PkocReader
from ..engine.authorization.ble.reader import Reader
from ..engine.authorization.ble.trust.keys import base64url
from ..engine.authorization.ble.wire.gatt import Capability, Info
from ..engine.model.clock import Clock
from ..engine.site.site import Site
from .cables import Cables
from .desk import Desk
from .puck_limits import PuckLimits
from .puck_link import PuckLink
from .puck_meter import PuckMeter
from .puck_node import ACTION_SEND, ESPHOME, EVENT, PuckNode, PuckUnreachable, Told, mac_of, told

_LOGGER = logging.getLogger(__name__)

ANSWERS_WITHIN_S: Final = 5.0
"""How long a puck may take to do what is no answer to a phone."""


class _Puck:
    """One puck and the phone that it serves."""

    def __init__(self, node: PuckNode, charger: Charger) -> None:
        self.node = node
        self.charger = charger
        self.limits = PuckLimits()
        self.links: dict[int, PuckLink] = {}
        """One at most: who comes while another speaks is let go, and who has not spoken gives way."""
        self.misplaced = False
        """It says that it hangs at another charger."""


class Pucks:
    """Listens to every puck that the options name."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        site: Site,
        reader: Reader,
        cables: Cables,
        desk: Desk,
        clock: Clock,
    ) -> None:
        """Prepare; nobody is listened to before `start`."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._reader = reader
        self._cables = cables
        self._desk = desk
        self._clock = clock
        self._meter = PuckMeter(site, clock)
        self._plain = False
        self._pkoc = PkocReader(
            reader.keys,
            clock,
            secrets.token_bytes,
            reader.credentials,
            # Phones of both protocols are offered PKOC, so these do not count as connections of the other one.
            limits=ConnectLimits(),
            revocations=reader.revocations,
            ecdhe_only=lambda charger: not self._plain,
        )
        self._pucks: dict[str, _Puck] = {}
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._phones = 0
        self.running: set[asyncio.Task[None]] = set()
        """Phones that are being served, and pucks that are being told something."""
        self.endings: dict[str, int] = {}
        """How connections ended, counted since Bluetooth was switched on."""
        self.ignored: dict[str, int] = {}
        """Events that were not listened to, by why."""

    @callback
    def start(self, set_up: BluetoothSetUp) -> None:
        """Listen."""
        self._unsubscribe += [
            self._hass.bus.async_listen(EVENT, self._event),
            self._hass.bus.async_listen(EVENT_SERVICE_REGISTERED, self._registered),
        ]
        self.configure(set_up)

    async def stop(self) -> None:
        """Listen to nobody, and let every phone go. Sessions that run go on."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        running = tuple(self.running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        self._pucks.clear()

    @callback
    def configure(self, set_up: BluetoothSetUp) -> None:
        """Take over which puck hangs where; who is being served at one that stays is served on."""
        self._plain = set_up.plain
        wanted = {dr.format_mac(mac): station_id for mac, station_id in set_up.readers.items()}
        for mac, puck in tuple(self._pucks.items()):
            if wanted.get(mac) != puck.charger.station_id:
                self._drop_phones(puck)
                del self._pucks[mac]
        for mac, station_id in wanted.items():
            if mac not in self._pucks:
                self._pucks[mac] = _Puck(PuckNode(self._hass, mac), Charger(station_id))
        for puck in self._pucks.values():
            self._introduce(puck)

    def told_to_phones(self) -> Mapping[str, Any]:
        """Return what a holder has to know of the site, and which chargers have a reader. Nothing of it is secret."""
        keys = self._reader.keys
        hung = {puck.charger.station_id: puck.charger for puck in self._pucks.values()}
        return {
            "site_id": keys.site_id.hex(),
            "site_key": base64url(keys.reader_public),
            "chargers": [
                {"id": hung[station.station_id].charger_id.hex(), "name": station.name or station.station_id}
                for station in self._site.config.stations
                if station.station_id in hung
            ],
        }

    def diagnostics(self) -> Mapping[str, Any]:
        """Describe them without anything that belongs to a person."""
        return {
            "pucks": [
                {"charger": puck.charger.station_id, "there": puck.node.there, "misplaced": puck.misplaced}
                for puck in self._pucks.values()
            ],
            "endings": dict(self.endings),
            "ignored": dict(self.ignored),
        }

    @callback
    def _event(self, event: Event[Any]) -> None:
        """Hear something that may come from a puck."""
        if event.context.user_id is not None or event.origin is EventOrigin.remote:
            # Fired by a person or through Home Assistant's API; a puck does neither.
            self._ignore("foreign")
            return
        device_id = event.data.get("device_id")
        mac = mac_of(self._hass, device_id) if isinstance(device_id, str) else None
        puck = self._pucks.get(mac) if mac is not None else None
        if puck is None:
            self._ignore("unknown")
            return
        if not puck.limits.heed(self._clock.monotonic()):
            self._ignore("flood")
            self._drop_phones(puck)
            return
        said = told(event.data)
        if said is None:
            self._ignore("senseless")
        elif said.charger and said.charger != puck.charger.station_id:
            self._misplaced(puck, said.charger)
        else:
            puck.misplaced = False
            self._told(puck, said)

    @callback
    def _told(self, puck: _Puck, said: Told) -> None:
        match said.kind:
            case "ready":
                self._drop_phones(puck)
                self._introduce(puck)
            case "connected":
                self._connected(puck, said.link)
            case "disconnected":
                if (link := puck.links.get(said.link)) is not None:
                    link.gone()
            case _:
                if (link := puck.links.get(said.link)) is not None:
                    link.heard(said.pipe, said.frame)

    @callback
    def _connected(self, puck: _Puck, number: int) -> None:
        """Serve a phone, unless there is one already or there have been too many."""
        if (old := puck.links.pop(number, None)) is not None:
            old.gone()
        # A connection that the puck's own proxy has made looks like a phone that never speaks; it keeps nobody away.
        busy = any(link.spoke for link in puck.links.values())
        if busy or not puck.limits.link(self._clock.monotonic()):
            self._ended("busy" if busy else "limited")
            self._tell(puck.node.hang_up(number))
            return
        for silent in puck.links.values():
            silent.gone()
        puck.links.clear()
        self._phones += 1
        link = PuckLink(
            puck.node,
            number,
            f"{puck.node.mac}#{self._phones}",
            puck.charger,
            self._reader,
            self._pkoc,
            self._cables,
            self._desk,
            self._meter,
            self._clock,
        )
        puck.links[number] = link
        self._run(self._serve(puck, number, link), "offline_evse phone at a reader")

    async def _serve(self, puck: _Puck, number: int, link: PuckLink) -> None:
        try:
            await link.serve()
        finally:
            self._ended(link.ending)
            if puck.links.get(number) is link:
                del puck.links[number]
                self._tell(puck.node.hang_up(number))

    @callback
    def _drop_phones(self, puck: _Puck) -> None:
        for link in puck.links.values():
            link.gone()

    @callback
    def _misplaced(self, puck: _Puck, said: str) -> None:
        """A puck that was carried to another charger must not start the old one."""
        self._ignore("misplaced")
        if not puck.misplaced:
            puck.misplaced = True
            _LOGGER.warning(
                "A reader is set up for charger %s, but says that it hangs at %s; it is not listened to",
                puck.charger.station_id,
                "".join(letter for letter in said[:64] if letter.isprintable()),
            )

    @callback
    def _registered(self, event: Event[Any]) -> None:
        """Introduce ourselves to a puck whose actions have just become known."""
        if event.data.get("domain") == ESPHOME and str(event.data.get("service", "")).endswith(ACTION_SEND):
            for puck in self._pucks.values():
                self._introduce(puck)

    @callback
    def _introduce(self, puck: _Puck) -> None:
        if puck.node.there:
            capabilities = Capability.SEALED | (Capability.PLAIN if self._plain else Capability(0))
            self._tell(puck.node.introduce(Info(capabilities, self._reader.keys.site_id).encode()))

    @callback
    def _tell(self, telling: Any) -> None:
        """Let a puck be told something that nobody waits for."""

        async def within() -> None:
            try:
                async with asyncio.timeout(ANSWERS_WITHIN_S):
                    await telling
            except (PuckUnreachable, TimeoutError) as err:
                _LOGGER.debug("A reader does not answer: %r", err)

        if self._unsubscribe:
            self._run(within(), "offline_evse reader")
        else:
            telling.close()

    @callback
    def _run(self, work: Any, name: str) -> None:
        task = self._entry.async_create_background_task(self._hass, work, name)
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    def _ended(self, how: str) -> None:
        self.endings[how] = self.endings.get(how, 0) + 1

    def _ignore(self, why: str) -> None:
        self.ignored[why] = self.ignored.get(why, 0) + 1
