"""The floor of each charger: what it may draw for the time that it has no other word from us."""

from typing import Final

from ...model.command import ApplyFloor, Priority
from ...model.station import EvseKey
from ..background import Background
from ..register import SiteRegister
from ..state import EvseState
from .absence import floor_profile_a
from .dispatch import Send

_KEPT_BACK: Final = -1.0
"""A floor that was not sent, because nothing is sent at present."""


class Floors:
    """Gives floors on every connect, and anew when the set-up has changed."""

    def __init__(self, register: SiteRegister, send: Send, background: Background) -> None:
        """Begin with none given."""
        self._register = register
        self._send = send
        self._background = background
        self._given: dict[EvseKey, float | None] = {}
        """By EVSE, on its present connection."""

    async def give(self, evse: EvseState) -> None:
        """Give an EVSE its floor."""
        config = self._register.configs.get(evse.key.station_id)
        if config is None:
            return
        if self._register.config.shadow:
            self._given[evse.key] = _KEPT_BACK
            return
        floor_a = self._given[evse.key] = floor_profile_a(config)
        command = ApplyFloor(evse_id=evse.key.evse_id, current_a=floor_a, phases=evse.terminals)
        await self._send(evse.key.station_id, command, Priority.SAFETY)

    def renew(self) -> None:
        """Give a new floor to everybody who has another one than the set-up says."""
        for key, given_a in tuple(self._given.items()):
            config = self._register.configs.get(key.station_id)
            evse = self._register.evses.get(key)
            if config is None or evse is None or self._register.config.shadow:
                continue
            if given_a != floor_profile_a(config):
                self._background.run(self.give(evse), f"floor of {key}")

    def forget(self, station_id: str) -> None:
        """Take it that a station is gone, or has forgotten its floors."""
        for key in [key for key in self._given if key.station_id == station_id]:
            del self._given[key]
