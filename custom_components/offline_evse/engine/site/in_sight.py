"""What can be seen of a site: its live states, its tree, and the news."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ..balancing.tree.layout_doubts import LayoutDoubt, doubts
from ..ledger.ledger import Ledger
from ..model.id_token import IdToken
from ..model.station import EvseKey
from ..model.transaction import Transaction
from .announcement import Announcement
from .config import SiteConfig
from .register import SiteRegister
from .state import EvseState, SiteState, StationState
from .tree import SiteTree, site_tree


class SiteInSight:
    """A site for whoever only looks at it, or takes a copy."""

    def __init__(self, register: SiteRegister, ledger: Ledger) -> None:
        """Show what is in the register and in the ledger."""
        self._register = register
        self._ledger = ledger

    @property
    def state(self) -> SiteState:
        """The site as a whole, live."""
        return self._register.state

    @property
    def stations(self) -> Mapping[str, StationState]:
        """Adopted stations, live."""
        return self._register.stations

    @property
    def evses(self) -> Mapping[EvseKey, EvseState]:
        """EVSEs of adopted stations that have been met, live."""
        return self._register.evses

    @property
    def config(self) -> SiteConfig:
        """The set-up in force."""
        return self._register.config

    def announce_to(self, callback: Callable[[Announcement], None]) -> Callable[[], None]:
        """Hear of everything that happens once; returns the call that ends it."""
        return self._register.announce_to(callback)

    def doubts(self) -> tuple[LayoutDoubt, ...]:
        """What is possible in the tree as it is set up, but hardly meant."""
        return doubts(self._register.layout())

    def tree(self) -> SiteTree:
        """The fuse tree with everything that is live in it, for whoever draws it."""
        return site_tree(self._register)

    def subject_of(self, id_token: IdToken) -> str:
        """What stands for a credential where its number has no business to be."""
        return self._ledger.subject_of(id_token)

    async def transactions(
        self, *, evse: EvseKey | None = None, since: datetime | None = None, limit: int = 100
    ) -> tuple[Transaction, ...]:
        """Recorded transactions, newest first."""
        return await self._ledger.transactions(evse=evse, since=since, limit=limit)

    async def prepare_backup(self) -> None:
        """Bring the files into a state that can be copied in any order, and keep them so until `finish_backup`."""
        await self._ledger.freeze()

    async def finish_backup(self) -> None:
        """Let the files change freely again."""
        await self._ledger.thaw()
