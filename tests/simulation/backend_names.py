"""Names of backends, which a name server may know one moment and not the next."""

from contextlib import AbstractContextManager
from functools import partial
import socket
from typing import override
from unittest.mock import patch

from aiohttp.abc import AbstractResolver, ResolveResult

from custom_components.offline_evse.engine.model.clock import Clock
from custom_components.offline_evse.engine.site.uplinks import joint
from custom_components.offline_evse.engine.uplink.uplinks import Uplinks
from custom_components.offline_evse.engine.uplink.wire.dialling import Dialler

LOOPBACK = "127.0.0.1"


def host_of(upstream_id: str) -> str:
    """Return the name under which a backend is to be found."""
    return f"{upstream_id}.test"


class Names(AbstractResolver):
    """Knows every name, and finds it on loopback, but for those that are gone."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host in self.gone:
            raise OSError(socket.EAI_NONAME, "Name or service not known")
        flags = socket.AI_NUMERICHOST
        return [ResolveResult(hostname=host, host=LOOPBACK, port=port, family=socket.AF_INET, proto=0, flags=flags)]

    @override
    async def close(self) -> None:
        """Keep nothing open."""

    def asked(self, clock: Clock) -> AbstractContextManager[object]:
        """Have every site that is opened meanwhile find its backends here."""
        finding = partial(Uplinks, dialler=Dialler(clock, self))
        return patch.object(joint, "_import_uplinks", lambda: finding)
