"""How much of a day's traffic is used up, and when what can wait may go."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo

from ...model.upstream.config import Traffic

_SET_BACK = timedelta(days=1)


class Budget:
    """The bytes of one backend on one local day, and its hours for bulk."""

    def __init__(self, traffic: Traffic, zone: Callable[[], tzinfo]) -> None:
        """Begin with nothing used; `zone` is the site's."""
        self.traffic = traffic
        self.metered = False
        """Whether the way costs money per byte."""
        self._zone = zone
        self._day: date | None = None
        self._bytes = 0

    def used(self, count: int, now: datetime) -> None:
        """Count bytes, whichever way they went."""
        self._turn(now)
        self._bytes += count

    def today_bytes(self, now: datetime) -> int:
        """Return what was used since local midnight."""
        self._turn(now)
        return self._bytes

    def spent(self, now: datetime) -> bool:
        """Whether the day's bytes are used up."""
        return self.traffic.daily_bytes is not None and self.today_bytes(now) >= self.traffic.daily_bytes

    def allows_bulk(self, now: datetime) -> bool:
        """Whether what is not money may go up now."""
        return (
            not self.metered
            and not self.spent(now)
            and self._in_window(now.astimezone(self._zone()).timetz().replace(tzinfo=None))
        )

    def kept(self) -> dict[str, object]:
        """Return what has to outlive a restart."""
        return {"day": self._day.isoformat() if self._day else None, "bytes": self._bytes}

    def restore(self, kept: dict[str, object], now: datetime) -> None:
        """Go on from what was kept, if it is of today."""
        self._turn(now)
        count = kept.get("bytes")
        if self._day is not None and kept.get("day") == self._day.isoformat() and isinstance(count, int):
            self._bytes += count

    def _turn(self, now: datetime) -> None:
        """Begin a new day. A wall clock that goes back over midnight does not give the day's bytes again.

        One that had been far ahead, and was put right, does: nobody waits for next year.
        """
        today = now.astimezone(self._zone()).date()
        if self._day is None or today > self._day or self._day - today > _SET_BACK:
            self._day, self._bytes = today, 0

    def _in_window(self, at: time) -> bool:
        begin, end = self.traffic.bulk_from, self.traffic.bulk_until
        if begin is None and end is None:
            return True
        begin, end = begin or time.min, end or time.min
        if begin < end:
            return begin <= at < end
        return at >= begin or at < end
