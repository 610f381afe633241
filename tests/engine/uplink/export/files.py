"""Sessions for a ledger, and what is in files of them."""

from contextlib import closing
import json
from pathlib import Path
import sqlite3
from typing import Any
import zipfile

from custom_components.offline_evse.engine.ledger.ledger import Ledger
from custom_components.offline_evse.engine.model.upstream.bundle import Bundle
from custom_components.offline_evse.engine.site.records import ExportWhat, Records
from simulator.backend.receiver import Receiver
from tests.engine.ledger.reports import start, stop, update


async def charge(ledger: Ledger, minutes: float, wh: int, name: str = "Ada") -> str:
    """A session of half an hour from a minute and a register on; returns its id."""
    begun = await ledger.record(start(minutes, wh), name=name)
    told = begun.transaction.transaction_id
    await ledger.record(update(minutes + 10, wh + 400, told))
    await ledger.record(stop(minutes + 30, wh + 1234, told))
    return begun.transaction.session_id


def written(path: Path) -> list[dict[str, Any]]:
    """What is in the ledger's file, read without any code of the ledger."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute("SELECT * FROM entries ORDER BY seq")]
    for row in rows:
        del row["dedupe"]
        row["body"] = json.loads(row["body"])
    return rows


def taken(receiver: Receiver, site: str) -> list[dict[str, Any]]:
    """What somebody has taken in."""
    return [json.loads(line) for line in receiver.lines(site)]


def site_of(bundle: Bundle) -> str:
    return bundle.path.name.split("-")[2]


def member(bundle: Bundle, name: str) -> str:
    with zipfile.ZipFile(bundle.path) as archive:
        return archive.read(name).decode()


async def everything(records: Records, folder: Path, **more: Any) -> Bundle:
    bundle = await records.export(folder, ExportWhat.ALL, **more)
    assert bundle is not None
    return bundle
