"""The site as its backends see it."""

from collections.abc import Callable
from typing import cast, override

from ...model.access import BackendAnswer
from ...model.id_token import IdToken
from ...model.station import EvseStatus, StationIdentity
from ...model.transaction import Transaction
from ...model.upstream.link import UpstreamView
from ...model.upstream.site import Grounds, UpstreamEvse
from ...model.upstream.wish import UpstreamWish, WishAnswer
from ..memory import Json, SiteMemory
from ..register import SiteRegister
from .boots import BootWatch
from .late_noes import LateNoes
from .starts import UpstreamStarts
from .statuses import StatusWatch
from .wishes import Wishes

_KEPT = "upstream/"


class SiteGrounds(Grounds):
    """Shows backends the site, and takes to it what they want."""

    def __init__(
        self,
        register: SiteRegister,
        memory: SiteMemory,
        wishes: Wishes,
        starts: UpstreamStarts,
        late_noes: LateNoes,
        boots: BootWatch,
        on_shown: Callable[[UpstreamView], None],
        on_forget: Callable[[str], None],
    ) -> None:
        """Show what is in the register; `on_shown` hears what is shown of a backend, `on_forget` whose answers go."""
        self._register = register
        self._memory = memory
        self._wishes = wishes
        self._starts = starts
        self._late_noes = late_noes
        self._boots = boots
        self._on_shown = on_shown
        self._on_forget = on_forget
        self._statuses = StatusWatch(register)

    @override
    def identity(self, station_id: str) -> StationIdentity:
        station = self._register.stations.get(station_id)
        return StationIdentity() if station is None else station.identity

    @override
    def statuses(self, station_id: str) -> dict[int, tuple[EvseStatus, str | None]]:
        return self._statuses.of(station_id)

    @override
    def evses(self, station_id: str) -> dict[int, UpstreamEvse]:
        return {
            evse.key.evse_id: UpstreamEvse(
                phases=evse.terminals,
                max_current_a=evse.maximum_a,
                transaction=evse.transaction if evse.has_transaction else None,
                sample=evse.sample,
            )
            for evse in self._register.of_station(station_id)
        }

    @override
    def on_status(self, callback: Callable[[str], None]) -> Callable[[], None]:
        return self._statuses.listen(callback)

    @override
    def on_boot(self, callback: Callable[[str, str | None, frozenset[str]], None]) -> Callable[[], None]:
        return self._boots.listen(callback)

    @override
    async def wish(self, upstream_id: str, station_id: str, wish: UpstreamWish) -> WishAnswer:
        return await self._wishes.take(upstream_id, station_id, wish)

    @override
    async def denied(self, upstream_id: str, session_id: str, id_token: IdToken, answer: BackendAnswer) -> None:
        await self._late_noes.take(upstream_id, session_id, id_token, answer)

    @override
    def remote_start_id(self, upstream_id: str, transaction: Transaction) -> int | None:
        return self._starts.number_of(upstream_id, transaction)

    @override
    def forget_answers(self, upstream_id: str) -> None:
        self._on_forget(upstream_id)

    @override
    def shown(self, view: UpstreamView) -> None:
        self._on_shown(view)

    @override
    async def keep(self, key: str, value: object) -> None:
        await self._memory.keep(_KEPT + key, cast(Json, value))

    @override
    def kept(self, prefix: str) -> dict[str, object]:
        return dict(self._memory.facts(_KEPT + prefix))

    def known(self) -> set[str]:
        """Return every backend of which something is kept."""
        return {key.partition("/")[0] for key in self._memory.facts(_KEPT)}

    async def forget(self, upstream_id: str) -> None:
        """Forget what is kept of a backend."""
        await self._memory.forget(f"{_KEPT}{upstream_id}/")

    def close(self) -> None:
        """Listen to nothing any more."""
        self._statuses.close()
        self._boots.close()
