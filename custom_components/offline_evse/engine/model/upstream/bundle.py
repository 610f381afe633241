"""The site's records as a file, for whoever cannot be reached over any link."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
import re
from typing import Protocol

BUNDLE_NAME = re.compile(r"offline-evse-[0-9a-f]{12}-\d+-\d+-\d+(-names)?\.zip")
"""What bundles are called: site, newest epoch, first and last entry; and whether card holders are named in them."""


@dataclass(frozen=True, slots=True)
class BundleRange:
    """A run of entries without a gap: `first_seq` and `last_seq` are part of it."""

    first_seq: int
    last_seq: int

    @property
    def count(self) -> int:
        """How many entries there are."""
        return self.last_seq - self.first_seq + 1


@dataclass(frozen=True, slots=True)
class EpochRange:
    """What of a bundle was written in one epoch of the ledger."""

    epoch: int
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class BundleCursor:
    """The last entry that somebody has been given."""

    epoch: int
    seq: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A session as people read it in a table."""

    session_id: str
    station_id: str
    evse_id: int
    connector_id: int | None
    started_at: datetime
    ended_at: datetime | None
    energy_wh: int
    register_start_wh: int | None
    register_stop_wh: int | None
    holder: str | None
    """Pseudonym of the card, the same in the entries."""
    holder_name: str | None
    """Whose card it was; None unless names were asked for."""
    stop_reason: str | None
    flags: tuple[str, ...] = ()
    """What to know before it is paid for: `running`, `offline`, `time_suspect`, `end_estimated`, `no_transaction`."""


class BundleSource(Protocol):
    """Where a bundle's records come from. Everything is called in one thread, never on the event loop."""

    @property
    def site_id(self) -> str:
        """What stands for the site: the same for as long as its key file lives; tells nothing about it."""

    def head(self) -> BundleCursor | None:
        """Return the newest entry; None: there is none."""

    def after(self, cursor: BundleCursor) -> int:
        """Return the newest entry that somebody with this cursor has, by its number; 0: none.

        Less than the cursor's own where an older copy of the ledger was put back meanwhile.
        """

    def within(self, since: datetime | None, until: datetime | None) -> BundleRange | None:
        """Return the entries written from `since` to before `until`, and those between them; None: there are none."""

    def has_news(self, found: BundleRange) -> bool:
        """Whether anything but the site's own notes is in it."""

    def entries(self, found: BundleRange) -> Iterator[Sequence[tuple[int, int, str | None, str]]]:
        """Yield pages of entries, in order: number, epoch, session and canonical JSON of each."""

    def sessions(self, session_ids: Sequence[str], names: bool) -> Sequence[SessionRow]:
        """Return these sessions, in the order of their ids."""

    def close(self) -> None:
        """Let go of the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleWanted:
    """What a bundle is to hold, and where it goes."""

    found: BundleRange
    folder: Path
    site_name: str
    names: bool
    made_at: datetime
    station_names: tuple[tuple[str, str], ...] = ()
    """Names of chargers by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A file that was written."""

    path: Path
    found: BundleRange
    cursor: BundleCursor
    """Its last entry."""
    session_count: int
    size_bytes: int
    names: bool
    made_at: datetime


class BundleError(Exception):
    """A bundle cannot be written: `reason` is `disk_full`, `unwritable`, `unreadable`, `stopped` or `changed`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        """Say why."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
