"""Brings offers to the chargers: decreases first, increases once the decreases are confirmed."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
import logging

from ...model.clock import Clock
from ...model.command import ApplyLimit, Command, CommandResult, Priority
from ...model.station import EvseKey
from ..background import Background

_LOGGER = logging.getLogger(__name__)

REFRESH_AFTER_S = 120.0
"""A live limit is repeated so that it never expires while we are here."""
EXPIRES_AFTER_S = 250
"""After this silence a charger falls back by itself."""
PATIENCE_S = 2.0
"""How long an increase waits for decreases that are not confirmed."""
RETRY_AFTER_S = 5.0

type Send = Callable[[str, Command, Priority], Awaitable[CommandResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an EVSE is to be told."""

    evse: EvseKey
    current_a: float
    floor_a: float
    """What it may draw as long as it has been told nothing for this transaction."""
    fallback_a: float
    transaction_id: str
    phases: int


@dataclass(slots=True)
class _Line:
    """What one EVSE has been told, and what is on its way."""

    order: Order
    told_a: float
    told_at_s: float | None = None
    busy: bool = False
    waits_since_s: float | None = None
    retry_at_s: float = 0.0

    @property
    def lowers(self) -> bool:
        return self.order.current_a < self.told_a


class Dispatch:
    """One line per EVSE with a running transaction; at most one limit on its way on each."""

    def __init__(
        self,
        send: Send,
        clock: Clock,
        background: Background,
        confirmed: Callable[[EvseKey, float], None],
        failed: Callable[[EvseKey], None],
    ) -> None:
        """Send through `send`, and tell how it went."""
        self._send = send
        self._clock = clock
        self._background = background
        self._confirmed = confirmed
        self._failed = failed
        self._lines: dict[EvseKey, _Line] = {}
        self.commands_sent = 0

    def give(self, orders: Iterable[Order]) -> None:
        """Replace all orders; an EVSE that is not named is told nothing more."""
        lines: dict[EvseKey, _Line] = {}
        for order in orders:
            line = self._lines.get(order.evse)
            if line is None or line.order.transaction_id != order.transaction_id:
                line = _Line(order, told_a=order.floor_a)
            else:
                line.order = order
            lines[order.evse] = line
        self._lines = lines
        self._go_on()

    def forget(self, station_id: str) -> None:
        """Take it that a station knows nothing of us any more: it has (re)connected or rebooted."""
        for key in [key for key in self._lines if key.station_id == station_id]:
            order = self._lines[key].order
            self._lines[key] = _Line(order, told_a=order.floor_a)

    def _go_on(self) -> None:
        now_s = self._clock.monotonic()
        due = [line for line in self._lines.values() if not line.busy and self._is_due(line, now_s)]
        for line in due:
            if line.lowers:
                self._start(line)
        lowering = any(line.busy and line.lowers for line in self._lines.values())
        for line in due:
            if line.busy:
                continue
            if line.waits_since_s is None:
                line.waits_since_s = now_s
            if not lowering or now_s - line.waits_since_s >= PATIENCE_S:
                self._start(line)

    def _is_due(self, line: _Line, now_s: float) -> bool:
        if now_s < line.retry_at_s:
            return False
        if line.told_at_s is None or line.order.current_a != line.told_a:
            return True
        return now_s - line.told_at_s >= REFRESH_AFTER_S

    def _start(self, line: _Line) -> None:
        line.busy = True
        line.waits_since_s = None
        self._background.run(self._tell(line, line.order), f"limit for {line.order.evse}")

    async def _tell(self, line: _Line, order: Order) -> None:
        command = ApplyLimit(
            evse_id=order.evse.evse_id,
            current_a=order.current_a,
            phases=order.phases,
            transaction_id=order.transaction_id,
            fallback_a=order.fallback_a,
            expires_after_s=EXPIRES_AFTER_S,
        )
        try:
            self.commands_sent += 1
            result = await self._send(order.evse.station_id, command, Priority.SAFETY)
        finally:
            line.busy = False
        now_s = self._clock.monotonic()
        if self._lines.get(order.evse) is not line:
            return
        if result.done:
            line.told_a, line.told_at_s = order.current_a, now_s
            self._confirmed(order.evse, order.current_a)
        else:
            # It may or may not apply now. Whatever comes next counts as a decrease, and is sent first.
            line.told_a, line.told_at_s = max(line.told_a, order.current_a), None
            line.retry_at_s = now_s + RETRY_AFTER_S
            _LOGGER.debug("%s did not take a limit of %s A: %s", order.evse, order.current_a, result.outcome)
            self._failed(order.evse)
        self._go_on()
