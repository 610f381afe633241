"""The site as its backends see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..access import BackendAnswer
from ..id_token import IdToken
from ..meter import EvseSample
from ..station import EvseStatus, StationIdentity
from ..transaction import Transaction
from .link import UpstreamView
from .wish import UpstreamWish, WishAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamEvse:
    """One EVSE as it is wired, with what runs at it."""

    phases: int
    """That it is wired with, 1 to 3."""
    max_current_a: float
    """Most that it may ever take on each of them, whatever else there is."""
    transaction: Transaction | None = None
    """The one that is open at it."""
    sample: EvseSample | None = None
    """What its meter has said last."""


@dataclass(frozen=True, slots=True)
class UpstreamLimit:
    """The most that a backend wants an EVSE to have."""

    upstream_id: str
    name: str
    current_a: float


class Grounds(Protocol):
    """What backends may know of the site, and what they may ask of it. Everything is called on the event loop."""

    def identity(self, station_id: str) -> StationIdentity:
        """What a charger says of itself, or what is known of it from before."""

    def statuses(self, station_id: str) -> dict[int, tuple[EvseStatus, str | None]]:
        """Status and error code of every EVSE; a charger that is out of sight is UNAVAILABLE, and still there."""

    def evses(self, station_id: str) -> dict[int, UpstreamEvse]:
        """Return every EVSE of a charger by its number, from 1; empty for a charger that is not known."""

    def on_status(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with a station id when one of these has changed; returns the call that ends it."""

    def on_boot(self, callback: Callable[[str, str | None, frozenset[str]], None]) -> Callable[[], None]:
        """Call back after a charger has booted; returns the call that ends it.

        With its id, why it has (2.x BootReasonEnumType; None: nobody is to hear of it but those who have ordered it),
        and the backends that have.
        """

    async def wish(self, upstream_id: str, station_id: str, wish: UpstreamWish) -> WishAnswer:
        """Take a wish of a backend: checked against its role, the block-list, the owner's word and the fuse."""

    async def denied(self, upstream_id: str, session_id: str, id_token: IdToken, answer: BackendAnswer) -> None:
        """A backend has said no to a session when it was told of its start."""

    def remote_start_id(self, upstream_id: str, transaction: Transaction) -> int | None:
        """Return the number under which a backend has ordered a session; None: it has not, or not by number."""

    def forget_answers(self, upstream_id: str) -> None:
        """Go by no earlier answer of a backend about cards: it has asked for that (ClearCache)."""

    def shown(self, view: UpstreamView) -> None:
        """Something that is shown of a backend has changed."""

    async def keep(self, key: str, value: object) -> None:
        """Remember a small fact of a backend durably (JSON); None forgets it."""

    def kept(self, prefix: str) -> dict[str, object]:
        """Return the facts that are remembered, by the rest of their key.

        Keys begin with the backend's id and a slash: whatever is kept of a backend is forgotten when it is removed.
        """
