"""How long a limit holds without being repeated: the pairs to choose from, and a pair of one's own."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ..const import CONF_EXPIRY, CONF_REFRESH, CONF_TIMEOUT

NO_TIMEOUT: Final = "none"
OWN_TIMEOUT: Final = "own"
DEFAULT_TIMEOUT: Final = "120_250"


class Timing(NamedTuple):
    """When a limit is repeated and when it runs out, in s; `expires_s` None: never."""

    refresh_s: int
    expires_s: int | None


TIMEOUTS: Final[dict[str, Timing]] = {
    NO_TIMEOUT: Timing(120, None),
    **{
        f"{refresh_s}_{expires_s}": Timing(refresh_s, expires_s)
        for refresh_s, expires_s in ((60, 70), (60, 130), (120, 130), (120, 250), (300, 310), (300, 610))
    },
}
"""By the word that is kept: what chargers and installers know from other systems."""

SHORTEST_S: Final = 15
"""Commands and clocks need some time; a pair closer than this expires by mistake."""


def timing(values: Mapping[str, Any]) -> Timing:
    """Read the pair that was chosen; where nothing was, the one that suits most."""
    chosen = values.get(CONF_TIMEOUT, DEFAULT_TIMEOUT)
    default = TIMEOUTS[DEFAULT_TIMEOUT]
    if chosen == OWN_TIMEOUT:
        return Timing(
            int(values.get(CONF_REFRESH, default.refresh_s)), int(values.get(CONF_EXPIRY, default.expires_s or 0))
        )
    return TIMEOUTS.get(chosen, default)
