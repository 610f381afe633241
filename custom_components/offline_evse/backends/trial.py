"""Dials a backend that is being set up, to tell at once what would be wrong with it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..engine.model.upstream.config import LineConfig, UpstreamConfig
from ..engine.model.upstream.link import LinkTrouble
from ..engine.site.site import Site
from .backend_config import (
    AUTOMATIC,
    CONF_ADDRESS,
    CONF_AUTHORITY_PEM,
    CONF_CERTIFICATE_PEM,
    CONF_CHARGERS,
    CONF_KEY_PEM,
    CONF_VERSION,
)

PATIENCE_S: Final = 40.0
"""How long somebody in front of a form is kept waiting, in s."""
MOST: Final = 5
"""Chargers that are tried: what is wrong with a backend is wrong with the first already."""
_ROAD: Final = (CONF_ADDRESS, CONF_AUTHORITY_PEM, CONF_CERTIFICATE_PEM, CONF_KEY_PEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A backend that could not be reached, and for which charger."""

    trouble: LinkTrouble
    detail: str | None
    """In the words of whoever said it."""
    station_id: str
    identity: str


def changed_lines(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the chargers that reach a backend in another way than before: all the rest has shown what it is good for.

    A charger that is tried is dialled in twice for a moment, and its backend may drop the line that it has.
    """
    lines: Mapping[str, Any] = after[CONF_CHARGERS]
    if before is None or _road(before) != _road(after):
        return tuple(lines)
    return tuple(it for it, line in lines.items() if before[CONF_CHARGERS].get(it) != line)


async def try_backend(site: Site, config: UpstreamConfig) -> Trial | None:
    """Dial for the first chargers of a backend; returns what is wrong, or None."""
    for line in config.lines[:MOST]:
        if trial := await _try_line(site, replace(config, lines=(line,)), line):
            return trial
    return None


async def _try_line(site: Site, config: UpstreamConfig, line: LineConfig) -> Trial | None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            tried = await site.try_upstream(config)
    except TimeoutError:
        return Trial(trouble=LinkTrouble.SILENT, detail=None, station_id=line.station_id, identity=line.identity)
    if tried is None:
        return None
    trouble, detail = tried
    return Trial(trouble=trouble, detail=detail, station_id=line.station_id, identity=line.identity)


def _road(data: Mapping[str, Any]) -> tuple[object, ...]:
    return (data.get(CONF_VERSION, AUTOMATIC), *(data.get(name) for name in _ROAD))
