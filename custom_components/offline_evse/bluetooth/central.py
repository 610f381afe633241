"""Home Assistant as the central: who is near which charger, whether they want to charge, and the link to them.

A holder advertises; every packet of every proxy counts towards which charger is nearest. With an intent (a press, or a
cable that was just plugged in at that charger) the site connects, once at a time for each proxy.
"""

import asyncio
from dataclasses import dataclass, field
import logging
from typing import Final

from homeassistant.components import bluetooth
from homeassistant.components.bluetooth import BluetoothReachabilityIntent, BluetoothServiceInfoBleak
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from ..engine.authorization.ble.exchange import Exchange
from ..engine.authorization.ble.nearby.proximity import Nearest, Proximity
from ..engine.authorization.ble.nearby.rolling_id import RollingIds
from ..engine.authorization.ble.reader import Reader, Transport
from ..engine.authorization.ble.states import Ending, Intent
from ..engine.authorization.ble.wire.gatt import SERVICE_UUID, Advert, AdvertFlag
from ..engine.model.clock import Clock
from .adverts import AdvertFeed
from .cables import Cables
from .desk import Desk
from .link import meet

_LOGGER = logging.getLogger(__name__)

SETTLE_S: Final = 1.0
"""How long every proxy is given to hear somebody, where there are several chargers to choose among."""
CLEAR_DB: Final = 3.0
"""By how much one charger has to hear a holder better than all others, unless a cable tells them apart."""
RETRY_S: Final = 3.0
QUIET_AFTER_PRESS_S: Final = 15.0
"""A press is advertised for ten seconds; one that was answered is not answered again."""
TRIES_PER_CABLE: Final = 3
MOST_VISITS: Final = 256


@dataclass(slots=True)
class _Visit:
    """Somebody who is heard."""

    first_s: float
    last_s: float
    meeting: bool = False
    not_before_s: float = 0.0
    answered_press_s: float | None = None
    cable_tries: dict[float, int] = field(default_factory=dict)
    """How often they were asked for each cable, by when it was plugged in."""


class Central:
    """Follows holders that advertise, and meets those who want to charge."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        reader: Reader,
        proximity: Proximity,
        rolling: RollingIds,
        cables: Cables,
        desk: Desk,
        clock: Clock,
    ) -> None:
        """Prepare; nobody is listened to before `start`."""
        self._hass = hass
        self._entry = entry
        self._reader = reader
        self._proximity = proximity
        self._rolling = rolling
        self._cables = cables
        self._desk = desk
        self._clock = clock
        self._visits: dict[str, _Visit] = {}
        self._feed = AdvertFeed(hass, clock, self._heard)
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self.meetings: set[asyncio.Task[None]] = set()
        """Links that are being made or used."""
        self.endings: dict[str, int] = {}
        """How exchanges ended, counted since Bluetooth was switched on."""
        self.last_trouble: str | None = None
        """What went wrong with a link last, without an address."""

    @callback
    def start(self) -> None:
        """Listen."""
        for matcher in (
            bluetooth.BluetoothCallbackMatcher(service_data_uuid=SERVICE_UUID, connectable=True),
            bluetooth.BluetoothCallbackMatcher(service_uuid=SERVICE_UUID, connectable=True),
        ):
            self._unsubscribe.append(
                bluetooth.async_register_callback(
                    self._hass, self._appeared, matcher, bluetooth.BluetoothScanningMode.PASSIVE
                )
            )

    async def stop(self) -> None:
        """Listen to nobody, and end every link."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        self._feed.stop()
        meetings = tuple(self.meetings)
        for meeting in meetings:
            meeting.cancel()
        if meetings:
            await asyncio.wait(meetings)
        self.forget_visits()

    @callback
    def forget_visits(self) -> None:
        """Take everybody for a newcomer, except those who are being met."""
        self._visits = {address: visit for address, visit in self._visits.items() if visit.meeting}

    @callback
    def _appeared(self, info: BluetoothServiceInfoBleak, change: bluetooth.BluetoothChange) -> None:
        """Hear of a device whose advertisement is ours, or has changed."""
        if self._who(info) is not None:
            self._feed.follow(info.address)
            self._feed.packet(info)

    @callback
    def _heard(self, info: BluetoothServiceInfoBleak) -> None:
        """Take in a packet that one scanner has heard; the feed lets none through that is old."""
        who = self._who(info)
        if who is None:
            self._feed.leave(info.address)
            return
        self._proximity.heard(info.address, info.source, info.rssi, info.time)
        nearest = self._proximity.nearest(info.address, info.time)
        if nearest is None:
            return
        visit = self._visit(info.address, info.time)
        if visit.meeting or info.time < visit.not_before_s:
            return
        if self._proximity.several_chargers and info.time - visit.first_s < SETTLE_S:
            return
        intent = self._intent(visit, nearest, pressed=who[1], at_s=info.time)
        if intent is not None:
            self._meet(info.address, visit, nearest, intent)

    def _who(self, info: BluetoothServiceInfoBleak) -> tuple[str | None, bool] | None:
        """Return whose advertisement it is and whether they press; no name for who only shows the service.

        None: nobody who could charge here. A stranger's random numbers cost one look into a table.
        """
        service_data = info.service_data.get(SERVICE_UUID)
        if service_data is None:
            return (None, False) if SERVICE_UUID in info.service_uuids else None
        advert = Advert.decode(service_data)
        if advert is None:
            return None
        jkt = self._rolling.find(advert.rolling_id, self._clock.now().timestamp())
        if jkt is None:
            return None
        credential = self._reader.credentials(jkt)
        if credential is not None and credential.blocked:
            return None
        return jkt, AdvertFlag.PRESSED in advert.flags

    def _visit(self, address: str, at_s: float) -> _Visit:
        visit = self._visits.get(address)
        if visit is None:
            if len(self._visits) >= MOST_VISITS:
                oldest = min(self._visits, key=lambda each: (self._visits[each].meeting, self._visits[each].last_s))
                del self._visits[oldest]
            visit = self._visits[address] = _Visit(at_s, at_s)
        visit.last_s = at_s
        return visit

    def _intent(self, visit: _Visit, nearest: Nearest, *, pressed: bool, at_s: float) -> Intent | None:
        """Return what shows that they want to charge at this charger, and has not been answered yet."""
        plugged = self._cables.just_plugged(nearest.charger.station_id)
        if pressed and (nearest.clear(CLEAR_DB) or plugged is not None):
            answered_s = visit.answered_press_s
            if answered_s is None or at_s - answered_s > QUIET_AFTER_PRESS_S:
                return Intent.BUTTON
        if plugged is not None and visit.cable_tries.get(plugged[1], 0) < TRIES_PER_CABLE:
            return Intent.CABLE
        return None

    @callback
    def _meet(self, address: str, visit: _Visit, nearest: Nearest, intent: Intent) -> None:
        """Begin to connect, if the limits allow it now."""
        exchange = Exchange(self._reader, address, nearest.source, Transport.CENTRAL)
        exchange.seen()
        exchange.near(nearest.charger, nearest.detail)
        exchange.intent(intent)
        refusal = exchange.connecting()
        visit.not_before_s = self._clock.monotonic() + RETRY_S
        if refusal is not None:
            _LOGGER.debug("Somebody near %s is not connected to: %s", nearest.charger.station_id, refusal)
            return
        visit.meeting = True
        meeting = self._entry.async_create_background_task(
            self._hass, self._meeting(exchange, visit, intent), "offline_evse Bluetooth holder"
        )
        self.meetings.add(meeting)
        meeting.add_done_callback(self.meetings.discard)

    async def _meeting(self, exchange: Exchange, visit: _Visit, intent: Intent) -> None:
        """Carry one exchange through."""
        assert exchange.charger is not None
        station_id = exchange.charger.station_id
        plugged = self._cables.just_plugged(station_id)
        trouble: str | None = None
        try:
            device = bluetooth.async_ble_device_from_address(self._hass, exchange.address, connectable=True)
            if device is None:
                exchange.cancel()
                trouble = "Nobody hears it any more"
            else:
                trouble = await meet(exchange, device, self._desk, self._clock)
        finally:
            visit.meeting = False
            now_s = self._clock.monotonic()
            visit.not_before_s = now_s + RETRY_S
            answered = exchange.ending not in {Ending.TIMEOUT, Ending.LOST, Ending.CANCELLED}
            if intent is Intent.BUTTON and answered:
                visit.answered_press_s = now_s
            if plugged is not None:
                done = TRIES_PER_CABLE if answered else visit.cable_tries.get(plugged[1], 0) + 1
                visit.cable_tries = {plugged[1]: done}
            self._note(exchange, station_id, trouble)

    def _note(self, exchange: Exchange, station_id: str, trouble: str | None) -> None:
        """Count how it ended, and say what went wrong with the radio in words that help."""
        ending = str(exchange.ending or "granted")
        self.endings[ending] = self.endings.get(ending, 0) + 1
        if trouble is None:
            _LOGGER.debug("A holder at %s: %s (%s)", station_id, ending, exchange.reason or "no more to say")
            return
        reach = bluetooth.async_address_reachability_diagnostics(
            self._hass, exchange.address, BluetoothReachabilityIntent.CONNECTION
        )
        self.last_trouble = f"{trouble}. {reach}".replace(exchange.address, "the holder")
        _LOGGER.info("The link to a holder at %s failed: %s", station_id, self.last_trouble)
