"""Presence: a phone, a beacon or an entity that says where somebody is. For homes, and never for guests.

Anyone nearby can copy what is heard here. It counts only together with a cable that was just plugged in, within the
hours and the daily energy of its credential, and its owner is told of every start.
"""

from typing import Final

from homeassistant.components import bluetooth, persistent_notification
from homeassistant.components.bluetooth import BluetoothServiceInfoBleak
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from ..const import DOMAIN
from ..engine.authorization.ble.charger import Charger
from ..engine.authorization.ble.nearby.presence import PresenceGuard, RetiredAddresses, presence_problems
from ..engine.authorization.ble.nearby.proximity import Proximity
from ..engine.model.clock import Clock
from ..engine.model.credential import Evidence, EvidenceLevel
from ..engine.model.station import EvseKey
from ..engine.site.site import Site
from ..sentences import Sentences
from .adverts import AdvertFeed
from .cables import Cables
from .desk import Desk
from .keyring import Keyring, Tracked

APPLE: Final = 76
IBEACON: Final = b"\x02\x15"


class PresenceWatch:
    """Watches whatever stands for somebody's presence."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        site: Site,
        keyring: Keyring,
        proximity: Proximity,
        cables: Cables,
        desk: Desk,
        clock: Clock,
    ) -> None:
        """Prepare; nothing is watched before `start`."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._keyring = keyring
        self._proximity = proximity
        self._desk = desk
        self._clock = clock
        self._guard = PresenceGuard(proximity)
        self._feed = AdvertFeed(hass, clock, self._heard)
        self._who: dict[str, str] = {}
        """Reference of a credential by the address that stands for it now."""
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._cables = cables
        self._started_s: dict[EvseKey, float] = {}
        """For which cable an entity has started a session last, by when it was plugged in."""
        cables.listen(self._cable)

    async def start(self) -> None:
        """Watch everything that is enrolled and has its guard rails."""
        for reference in tuple(self._keyring.tracked):
            await self.watch(reference)
        if any(tracked.beacon for tracked in self._keyring.tracked.values()):
            self._listen_to_beacons()
        entities = [tracked.entity_id for tracked in self._keyring.tracked.values() if tracked.entity_id is not None]
        if entities:
            self._unsubscribe.append(async_track_state_change_event(self._hass, entities, self._entity_changed))

    @callback
    def stop(self) -> None:
        """Watch nobody."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        self._feed.stop()
        self._who.clear()

    async def restart(self) -> None:
        """Watch what is enrolled now."""
        self.stop()
        self._guard = PresenceGuard(self._proximity)
        await self.start()

    async def watch(self, reference: str) -> None:
        """Watch for one credential, if it is there and has its guard rails."""
        credential = self._site.credential_by_key(reference)
        tracked = self._keyring.tracked[reference]
        if credential is None or presence_problems(credential):
            return
        if tracked.irk is not None:
            retired = self._keyring.retired.setdefault(reference, RetiredAddresses())
            self._guard.watch(credential, retired)
            await self._follow_phone(reference, tracked.irk)
        elif tracked.beacon is not None:
            self._guard.watch(credential)

    async def _follow_phone(self, reference: str, irk: bytes) -> None:
        """Let Home Assistant resolve the changing addresses of a phone."""
        from homeassistant.components.private_ble_device import coordinator  # noqa: PLC0415 - only where one is used

        @callback
        def seen(info: BluetoothServiceInfoBleak, change: bluetooth.BluetoothChange) -> None:
            self._follow(reference, info.address)
            self._keyring.save_soon()
            self._feed.packet(info)

        self._unsubscribe.append(coordinator.async_get_coordinator(self._hass).async_track_service_info(seen, irk))

    @callback
    def _listen_to_beacons(self) -> None:
        matcher = bluetooth.BluetoothCallbackMatcher(
            manufacturer_id=APPLE, manufacturer_data_start=list(IBEACON), connectable=False
        )

        @callback
        def seen(info: BluetoothServiceInfoBleak, change: bluetooth.BluetoothChange) -> None:
            beacon = beacon_of(info.manufacturer_data.get(APPLE, b""))
            for reference, tracked in self._keyring.tracked.items():
                if tracked.beacon is not None and tracked.beacon == beacon:
                    self._follow(reference, info.address)
                    self._feed.packet(info)

        self._unsubscribe.append(
            bluetooth.async_register_callback(self._hass, seen, matcher, bluetooth.BluetoothScanningMode.PASSIVE)
        )

    @callback
    def _follow(self, reference: str, address: str) -> None:
        for old in [known for known, whose in self._who.items() if whose == reference and known != address]:
            del self._who[old]
            self._feed.leave(old)
        self._who[address] = reference
        self._feed.follow(address)

    @callback
    def _heard(self, info: BluetoothServiceInfoBleak) -> None:
        reference = self._who.get(info.address)
        if reference is None:
            return
        tracked = self._keyring.tracked.get(reference)
        if tracked is None or (
            tracked.beacon is not None and beacon_of(info.manufacturer_data.get(APPLE, b"")) != tracked.beacon
        ):
            return
        self._proximity.heard(info.address, info.source, info.rssi, info.time)
        evidence = self._guard.heard(reference, info.address, self._clock.now(), info.time)
        if evidence is not None:
            self._present(evidence)

    @callback
    def _cable(self, evse: EvseKey, plugged: bool) -> None:
        """A cable went in or out: look who is near, and what the entities say."""
        charger = Charger(evse.station_id)
        if not plugged:
            self._guard.unplugged(charger)
            return
        evidence = self._guard.cable(charger, self._clock.now(), self._clock.monotonic())
        if evidence is not None:
            self._present(evidence)
        else:
            self._look_at_entities(evse.station_id)

    @callback
    def _entity_changed(self, event: Event[EventStateChangedData]) -> None:
        """Somebody may have plugged in before the entity knew where they are."""
        new = event.data["new_state"]
        for tracked in self._keyring.tracked.values():
            if new is not None and tracked.entity_id == new.entity_id and new.state in tracked.states:
                self._look_at_entities(tracked.states[new.state])

    @callback
    def _look_at_entities(self, station_id: str) -> None:
        """Start by what an entity says, once for each cable."""
        plugged = self._cables.just_plugged(station_id)
        if plugged is None or self._started_s.get(plugged[0]) == plugged[1]:
            return
        evidence = self._by_entity(station_id)
        if evidence is not None:
            self._started_s[plugged[0]] = plugged[1]
            self._present(evidence)

    def _by_entity(self, station_id: str) -> Evidence | None:
        """Return what an entity comes to that says that somebody is at this charger."""
        for reference, tracked in self._keyring.tracked.items():
            credential = self._site.credential_by_key(reference)
            if tracked.entity_id is None or credential is None or presence_problems(credential):
                continue
            state = self._hass.states.get(tracked.entity_id)
            if state is not None and tracked.states.get(state.state) == station_id:
                return Evidence(
                    id_token=credential.id_token,
                    level=EvidenceLevel.PRESENCE,
                    station_id=station_id,
                    evse_id=None,
                    seen_at=self._clock.now(),
                    source="presence",
                    detail="an entity, with a cable",
                )
        return None

    @callback
    def _present(self, evidence: Evidence) -> None:
        self._entry.async_create_task(self._hass, self._start(evidence), "offline_evse presence")

    async def _start(self, evidence: Evidence) -> None:
        """Start, and tell the owner whenever that has worked."""
        presented = await self._desk.present(evidence)
        if not presented.done:
            return
        names = {station.station_id: station.name for station in self._site.config.stations}
        credential = self._site.credential(evidence.id_token)
        sentences = Sentences(self._hass)
        persistent_notification.async_create(
            self._hass,
            sentences.say(
                "started_by_presence",
                charger=names.get(evidence.station_id, evidence.station_id),
                name=credential.name if credential is not None else "?",
            ),
            title=sentences.say("started_by_presence_title"),
            notification_id=f"{DOMAIN}_presence_{evidence.station_id}",
        )


def beacon_of(data: bytes) -> str | None:
    """Return the name of an iBeacon from Apple's manufacturer data; None: it is none."""
    if len(data) < 22 or data[:2] != IBEACON:
        return None
    uuid = data[2:18].hex()
    grouped = "-".join((uuid[:8], uuid[8:12], uuid[12:16], uuid[16:20], uuid[20:]))
    return f"{grouped}_{int.from_bytes(data[18:20])}_{int.from_bytes(data[20:22])}"


def tracked_problems(tracked: Tracked) -> str | None:
    """Say what keeps something from standing for presence: `nothing` or `several`."""
    named = sum(each is not None for each in (tracked.beacon, tracked.irk, tracked.entity_id))
    return None if named == 1 else "nothing" if named == 0 else "several"
