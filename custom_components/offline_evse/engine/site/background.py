"""Work that nobody waits for, and that must not outlive the site."""

import asyncio
from collections.abc import Coroutine
import logging

_LOGGER = logging.getLogger(__name__)


class Background:
    """Tasks of the site. A task that fails is logged, and never takes another with it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work: Coroutine[object, object, None], name: str) -> None:
        """Do `work` beside everything else."""
        task = asyncio.get_running_loop().create_task(work, name=f"offline_evse {name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def end(self) -> None:
        """Cancel what is still being done, and wait until it is gone."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("%s failed", task.get_name(), exc_info=error)
