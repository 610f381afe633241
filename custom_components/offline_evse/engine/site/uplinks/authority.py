"""Who answers for cards at which charger, as one backend."""

from collections.abc import Callable, Mapping
from typing import override

from ...model.access import Backend, BackendAnswer, LinkState
from ...model.id_token import IdToken
from ...model.upstream.config import UpstreamConfig, UpstreamRole
from ...model.upstream.link import UpstreamView

_WORST_FIRST = (LinkState.OFFLINE, LinkState.RECOVERING, LinkState.DEGRADED, LinkState.ONLINE)

type Answering = Callable[[str], Backend | None]
"""The backend that answers for the cards at a charger."""


class NobodyAnswersError(Exception):
    """No backend answers for the cards at a charger."""


class Authority(Backend):
    """Every backend that is asked about cards, each for its own chargers."""

    def __init__(
        self, configs: Mapping[str, UpstreamConfig], views: Mapping[str, UpstreamView], answering: Answering
    ) -> None:
        """Route by `configs`, as they are set up at the time; `views` tells how each line is."""
        self._configs = configs
        self._views = views
        self._answering = answering
        self._audience: list[Callable[[LinkState], None]] = []
        self._seen: dict[str, LinkState] = {}

    @property
    def there(self) -> bool:
        """Whether any backend answers for any charger."""
        return bool(self._links())

    @property
    @override
    def link(self) -> LinkState:
        links = self._links().values()
        return next((state for state in _WORST_FIRST if state in links), LinkState.OFFLINE)

    @override
    def link_at(self, station_id: str) -> LinkState | None:
        return self._links().get(station_id)

    @override
    async def ask(self, id_token: IdToken, station_id: str, evse_id: int | None) -> BackendAnswer:
        backend = self._answering(station_id) if station_id in self._links() else None
        if backend is None:
            raise NobodyAnswersError(station_id)
        return await backend.ask(id_token, station_id, evse_id)

    @override
    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        self._audience.append(callback)
        return lambda: self._audience.remove(callback)

    def look(self) -> None:
        """Tell whoever listens when a line is another than before."""
        now = self._links()
        if now == self._seen:
            return
        self._seen = now
        for callback in tuple(self._audience):
            callback(self.link)

    def _links(self) -> dict[str, LinkState]:
        links: dict[str, LinkState] = {}
        for config in self._configs.values():
            if config.role is UpstreamRole.AUTHORITY:
                view = self._views.get(config.upstream_id)
                for line in config.lines:
                    told = None if view is None else view.lines.get(line.station_id)
                    links[line.station_id] = LinkState.OFFLINE if told is None else told.state
        return links
