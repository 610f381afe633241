"""Bringing wishes before the site: what a role and a permit allow, in bounded time."""

import logging

from ...model.access import LinkState
from ...model.clock import Clock, timeout
from ...model.upstream.config import UpstreamConfig, UpstreamPermit
from ...model.upstream.site import Grounds
from ...model.upstream.wish import UpstreamWish, WantStop, WishAnswer, WishOutcome
from .hooks import ControlHooks

_LOGGER = logging.getLogger(__name__)

ANSWER_WITHIN_S = 25.0
"""The site is waited for so long: a backend gives its request up after 30 s, and may want to stop meanwhile. It is
longer than the site waits for a charger, whose own words tell more."""
START_EXPIRES_S = 24.0
"""A start that has not been carried out by then is not begun any more: the backend is about to hear no."""


class Wishing:
    """What one backend may wish at one charger."""

    def __init__(
        self, config: UpstreamConfig, station_id: str, grounds: Grounds, clock: Clock, hooks: ControlHooks
    ) -> None:
        """Go by the backend's role and permits, and by its link."""
        self._config = config
        self._station_id = station_id
        self._grounds = grounds
        self._clock = clock
        self._hooks = hooks

    @property
    def vendor_ids(self) -> frozenset[str]:
        """Vendors whose data is passed on; none for a backend that only is told."""
        return self._config.vendor_ids if self._config.role.controls else frozenset()

    def forbidden(self, permit: UpstreamPermit | None = None) -> WishAnswer | None:
        """Return why the backend may not do something beyond stops and limits; None: it may."""
        if not self._config.role.controls or (permit is not None and permit not in self._config.permits):
            return WishAnswer(WishOutcome.REJECTED, "NotEnabled")
        if self._hooks.link in (LinkState.DEGRADED, LinkState.OFFLINE):
            # What comes over a poor link may be minutes old: then nothing begins by it.
            return WishAnswer(WishOutcome.REJECTED, "PoorLink")
        return None

    async def wish(self, wish: UpstreamWish) -> WishAnswer:
        """Bring a wish before the site; what is not answered in time is called off, and rejected."""
        try:
            async with timeout(self._clock, ANSWER_WITHIN_S):
                return await self._grounds.wish(self._config.upstream_id, self._station_id, wish)
        except TimeoutError:
            _LOGGER.info("%s of backend %s was not answered in time", type(wish).__name__, self._config.upstream_id)
            return WishAnswer(WishOutcome.REJECTED, "Timeout")

    async def stop(self, session_id: str) -> WishAnswer:
        """Stop a session, whatever role and link are."""
        return await self.wish(WantStop(session_id))

    async def permitted(self, permit: UpstreamPermit | None, wish: UpstreamWish) -> WishAnswer:
        """Do something that needs the owner's permission."""
        return self.forbidden(permit) or await self.wish(wish)
