"""The site's records: the room they have, and how they leave as files."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
import logging
from pathlib import Path
import threading

from ..ledger.ledger import Ledger
from ..model.clock import Clock
from ..model.failure import LedgerFullError, LedgerUnavailableError
from ..model.storage import StorageFacts
from ..model.upstream.bundle import Bundle, BundleCursor, BundleError, BundleRange, BundleSource, BundleWanted
from .memory import Json, SiteMemory
from .register import SiteRegister

_LOGGER = logging.getLogger(__name__)
_FACT = "export/"


class ExportWhat(StrEnum):
    """Which records."""

    NEW = "new"
    """Those that the target has not got."""
    PERIOD = "period"
    ALL = "all"


class Records:
    """Writes files of records, one at a time and off the event loop, and remembers what each target has got."""

    def __init__(self, register: SiteRegister, ledger: Ledger, memory: SiteMemory, clock: Clock) -> None:
        """Take up what was exported before."""
        self._register = register
        self._ledger = ledger
        self._memory = memory
        self._clock = clock
        self._turn = asyncio.Lock()
        self._stop = threading.Event()
        times = [self.exported_at(target) for target in memory.mappings(_FACT)]
        register.state.exported_at = max((at for at in times if at is not None), default=None)

    def exported_at(self, target: str) -> datetime | None:
        """When something was last written for a target; None: never."""
        at = self._memory.mapping(_FACT + target).get("at")
        return datetime.fromisoformat(at) if isinstance(at, str) else None

    async def export(
        self,
        folder: Path,
        what: ExportWhat = ExportWhat.NEW,
        *,
        target: str = "manual",
        names: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Bundle | None:
        """Write a bundle into `folder`; None: there is nothing to write.

        A target is somebody who is given files: what is new is new to it. `since` and `until` bound a period by the
        time of recording. Card holders are named in the table of sessions only with `names`. Raises BundleError.
        """
        async with self._turn:
            bundle = await self._in_thread(lambda: self._write(folder, what, target, names, since, until))
            if bundle is not None:
                await self._note(bundle, target, moves=what is not ExportWhat.PERIOD)
            return bundle

    async def storage(self) -> StorageFacts:
        """Return how much room the records have. Raises LedgerUnavailableError."""
        return await self._ledger.storage()

    async def close(self) -> None:
        """Break off what is being written, and begin nothing more."""
        self._stop.set()
        async with self._turn:
            pass

    async def _in_thread[T](self, work: Callable[[], T]) -> T:
        """Do work in a thread, and leave nothing running in it: whoever is cancelled waits until it has stopped."""
        running = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            closing = self._stop.is_set()
            self._stop.set()
            await asyncio.wait((running,))
            if not closing:
                self._stop.clear()
            raise

    def _write(
        self,
        folder: Path,
        what: ExportWhat,
        target: str,
        names: bool,
        since: datetime | None,
        until: datetime | None,
    ) -> Bundle | None:
        # The archive's writer is loaded with the first export; most sites never make one.
        from ..uplink.export.bundle import BundleWriter  # noqa: PLC0415

        source = self._ledger.export_source()
        try:
            found = self._range(source, what, target, since, until)
            if found is None:
                return None
            config = self._register.config
            wanted = BundleWanted(
                found=found,
                folder=folder,
                site_name=config.name,
                names=names,
                made_at=self._clock.now().astimezone(UTC).replace(microsecond=0),
                station_names=tuple((station.station_id, station.name) for station in config.stations),
            )
            return BundleWriter(source, wanted, stopped=self._stop.is_set).write()
        except LedgerUnavailableError as error:
            raise BundleError("unreadable", str(error)) from error
        finally:
            source.close()

    def _range(
        self,
        source: BundleSource,
        what: ExportWhat,
        target: str,
        since: datetime | None,
        until: datetime | None,
    ) -> BundleRange | None:
        if what is ExportWhat.PERIOD:
            return source.within(since, until)
        head = source.head()
        if head is None:
            return None
        cursor = _cursor(self._memory.mapping(_FACT + target)) if what is ExportWhat.NEW else None
        first_seq = 1 if cursor is None else source.after(cursor) + 1
        if first_seq > head.seq:
            return None
        found = BundleRange(first_seq, head.seq)
        return found if what is ExportWhat.ALL or source.has_news(found) else None

    async def _note(self, bundle: Bundle, target: str, *, moves: bool) -> None:
        """Remember what the target has. A ledger that takes nothing is no reason to keep its records back."""
        known = self._memory.mapping(_FACT + target)
        fact: dict[str, Json] = {**known, "at": bundle.made_at.isoformat()}
        if moves:
            fact |= {"epoch": bundle.cursor.epoch, "seq": bundle.cursor.seq, "id": bundle.cursor.id}
        try:
            await self._memory.keep(_FACT + target, fact)
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.warning("How far the records were exported cannot be remembered (%s); the next file repeats", error)
        self._register.state.exported_at = bundle.made_at
        self._register.state.changed()


def _cursor(fact: dict[str, Json]) -> BundleCursor | None:
    match fact:
        case {"epoch": int(epoch), "seq": int(seq), "id": str(id)}:
            return BundleCursor(epoch, seq, id)
    return None
