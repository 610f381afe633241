"""The settings of a line as a backend has set them: checked, kept, and put to effect."""

from collections.abc import Sequence
from enum import StrEnum
import logging

from ....model.station import OcppVersion
from ....model.upstream.config import UpstreamConfig
from ....model.upstream.site import Grounds
from ..hooks import ControlHooks
from .keys import CONNECTION_TIMEOUT, HEARTBEAT, SAMPLE_INTERVAL, Access, Key, keys_of

_LOGGER = logging.getLogger(__name__)


class Change(StrEnum):
    """How a setting was taken."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN = "unknown"


class Configuration:
    """What a backend has set of its line."""

    def __init__(self, config: UpstreamConfig, station_id: str, grounds: Grounds, hooks: ControlHooks) -> None:
        """Begin with what was set up here."""
        self._config = config
        self._station_id = station_id
        self._grounds = grounds
        self._hooks = hooks
        self._prefix = f"uplink/{config.upstream_id}/{station_id}/setting/"
        self._set: dict[str, str] = {}

    def restore(self) -> None:
        """Take up what was kept, and put it to effect."""
        writable = {key.name: key for key in self.keys if key.access is Access.WRITE}
        for name, value in self._grounds.kept(self._prefix).items():
            if name in writable and isinstance(value, str) and _number(writable[name], value) is not None:
                self._set[name] = value
                self._apply(name, int(value))

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every setting there is."""
        return keys_of(self._config, len(self._grounds.evses(self._station_id)))

    def number(self, name: str) -> int:
        """Return a setting that is a number."""
        return int(next(self.value(key) for key in self.keys if key.name == name))

    @property
    def connection_timeout_s(self) -> int:
        """How long somebody has to plug in after a remote start, in s."""
        return self.number(CONNECTION_TIMEOUT)

    def value(self, key: Key) -> str:
        """Return the value of a setting."""
        return self._set.get(key.name, key.value)

    def find(self, name: str) -> Key | None:
        """Return a setting by its 1.6 key, however it is cased."""
        return next((key for key in self.keys if key.in_16 and key.name.casefold() == name.casefold()), None)

    def named(self, component: str, variable: str, instance: str | None) -> Key | None:
        """Return a setting by its 2.x name."""
        return next((key for key in self.of_component(component) if _is(key, variable, instance)), None)

    def of_component(self, component: str) -> Sequence[Key]:
        """Return the settings of a 2.x component."""
        return [key for key in self.keys if key.component and key.component.casefold() == component.casefold()]

    def shown(self, version: OcppVersion) -> Sequence[Key]:
        """Return the settings that a backend of this version may read."""
        there = [key for key in self.keys if key.access is not Access.REFUSED]
        return [key for key in there if (key.in_16 if version is OcppVersion.V16 else key.component is not None)]

    async def change(self, key: Key | None, value: str) -> Change:
        """Set a setting; it is on the disk when this returns. Whatever the disk raises is raised, nothing changed."""
        if key is None:
            return Change.UNKNOWN
        if key.access is not Access.WRITE:
            return Change.REJECTED
        number = _number(key, value)
        if number is None:
            return Change.REJECTED
        await self._grounds.keep(self._prefix + key.name, str(number))
        self._set[key.name] = str(number)
        self._apply(key.name, number)
        return Change.ACCEPTED

    def _apply(self, name: str, number: int) -> None:
        if name == HEARTBEAT:
            self._hooks.set_heartbeat(number)
        elif name == SAMPLE_INTERVAL:
            # A backend can have fewer values than the owner has set up, never more: the charger is not told of it.
            ours = self._config.traffic.live_interval_s
            self._hooks.set_interval(max(number, ours) if number and ours else 0)
        _LOGGER.debug("Backend %s has set %s to %s", self._config.upstream_id, name, number)


def _number(key: Key, value: str) -> int | None:
    written = value.strip()
    if not written.isascii() or not written.isdecimal() or len(written) > 9 or int(written) > key.most:
        return None
    return int(written)


def _is(key: Key, variable: str, instance: str | None) -> bool:
    if key.variable.casefold() != variable.casefold():
        return False
    return instance is None or (key.instance or "").casefold() == instance.casefold()
