"""One backend: its lines, and how it is reached as a whole."""

from collections.abc import Callable
from typing import override

from ..model.access import Backend, BackendAnswer, LinkState
from ..model.id_token import IdToken
from ..model.upstream.link import UpstreamView


class Upstream(Backend):
    """The lines of one backend."""

    upstream_id: str

    @property
    @override
    def link(self) -> LinkState:
        raise NotImplementedError

    @property
    def view(self) -> UpstreamView:
        """The backend as it is now."""
        raise NotImplementedError

    @override
    async def ask(self, id_token: IdToken, station_id: str, evse_id: int | None) -> BackendAnswer:
        raise NotImplementedError

    @override
    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        raise NotImplementedError
