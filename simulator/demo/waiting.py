"""Waits for something to become true at a site that runs in real time."""

import asyncio
from collections.abc import Awaitable, Callable

LOOK_EVERY_S = 0.25


class NeverHappenedError(Exception):
    """What was waited for did not happen in time."""


async def until[T](what: str, look: Callable[[], Awaitable[T | None]], within_s: float) -> T:
    """Look again and again until `look` returns something; raises NeverHappenedError after `within_s`."""
    try:
        async with asyncio.timeout(within_s):
            while not (found := await look()):
                await asyncio.sleep(LOOK_EVERY_S)
            return found
    except TimeoutError as error:
        raise NeverHappenedError(f"waited {within_s:g} s in vain: {what}") from error
