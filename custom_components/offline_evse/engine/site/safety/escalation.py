"""What is done about a car or a charger that does not follow its limit, when lower offers have not helped."""

from typing import Final

from ...model.clock import Clock
from ...model.command import ChangeAvailability, Command, Priority, StopTransaction
from ...model.offer import BalancingDecision, Escalation, EscalationStep
from ...model.station import EvseKey
from ..announcement import LimitIgnored
from ..background import Background
from ..memory import Json, SiteMemory
from ..register import SiteRegister
from ..state import EvseState
from ..steering.dispatch import Send

AGAIN_AFTER_S: Final = 60.0
"""How long a charger is given to do what it was told before it is told again."""


class Escalations:
    """Carries out the steps that the balancing asks for: stop, take out of service, call somebody."""

    def __init__(
        self, register: SiteRegister, memory: SiteMemory, send: Send, clock: Clock, background: Background
    ) -> None:
        """Begin with everybody obedient."""
        self._register = register
        self._memory = memory
        self._send = send
        self._clock = clock
        self._background = background
        self._told_s: dict[tuple[EvseKey, EscalationStep], float] = {}
        self._announced: dict[EvseKey, float] = {}

    def restore(self, station_id: str) -> None:
        """Give a station back which of its EVSEs were taken out of service."""
        kept = self._memory.mapping(_fact(station_id)).get("evses")
        evse_ids = frozenset(each for each in kept if isinstance(each, int)) if isinstance(kept, list) else frozenset()
        self._register.stations[station_id].taken_out = evse_ids

    def look(self, decision: BalancingDecision) -> None:
        """Do what the decision asks for; nothing where nobody is told anything."""
        for key, evse in self._register.evses.items():
            escalation = None if self._register.config.shadow else decision.escalations.get(key)
            shown = evse.escalation
            if (shown and shown.step) != (escalation and escalation.step):
                evse.escalation = escalation
                evse.changed()
            if escalation is None:
                self._announced.pop(key, None)
            else:
                self._act(evse, escalation)

    async def back_in_service(self, station_id: str, evse_id: int = 0) -> None:
        """Put back into service what was taken out from here (EVSE 0: all of a station), because somebody says so."""
        station = self._register.stations.get(station_id)
        if station is None:
            return
        for taken in sorted(station.taken_out):
            if evse_id not in (0, taken):
                continue
            result = await self._send(station_id, ChangeAvailability(taken, operative=True), Priority.COMMAND)
            if result.done:
                await self._note(station_id, station.taken_out - {taken})

    def _act(self, evse: EvseState, escalation: Escalation) -> None:
        key, step = evse.key, escalation.step
        if step >= EscalationStep.STOPPED and evse.has_transaction and evse.transaction is not None:
            self._tell(key, EscalationStep.STOPPED, StopTransaction(evse.transaction.transaction_id))
        station = self._register.stations.get(key.station_id)
        if step >= EscalationStep.OUT_OF_SERVICE and station is not None and key.evse_id not in station.taken_out:
            self._tell(key, EscalationStep.OUT_OF_SERVICE, ChangeAvailability(key.evse_id, operative=False))
        if step >= EscalationStep.ALARM and self._announced.get(key) != escalation.since_s:
            self._announced[key] = escalation.since_s
            self._register.announce(LimitIgnored(key, escalation))

    def _tell(self, key: EvseKey, step: EscalationStep, command: Command) -> None:
        now_s = self._clock.monotonic()
        told_s = self._told_s.get((key, step))
        evse = self._register.evses[key]
        if evse.connected and (told_s is None or now_s - told_s >= AGAIN_AFTER_S):
            self._told_s[key, step] = now_s
            self._background.run(self._carry_out(key, command), f"{step.name} for {key}")

    async def _carry_out(self, key: EvseKey, command: Command) -> None:
        result = await self._send(key.station_id, command, Priority.SAFETY)
        station = self._register.stations.get(key.station_id)
        if isinstance(command, ChangeAvailability) and result.done and station is not None:
            await self._note(key.station_id, station.taken_out | {key.evse_id})

    async def _note(self, station_id: str, taken_out: frozenset[int]) -> None:
        station = self._register.stations.get(station_id)
        if station is None:
            return
        station.taken_out = taken_out
        station.changed()
        evse_ids: list[Json] = [*sorted(taken_out)]
        await self._memory.keep(_fact(station_id), {"evses": evse_ids})


def _fact(station_id: str) -> str:
    return f"taken_out/{station_id}"
