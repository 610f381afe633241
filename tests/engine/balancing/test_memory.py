"""Nothing is kept that grows with time."""

import gc
from random import Random
import sys

from .sites import House

HOUR_S = 3600
LOOK_EVERY_S = 4


def test_a_day_of_decisions_leaves_nothing_behind() -> None:
    house = House(3, 25.0)
    for number in range(3):
        house.wants(number)
    random = Random(1)
    blocks: list[int] = []
    house_a = 0.0
    decision = house.decide()
    for second in range(0, 24 * HOUR_S, LOOK_EVERY_S):
        house.now_s = float(second)
        if second % 60 == 0:
            house_a = random.uniform(0.0, 20.0)
        if second % 20 == 0:
            for evse, offer in decision.offers.items():
                house.balancer.draw_reported(evse, (offer.current_a,) * 3, house.now_s)
        house.meter(house_a + sum(offer.current_a for offer in decision.offers.values()))
        decision = house.decide()
        if second % HOUR_S == HOUR_S - LOOK_EVERY_S:
            gc.collect()
            blocks.append(sys.getallocatedblocks())
    # The first hours fill what is kept for minutes: highest loads, the times of the last starts.
    assert len(blocks) == 24
    assert max(blocks[12:]) - max(blocks[2:12]) < 500
