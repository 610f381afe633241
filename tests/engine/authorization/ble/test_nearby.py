from datetime import timedelta
from random import Random

import pytest

from custom_components.offline_evse.engine.authorization.ble.charger import Charger
from custom_components.offline_evse.engine.authorization.ble.nearby.proximity import MOST_ADDRESSES, Nearest, Proximity
from custom_components.offline_evse.engine.authorization.ble.nearby.rolling_id import EPOCH_S, RollingIds, rolling_id

from .meeting import NOW_S, Meeting

A, B, C = Charger("CP001", 1), Charger("CP002", 1), Charger("CP003", 1)
PHONE = "5A:00:00:00:00:01"


def three() -> Proximity:
    return Proximity({"a": A, "a2": A, "b": B, "c": C})


def place(proximity: Proximity, at_s: float) -> Nearest:
    nearest = proximity.nearest(PHONE, at_s)
    assert nearest is not None
    return nearest


def test_the_nearest_of_three_chargers_is_who_hears_best() -> None:
    proximity = three()
    random = Random(4)
    for number in range(30):
        for source, rssi in (("a", -74), ("b", -52), ("c", -80)):
            proximity.heard(PHONE, source, rssi + random.randint(-6, 6), number * 0.1)
    nearest = proximity.nearest(PHONE, 3.0)
    assert nearest is not None and nearest.charger == B and nearest.source == "b"
    assert nearest.margin_db is not None and 12 < nearest.margin_db < 32
    assert nearest.clear(8) and "dBm" in nearest.detail


def test_radios_of_one_charger_are_no_rivals() -> None:
    proximity = three()
    proximity.heard(PHONE, "a", -60, 0.0)
    proximity.heard(PHONE, "a2", -61, 0.0)
    nearest = proximity.nearest(PHONE, 0.0)
    assert nearest is not None and nearest.charger == A and nearest.margin_db is None and nearest.clear(8)
    proximity.heard(PHONE, "b", -63, 0.0)
    nearest = proximity.nearest(PHONE, 0.0)
    assert nearest is not None and nearest.margin_db == 3 and not nearest.clear(8)


def test_what_is_older_than_five_seconds_counts_no_more() -> None:
    proximity = three()
    proximity.heard(PHONE, "a", -40, 0.0)
    proximity.heard(PHONE, "b", -70, 4.0)
    assert place(proximity, 5.0).charger == A
    assert place(proximity, 5.1).charger == B
    assert proximity.nearest(PHONE, 9.1) is None
    proximity.heard(PHONE, "a", -90, 10.0)
    assert place(proximity, 10.0).rssi_dbm == -90


def test_one_loud_packet_does_not_move_somebody() -> None:
    proximity = three()
    for number in range(10):
        proximity.heard(PHONE, "a", -55, number * 0.1)
        proximity.heard(PHONE, "b", -75, number * 0.1)
    proximity.heard(PHONE, "b", -30, 1.0)
    assert place(proximity, 1.0).charger == A


def test_unknown_radios_and_impossible_strengths_are_not_heard() -> None:
    proximity = three()
    proximity.heard(PHONE, "elsewhere", -40, 0.0)
    proximity.heard(PHONE, "a", 127, 0.0)
    assert proximity.addresses == 0 and proximity.nearest(PHONE, 0.0) is None
    assert proximity.several_chargers and not Proximity({"a": A, "b": A}).several_chargers


def test_packets_that_come_late_do_not_turn_time_back() -> None:
    proximity = three()
    proximity.heard(PHONE, "a", -50, 5.0)
    proximity.heard(PHONE, "a", -90, 4.0)
    assert place(proximity, 5.0).rssi_dbm == -50


@pytest.mark.parametrize("spacing_s", [0.0001, 10.0])
def test_a_crowd_is_forgotten_before_it_fills_the_memory(spacing_s: float) -> None:
    proximity = three()
    for number in range(20_000):
        proximity.heard(f"address-{number}", "a", -50, number * spacing_s)
    assert proximity.addresses <= MOST_ADDRESSES
    assert proximity.nearest("address-19999", 20_000 * spacing_s - spacing_s) is not None


def test_a_reassigned_radio_begins_anew() -> None:
    proximity = three()
    proximity.heard(PHONE, "a", -50, 0.0)
    proximity.assign({"a": C})
    assert proximity.nearest(PHONE, 0.0) is None
    proximity.heard(PHONE, "a", -50, 0.0)
    assert place(proximity, 0.0).charger == C


def test_an_id_is_known_a_quarter_of_an_hour_around_its_time() -> None:
    secret = b"s" * 32
    ids = RollingIds({"holder": secret, "other": b"t" * 32})
    advertised = rolling_id(secret, NOW_S)
    for offset_s, known in ((-2 * EPOCH_S, None), (-EPOCH_S, "holder"), (0, "holder"), (EPOCH_S, "holder")):
        assert ids.find(advertised, NOW_S + offset_s) == known
    assert ids.find(advertised, NOW_S + 2 * EPOCH_S) is None
    assert ids.find(bytes(8), NOW_S) is None


def test_ids_of_one_holder_look_like_those_of_many() -> None:
    seen = {rolling_id(b"s" * 32, NOW_S + number * EPOCH_S) for number in range(96)}
    assert len(seen) == 96


def test_who_is_taken_off_the_list_is_known_no_more() -> None:
    ids = RollingIds({"holder": b"s" * 32})
    advertised = rolling_id(b"s" * 32, NOW_S)
    assert ids.find(advertised, NOW_S) == "holder"
    ids.set_secrets({"other": b"t" * 32})
    assert ids.find(advertised, NOW_S) is None
    assert ids.find(rolling_id(b"t" * 32, NOW_S), NOW_S) == "other"


def test_a_holder_advertises_what_the_site_expects() -> None:
    meeting = Meeting()
    site = meeting.holder.sites[meeting.keys.site_id]
    at = meeting.clock.now() + timedelta(hours=5)
    service_data = meeting.holder.advert(meeting.keys.site_id, at.timestamp(), pressed=True)
    assert RollingIds({"h": site.secret}).find(service_data[2:], at.timestamp()) == "h"
