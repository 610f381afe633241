"""A backend that answers when and what the test says."""

import asyncio
from collections.abc import Callable
from typing import override

from custom_components.offline_evse.engine.model.access import Backend, BackendAnswer, LinkState
from custom_components.offline_evse.engine.model.id_token import IdToken

YES, NO = BackendAnswer(accepted=True), BackendAnswer(accepted=False)


class FakeBackend(Backend):
    """Answers at once what is in `answers`; whom it does not know it lets wait until `tell`."""

    def __init__(self, link: LinkState = LinkState.ONLINE) -> None:
        """Begin with nobody known."""
        self._link = link
        self._audience: list[Callable[[LinkState], None]] = []
        self._waiting: list[tuple[IdToken, asyncio.Future[BackendAnswer]]] = []
        self.answers: dict[str, BackendAnswer] = {}
        self.asked: list[str] = []

    @property
    @override
    def link(self) -> LinkState:
        return self._link

    @override
    async def ask(self, id_token: IdToken, station_id: str, evse_id: int | None) -> BackendAnswer:
        self.asked.append(id_token.value)
        if (answer := self.answers.get(id_token.value)) is not None:
            return answer
        waiting: asyncio.Future[BackendAnswer] = asyncio.get_running_loop().create_future()
        self._waiting.append((id_token, waiting))
        return await waiting

    @override
    def on_link(self, callback: Callable[[LinkState], None]) -> Callable[[], None]:
        self._audience.append(callback)
        return lambda: self._audience.remove(callback)

    def tell(self, answer: BackendAnswer) -> None:
        """Answer everybody who waits."""
        waiting, self._waiting = self._waiting, []
        for _, asked in waiting:
            if not asked.done():
                asked.set_result(answer)

    def become(self, link: LinkState) -> None:
        """Change the link."""
        self._link = link
        for callback in tuple(self._audience):
            callback(link)
