"""All backends of a site."""

from collections.abc import Callable
from datetime import UTC, tzinfo
from random import Random

from ..model.clock import Clock
from ..model.upstream.config import UpstreamConfig
from ..model.upstream.delivery import DeliveryBook, Settlement
from ..model.upstream.link import UpstreamView
from ..model.upstream.site import Grounds
from .upstream import Upstream


class Uplinks:
    """Keeps a line to every backend for every charger that it hears of."""

    def __init__(
        self,
        book: DeliveryBook,
        grounds: Grounds,
        clock: Clock,
        random: Random,
        zone: Callable[[], tzinfo] = lambda: UTC,
    ) -> None:
        """Begin with none; `zone` is the site's, for windows and budgets by local time."""

    async def configure(self, configs: tuple[UpstreamConfig, ...]) -> None:
        """Bring the lines to what is set up. A line that means the same as before keeps its socket."""

    @property
    def authority(self) -> Upstream | None:
        """The backend that is asked about cards."""
        raise NotImplementedError

    def views(self) -> tuple[UpstreamView, ...]:
        """Every backend as it is now, in the order of the set-up."""
        raise NotImplementedError

    async def settle(
        self, upstream_id: str, session_id: str, settlement: Settlement, remote_id: str | None = None
    ) -> bool:
        """Take a person's decision about a session that is parked; False: there is nothing to decide."""
        raise NotImplementedError

    def reconnect(self, upstream_id: str) -> None:
        """Dial again at once, whatever the pace: somebody says that it will work now."""

    def set_metered(self, upstream_id: str, metered: bool) -> None:
        """Hear whether the way to a backend costs money per byte: then nothing but money goes up."""

    def session_ended(self, station_id: str, session_id: str) -> None:
        """Let the backends' profiles for a session end with it."""

    async def close(self) -> None:
        """Hang up everywhere; what is waiting goes on waiting in the book."""
