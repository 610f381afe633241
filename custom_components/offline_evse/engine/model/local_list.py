"""Lists of cards that chargers keep for the time when nobody can be asked."""

from dataclasses import dataclass
from datetime import datetime

from .id_token import IdToken


@dataclass(frozen=True, slots=True)
class LocalListEntry:
    """One card in a charger's list; not accepted: it is taken out of it."""

    id_token: IdToken
    accepted: bool = True
    expires_at: datetime | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class LocalListState:
    """How many of the cards that it should know a charger can let in by itself."""

    known_count: int
    wanted_count: int
