"""All of Bluetooth at one site: opened when it is switched on, closed when it is switched off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
import secrets
from typing import Any, Final

from homeassistant.components import bluetooth
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from ..bluetooth_config import BluetoothSetUp
from ..engine.authorization.ble.charger import Charger
from ..engine.authorization.ble.nearby.buttons import Button
from ..engine.authorization.ble.nearby.proximity import Proximity
from ..engine.authorization.ble.nearby.rolling_id import RollingIds
from ..engine.authorization.ble.reader import Reader
from ..engine.authorization.ble.trust.keys import base64url, id_token_of, thumbprint
from ..engine.authorization.ble.trust.tokens import Issuer, IssuerPurpose, Issuers
from ..engine.model.clock import Clock
from ..engine.model.credential import Credential, CredentialKind, Terms
from ..engine.model.id_token import IdToken
from ..engine.site.site import Site
from .buttons import ButtonWatch
from .cables import Cables
from .central import Central
from .desk import Desk
from .keyring import Keyring, Tracked
from .notices import Notices
from .presence import PresenceWatch
from .pucks import Pucks

SAVE_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """What a holder's app has to know to charge here. Nothing of it opens anything by itself."""

    id_token: IdToken
    thumbprint: str
    site_id: str
    """Eight bytes in hexadecimal."""
    site_key: str
    """The site's public key, base64url: the holder answers nobody else."""
    secret: str
    """What the advertised id is made of, base64url. With it somebody can be taken for the holder, but not charge."""


class SiteBluetooth:
    """Evidence over Bluetooth for one site."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        site: Site,
        clock: Clock,
        keyring: Keyring,
        set_up: BluetoothSetUp,
    ) -> None:
        """Use `open_bluetooth` instead."""
        self._hass = hass
        self._site = site
        self._clock = clock
        self._set_up = set_up
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self.keyring = keyring
        self.reader = Reader(
            keyring.keys,
            clock,
            secrets.token_bytes,
            site.credential_by_key,
            issuers=self._issuers(),
            revocations=keyring.revocations,
            time_trust=keyring.time_trust,
            sealed_only=lambda charger: not self._set_up.plain,
        )
        """Shared by both transports."""
        self.desk = Desk(hass, entry, site, clock)
        """Where the exchanges of both transports end."""
        self.cables = Cables(site, clock)
        self._proximity = Proximity(self._chargers())
        self._rolling = RollingIds(keyring.secrets)
        self.central = Central(hass, entry, self.reader, self._proximity, self._rolling, self.cables, self.desk, clock)
        self.buttons = ButtonWatch(hass, entry, site, keyring, self._proximity, self.desk, clock)
        self.presence = PresenceWatch(hass, entry, site, keyring, self._proximity, self.cables, self.desk, clock)
        self.pucks = Pucks(hass, entry, site, self.reader, self.cables, self.desk, clock)
        self._notices = Notices(hass, entry)

    async def start(self) -> None:
        """Listen."""
        self.reader.time_trust.trusted(self._clock.now())
        self.cables.start()
        self.central.start()
        self.buttons.start()
        await self.presence.start()
        self.pucks.start(self._set_up)
        self._notices.start()
        self._unsubscribe.append(async_track_time_interval(self._hass, self._keep, SAVE_EVERY))

    async def stop(self) -> None:
        """Let every link go and listen to nobody. Sessions that run go on."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        self._notices.stop()
        self.presence.stop()
        self.cables.stop()
        await self.central.stop()
        await self.pucks.stop()
        await self.buttons.stop()
        self.desk.follower.stop()
        await self.keyring.save()

    @callback
    def configure(self, set_up: BluetoothSetUp) -> None:
        """Take over changed options, without letting anybody go."""
        if set_up != self._set_up:
            self._set_up = set_up
            self._proximity.assign(self._chargers())
            self.pucks.configure(set_up)
        self._notices.look()

    async def enrol_key(self, public_key: bytes, name: str, terms: Terms | None = None) -> EnrolledKey:
        """Let the holder of a public key (33 or 65 bytes) charge; returns what its app needs. Raises BadKey."""
        jkt = thumbprint(public_key)
        known = self._site.credential_by_key(jkt)
        if known is not None and known.kind is not CredentialKind.BLE_KEY:
            return await self.introduce(jkt, known.id_token)  # a pass with its own terms
        id_token = known.id_token if known is not None else id_token_of(jkt)
        await self._site.enrol_card(
            Credential(id_token=id_token, name=name, kind=CredentialKind.BLE_KEY, key=jkt, terms=terms or Terms())
        )
        return await self.introduce(jkt, id_token)

    async def introduce(self, jkt: str, id_token: IdToken) -> EnrolledKey:
        """Return what the app of an enrolled key needs, such as a guest's; makes its secret where there is none."""
        secret = self.keyring.secret(jkt)
        await self.keyring.save()
        self._rolling.set_secrets(self.keyring.secrets)
        keys = self.keyring.keys
        return EnrolledKey(id_token, jkt, keys.site_id.hex(), base64url(keys.reader_public), base64url(secret))

    async def enrol_button(self, address: str, bindkey: bytes, name: str, terms: Terms | None = None) -> str:
        """Let an encrypted button start sessions; returns its reference. Raises ValueError, also for a key it had."""
        known = next((each for each in self.keyring.buttons.values() if _same(each.address, address)), None)
        reference = known.reference if known is not None else f"button-{secrets.token_hex(4)}"
        button = self.buttons.enrol(Button(reference=reference, address=address, bindkey=bindkey))
        await self.keyring.save_button(button)
        await self._enrol(CredentialKind.BLE_BUTTON, reference, name, terms)
        return reference

    async def enrol_presence(self, tracked: Tracked, name: str, terms: Terms) -> str:
        """Let somebody's presence start sessions; returns its reference."""
        reference = f"presence-{secrets.token_hex(4)}"
        self.keyring.tracked[reference] = tracked
        await self.keyring.save()
        await self._enrol(CredentialKind.PRESENCE, reference, name, terms)
        await self.presence.restart()
        return reference

    async def forget(self, reference: str) -> None:
        """Take away a key, a button, a presence or an issuer, and what it was known by."""
        issuers = [each for each in self.keyring.issuers if thumbprint(each.public_key) != reference]
        if len(issuers) != len(self.keyring.issuers):
            self.keyring.issuers = issuers
            await self._issuers_changed()
            return
        credential = self._site.credential_by_key(reference)
        if (button := self.keyring.buttons.get(reference)) is not None:
            self.buttons.forget(button)
        self.keyring.forget(reference)
        await self.keyring.save()
        self._rolling.set_secrets(self.keyring.secrets)
        await self.presence.restart()
        if credential is not None:
            await self._site.remove_card(credential.id_token)

    def enrolled(self) -> dict[str, str]:
        """Everything that `forget` takes away: its reference, and a name to tell it by."""
        kinds = (CredentialKind.BLE_KEY, CredentialKind.BLE_BUTTON, CredentialKind.PRESENCE)
        names = {each.key: each.name for each in self._site.cards() if each.kind in kinds and each.key is not None}
        return names | {thumbprint(each.public_key): each.name for each in self.keyring.issuers}

    async def trust_issuer(self, name: str, public_key: bytes, purposes: Iterable[str]) -> None:
        """Believe what somebody else signs for these purposes, `tokens` and `relay`. Raises BadKey."""
        jkt = thumbprint(public_key)
        purpose = IssuerPurpose(0)
        for word in purposes:
            purpose |= IssuerPurpose[word.upper()]
        others = [each for each in self.keyring.issuers if thumbprint(each.public_key) != jkt]
        self.keyring.issuers = [*others, Issuer(name, public_key, purpose)]
        await self._issuers_changed()

    def diagnostics(self) -> Mapping[str, Any]:
        """Describe it without anything that belongs to a person."""
        scanners = bluetooth.async_current_scanners(self._hass)
        return {
            "scanners": [
                {"connectable": scanner.connectable, "charger": self._set_up.scanners.get(scanner.source)}
                for scanner in scanners
            ],
            "plain": self._set_up.plain,
            "keys": len(self.keyring.secrets),
            "buttons": len(self.keyring.buttons),
            "button_packets_refused": self.buttons.refused,
            "presences": len(self.keyring.tracked),
            "issuers": len(self.keyring.issuers),
            "revoked": len(self.keyring.revocations),
            "time_trusted": self.reader.time_trust.trusted(self._clock.now()),
            "endings": dict(self.central.endings),
            "readers": self.pucks.diagnostics(),
            "last_trouble": self.central.last_trouble,
            "addresses_heard": self._proximity.addresses,
            "sessions": self.desk.follower.active,
        }

    async def _enrol(self, kind: CredentialKind, reference: str, name: str, terms: Terms | None) -> None:
        await self._site.enrol_card(
            Credential(id_token=id_token_of(reference), name=name, kind=kind, key=reference, terms=terms or Terms())
        )

    async def _issuers_changed(self) -> None:
        await self.keyring.save()
        self.reader.issuers = self.reader.tokens.issuers = self._issuers()

    def _issuers(self) -> Issuers:
        own = Issuer("site", self.keyring.keys.issuer_public)
        return Issuers([own, *self.keyring.issuers])

    def _chargers(self) -> dict[str, Charger]:
        return {source: Charger(station_id) for source, station_id in self._set_up.scanners.items()}

    @callback
    def _keep(self, *_: object) -> None:
        """Remember how late it has been, for a clock that may start in the past next time."""
        now = self._clock.now()
        if self.reader.time_trust.trusted(now):
            self.keyring.revocations.forget_ended(now)
        self.keyring.save_soon()


async def open_bluetooth(
    hass: HomeAssistant, entry: ConfigEntry, site: Site, clock: Clock, set_up: BluetoothSetUp
) -> SiteBluetooth:
    """Open Bluetooth for a site, and listen."""
    opened = SiteBluetooth(hass, entry, site, clock, await Keyring.open(hass), set_up)
    await opened.start()
    return opened


def _same(first: str, second: str) -> bool:
    plain = [address.replace(":", "").replace("-", "").upper() for address in (first, second)]
    return plain[0] == plain[1]
