"""Credentials over restarts, rebuilds and older files; what they have had; and why sessions were ended."""

from datetime import timedelta
from decimal import Decimal
import json
from pathlib import Path
import sqlite3

from hypothesis import given, strategies as st

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.ledger.people.terms import read_terms, terms_body
from custom_components.offline_evse.engine.model.credential import (
    Credential,
    CredentialKind,
    HolderKind,
    PassForm,
    SessionLimits,
    Terms,
    WeeklyHours,
)
from custom_components.offline_evse.engine.model.decision import Decision, DecisionBasis, Refusal, StopCause
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus, IdToken
from tests.engine.clock import NOON, ManualClock
from tests.engine.ledger.reports import CARD, at, start, stop, update

amounts = st.one_of(st.none(), st.integers(0, 10**9))
moments = st.one_of(st.none(), st.datetimes(timezones=st.just(NOON.tzinfo)))
all_terms = st.builds(
    Terms,
    valid_from=moments,
    valid_until=moments,
    hours=st.lists(st.builds(WeeklyHours, st.frozensets(st.integers(0, 6)), st.times(), st.times())).map(tuple),
    station_ids=st.frozensets(st.text(max_size=5)),
    session_wh=amounts,
    session_s=amounts,
    day_wh=amounts,
    total_wh=amounts,
    money=st.one_of(st.none(), st.decimals(0, 1000, places=2)),
    priority=amounts,
    tariff=st.one_of(st.none(), st.text(max_size=5)),
    session_count=amounts,
)


def read(path: Path, query: str) -> list[tuple[str, ...]]:
    """Put a question to the file itself."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@given(all_terms)
def test_terms_are_read_as_they_were_written(given_terms: Terms) -> None:
    assert read_terms(json.loads(json.dumps(terms_body(given_terms)))) == given_terms


async def test_everything_about_a_credential_lasts_and_comes_out_of_the_entries_alone(
    ledger: Ledger, path: Path, clock: ManualClock
) -> None:
    guest = Credential(
        id_token=IdToken("gst123"),
        name="Room 12",
        kind=CredentialKind.PASS,
        holder=HolderKind.ROOM,
        group="FLOOR 1",
        terms=Terms(valid_from=at(0), valid_until=at(600), money=Decimal("12.50"), station_ids=frozenset({"garage"})),
        key="thumbprint",
        pass_form=PassForm.CODE,
        code_hash="hash of a code",
        link_hash="hash of a link",
    )
    janitor = Credential(id_token=CARD, name="Cy", master=True)
    await ledger.enrol(guest)
    await ledger.enrol(janitor)
    assert await ledger.credentials() == (janitor, guest)
    await ledger.rebuild()
    await ledger.close()
    reopened = await Ledger.open(path, clock)
    assert await reopened.credentials() == (janitor, guest)
    assert [known.changed_at for known in await reopened.credentials()] == [NOON, NOON]
    await reopened.enrol(guest)
    assert await reopened.revoke(guest.id_token)
    await reopened.close()
    kinds = read(path, "SELECT type FROM entries WHERE type LIKE 'credential.%'")
    assert [kind for (kind,) in kinds] == [
        "credential.enrolled",
        "credential.enrolled",
        "credential.changed",
        "credential.revoked",
    ]


async def test_cards_of_an_older_file_are_taken_over(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    await ledger.enrol(Credential(id_token=CARD, name="Ada"))
    await ledger.record(start(0, 1000), name="Ada")
    await ledger.close()
    connection = sqlite3.connect(path, autocommit=True)
    body, seq = connection.execute("SELECT body, seq FROM entries WHERE type = 'credential.enrolled'").fetchone()
    enrolled = json.loads(body)
    old = {
        "subject": enrolled["subject"],
        "person": enrolled["person"],
        "blocked": False,
        "expires_at": "2026-06-02T12:00:00Z",
        "priority": 4,
    }
    # As version 3 of the file would have it.
    connection.executescript(
        "DROP TABLE upstreams; DROP TABLE deliveries; DROP INDEX transactions_first; DROP INDEX entries_session;"
        "DROP TRIGGER entries_keep_content; DROP TABLE credentials; DROP INDEX transactions_person;"
        "ALTER TABLE transactions DROP COLUMN stop_cause; ALTER TABLE transactions DROP COLUMN denied_after;"
        "CREATE TABLE cards (subject TEXT PRIMARY KEY, person INTEGER NOT NULL, expires_us INTEGER,"
        "blocked INTEGER NOT NULL, priority INTEGER) STRICT, WITHOUT ROWID;"
        "UPDATE versions SET value = 1; PRAGMA user_version = 3;"
    )
    connection.execute("UPDATE entries SET type = 'card.enrolled', body = ? WHERE seq = ?", (json.dumps(old), seq))
    connection.close()
    reopened = await Ledger.open(path, clock)
    try:
        (ada,) = await reopened.credentials()
        assert ada == Credential(
            id_token=CARD, name="Ada", terms=Terms(valid_until=NOON + timedelta(days=1), priority=4)
        )
        (running,) = await reopened.open_transactions()
        assert (running.name, running.stop_cause) == ("Ada", None)
    finally:
        await reopened.close()


async def test_what_was_charged_with_a_card_counts_by_the_day_in_which_it_flowed(ledger: Ledger) -> None:
    await ledger.record(start(0, 1000), name="Ada")
    await ledger.record(stop(10, 3000, "1"))
    await ledger.record(start(20, 3000), name="Ada")
    await ledger.record(update(60, 5000, "2"))
    await ledger.record(update(120, 9000, "2"))
    await ledger.record(start(0, 0, card=IdToken("OTHER"), evse=2), name="Bob")
    used = await ledger.consumption(CARD, at(60))
    (running,) = (session for session in await ledger.open_transactions() if session.name == "Ada")
    assert (used.total_wh, used.day_wh) == (8000, 4000)
    assert used.running == {running.session_id: (6000, 4000)}
    assert (await ledger.consumption(IdToken(" 04a2b3c4d5 "), at(15))).day_wh == 6000
    assert (await ledger.consumption(IdToken("NOBODY"), at(0))).total_wh == 0


async def test_why_a_session_was_ended_is_kept_once_and_rebuilt(ledger: Ledger) -> None:
    session = (await ledger.record(start(0, 1000), name="Ada")).transaction
    await ledger.order_stop(session.session_id, StopCause.DAY_ENERGY)
    await ledger.order_stop(session.session_id, StopCause.PEOPLE)
    await ledger.record(stop(10, 3000, "1", stop_reason="Remote"))
    await ledger.deny_after(session.session_id)
    await ledger.deny_after("nobody's session")
    await ledger.rebuild()
    (ended,) = await ledger.transactions()
    assert (ended.stop_cause, ended.stop_reason, ended.denied_after) == (StopCause.DAY_ENERGY, "Remote", True)


async def test_a_decision_is_kept_with_all_that_it_rests_on(ledger: Ledger, path: Path) -> None:
    decision = Decision(
        id_token=CARD,
        status=AuthorizationStatus.NO_CREDIT,
        basis=DecisionBasis.STALE_CACHE,
        decided_at=at(0),
        refusal=Refusal.ENERGY_USED_UP,
        age_s=90_000.0,
        source="ble_puck",
        limits=SessionLimits(energy_wh=5000, duration_s=60, until=at(5)),
        at_risk=True,
    )
    await ledger.record_decision(decision, "garage", 1)
    await ledger.close()
    ((body,),) = read(path, "SELECT body FROM entries WHERE type = 'decision'")
    kept = json.loads(body)
    del kept["subject"], kept["person"]
    assert kept == {
        "status": "NoCredit",
        "basis": "stale_cache",
        "refusal": "energy_used_up",
        "decided_at": "2026-06-01T12:00:00Z",
        "age_s": "90000.0",
        "level": 3,
        "source": "ble_puck",
        "limit_wh": 5000,
        "limit_s": 60,
        "until": "2026-06-01T12:05:00Z",
        "at_risk": True,
    }
