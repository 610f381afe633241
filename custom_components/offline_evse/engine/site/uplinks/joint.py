"""Where the site and its backends are joined. The only way to `engine/uplink`, which it imports late."""

import asyncio
from datetime import tzinfo
from random import Random
from typing import TYPE_CHECKING, Final

from ...authorization.authorizer import Authorizer
from ...ledger.ledger import Ledger
from ...model.access import Backend
from ...model.clock import Clock
from ...model.upstream.config import UpstreamConfig, UpstreamPermit, UpstreamRole
from ...model.upstream.delivery import DueSession, Settlement
from ...model.upstream.link import UpstreamView
from ..access.access import Access
from ..announcement import Announcement, SessionEnded
from ..background import Background
from ..memory import SiteMemory
from ..people import People
from ..register import SiteRegister
from ..steering.dispatch import Send
from ..steering.steering import Steering
from .authority import Authority
from .boots import BootWatch
from .checks import check_upstreams
from .grounds import SiteGrounds
from .late_noes import LateNoes
from .limits import UpstreamLimits
from .lists import UpstreamCards
from .starts import UpstreamStarts
from .wishes import Wishes

if TYPE_CHECKING:
    from ...uplink.uplinks import Uplinks

_MOST_LISTED: Final = 200
"""Sessions of one charger that are listed at most."""


class UplinkJoint:
    """Holds the lines to backends, which are none for most sites."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        authorizer: Authorizer,
        access: Access,
        people: People,
        steering: Steering,
        memory: SiteMemory,
        send: Send,
        clock: Clock,
        background: Background,
    ) -> None:
        """Begin without backends, and with what they have left here before."""
        self._register = register
        self._access = access
        self._configs: dict[str, UpstreamConfig] = {}
        self._uplinks: Uplinks | None = None
        self._turn = asyncio.Lock()
        self._closed = False
        self._ledger = ledger
        self._clock = clock
        self._background = background
        self._limits = UpstreamLimits(register, steering, self._name_of)
        self._cards = UpstreamCards(authorizer.lists, ledger, memory, clock, background)
        starts = UpstreamStarts(register, ledger, authorizer, access.deciding, people, clock)
        boots = BootWatch(register, clock)
        limits, cards = self._limits, self._cards
        wishes = Wishes(register, self._configs, starts, limits, cards, access.endings, people, boots, send)
        late_noes = LateNoes(register, ledger, access, authorizer.remote_starts.site_tag, self._configs)
        self._grounds = SiteGrounds(
            register, memory, wishes, starts, late_noes, boots, self._shown, self._forget_answers
        )
        self._authority = Authority(self._configs, register.state.upstreams, self._answering)
        self._is_asked = False
        self._unhear = register.announce_to(self._heard)

    def _zone(self) -> tzinfo:
        """Return the time zone of the site, for windows and budgets by local time."""
        return self._register.config.goals.time_zone

    async def configure(self, configs: tuple[UpstreamConfig, ...]) -> None:
        """Bring the lines to what is set up, one change after the other; raises UpstreamError, with nothing changed."""
        check_upstreams(configs)
        async with self._turn:
            if self._closed:
                return
            self._configs.clear()
            self._configs.update({config.upstream_id: config for config in configs})
            if configs and self._uplinks is None:
                # Most sites never need it, and the loop does not wait for the disk that it is on.
                uplinks = await asyncio.to_thread(_import_uplinks)
                self._uplinks = uplinks(self._ledger.book, self._grounds, self._clock, Random(), self._zone)
            if self._uplinks is not None:
                await self._uplinks.configure(configs)
            await self._tidy()
            self._ask_authority()

    async def parked(self, upstream_id: str) -> tuple[DueSession, ...]:
        """Return sessions that wait for a person, the oldest first."""
        return await self._ledger.book.parked(upstream_id)

    async def untold(self, upstream_id: str) -> tuple[DueSession, ...]:
        """Return sessions that a backend has not been told of in full, the oldest first; also what was left out."""
        config = self._configs.get(upstream_id)
        if config is None:
            return ()
        found = list(await self._ledger.book.parked(upstream_id))
        for line in config.lines:
            found += await self._ledger.book.due(upstream_id, line.station_id, _MOST_LISTED)
        found += await self._ledger.book.left_out(upstream_id, _MOST_LISTED)
        known = {it.transaction.session_id: it for it in found}
        return tuple(sorted(known.values(), key=lambda it: it.transaction.started_at))

    async def settle(
        self, upstream_id: str, session_id: str, settlement: Settlement, remote_id: str | None = None
    ) -> bool:
        """Take a person's decision about one of them; False: there is nothing to decide."""
        if self._uplinks is None:
            return False
        return await self._uplinks.settle(upstream_id, session_id, settlement, remote_id)

    def reconnect(self, upstream_id: str) -> None:
        """Dial at once, whatever the pace."""
        if self._uplinks is not None:
            self._uplinks.reconnect(upstream_id)

    def set_metered(self, upstream_id: str, metered: bool) -> None:
        """Hear whether the way to a backend costs money per byte."""
        if self._uplinks is not None:
            self._uplinks.set_metered(upstream_id, metered)

    async def close(self) -> None:
        """Hang up everywhere; what is waiting goes on waiting."""
        self._closed = True
        self._unhear()
        async with self._turn:
            if self._uplinks is not None:
                await self._uplinks.close()
                self._uplinks = None
        self._grounds.close()

    async def _tidy(self) -> None:
        """Let go of what removed backends, or such as may not any longer, have left here."""
        configs = self._configs.values()
        lines = frozenset((config.upstream_id, line.station_id) for config in configs for line in config.lines)
        listing = {config.upstream_id for config in configs if UpstreamPermit.LOCAL_LIST in config.permits}
        self._limits.keep_only(lines)
        await self._cards.keep_only(frozenset(line for line in lines if line[0] in listing))
        for upstream_id in self._grounds.known() - self._configs.keys():
            # Removed now, or while nobody was here to see it.
            await self._ledger.book.close_upstream(upstream_id)
            await self._grounds.forget(upstream_id)
        shown = self._register.state.upstreams
        for upstream_id in shown.keys() - self._configs.keys():
            del shown[upstream_id]
        if self._uplinks is not None:
            shown.update({view.upstream_id: view for view in self._uplinks.views()})
            self._register.state.changed()

    def _ask_authority(self) -> None:
        is_asked, self._is_asked = self._is_asked, self._authority.there
        if self._is_asked is not is_asked:
            self._access.backend.use(self._authority if self._is_asked else None)
        self._authority.look()

    def _answering(self, station_id: str) -> Backend | None:
        return None if self._uplinks is None else self._uplinks.authority_at(station_id)

    def _shown(self, view: UpstreamView) -> None:
        if self._closed or view.upstream_id not in self._configs:
            return
        self._cards.shown(view)
        self._register.state.upstreams[view.upstream_id] = view
        self._register.state.changed()
        if self._is_asked:
            self._authority.look()

    def _forget_answers(self, upstream_id: str) -> None:
        config = self._configs.get(upstream_id)
        if config is not None and config.role is UpstreamRole.AUTHORITY:
            self._background.run(self._access.backend.forget_answers(), "end of earlier answers")

    def _heard(self, news: Announcement) -> None:
        if isinstance(news, SessionEnded) and self._uplinks is not None:
            self._uplinks.session_ended(news.evse.station_id, news.transaction.session_id)

    def _name_of(self, upstream_id: str) -> str:
        config = self._configs.get(upstream_id)
        return upstream_id if config is None else config.name


def _import_uplinks() -> type[Uplinks]:
    from ...uplink.uplinks import Uplinks  # noqa: PLC0415 - not at a site without a backend

    return Uplinks
