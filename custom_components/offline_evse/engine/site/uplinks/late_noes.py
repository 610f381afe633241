"""Backends that say no to a session when they are told of its start."""

from collections.abc import Mapping

from ...ledger.ledger import Ledger
from ...model.access import AccessMode, BackendAnswer
from ...model.decision import DecisionBasis, StopCause
from ...model.id_token import IdToken
from ...model.upstream.config import UpstreamConfig, UpstreamRole
from ..access.access import Access
from ..register import SiteRegister
from ..state import EvseState

_HEEDED = (AccessMode.BOTH, AccessMode.BACKEND_FIRST)


class LateNoes:
    """Heeds the no of whoever answers for cards, where the mode gives it a say.

    Of everybody else's the ledger takes note (`SessionDelivery.denied`), and that is all.
    """

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        access: Access,
        site_tag: IdToken,
        configs: Mapping[str, UpstreamConfig],
    ) -> None:
        """Judge by the backends in `configs`, as they are set up at the time."""
        self._register = register
        self._ledger = ledger
        self._access = access
        self._site_tag = site_tag
        self._configs = configs

    async def take(self, upstream_id: str, session_id: str, id_token: IdToken, answer: BackendAnswer) -> None:
        """End what runs, flag what is over, or leave it."""
        config = self._configs.get(upstream_id)
        if config is None or answer.accepted:
            return
        evse = self._running(session_id)
        heard = config.role is UpstreamRole.AUTHORITY and id_token.key != self._site_tag.key
        if not heard:
            # Nobody asks this one about cards, or it cannot know what begins in the name of the site.
            return
        await self._access.backend.heard(id_token, answer)
        if evse is None:
            known = await self._ledger.book.delivery(upstream_id, session_id)
            if known is not None and self._access.deciding.mode(known.transaction.station_id) in _HEEDED:
                await self._ledger.deny_after(session_id)
        elif self._access.deciding.mode(evse.key.station_id) in _HEEDED and not _ordered_here(evse):
            self._access.endings.order(evse, StopCause.DEAUTHORIZED)

    def _running(self, session_id: str) -> EvseState | None:
        return next(
            (
                evse
                for evse in tuple(self._register.evses.values())
                if evse.has_transaction and evse.transaction is not None and evse.transaction.session_id == session_id
            ),
            None,
        )


def _ordered_here(evse: EvseState) -> bool:
    """Whether somebody has started it from here: the owner's word goes before a backend's."""
    return evse.decision is not None and evse.decision.basis is DecisionBasis.REMOTE_START
