"""The corner of a garage where a charger hangs, with a reader puck beside it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.offline_evse.bluetooth.pucks import Pucks
from custom_components.offline_evse.bluetooth.site_bluetooth import EnrolledKey, SiteBluetooth
from custom_components.offline_evse.engine.model.credential import Terms
from custom_components.offline_evse.engine.model.station import EvseKey
from custom_components.offline_evse.engine.site.site import Site
from simulator.esphome.reader import ReaderPuck
from simulator.holder.crypto import from_base64url
from simulator.holder.holder import Enrolment, Holder
from simulator.holder.pkoc import PkocPhone
from simulator.holder.visitor import KeyVisitor, PkocVisitor
from tests.integration.conftest import Dial, open_entry
from tests.integration.home import STATION, home
from tests.integration.wallbox import Wallbox

GRANTED, DENIED, OTHER_CHARGER, OCCUPIED, STOPPED = 0, 1, 3, 5, 8
PATIENCE_S = 8.0


def garage(readers: dict[str, str], **options: Any) -> MockConfigEntry:
    """The site with a charger, Bluetooth switched on, and its readers; not set up yet."""
    entry = home()
    return MockConfigEntry(
        domain=entry.domain,
        entry_id=entry.entry_id,
        title=entry.title,
        data=dict(entry.data),
        options={"bluetooth": {"enabled": True, "readers": readers, **options}},
        subentries_data=[
            ConfigSubentryData(
                data=dict(each.data), subentry_type=each.subentry_type, title=each.title, unique_id=each.unique_id
            )
            for each in entry.subentries.values()
        ],
    )


class Corner:
    """The site, its charger and its puck."""

    def __init__(self, hass: HomeAssistant, puck: ReaderPuck) -> None:
        self.hass = hass
        self.puck = puck
        self.entry: MockConfigEntry
        self.esphome: MockConfigEntry
        self.wallbox: Wallbox

    @property
    def site(self) -> Site:
        site: Site = self.entry.runtime_data.site
        return site

    @property
    def bluetooth(self) -> SiteBluetooth:
        opened: SiteBluetooth = self.entry.runtime_data.bluetooth.open
        return opened

    @property
    def pucks(self) -> Pucks:
        return self.bluetooth.pucks

    async def adopt_puck(self) -> None:
        """Add the puck to Home Assistant, as its discovery does."""
        self.esphome = MockConfigEntry(
            domain="esphome",
            title="Reader garage",
            unique_id=self.puck.mac.lower(),
            data={"host": "127.0.0.1", "port": self.puck.port, "password": "", "device_name": self.puck.name},
        )
        self.esphome.add_to_hass(self.hass)
        assert await self.hass.config_entries.async_setup(self.esphome.entry_id)
        await eventually(lambda: self.puck.listened_to)

    async def open_site(self, dial: Dial) -> None:
        """Open the site, and let its charger dial in with a car before it."""
        self.entry = garage({self.puck.mac: STATION})
        site = await open_entry(self.hass, self.entry)
        self.wallbox = await dial(site.port, STATION)
        await self.wallbox.boot()
        await self.wallbox.status("Available")
        await self.wallbox.status("Preparing")
        await self.hass.async_block_till_done()

    async def close(self) -> None:
        """Unload both."""
        await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.config_entries.async_unload(self.esphome.entry_id)

    async def set_options(self, **options: Any) -> None:
        """Change what the options say of Bluetooth."""
        changed = {**self.entry.options["bluetooth"], **options}
        self.hass.config_entries.async_update_entry(self.entry, options={"bluetooth": changed})
        await self.hass.async_block_till_done()

    async def block_everybody(self, *, blocked: bool = True) -> None:
        """Block every key, or let them charge again."""
        for card in self.site.cards():
            await self.site.enrol_card(replace(card, blocked=blocked))

    async def back_again(self) -> None:
        """Wait until Home Assistant has found a puck again that was away."""
        self.puck.listened_to = False
        await eventually(lambda: self.puck.listened_to and self.puck.connected)
        await eventually(lambda: not self.pucks.running)

    async def forgive_flood(self) -> None:
        """Set the puck up anew, so that it is listened to as it would be a while after a flood."""
        await self.set_options(readers={})
        await self.set_options(readers={self.puck.mac: STATION})

    async def enrol(self, holder: Holder, *, terms: Terms | None = None, sealed_only: bool = True) -> EnrolledKey:
        """Enrol a key with the site, and the site with its app."""
        enrolled = await self.bluetooth.enrol_key(holder.public, "Anna", terms)
        holder.enrol(
            Enrolment(
                site_id=bytes.fromhex(enrolled.site_id),
                site_key=from_base64url(enrolled.site_key),
                secret=from_base64url(enrolled.secret),
                sealed_only=sealed_only,
            )
        )
        return enrolled

    async def visitor(self, *, mtu: int = 185, enrolled: bool = True) -> KeyVisitor:
        """Somebody with our app, who stands before the puck."""
        holder = Holder()
        if enrolled:
            await self.enrol(holder)
        return KeyVisitor(self.puck, holder, mtu)

    async def pkoc_visitor(self, *, ecdhe: bool = True, enrolled: bool = True, mtu: int = 515) -> PkocVisitor:
        """Somebody with a PKOC app, who stands before the puck."""
        holder = Holder()
        if enrolled:
            await self.enrol(holder)
        return self.pkoc_phone(holder, ecdhe=ecdhe, mtu=mtu)

    def pkoc_phone(self, holder: Holder, *, ecdhe: bool = True, mtu: int = 515) -> PkocVisitor:
        """Whoever holds a key comes to the puck with a PKOC app."""
        site_key = self.bluetooth.keyring.keys.reader_public if ecdhe else None
        return PkocVisitor(self.puck, PkocPhone(holder.key, site_key), mtu)

    async def told_to_start(self) -> str:
        """Wait until the charger is told to start; returns the idTag."""
        told = await self.wallbox.hear("RemoteStartTransaction")
        return str(told["idTag"])

    @property
    def never_started(self) -> bool:
        """Whether the charger has been told nothing."""
        running = self.site.evses[EvseKey(STATION, 1)].has_transaction
        return not running and all(action != "RemoteStartTransaction" for action, _ in self.wallbox.told)

    async def ended(self, how: str, times: int = 1) -> None:
        """Wait until connections have ended in a way, and the puck is free again."""
        await eventually(lambda: self.pucks.endings.get(how, 0) >= times and self.puck.link == -1)


async def eventually(test: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Wait until something is so, looking again whenever the loop has had time for other things."""
    async with asyncio.timeout(within_s):
        while not test():
            await asyncio.sleep(0.01)
