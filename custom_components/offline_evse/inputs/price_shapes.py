"""Prices as integrations tell them: lists of slots in attributes and answers of actions, in many shapes.

Read are Nord Pool (`raw_today`, `raw_tomorrow`, or plain lists), Energi Data Service, GE-Spot, Tibber, ENTSO-e
(`prices_today`), EPEX Spot (`data`), aWATTar (`marketprice`), Octopus Energy (`rates`), Amber (`forecasts`), Frank
Energie, Zonneplan, EnergyZero, OMIE (mappings from time to price), PVPC (`price_07h`), and whatever looks like these.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..engine.model.goal import PriceSlot

LISTS: Final = ("raw_today", "raw_tomorrow", "prices_today", "prices_tomorrow", "today_hours", "tomorrow_hours")
"""Attributes for one day each; where any of them is there, the others of the same integration are."""
WHOLES: Final = ("prices", "data", "rates", "forecasts", "forecast", "today", "tomorrow")
STARTS: Final = (
    "start",
    "start_time",
    "startsAt",
    "starts_at",
    "valid_from",
    "from",
    "time",
    "datetime",
    "timestamp",
    "hour",
    "start_timestamp",
)
ENDS: Final = ("end", "end_time", "endsAt", "ends_at", "valid_to", "till", "end_timestamp")
PRICES: Final[Mapping[str, Decimal]] = {
    "value_inc_vat": Decimal(1),
    "price_per_kwh": Decimal(1),
    "per_kwh": Decimal(1),
    "total": Decimal(1),
    "electricity_price": Decimal("1e-7"),
    "price": Decimal(1),
    "value": Decimal(1),
    "marketprice": Decimal("0.001"),
}
"""Fields that hold a price, and by what it becomes one per kWh: Zonneplan tells ten-millionths, aWATTar EUR/MWh."""
_HOUR: Final = timedelta(hours=1)
_DAYS: Final = (("today", 0), ("tomorrow", 1))


def slots_of(attributes: Mapping[str, Any], today: datetime, scale: Decimal = Decimal(1)) -> tuple[PriceSlot, ...]:
    """Read all slots from attributes or from an action's answer, in the order of time; what cannot be read is left out.

    `today` is the beginning of the day at the place: lists without times begin there.
    """
    found: dict[datetime, tuple[datetime | None, Decimal]] = {}
    for name in LISTS:
        _gather(found, attributes.get(name))
    if not found:
        for name in WHOLES:
            _gather(found, attributes.get(name))
    if not found:
        for name, days in _DAYS:
            _gather_plain(found, attributes.get(name), _day(today, days))
        _gather_hours(found, attributes, today)
    return _slots(found, scale)


def slots_of_answer(answer: Any, today: datetime, scale: Decimal = Decimal(1)) -> tuple[PriceSlot, ...]:
    """Read slots from the answer of an action: the first list of slots in it, however deep."""
    if isinstance(answer, Mapping):
        if slots := slots_of(answer, today, scale):
            return slots
        for value in answer.values():
            if slots := slots_of_answer(value, today, scale):
                return slots
    elif isinstance(answer, Sequence) and not isinstance(answer, str):
        return slots_of({"prices": answer}, today, scale)
    return ()


def price_of(value: object) -> Decimal | None:
    """Read a price; None for anything that is no finite number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        price = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return price if price.is_finite() else None


def _gather(found: dict[datetime, tuple[datetime | None, Decimal]], told: object) -> None:
    """Take in a list of slots, or a mapping from time to price."""
    if isinstance(told, Mapping):
        for moment, value in told.items():
            start, price = _time(moment), price_of(value)
            if start is not None and price is not None:
                found[start] = (None, price)
    elif isinstance(told, Sequence) and not isinstance(told, str):
        for item in told:
            if isinstance(item, Mapping) and (slot := _slot(item)) is not None:
                found[slot[0]] = slot[1:]


def _slot(item: Mapping[str, Any]) -> tuple[datetime, datetime | None, Decimal] | None:
    start = next((at for name in STARTS if (at := _time(item.get(name))) is not None), None)
    end = next((at for name in ENDS if (at := _time(item.get(name))) is not None), None)
    for name, factor in PRICES.items():
        if (price := price_of(item.get(name))) is not None and start is not None:
            # Amber's slots begin one second late.
            return start.replace(second=0, microsecond=0), end, price * factor
    return None


def _gather_plain(found: dict[datetime, tuple[datetime | None, Decimal]], told: object, midnight: datetime) -> None:
    """Take in a list of bare prices, which divide the day evenly, be it one of 23 or of 25 hours."""
    if not isinstance(told, Sequence) or isinstance(told, str) or len(told) < 23:
        return
    step = (_day(midnight, 1).astimezone(UTC) - midnight.astimezone(UTC)) / len(told)
    for number, value in enumerate(told):
        if (price := price_of(value)) is not None:
            start = midnight.astimezone(UTC) + number * step
            found[start] = (start + step, price)


def _gather_hours(
    found: dict[datetime, tuple[datetime | None, Decimal]], attributes: Mapping[str, Any], today: datetime
) -> None:
    """Take in prices that are attributes of their own, one for each hour of the day."""
    for prefix, days in (("price", 0), ("price_next_day", 1)):
        midnight = _day(today, days)
        for hour in range(24):
            if (price := price_of(attributes.get(f"{prefix}_{hour:02}h"))) is not None:
                start = midnight.replace(hour=hour).astimezone(UTC)
                found[start] = (start + _HOUR, price)


def _day(today: datetime, days: int) -> datetime:
    """Return the beginning of a day at the place, whatever the clock was put to in the night before."""
    return dt_util.start_of_local_day((today + timedelta(days=days)).date()) if days else today


def _time(value: object) -> datetime | None:
    """Read a time: a datetime, ISO text, or seconds or milliseconds since 1970."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        seconds = value / 1000 if value > 1e11 else value
        return datetime.fromtimestamp(seconds, UTC) if seconds > 1e9 else None
    moment = dt_util.parse_datetime(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        return None
    return dt_util.as_utc(moment)


def _slots(found: Mapping[datetime, tuple[datetime | None, Decimal]], scale: Decimal) -> tuple[PriceSlot, ...]:
    """Put slots in order, and end those that do not say so where the next one begins."""
    starts = sorted(found)
    usual = _usual_step(starts)
    slots = []
    for start, following in [*pairwise(starts), *((starts[-1], None) for _ in starts[:1])]:
        told_end, price = found[start]
        end = told_end or min(following or start + usual, start + max(usual, _HOUR))
        if following is not None:
            end = min(end, following)
        if end > start:
            slots.append(PriceSlot(start, end, price * scale))
    return tuple(slots)


def _usual_step(starts: Iterable[datetime]) -> timedelta:
    steps = sorted(later - earlier for earlier, later in pairwise(starts))
    return steps[len(steps) // 2] if steps else _HOUR
