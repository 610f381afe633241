"""Where what a backend asks of a line is answered."""

from typing import Any

from ...model.clock import Clock
from ...model.station import OcppVersion
from ...model.upstream.config import LineConfig, UpstreamConfig
from ...model.upstream.delivery import DeliveryBook
from ...model.upstream.site import Grounds
from .hooks import ControlHooks


class ControlDesk:
    """Answers every request of one backend about one charger."""

    def __init__(
        self,
        config: UpstreamConfig,
        line: LineConfig,
        book: DeliveryBook,
        grounds: Grounds,
        clock: Clock,
        hooks: ControlHooks,
    ) -> None:
        """Begin with nothing remembered; `restore` takes up what was kept."""

    def restore(self) -> None:
        """Take up what was kept before a restart, and begin to follow the charger's sessions."""

    async def answer(self, version: OcppVersion, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer a request with a payload that is valid in this version; raises CallRefusedError and nothing else."""
        raise NotImplementedError

    def session_ended(self, session_id: str) -> None:
        """Forget the profiles of a session that is over."""

    def tick(self) -> None:
        """See what the profiles come to now; done by itself whenever one of them changes what it allows."""

    async def close(self) -> None:
        """Let go of timers; what was wished stays wished."""
