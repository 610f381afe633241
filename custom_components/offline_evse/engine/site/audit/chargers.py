"""Chargers, one by one: there, in service, proven, and with a list of cards for the time alone."""

from collections.abc import Iterator
from datetime import timedelta

from ...model.self_test import SelfTestResult
from ...model.station import ConnectorStatus
from ..state import StationState
from .facts import AuditFacts
from .item import AuditItem, failed, passed, warned

TEST_HOLDS = timedelta(days=365)
"""A self-test is worth repeating once a year."""
CLOCK_WARN_S = 60.0


def chargers(facts: AuditFacts) -> Iterator[AuditItem]:
    """Look at every charger of the site."""
    if not facts.stations:
        yield warned("chargers_none")
    for station in facts.stations.values():
        yield _presence(facts, station)
        yield from _out_of_service(facts, station)
        yield _self_test(facts, station)
        yield from _clock(facts, station)
        yield from _list(facts, station)
    if not facts.config.access.charger_lists and facts.card_count and facts.stations:
        yield warned("lists_off", cards=facts.card_count)


def _presence(facts: AuditFacts, station: StationState) -> AuditItem:
    if station.connected:
        return passed("charger_connected", station.station_id)
    if station.last_seen is None:
        return failed("charger_never_seen", station.station_id)
    hours = round((facts.now - station.last_seen) / timedelta(hours=1), 1)
    return failed("charger_offline", station.station_id, hours=hours)


def _out_of_service(facts: AuditFacts, station: StationState) -> Iterator[AuditItem]:
    if not station.connected:
        return
    if station.taken_out:
        yield failed("charger_taken_out", station.station_id)
    for evse in facts.evses.values():
        if evse.key.station_id != station.station_id:
            continue
        if evse.connector_status is ConnectorStatus.FAULTED:
            error = evse.error_code or evse.error_info or "?"
            yield failed("connector_faulted", station.station_id, connector=evse.key.evse_id, error=error)
        elif evse.connector_status is ConnectorStatus.UNAVAILABLE and evse.key.evse_id not in station.taken_out:
            yield warned("connector_out_of_service", station.station_id, connector=evse.key.evse_id)
        if evse.paused:
            yield warned("connector_paused", station.station_id, connector=evse.key.evse_id)


def _self_test(facts: AuditFacts, station: StationState) -> AuditItem:
    """Whether it has been shown to fall to its safe current when nobody speaks to it."""
    test = station.self_test
    if test is None or test.result is SelfTestResult.ABORTED:
        return warned("self_test_never", station.station_id)
    days = max(0, (facts.now - test.at).days)
    if test.result is SelfTestResult.FAILED:
        return failed("self_test_failed", station.station_id, days=days)
    if not test.holds_for(station.identity.firmware_version):
        return warned("self_test_outdated", station.station_id, days=days)
    if facts.now - test.at > TEST_HOLDS:
        return warned("self_test_old", station.station_id, days=days)
    return passed("self_test_passed", station.station_id, days=days)


def _clock(facts: AuditFacts, station: StationState) -> Iterator[AuditItem]:
    offset_s = facts.storage.charger_offsets_s.get(station.station_id) if facts.storage else None
    if offset_s is None:
        return
    figures = {"offset_s": round(offset_s)}
    if abs(offset_s) > CLOCK_WARN_S:
        yield warned("charger_clock_wrong", station.station_id, **figures)
    else:
        yield passed("charger_clock_ok", station.station_id, **figures)


def _list(facts: AuditFacts, station: StationState) -> Iterator[AuditItem]:
    """How many of the cards it can let in by itself."""
    if not facts.config.access.charger_lists or not facts.card_count:
        return
    kept = station.local_list
    if kept is None:
        yield warned("list_none", station.station_id, wanted=facts.card_count)
    elif kept.known_count < kept.wanted_count:
        yield warned("list_partial", station.station_id, known=kept.known_count, wanted=kept.wanted_count)
    else:
        yield passed("list_ok", station.station_id, known=kept.known_count, wanted=kept.wanted_count)
