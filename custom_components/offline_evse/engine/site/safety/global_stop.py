"""The one stop for the whole site."""

from ...model.offer import LimitReason
from ..memory import SiteMemory
from ..register import SiteRegister
from ..state import EvseState
from ..steering.demands import Ceiling
from ..steering.steering import Steering

_FACT = "stopped"


class GlobalStop:
    """Holds every offer at 0 A from the moment somebody says so until somebody takes it back, over restarts too."""

    def __init__(self, register: SiteRegister, memory: SiteMemory, steering: Steering) -> None:
        """Take up what was said last."""
        self._register = register
        self._memory = memory
        self._steering = steering
        register.state.stopped = memory.mapping(_FACT).get("stopped") is True

    def ceiling(self, _: EvseState) -> Ceiling | None:
        """Return 0 A while the site is stopped."""
        return Ceiling(0.0, LimitReason.STOPPED) if self._register.state.stopped else None

    async def set(self, stopped: bool) -> None:
        """Stop all charging, or let it go on; what can be done at once is done before it is written down."""
        if self._register.state.stopped is not stopped:
            self._register.state.stopped = stopped
            for evse in self._register.evses.values():
                self._steering.demand_changed(evse)
            self._register.state.changed()
        await self._memory.keep(_FACT, {"stopped": stopped})
