"""The site: one object that chargers, the meter and people talk to."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ..model.command import CommandResult
from ..model.id_token import Card, IdToken
from ..model.phases import PhaseAmperes
from ..model.station import EvseKey, ResetKind
from ..model.transaction import Transaction
from .announcement import Announcement
from .config import SiteConfig
from .state import EvseState, SiteState, StationState


class Site:
    """API. Bodies follow."""

    state: SiteState
    stations: Mapping[str, StationState]
    """Adopted stations."""
    evses: Mapping[EvseKey, EvseState]

    def configure(self, config: SiteConfig) -> None:
        """Take over a changed set-up in place; no socket is dropped but those of stations that were removed."""

    def announce_to(self, callback: Callable[[Announcement], None]) -> Callable[[], None]:
        """Hear of everything that happens once; returns the call that ends it."""

    def meter_reported(self, circuit_id: str, currents_a: PhaseAmperes) -> None:
        """The meter of a circuit has reported (the same value again counts as a report too)."""

    async def start_charging(self, evse: EvseKey, id_token: IdToken | None = None) -> CommandResult:
        """Remote start; with the site's own tag where no card is given. Lifts a pause."""

    async def stop_charging(self, evse: EvseKey) -> CommandResult:
        """End the running transaction."""

    async def pause(self, evse: EvseKey, paused: bool) -> None:
        """Hold the offer at 0, or let it go again; the transaction goes on. Survives restarts."""

    async def set_limit(self, evse: EvseKey, current_a: float | None) -> None:
        """The most that an EVSE may have, in A; None lifts it. Survives restarts. Raises ValueError out of range."""

    async def set_operative(self, station_id: str, operative: bool, evse_id: int = 0) -> CommandResult:
        """Take a station or one EVSE into or out of service."""

    async def restart(self, station_id: str, kind: ResetKind = ResetKind.SOFT) -> CommandResult:
        """Restart a station."""

    async def unlock(self, evse: EvseKey) -> CommandResult:
        """Release the cable."""

    async def enrol_card(self, card: Card) -> None:
        """Enrol a card, or change one that is enrolled."""

    async def remove_card(self, id_token: IdToken) -> bool:
        """Remove a card; returns whether there was one."""

    def cards(self) -> tuple[Card, ...]:
        """All enrolled cards, by name."""

    async def transactions(
        self, *, evse: EvseKey | None = None, since: datetime | None = None, limit: int = 100
    ) -> tuple[Transaction, ...]:
        """Recorded transactions, newest first."""
