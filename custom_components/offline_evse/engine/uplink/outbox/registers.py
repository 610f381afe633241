"""Registers as a backend is told them: one meter that never resets, and whose difference is the ledger's energy.

A charger's own register may be missing, start anew, change its unit or lie. The ledger has settled what it comes to;
a backend computes stop minus start. So it is told the register at the start as it was, and from there on what the
ledger has counted. At an ordinary charger these are the charger's own figures.
"""

from datetime import datetime

from ...model.transaction import Transaction

_HIGHEST_WH = 2**31 - 1
"""Backends keep registers in 32 bits."""
_MAXIMUM_POWER_W = 100_000
_SLACK_WH = 2_000
_CONFIRMED = 3
"""So many readings in a row on another scale are believed to be the register from then on."""


def meter_start_wh(transaction: Transaction) -> int:
    """Return the register at the start, in Wh; 0 where the charger told none that can be one."""
    start_wh = transaction.register_start_wh
    if start_wh is None or not 0 <= start_wh <= _HIGHEST_WH - transaction.energy_wh:
        return 0
    return start_wh


class VirtualRegister:
    """Follows a charger's register from reading to reading, on the scale that a backend knows."""

    def __init__(self, raw_start_wh: int | None, start_wh: int, started_at: datetime) -> None:
        """Begin at the start of a session, where the charger's register was `raw_start_wh`."""
        self._value_wh = start_wh
        self._raw_wh = raw_start_wh if raw_start_wh is not None and raw_start_wh >= 0 else None
        self._at = started_at
        self._elsewhere: list[int] = []

    def read(self, raw_wh: int, at: datetime) -> int | None:
        """Return what a reading comes to, in Wh; None: it cannot be believed, or not yet."""
        if raw_wh < 0:
            return None
        if self._raw_wh is None:
            self._raw_wh = raw_wh
        elapsed_s = max(0.0, (at - self._at).total_seconds())
        if not 0 <= raw_wh - self._raw_wh <= _MAXIMUM_POWER_W * elapsed_s / 3600 + _SLACK_WH:
            return self._strange(raw_wh, at)
        self._elsewhere.clear()
        return self._advance(raw_wh - self._raw_wh, raw_wh, at)

    def _strange(self, raw_wh: int, at: datetime) -> int | None:
        if self._elsewhere and raw_wh < self._elsewhere[-1]:
            self._elsewhere.clear()
        self._elsewhere.append(raw_wh)
        if len(self._elsewhere) < _CONFIRMED:
            return None
        by_wh = self._elsewhere[-1] - self._elsewhere[0]
        self._elsewhere.clear()
        return self._advance(by_wh, raw_wh, at)

    def _advance(self, by_wh: int, raw_wh: int, at: datetime) -> int:
        self._value_wh += by_wh
        self._raw_wh, self._at = raw_wh, at
        return self._value_wh
