"""What Bluetooth remembers: the site's keys, the secrets of holders, buttons, and what was revoked.

It lies in Home Assistant's storage, in clear as everything there: whoever can read the disk or runs code inside Home
Assistant can read it. Backups of Home Assistant carry it, encrypted if they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
import secrets
from typing import Any, Final, Self

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..engine.authorization.ble.nearby.buttons import Button
from ..engine.authorization.ble.nearby.presence import RetiredAddresses
from ..engine.authorization.ble.trust.keys import SiteKeys, base64url, from_base64url
from ..engine.authorization.ble.trust.revocations import Revocations
from ..engine.authorization.ble.trust.time_trust import TimeTrust
from ..engine.authorization.ble.trust.tokens import Issuer, IssuerPurpose

STORAGE_KEY: Final = f"{DOMAIN}.bluetooth"
STORAGE_VERSION: Final = 1
SAVE_AFTER_S: Final = 10.0
SECRET_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What stands for somebody's presence: exactly one of the first three."""

    beacon: str | None = None
    """An iBeacon: its UUID, major and minor number, as `uuid_major_minor`."""
    irk: bytes | None = None
    """The identity resolving key of a phone whose address changes."""
    entity_id: str | None = None
    """An entity that tells where somebody is."""
    states: Mapping[str, str] = field(default_factory=dict)
    """For an entity: which charger (station id) it means, by its state."""

    def to_dict(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "beacon": self.beacon,
            "irk": self.irk.hex() if self.irk else None,
            "entity_id": self.entity_id,
            "states": dict(self.states),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Take up what was stored."""
        return cls(
            beacon=stored.get("beacon"),
            irk=bytes.fromhex(stored["irk"]) if stored.get("irk") else None,
            entity_id=stored.get("entity_id"),
            states=stored.get("states") or {},
        )


class Keyring:
    """Everything that outlives a restart, with the file behind it."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Use `Keyring.open` instead."""
        self._store: Store[dict[str, Any]] = Store(hass, STORAGE_VERSION, STORAGE_KEY, private=True, atomic_writes=True)
        self.keys = SiteKeys.create(secrets.token_bytes)
        self.revocations = Revocations()
        self.time_trust = TimeTrust()
        self.secrets: dict[str, bytes] = {}
        """What holders derive their advertised ids from, by the thumbprint of their key."""
        self.buttons: dict[str, Button] = {}
        self.tracked: dict[str, Tracked] = {}
        self.retired: dict[str, RetiredAddresses] = {}
        self.issuers: list[Issuer] = []
        """Who may sign tokens besides the site itself."""

    @classmethod
    async def open(cls, hass: HomeAssistant) -> Keyring:
        """Load what was stored, or make a new site's keys and store them."""
        keyring = cls(hass)
        stored = await keyring._store.async_load()
        if stored is None:
            await keyring.save()
        else:
            keyring._load(stored)
        return keyring

    async def save(self) -> None:
        """Write everything; returns when it is safe. Raises OSError and what else Home Assistant's storage raises."""
        await self._store.async_save(self._dump())

    @callback
    def save_soon(self) -> None:
        """Write everything within a few seconds, and at the latest when Home Assistant stops."""
        self._store.async_delay_save(self._dump, SAVE_AFTER_S)

    async def save_button(self, button: Button) -> None:
        """Write down what a button has counted to; nothing may follow from a press before this returns."""
        self.buttons[button.reference] = button
        await self.save()

    def secret(self, jkt: str) -> bytes:
        """Return the secret that a holder shares with this site, made where there was none."""
        if jkt not in self.secrets:
            self.secrets[jkt] = secrets.token_bytes(SECRET_BYTES)
        return self.secrets[jkt]

    def forget(self, reference: str) -> None:
        """Forget a holder's secret, a button, or what somebody was recognised by."""
        for kept in (self.secrets, self.tracked, self.retired, self.buttons):
            kept.pop(reference, None)

    def _dump(self) -> dict[str, Any]:
        high_water = self.time_trust.high_water
        return {
            "keys": self.keys.to_dict(),
            "high_water": high_water.isoformat() if high_water else None,
            "revocations": self.revocations.dump(),
            "secrets": {jkt: base64url(secret) for jkt, secret in self.secrets.items()},
            "buttons": [
                {
                    "reference": button.reference,
                    "address": button.address,
                    "bindkey": button.bindkey.hex(),
                    "counter": button.counter,
                    "retired_keys": sorted(button.retired_keys),
                }
                for button in self.buttons.values()
            ],
            "tracked": {reference: tracked.to_dict() for reference, tracked in self.tracked.items()},
            "retired": {
                reference: {"hashes": retired.dump(), "current": retired.current}
                for reference, retired in self.retired.items()
            },
            "issuers": [
                {
                    "name": issuer.name,
                    "public_key": base64url(issuer.public_key),
                    "purposes": [purpose.name for purpose in issuer.purpose],
                }
                for issuer in self.issuers
            ],
        }

    def _load(self, stored: Mapping[str, Any]) -> None:
        self.keys = SiteKeys.from_dict(stored["keys"])
        high_water = stored.get("high_water")
        self.time_trust = TimeTrust(datetime.fromisoformat(high_water) if high_water else None)
        self.revocations = Revocations.load(stored.get("revocations", {}))
        self.secrets = {jkt: from_base64url(secret) for jkt, secret in stored.get("secrets", {}).items()}
        self.buttons = {
            each["reference"]: Button(
                reference=each["reference"],
                address=each["address"],
                bindkey=bytes.fromhex(each["bindkey"]),
                counter=each["counter"],
                retired_keys=frozenset(each["retired_keys"]),
            )
            for each in stored.get("buttons", [])
        }
        self.tracked = {
            reference: Tracked.from_dict(tracked) for reference, tracked in stored.get("tracked", {}).items()
        }
        self.retired = {
            reference: RetiredAddresses(retired["hashes"], retired["current"])
            for reference, retired in stored.get("retired", {}).items()
        }
        self.issuers = [_issuer(each) for each in stored.get("issuers", [])]


def _issuer(stored: Mapping[str, Any]) -> Issuer:
    purpose = IssuerPurpose(0)
    for name in stored["purposes"]:
        purpose |= IssuerPurpose[name]
    return Issuer(stored["name"], from_base64url(stored["public_key"]), purpose)
