"""The backend, if there is one: asked within a time, remembered, and heard however late it answers."""

import asyncio
from collections.abc import Callable
from datetime import datetime
import logging

from ...authorization.backend_cache import BackendCache, CachedAnswer
from ...ledger.ledger import Ledger
from ...model.access import Backend, BackendAnswer, LinkState
from ...model.clock import Clock, timeout
from ...model.id_token import IdToken
from ..background import Background
from ..memory import SiteMemory
from ..register import SiteRegister

_LOGGER = logging.getLogger(__name__)

LATEST_ANSWER_S = 600.0
"""How late an answer may come and still be taken."""
_KEPT = "backend/"

type Answered = Callable[[IdToken, BackendAnswer], None]


class BackendDesk:
    """Asks about cards. Whatever goes wrong there is no answer, and nobody waits longer than they said."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        cache: BackendCache,
        memory: SiteMemory,
        clock: Clock,
        background: Background,
    ) -> None:
        """Begin without a backend, and with the answers of before."""
        self._register = register
        self._ledger = ledger
        self._cache = cache
        self._memory = memory
        self._clock = clock
        self._background = background
        self._backend: Backend | None = None
        self._unlisten: Callable[[], None] | None = None
        self._askable_at: frozenset[str] = frozenset()
        """Chargers about whose cards it can be asked."""
        self.on_answer: Answered = lambda _, __: None
        """Called with every answer, however late."""
        self.on_reachable: Callable[[], None] = lambda: None
        """Called when it can be asked again."""
        for subject, kept in memory.mappings(_KEPT).items():
            if (answer := CachedAnswer.from_json(kept)) is not None:
                cache.keep(subject, answer)

    @property
    def link(self) -> LinkState | None:
        """How it can be reached; None: there is none."""
        return None if self._backend is None else self._backend.link

    def link_at(self, station_id: str) -> LinkState | None:
        """How it can be reached about cards at a charger; None: nobody outside answers for that one."""
        return None if self._backend is None else self._backend.link_at(station_id)

    def askable_at(self, station_id: str) -> bool:
        """Whether it is worth waiting for an answer about a card at a charger."""
        link = self.link_at(station_id)
        return link is not None and link.askable

    def use(self, backend: Backend | None) -> None:
        """Ask this one from now on; None: nobody."""
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        self._backend = backend
        self._askable_at = frozenset()
        if backend is not None:
            self._unlisten = backend.on_link(self._link_changed)
        self._link_changed(self.link)

    async def ask(self, id_token: IdToken, station_id: str, evse_id: int | None, wait_s: float) -> BackendAnswer | None:
        """Ask, and wait this long; None: it has not answered. An answer that comes later is taken all the same."""
        asking = self._begin(id_token, station_id, evse_id)
        try:
            async with timeout(self._clock, wait_s):
                return await asyncio.shield(asking)
        except TimeoutError:
            return None

    def said_since(self, id_token: IdToken, at: datetime) -> BackendAnswer | None:
        """Return what it has said about a card since a moment."""
        known = self._cache.find(self._ledger.subject_of(id_token))
        return known.answer if known is not None and known.asked_at >= at else None

    def ask_beside(self, id_token: IdToken, station_id: str, evse_id: int | None) -> None:
        """Ask without waiting."""
        self._begin(id_token, station_id, evse_id)

    def _begin(self, id_token: IdToken, station_id: str, evse_id: int | None) -> asyncio.Future[BackendAnswer | None]:
        answered: asyncio.Future[BackendAnswer | None] = asyncio.get_running_loop().create_future()
        self._background.run(self._ask(id_token, station_id, evse_id, answered), "question to the backend")
        return answered

    async def _ask(
        self,
        id_token: IdToken,
        station_id: str,
        evse_id: int | None,
        answered: asyncio.Future[BackendAnswer | None],
    ) -> None:
        answer: BackendAnswer | None = None
        try:
            if self._backend is not None:
                async with timeout(self._clock, LATEST_ANSWER_S):
                    answer = await self._backend.ask(id_token, station_id, evse_id)
        except Exception as error:  # noqa: BLE001 - whatever a backend's code raises, it is no answer
            _LOGGER.debug("The backend gave no answer: %s", type(error).__name__)
        finally:
            if not answered.done():
                answered.set_result(answer)
        if answer is not None:
            await self.heard(id_token, answer)

    async def heard(self, id_token: IdToken, answer: BackendAnswer) -> None:
        """Take in what it says about a card, whether it was asked or not."""
        subject = self._ledger.subject_of(id_token)
        cached = CachedAnswer(answer, self._clock.now())
        self._cache.keep(subject, cached)
        self.on_answer(id_token, answer)
        await self._memory.keep(f"{_KEPT}{subject}", cached.as_json())

    async def forget_answers(self) -> None:
        """Go by nothing that it has said before, but for what it has blocked."""
        for subject in self._cache.forget():
            await self._memory.keep(f"{_KEPT}{subject}", None)

    def _link_changed(self, link: LinkState | None) -> None:
        before = self._askable_at
        self._show(link)
        self._askable_at = frozenset(filter(self.askable_at, self._register.stations))
        if self._askable_at - before:
            self.on_reachable()

    def _show(self, link: LinkState | None) -> None:
        if self._register.state.link is not link:
            self._register.state.link = link
            self._register.state.changed()
