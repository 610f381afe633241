"""How low a station lets itself be limited: some refuse 0 A, or anything below a minimum of their own."""

from collections.abc import Mapping
from typing import Any

from ...model.command import ApplyLimit
from .profiles import ProfileShape

LOWEST_PILOT_A = 6.0
"""The lowest current that a pilot signal can tell (IEC 61851-1); a refusal of less says nothing about the shape."""
REFUSALS = 3
"""Refusals of 0 A in a row that prove it without an accepted limit: one may be due to a session that has just ended."""

type _Place = tuple[int, str | None]


class LowLimits:
    """What is known of limits that a station refuses only because they are low.

    A refusal is put down to the value once a higher one was accepted for the same transaction in the same shape.
    """

    __slots__ = ("_pending", "_zeros_refused", "minimum_refused_a", "zero_refused", "zero_taken")

    def __init__(self) -> None:
        """Know nothing."""
        self.forget()

    def forget(self) -> None:
        """Begin anew, with other firmware or another shape."""
        self.zero_refused = False
        self.zero_taken = False
        self.minimum_refused_a: float | None = None
        """Highest limit above 0 A that was refused while a higher one was taken; None: there was none."""
        self._pending: dict[_Place, dict[ProfileShape, float]] = {}
        self._zeros_refused = 0

    @property
    def takes_zero(self) -> bool | None:
        """Whether 0 A is accepted; None: that has not been tried, or not proven."""
        if self.zero_refused:
            return False
        return True if self.zero_taken else None

    def explains(self, command: ApplyLimit) -> bool:
        """Whether a refusal of this limit by a station that took the shape before is down to its value."""
        refused_a = self.minimum_refused_a
        return command.current_a < LOWEST_PILOT_A or (refused_a is not None and command.current_a <= refused_a)

    def refused(self, command: ApplyLimit, shape: ProfileShape, *, proven: bool) -> None:
        """A limit was refused in a shape; `proven`: one that has been accepted before."""
        refused = self._pending.setdefault(_place(command), {})
        refused[shape] = max(command.current_a, refused.get(shape, 0.0))
        while len(self._pending) > REFUSALS:
            del self._pending[next(iter(self._pending))]
        if proven and command.current_a <= 0.0:
            self._zeros_refused += 1
            if self._zeros_refused >= REFUSALS:
                self.zero_refused = True

    def accepted(self, command: ApplyLimit, shape: ProfileShape) -> None:
        """A limit was accepted in a shape."""
        current_a = command.current_a
        if current_a <= 0.0:
            self.zero_taken, self.zero_refused, self._zeros_refused = True, False, 0
        if self.minimum_refused_a is not None and current_a <= self.minimum_refused_a:
            self.minimum_refused_a = None
        refused_a = self._pending.pop(_place(command), {}).get(shape)
        if refused_a is None or refused_a >= current_a:
            return
        if refused_a <= 0.0:
            self.zero_refused, self.zero_taken = True, False
        else:
            self.minimum_refused_a = max(refused_a, self.minimum_refused_a or 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return what is worth keeping over restarts, as JSON can hold it."""
        return {
            "zero_refused": self.zero_refused,
            "zero_taken": self.zero_taken,
            "minimum_refused_a": self.minimum_refused_a,
        }

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take back what `to_dict` returned."""
        self.zero_refused = memory.get("zero_refused") is True
        self.zero_taken = memory.get("zero_taken") is True and not self.zero_refused
        refused_a = memory.get("minimum_refused_a")
        self.minimum_refused_a = None
        if isinstance(refused_a, int | float) and not isinstance(refused_a, bool) and refused_a > 0:
            self.minimum_refused_a = float(refused_a)


def _place(command: ApplyLimit) -> _Place:
    return (command.evse_id, command.transaction_id)
