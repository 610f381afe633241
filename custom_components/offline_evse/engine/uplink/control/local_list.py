"""The list of cards that a backend gives a line, and its version.

Its cards are held in memory only, for nothing that is kept here durably names a card: the site keeps what it makes of
them under pseudonyms. After a restart the version is 0, "there is none", and the backend gives the whole list again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ...model.local_list import LocalListEntry
from ...model.upstream.wish import WantLocalList, WishOutcome
from .settings.keys import LIST_ENTRIES
from .wishing import Wishing

EMPTY = 0


class ListOutcome(StrEnum):
    """SendLocalListStatusEnumType."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    MISMATCH = "VersionMismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUpdate:
    """SendLocalList. In a differential one a card without terms is taken out."""

    version: int
    full: bool
    entries: Sequence[LocalListEntry]
    gone: frozenset[str] = frozenset()
    """Keys of cards that are taken out."""


class LocalList:
    """A backend's cards at one charger."""

    def __init__(self, wishing: Wishing) -> None:
        """Begin without a list."""
        self._wishing = wishing
        self._entries: dict[str, LocalListEntry] = {}
        self._version = EMPTY
        self._changing = asyncio.Lock()

    @property
    def version(self) -> int:
        """The version that the backend gave it; 0: there is no list."""
        return self._version

    async def update(self, update: ListUpdate) -> ListOutcome:
        """Take a list, or what has changed in it; the site has it when this returns."""
        async with self._changing:
            if update.version <= EMPTY and not (update.full and not update.entries):
                return ListOutcome.FAILED
            if not update.full and update.version <= self._version:
                return ListOutcome.MISMATCH
            if not update.full and self._version == EMPTY:
                # What it differs from is not here: after a restart, or it was never sent.
                return ListOutcome.MISMATCH
            entries = {} if update.full else dict(self._entries)
            for entry in update.entries:
                entries[entry.id_token.key] = entry
            for key in update.gone:
                entries.pop(key, None)
            if len(entries) > LIST_ENTRIES:
                return ListOutcome.FAILED
            answer = await self._wishing.wish(WantLocalList(tuple(entries.values())))
            if answer.outcome not in (WishOutcome.ACCEPTED, WishOutcome.SCHEDULED):
                return ListOutcome.FAILED
            self._entries, self._version = entries, update.version
            return ListOutcome.ACCEPTED
