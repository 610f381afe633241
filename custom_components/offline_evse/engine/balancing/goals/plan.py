"""The plan for a departure: the cheapest time that is enough."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from ...model.goal import ChargingPlan, PlannedSlot, PlanState, PriceSlot

SLACK = timedelta(minutes=15)
"""Kept free before the departure, where there is time enough."""
SHORTEST_BLOCK = timedelta(minutes=30)
"""Shorter price slots are taken together by the half hour: starting and stopping wears contactors and cars."""
_A_DAY = timedelta(days=1)
_CENT = Decimal("0.01")


class Need(NamedTuple):
    """What a car wants, and what it can take."""

    ready_by: datetime
    energy_wh: float
    """Still to be charged."""
    power_w: float
    """What it takes when it charges."""
    current_a: float
    """The current per phase that goes with that power."""


class _Block(NamedTuple):
    """A while with one price, or with one that had to be guessed."""

    start: datetime
    end: datetime
    cost: Decimal
    price: Decimal | None


def make_plan(now: datetime, need: Need, prices: Iterable[PriceSlot]) -> ChargingPlan:
    """Choose when to charge, so that the car is ready in time and the energy is cheap; earlier where it is the same.

    A price that is not known yet is taken to be that of the same time a day before, or else the mean of what is
    known. Where the time is too short for the energy, all of it is used. Prices may overlap or have gaps.
    """
    if need.energy_wh <= 0:
        return ChargingPlan(state=PlanState.REACHED, ready_by=need.ready_by, needed_wh=0.0)
    if need.ready_by <= now or need.power_w <= 0:
        return ChargingPlan(
            state=PlanState.WILL_MISS, ready_by=need.ready_by, needed_wh=need.energy_wh, missing_wh=need.energy_wh
        )
    lasts = timedelta(hours=need.energy_wh / need.power_w)
    laxity_s = (need.ready_by - now - lasts).total_seconds()
    until = need.ready_by - SLACK if laxity_s > SLACK.total_seconds() else need.ready_by
    chosen = _choose(_blocks(now, until, tuple(prices)), lasts)
    slots = tuple(_slot(block, need) for block in chosen)
    missing_wh = max(0.0, need.energy_wh - sum(slot.energy_wh for slot in slots))
    if missing_wh < 1.0:
        missing_wh = 0.0
    if missing_wh:
        state = PlanState.WILL_MISS
    else:
        state = PlanState.CHARGING if slots and slots[0].start <= now else PlanState.WAITING
    return ChargingPlan(
        state=state,
        ready_by=need.ready_by,
        slots=slots,
        needed_wh=need.energy_wh,
        missing_wh=missing_wh,
        ends_at=slots[-1].end if slots and not missing_wh else None,
        cost=_cost(slots),
        laxity_s=laxity_s,
    )


def price_at(prices: Iterable[PriceSlot], at: datetime) -> PriceSlot | None:
    """Return the slot that a moment lies in; the one that was told last where several claim it."""
    found = None
    for slot in prices:
        if slot.start <= at < slot.end:
            found = slot
    return found


def _blocks(now: datetime, until: datetime, prices: tuple[PriceSlot, ...]) -> list[_Block]:
    """Cut the time that is left at every change of price, and take short pieces together."""
    known = tuple(slot for slot in prices if slot.end > slot.start)
    mean = sum((slot.price for slot in known), Decimal(0)) / len(known) if known else Decimal(0)
    edges = {now, until}
    for slot in known:
        for moment in (slot.start, slot.end, slot.start + _A_DAY, slot.end + _A_DAY):
            if now < moment < until:
                edges.add(moment)
    cuts = sorted(edges)
    blocks: list[_Block] = []
    for start, end in pairwise(cuts):
        told = price_at(known, start)
        guess = told or price_at(known, start - _A_DAY)
        cost = guess.price if guess else mean
        piece = _Block(start, end, cost, told.price if told else None)
        is_short = guess is not None and guess.end - guess.start < SHORTEST_BLOCK
        if blocks and (blocks[-1][2:] == piece[2:] or (is_short and _half_hour(blocks[-1].start) == _half_hour(start))):
            blocks[-1] = _joined(blocks[-1], piece)
        else:
            blocks.append(piece)
    return blocks


def _half_hour(moment: datetime) -> int:
    return int(moment.timestamp() // SHORTEST_BLOCK.total_seconds())


def _joined(one: _Block, other: _Block) -> _Block:
    first, second = (Decimal(int((it.end - it.start).total_seconds())) for it in (one, other))
    whole = first + second or Decimal(1)

    def mean(a: Decimal, b: Decimal) -> Decimal:
        return a if a == b else (a * first + b * second) / whole

    price = None if one.price is None or other.price is None else mean(one.price, other.price)
    return _Block(one.start, other.end, mean(one.cost, other.cost), price)


def _choose(blocks: list[_Block], lasts: timedelta) -> list[_Block]:
    """Take the cheapest blocks until they last long enough; of the dearest only as much as is needed."""
    chosen: list[_Block] = []
    left = lasts
    for block in sorted(blocks, key=lambda it: (it.cost, it.start)):
        if left <= timedelta(0):
            break
        length = block.end - block.start
        if length > left:
            # Next to what is charged anyway, so that it is one piece.
            if any(other.start == block.end for other in chosen):
                block = block._replace(start=block.end - left)
            else:
                block = block._replace(end=block.start + left)
        chosen.append(block)
        left -= length
    return sorted(chosen)


def _slot(block: _Block, need: Need) -> PlannedSlot:
    energy_wh = (block.end - block.start).total_seconds() / 3600 * need.power_w
    return PlannedSlot(block.start, block.end, need.current_a, energy_wh, block.price)


def _cost(slots: tuple[PlannedSlot, ...]) -> Decimal | None:
    total = Decimal(0)
    for slot in slots:
        if slot.price is None:
            return None
        total += slot.price * Decimal(str(round(slot.energy_wh / 1000, 6)))
    return total.quantize(_CENT) if slots else None
