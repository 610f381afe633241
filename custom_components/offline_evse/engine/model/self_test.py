"""What the self-test of a charger has shown: whether it falls to its safe current when nobody speaks to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SelfTestResult(StrEnum):
    """How a self-test ended."""

    PASSED = "passed"
    """Its limit ran out in time, and the car followed."""
    FAILED = "failed"
    """It kept its last current although nobody repeated it."""
    ABORTED = "aborted"
    """Something else was more important; nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """The last self-test of a charger."""

    result: SelfTestResult
    at: datetime
    firmware: str | None
    """Firmware that it was made with."""
    took_s: float | None = None
    """Time from the last word of ours until the charger had fallen, in s; None unless it passed."""

    def holds_for(self, firmware: str | None) -> bool:
        """Whether it still says something: another firmware may behave in another way."""
        return self.result is not SelfTestResult.ABORTED and self.firmware == firmware
