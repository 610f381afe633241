import json
from pathlib import Path
import sqlite3
import stat

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.credential import Credential, Terms
from custom_components.offline_evse.engine.model.decision import Decision, DecisionBasis
from custom_components.offline_evse.engine.model.id_token import AuthorizationStatus, IdToken
from tests.engine.clock import ManualClock
from tests.engine.ledger.reports import CARD, at, start, stop


def files_of(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir() if file.suffix != ".ballast")


async def test_nobody_is_named_in_any_file(ledger: Ledger, path: Path) -> None:
    await ledger.enrol(Credential(id_token=CARD, name="Ada Lovelace"))
    await ledger.record(start(0, 1000), name="Ada Lovelace")
    decision = Decision(
        id_token=CARD,
        status=AuthorizationStatus.ACCEPTED,
        basis=DecisionBasis.CREDENTIAL,
        decided_at=at(0),
        name="Ada Lovelace",
    )
    await ledger.record_decision(decision, "garage", 1)
    written = files_of(path)
    assert b"Lovelace" not in written
    assert CARD.value.encode() not in written
    assert CARD.key.encode() not in written
    (running,) = await ledger.open_transactions()
    assert (running.name, running.id_token) == ("Ada Lovelace", CARD)


async def test_key_and_database_are_the_owners_only(ledger: Ledger, path: Path) -> None:
    await ledger.remember("here", "now")
    for name in ("ledger.key", "ledger.db", "ledger.db-wal"):
        assert stat.S_IMODE((path.parent / name).stat().st_mode) == 0o600


async def test_cards_survive_with_name_and_expiry(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    ada = Credential(id_token=CARD, name="Ada", terms=Terms(valid_until=at(600), priority=5))
    bob = Credential(id_token=IdToken("BEEF"), name="Bob", blocked=True)
    await ledger.enrol(bob)
    await ledger.enrol(Credential(id_token=IdToken(CARD.value.lower()), name="Old name"))
    await ledger.enrol(ada)
    await ledger.close()
    reopened = await Ledger.open(path, clock)
    try:
        assert await reopened.credentials() == (ada, bob)
        assert await reopened.revoke(IdToken("beef"))
        assert not await reopened.revoke(IdToken("beef"))
        assert await reopened.credentials() == (ada,)
    finally:
        await reopened.close()


async def test_cards_survive_a_lost_key(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    await ledger.enrol(Credential(id_token=CARD, name="Ada"))
    await ledger.close()
    (path.parent / "ledger.key").unlink()
    reopened = await Ledger.open(path, clock)
    try:
        await reopened.enrol(Credential(id_token=CARD, name="Ada again"))
        assert [card.name for card in await reopened.credentials()] == ["Ada again"]
        assert await reopened.revoke(CARD)
        assert await reopened.credentials() == ()
    finally:
        await reopened.close()


async def test_holder_who_is_forgotten_keeps_the_energy(ledger: Ledger, path: Path) -> None:
    await ledger.enrol(Credential(id_token=CARD, name="Ada"))
    await ledger.record(start(0, 1000), name="Ada")
    await ledger.record(stop(10, 3000, "1"))
    with sqlite3.connect(path) as reading:
        keys = [row[0] for row in reading.execute("SELECT key FROM subject_keys")]
    reading.close()
    assert await ledger.forget(CARD)
    assert not await ledger.forget(CARD)
    (transaction,) = await ledger.transactions()
    assert (transaction.id_token, transaction.name, transaction.energy_wh) == (None, None, 2000)
    assert await ledger.credentials() == ()
    assert all(key not in files_of(path) for key in keys)
    await ledger.rebuild()
    assert await ledger.transactions() == (transaction,)


async def test_what_is_remembered_comes_back_as_it_was(ledger: Ledger, path: Path, clock: ManualClock) -> None:
    facts = {"limit": 10.5, "paused": True, "nothing": None, "nested": {"a": [1, "ä", 0.1]}}
    for key, value in facts.items():
        await ledger.remember(key, "before")
        await ledger.remember(key, value)
    await ledger.rebuild()
    assert await ledger.recall_all() == facts


async def test_entries_are_canonical(ledger: Ledger, path: Path) -> None:
    seq = await ledger.append("limit", station_id="garage", data={"b": 0.1, "a": "Ä\x7f", "c": {"z": [1.5, 2**70]}})
    with sqlite3.connect(path) as reading:
        (body,) = reading.execute("SELECT body FROM entries WHERE seq = ?", (seq,)).fetchone()
    reading.close()
    assert body == '{"a":"\\u00c4\\u007f","b":"0.1","c":{"z":["1.5",1180591620717411303424]}}'
    assert json.loads(body)["b"] == "0.1"
