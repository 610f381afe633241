"""Lets the site have the backends that are set up, and Home Assistant's devices and entities follow them."""

import asyncio
from collections.abc import Callable
import logging
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from ..const import SUBENTRY_BACKEND
from ..devices import register_backend
from ..engine.model.failure import LedgerFullError, LedgerUnavailableError, UpstreamError
from ..engine.model.upstream.config import UpstreamConfig
from ..engine.site.site import Site
from .backend_config import metered_entities, upstream_configs

_LOGGER = logging.getLogger(__name__)

AGAIN_AFTER_S: Final = 60.0
"""After how long a disk that was full, or could not be written, is tried again, in s."""


class BackendDesk:
    """Follows the subentries of backends. Nothing waits for it: chargers are served before, meanwhile and after."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site) -> None:
        """Begin with no backend."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self.conflict: UpstreamError | None = None
        """Why the set-up cannot be used as it is; the one before it holds meanwhile."""
        self._known: set[str] = set()
        self._listeners: list[Callable[[str], None]] = []
        self._conflict_listeners: list[Callable[[], None]] = []
        self._wanted: tuple[UpstreamConfig, ...] | None = None
        self._configuring: asyncio.Task[None] | None = None
        self._metered: dict[str, str] = {}
        """Entities by backend."""
        self._end_metered: CALLBACK_TYPE | None = None

    @callback
    def listen(self, listener: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call `listener` with the id of every backend, now and later; returns the call that ends it."""
        for upstream_id in tuple(self._known):
            listener(upstream_id)
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def on_conflict(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call `listener` when `conflict` has changed; returns the call that ends it."""
        self._conflict_listeners.append(listener)
        return lambda: self._conflict_listeners.remove(listener)

    @callback
    def follow(self) -> None:
        """Have the backends that are set up now."""
        present = {it.subentry_id: it for it in self._entry.get_subentries_of_type(SUBENTRY_BACKEND)}
        self._known &= present.keys()
        for upstream_id, subentry in present.items():
            register_backend(self._hass, self._entry, subentry)
            if upstream_id not in self._known:
                self._known.add(upstream_id)
                for listener in tuple(self._listeners):
                    listener(upstream_id)
        wanted = upstream_configs(self._entry)
        if wanted != self._wanted:
            self._wanted = wanted
            if self._configuring is None or self._configuring.done():
                self._configuring = self._entry.async_create_background_task(
                    self._hass, self._configure(), "offline_evse backends"
                )
        self._follow_metered()

    async def stop(self) -> None:
        """Follow nothing any more."""
        if self._end_metered is not None:
            self._end_metered()
            self._end_metered = None
        if self._configuring is not None:
            self._configuring.cancel()
            await asyncio.wait([self._configuring])
            self._configuring = None

    async def _configure(self) -> None:
        """Hand the set-up to the site until it has the newest one."""
        handed: tuple[UpstreamConfig, ...] | None = None
        while self._wanted is not None and handed != self._wanted:
            handed = self._wanted
            try:
                await self._site.configure_upstreams(handed)
            except UpstreamError as err:
                _LOGGER.error("The backends cannot be together as they are set up: %s", err)
                self._tell_conflict(err)
                continue
            except (LedgerFullError, LedgerUnavailableError) as err:
                _LOGGER.warning("What backends are told cannot be recorded now, so they wait: %s", err)
                handed = None
                await asyncio.sleep(AGAIN_AFTER_S)
                continue
            self._tell_conflict(None)
            for upstream_id in self._metered:
                self._tell_metered(upstream_id)

    @callback
    def _tell_conflict(self, conflict: UpstreamError | None) -> None:
        if self.conflict is not conflict:
            self.conflict = conflict
            for listener in tuple(self._conflict_listeners):
                listener()

    @callback
    def _follow_metered(self) -> None:
        """Follow the entities that say whether the way to a backend is metered."""
        entities = metered_entities(self._entry)
        if entities == self._metered:
            return
        if self._end_metered is not None:
            self._end_metered()
            self._end_metered = None
        for upstream_id in self._metered.keys() - entities.keys():
            self._site.set_upstream_metered(upstream_id, False)
        self._metered = entities
        if entities:
            self._end_metered = async_track_state_change_event(
                self._hass, set(entities.values()), self._metered_changed
            )
        for upstream_id in entities:
            self._tell_metered(upstream_id)

    @callback
    def _metered_changed(self, event: Event[EventStateChangedData]) -> None:
        for upstream_id, entity_id in self._metered.items():
            if entity_id == event.data["entity_id"]:
                self._tell_metered(upstream_id)

    @callback
    def _tell_metered(self, upstream_id: str) -> None:
        """Tell what the entity shows; while it is unavailable, what was told last holds."""
        state = self._hass.states.get(self._metered[upstream_id])
        if state is not None and state.state in (STATE_ON, STATE_OFF):
            self._site.set_upstream_metered(upstream_id, state.state == STATE_ON)
