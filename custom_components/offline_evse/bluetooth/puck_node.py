"""A reader puck as Home Assistant reaches it: the actions of an ESPHome node, found by its device."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr

ESPHOME: Final = "esphome"
EVENT: Final = "esphome.offline_evse_reader"
"""What a puck fires; `docs/reader-puck.md` says with what."""
ACTION_SEND: Final = "offline_evse_send"
ACTION_HANG_UP: Final = "offline_evse_hang_up"
ACTION_INTRODUCE: Final = "offline_evse_introduce"
MOST_BYTES: Final = 512
"""The longest value of a characteristic (Bluetooth Core, Vol 3, Part F, 3.2.9)."""
_MOST_LETTERS: Final = (MOST_BYTES + 2) // 3 * 4
MOST_LINK: Final = 0xFFFF
_CONF_DEVICE_NAME: Final = "device_name"


class PuckUnreachable(Exception):
    """The puck does not answer, or the phone has left it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a puck has told, as far as it makes sense."""

    kind: str
    charger: str
    link: int = -1
    pipe: str = ""
    frame: bytes = b""


def told(data: Mapping[str, Any]) -> Told | None:
    """Read an event; None: it is none of a puck's. Nothing that it holds raises."""
    kind, charger = data.get("kind"), data.get("charger", "")
    if not isinstance(kind, str) or not isinstance(charger, str):
        return None
    if kind == "ready":
        return Told(kind, charger)
    number = data.get("link")
    if not isinstance(number, str) or not (number.isascii() and number.isdecimal()) or len(number) > 5:
        return None
    link = int(number)
    if link > MOST_LINK:
        return None
    if kind in {"connected", "disconnected"}:
        return Told(kind, charger, link)
    pipe, text = data.get("pipe"), data.get("data")
    if kind != "frame" or pipe not in ("key", "pkoc") or not isinstance(text, str) or len(text) > _MOST_LETTERS:
        return None
    try:
        frame = base64.b64decode(text, validate=True)
    except binascii.Error, ValueError:
        return None
    return Told(kind, charger, link, pipe, frame) if len(frame) <= MOST_BYTES else None


@callback
def mac_of(hass: HomeAssistant, device_id: str) -> str | None:
    """Return the network address of an ESPHome device; None where there is no such device."""
    device = dr.async_get(hass).async_get(device_id)
    if not isinstance(device, dr.DeviceEntry):
        return None
    return next((value for kind, value in device.connections if kind == dr.CONNECTION_NETWORK_MAC), None)


@callback
def pucks_there(hass: HomeAssistant) -> dict[str, str]:
    """Return every node that has the actions of a puck: its title, by its network address."""
    found = {}
    for entry in hass.config_entries.async_entries(ESPHOME):
        if entry.unique_id and hass.services.has_service(ESPHOME, f"{_node(entry)}_{ACTION_SEND}"):
            found[dr.format_mac(entry.unique_id)] = entry.title
    return found


class PuckNode:
    """The actions of one puck."""

    def __init__(self, hass: HomeAssistant, mac: str) -> None:
        """Reach the puck with this network address."""
        self._hass = hass
        self.mac = mac

    async def introduce(self, info: bytes) -> None:
        """Say what phones read. Raises PuckUnreachable."""
        await self._call(ACTION_INTRODUCE, info=base64.b64encode(info).decode())

    async def send(self, link: int, pipe: str, frame: bytes) -> None:
        """Notify the phone; returns when the puck has done it. Raises PuckUnreachable."""
        await self._call(ACTION_SEND, link=link, pipe=pipe, data=base64.b64encode(frame).decode())

    async def hang_up(self, link: int) -> None:
        """Let the phone go, if it is still there. Raises PuckUnreachable."""
        await self._call(ACTION_HANG_UP, link=link)

    @property
    def there(self) -> bool:
        """Whether Home Assistant knows its actions."""
        node = self._found()
        return node is not None and self._hass.services.has_service(ESPHOME, f"{node}_{ACTION_SEND}")

    def _found(self) -> str | None:
        entry = self._hass.config_entries.async_entry_for_domain_unique_id(ESPHOME, self.mac)
        return None if entry is None else _node(entry)

    async def _call(self, action: str, **data: Any) -> None:
        node = self._found()
        if node is None:
            raise PuckUnreachable("Home Assistant does not know it any more")
        try:
            await self._hass.services.async_call(ESPHOME, f"{node}_{action}", data, blocking=True)
        except (HomeAssistantError, TimeoutError, ValueError) as err:
            raise PuckUnreachable(str(err) or type(err).__name__) from err


def _node(entry: ConfigEntry) -> str:
    """Return what the names of a node's actions begin with."""
    name: str = entry.data.get(_CONF_DEVICE_NAME) or entry.title
    return name.replace("-", "_").lower()
