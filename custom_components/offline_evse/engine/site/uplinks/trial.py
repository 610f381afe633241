"""Dials a backend once, for somebody who sets it up. Imports `engine/uplink` late, as nobody else needs it yet."""

import asyncio
from typing import Final

from ...model.clock import Clock, timeout
from ...model.upstream.config import UpstreamConfig
from ...model.upstream.link import LinkTrouble

_LOOK_FOR_S: Final = 1.0
"""Some central systems open the line first and close it again when they have looked at who it is."""


async def try_upstream(config: UpstreamConfig, clock: Clock) -> tuple[LinkTrouble, str] | None:
    """Dial for the first charger of a backend, say nothing, and hang up; returns what is wrong, or None."""
    await asyncio.to_thread(_import_wire)
    from ...uplink.wire.connection import CallRefusedError  # noqa: PLC0415 - not at a site without a backend
    from ...uplink.wire.dialling import DialError, Dialler  # noqa: PLC0415

    async def refuse(action: str, payload: dict[str, object]) -> dict[str, object]:
        raise CallRefusedError("NotSupported", "")

    dialler = Dialler(clock)
    try:
        connection = await dialler.dial(config, config.lines[0], refuse)
    except DialError as error:
        await dialler.close()
        return error.trouble, error.detail
    try:
        async with timeout(clock, _LOOK_FOR_S):
            trouble = await asyncio.shield(connection.closed)
    except TimeoutError:
        return None
    else:
        return trouble or LinkTrouble.SILENT, "The line was closed at once"
    finally:
        await connection.close()
        await dialler.close()


def _import_wire() -> None:
    from ...uplink.wire import dialling  # noqa: F401, PLC0415 - loads what takes a while, off the event loop
