"""A home with three chargers, each with a proxy above it, and people with phones who walk about in it."""

import asyncio
from collections.abc import Callable, Mapping
import time
from typing import Any

from bumble.core import UUID, AdvertisingData
from homeassistant.components import bluetooth
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.bluetooth.site_bluetooth import EnrolledKey, SiteBluetooth
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site
from custom_components.offline_evse.engine.site.state import EvseState
from simulator.holder.air import Air
from simulator.holder.antenna import Antenna
from simulator.holder.crypto import from_base64url, new_key
from simulator.holder.holder import Enrolment, Holder
from simulator.holder.issuer import TokenIssuer
from simulator.holder.phone import SERVICE_UUID, Phone
from tests.integration.home import home, wall_charger
from tests.integration.wallbox import Wallbox

from .bumble_backend import BumbleScanner

STATIONS = ("CP-1", "CP-2", "CP-3")
SOURCES = {f"AA:00:00:00:00:0{number}": station for number, station in enumerate(STATIONS, start=1)}
NEAR_DBM, FAR_DBM = -48, -71
PATIENCE_S = 8.0


def bluetooth_home(minimum_level: str = "key", sources: Mapping[str, str] = SOURCES) -> MockConfigEntry:
    """The site with a charger below each scanner and Bluetooth switched on; not set up yet."""
    entry = home(*(wall_charger(station, station) for station in sources.values() if station != STATIONS[0]))
    level = {"minimum_level": minimum_level}
    return MockConfigEntry(
        domain=entry.domain,
        entry_id="site",
        title="Home",
        data=dict(entry.data),
        options={"bluetooth": {"enabled": True, "scanners": dict(sources)}},
        subentries_data=[
            ConfigSubentryData(
                data={**each.data, **(level if each.subentry_type == "charger" else {})},
                subentry_type=each.subentry_type,
                title=each.title,
                unique_id=each.unique_id,
            )
            for each in entry.subentries.values()
        ],
    )


class Surroundings:
    """The air, and how strongly everybody is heard at each charger."""

    def __init__(self, hass: HomeAssistant, air: Air, sources: Mapping[str, str] = SOURCES) -> None:
        self.hass = hass
        self.sources = dict(sources)
        self.air = air
        self.heard: dict[str, dict[str, int | None]] = {}
        self.antennas: dict[str, Antenna] = {}
        self.scanners: dict[str, BumbleScanner] = {}
        self._unregister: list[CALLBACK_TYPE] = []
        self.entry: MockConfigEntry
        self.wallboxes: dict[str, Wallbox] = {}
        self._phones = 0

    @property
    def site(self) -> Site:
        site: Site = self.entry.runtime_data.site
        return site

    @property
    def bluetooth(self) -> SiteBluetooth:
        opened: SiteBluetooth = self.entry.runtime_data.bluetooth.open
        return opened

    async def put_up_antennas(self) -> None:
        for source, station in self.sources.items():

            def signal(address: str, station: str = station) -> int | None:
                return self.heard.get(address, {}).get(station)

            self.antennas[station] = await Antenna.at(self.air, station, f"F0{source[2:]}", signal)

    def register_scanners(self) -> None:
        """Make Home Assistant hear through the antennas, in this process."""
        for source, station in self.sources.items():
            scanner = self.scanners[station] = BumbleScanner(self.antennas[station], source, station)
            self._unregister.append(bluetooth.async_register_scanner(self.hass, scanner))
            self._unregister.append(scanner.async_setup())

    def unregister_scanners(self) -> None:
        for unregister in reversed(self._unregister):
            unregister()
        self._unregister.clear()

    def place(self, address: str, at: str | None) -> None:
        """Let somebody stand at a charger; None: too far away to be heard anywhere."""
        self.heard[address] = {
            each: None if at is None else NEAR_DBM if each == at else FAR_DBM for each in self.sources.values()
        }

    async def enrol(self, holder: Holder, name: str = "Anna", **more: Any) -> EnrolledKey:
        """Enrol a holder's key with the site, and the site with the holder."""
        enrolled = await self.bluetooth.enrol_key(holder.public, name, **more)
        self.acquaint(holder, enrolled)
        return enrolled

    def acquaint(self, holder: Holder, enrolled: EnrolledKey, token: bytes = b"") -> None:
        """Give the holder's app what it needs."""
        holder.enrol(
            Enrolment(
                site_id=bytes.fromhex(enrolled.site_id),
                site_key=from_base64url(enrolled.site_key),
                secret=from_base64url(enrolled.secret),
                token=token,
            )
        )

    async def phone(self, holder: Holder, *, at: str | None = "CP-1", mtu: int = 185) -> Phone:
        """Switch on somebody's phone at a charger. It does not advertise yet."""
        self._phones += 1
        phone = await Phone.switch_on(self.air, f"C4:11:22:33:44:0{self._phones}", holder, mtu=mtu)
        self.place(phone.address, at)
        return phone

    async def advertise(self, phone: Phone, *, pressed: bool = True) -> None:
        """Let a phone advertise its changing id."""
        site_id = self.bluetooth.keyring.keys.site_id
        await phone.advertise(phone.holder.advert(site_id, time.time(), pressed=pressed))

    async def result(self, phone: Phone, number: int = 1) -> int:
        """Wait for a result that a phone is told, and for the link to be given back; returns its code."""
        await phone.until(lambda: len(self.results(phone)) >= number, PATIENCE_S)
        await phone.until(lambda: not phone.connected, PATIENCE_S)
        return self.results(phone)[number - 1]

    async def at_cable(self, holder: Holder, at: str = "CP-1") -> int:
        """Let somebody come whom only the cable gives away, and return what they are told."""
        phone = await self.phone(holder, at=at)
        await phone.advertise(None)
        await self.wallboxes[at].status("Preparing")
        return await self.result(phone)

    def issuer(self) -> TokenIssuer:
        return TokenIssuer(new_key())

    def introduce(self, holder: Holder, token: bytes = b"") -> None:
        """Let a holder know the site, which does not know the holder."""
        keys = self.bluetooth.keyring.keys
        holder.enrol(Enrolment(site_id=keys.site_id, site_key=keys.reader_public, token=token))

    def give_token(
        self, holder: Holder, issuer: TokenIssuer, *, jti: str = "1", lasts_s: int = 600, **more: Any
    ) -> None:
        now_s = int(time.time())
        site_id = self.bluetooth.keyring.keys.site_id
        token = issuer.token(site_id, holder.public, jti=jti, nbf=now_s - 120, exp=now_s + lasts_s, **more)
        self.introduce(holder, token)

    def evse(self, station: str) -> EvseState:
        return self.site.evses[EvseKey(station, 1)]

    def told_to_start(self, *stations: str) -> bool:
        """Whether one of these was told to start, and nobody has taken note of it."""
        return any(action == "RemoteStartTransaction" for each in stations for action, _ in self.wallboxes[each].told)

    def packets(self, phone: Phone) -> int:
        """How often a phone was heard at any charger."""
        return sum(antenna.packets[phone.address] for antenna in self.antennas.values())

    async def forget_press(self) -> None:
        """Let the next press count at once, as it would after a quarter of a minute."""
        await eventually(lambda: not self.bluetooth.central.meetings)
        self.bluetooth.central.forget_visits()

    def change_options(self, **options: Any) -> None:
        changed = {**self.entry.options["bluetooth"], **options}
        self.hass.config_entries.async_update_entry(self.entry, options={"bluetooth": changed})

    def broadcast(self, address: str, advertised: bytes, at: str, kind: int = 0) -> None:
        """Let every proxy hear one packet of somebody at a charger."""
        for station, scanner in self.scanners.items():
            scanner.heard(address, kind, NEAR_DBM if station == at else FAR_DBM, advertised)

    @staticmethod
    def advert(service_data: bytes) -> bytes:
        return bytes(
            AdvertisingData(
                [
                    (AdvertisingData.FLAGS, b"\x06"),
                    (AdvertisingData.SERVICE_DATA_128_BIT_UUID, bytes(UUID(SERVICE_UUID)) + service_data),
                ]
            )
        )

    def advert_of_stranger(self, number: int) -> bytes:
        return self.advert(b"\x01\x01" + number.to_bytes(8))

    @staticmethod
    def results(phone: Phone) -> list[int]:
        return [outcome.code for link in phone.links for outcome in link.results]

    async def ended(self, how: str, times: int = 1) -> None:
        """Wait until exchanges have ended in a way."""
        await eventually(lambda: self.bluetooth.central.endings.get(how, 0) >= times)

    def links_in_use(self) -> int:
        return sum(len(scanner.radio.used) for scanner in self.scanners.values())


async def eventually(test: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Wait until something is so, looking again whenever the loop has had time for other things."""
    async with asyncio.timeout(within_s):
        while not test():
            await asyncio.sleep(0.01)
