"""Whoever compares chargers with a backend sees whatever is wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.transaction import Transaction
from custom_components.offline_evse.engine.model.upstream.config import LineConfig, UpstreamConfig
from custom_components.offline_evse.engine.model.upstream.delivery import (
    DeliveryState,
    DueSession,
    PendingCall,
    SessionDelivery,
)

from .backend_accounts import compared
from .backend_drivers import Drawn

BEGAN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONFIG = UpstreamConfig(
    upstream_id="b",
    name="B",
    url="ws://127.0.0.1",
    lines=(LineConfig(station_id="ONE", identity="b-one"),),
    versions=(OcppVersion.V16,),
)
DRAWN = Drawn("ONE", "CARD", BEGAN, 1000, BEGAN + timedelta(hours=1), 9000)
THERE: dict[str, Any] = {
    "station": "b-one",
    "card": "CARD",
    "started": BEGAN.isoformat(),
    "ended": (BEGAN + timedelta(hours=1)).isoformat(),
    "energy_wh": 8000.0,
}


def parked(sent_count: int = 3, action: str = "StopTransaction") -> DueSession:
    transaction = Transaction(
        transaction_id="1",
        session_id="s",
        station_id="ONE",
        evse_id=1,
        connector_id=1,
        started_at=BEGAN,
        ended_at=None,
        energy_wh=0,
        register_start_wh=None,
        register_last_wh=None,
        id_token=None,
        name=None,
    )
    pending = PendingCall(message_id="m", action=action, frame="[]", through_seq=1, sent_count=sent_count)
    state = DeliveryState.AMBIGUOUS
    return DueSession(
        transaction, SessionDelivery(upstream_id="b", session_id="s", station_id="ONE", state=state, pending=pending)
    )


def test_what_is_there_once_is_exact() -> None:
    told = compared(CONFIG, [DRAWN], [THERE], [])
    assert (told.exact, told.parked, told.wrong) == (1, 0, [])


@pytest.mark.parametrize(
    "sessions",
    [
        [],
        [THERE, THERE],
        [THERE | {"energy_wh": 8001.0}],
        [THERE | {"ended": None}],
        [THERE | {"ended": (BEGAN + timedelta(minutes=59)).isoformat()}],
        [THERE | {"started": (BEGAN + timedelta(milliseconds=1)).isoformat()}],
        [THERE | {"card": "OTHER"}],
        [THERE | {"station": "b-two"}],
        [THERE, THERE | {"started": (BEGAN - timedelta(hours=1)).isoformat()}],
    ],
)
def test_sees_what_is_missing_or_double_or_not_exact(sessions: list[Any]) -> None:
    assert compared(CONFIG, [DRAWN], sessions, []).wrong != []


def test_what_only_the_backend_knows_may_wait_for_a_person() -> None:
    for sessions in ([], [THERE], [THERE | {"ended": None, "energy_wh": None}]):
        told = compared(CONFIG, [DRAWN], sessions, [parked()])
        assert (told.exact, told.parked, told.parked_there, told.wrong) == (0, 1, len(sessions), [])
    forgetful = replace(CONFIG, knows_repeats=False)
    assert compared(forgetful, [DRAWN], [], [parked(1, "StartTransaction")]).wrong == []


def test_sees_what_is_parked_without_need() -> None:
    assert compared(CONFIG, [DRAWN], [], [parked(2)]).wrong != []
    assert compared(CONFIG, [DRAWN], [], [parked(1, "StartTransaction")]).wrong != []
    assert compared(CONFIG, [DRAWN], [THERE, THERE], [parked()]).wrong != []
    assert compared(CONFIG, [DRAWN], [THERE | {"energy_wh": 1.0}], [parked()]).wrong != []
    assert compared(CONFIG, [], [], [parked()]).wrong != []
    newer = replace(CONFIG, versions=(OcppVersion.V201,))
    assert compared(newer, [DRAWN], [], [parked()]).wrong != []
