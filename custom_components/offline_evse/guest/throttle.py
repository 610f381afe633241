"""How much may be asked, by one address and by all of them together."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

MOST_ADDRESSES: Final = 2048
"""How many are remembered. Whoever has not come for longest is forgotten first, and finds a full bucket again."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket: so many at once, and so many per second after that."""

    burst: float
    per_s: float


class _Bucket:
    """What is left of a rate."""

    __slots__ = ("_at_s", "_left", "_rate")

    def __init__(self, rate: Rate, at_s: float) -> None:
        self._rate = rate
        self._left = rate.burst
        self._at_s = at_s

    def wait_s(self, now_s: float) -> float:
        """Fill it up to now; return how long until there is one more, in s. 0: there is one."""
        self._left = min(self._rate.burst, self._left + (now_s - self._at_s) * self._rate.per_s)
        self._at_s = now_s
        return 0.0 if self._left >= 1 else (1 - self._left) / self._rate.per_s

    def take(self) -> None:
        """Take one."""
        self._left -= 1


class Throttle:
    """Counts what addresses ask. Its memory is bounded, whoever asks."""

    def __init__(self, each: Rate, all_together: Rate, clock: Callable[[], float]) -> None:
        """Begin with full buckets; `clock` returns monotonic seconds."""
        self._each = each
        self._clock = clock
        self._total = _Bucket(all_together, clock())
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Count a request; return how long its sender has to wait instead of being answered. 0: it is answered."""
        now_s = self._clock()
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = _Bucket(self._each, now_s)
            if len(self._buckets) > MOST_ADDRESSES:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(address)
        # Whoever has used up his own share takes nothing of everybody's.
        if wait_s := bucket.wait_s(now_s) or self._total.wait_s(now_s):
            return wait_s
        bucket.take()
        self._total.take()
        return 0.0


def place_of(remote: str | None) -> str:
    """Name the place that a request comes from. One household has a whole /64 of IPv6 addresses to choose from."""
    if remote is None:
        return "unknown"
    try:
        address = ip_address(remote.partition("%")[0])
    except ValueError:
        return remote
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
