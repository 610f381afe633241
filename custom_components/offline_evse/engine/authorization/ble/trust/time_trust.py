"""Whether the time can be relied on: a small computer without a battery clock wakes up in the past."""

from datetime import datetime, timedelta

LEEWAY = timedelta(seconds=30)


class TimeTrust:
    """Remembers the latest time there ever was. While the clock shows an earlier one, no date is believed.

    Whoever owns it saves `high_water` now and then, and when the site stops.
    """

    def __init__(self, high_water: datetime | None = None) -> None:
        """Begin with what was saved."""
        self.high_water = high_water

    def trusted(self, now: datetime) -> bool:
        """Take in what the clock says now, and tell whether it can be so."""
        if self.high_water is not None and now < self.high_water - LEEWAY:
            return False
        self.high_water = now if self.high_water is None else max(now, self.high_water)
        return True

    def confirm(self, now: datetime) -> None:
        """A person says that the clock is right: it once was far ahead, and everything since seems long ago."""
        self.high_water = now
