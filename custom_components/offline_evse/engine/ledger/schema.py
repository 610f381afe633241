"""The tables: entries that only grow, and projections that can be thrown away."""

import sqlite3

from ..model.failure import LedgerUnavailableError

APPLICATION_ID = 0x4F455653
"""Marks the file as ours ("OEVS")."""

PROJECTIONS_VERSION = 2
"""Raise it when projections come out differently for the same entries; they are rebuilt on the next opening."""

_VERSION_1 = """
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    v INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    t TEXT NOT NULL,
    mono TEXT NOT NULL,
    cq TEXT NOT NULL,
    station TEXT,
    evse INTEGER,
    tx TEXT,
    body TEXT NOT NULL,
    dedupe BLOB UNIQUE
) STRICT;
CREATE TRIGGER entries_keep_rows BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entries_keep_content BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entries_keep_order BEFORE INSERT ON entries
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entries)
BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps'); END;

CREATE TABLE subject_keys (
    subject TEXT PRIMARY KEY,
    key BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE subjects (
    person INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX subjects_subject ON subjects (subject);

CREATE TABLE transactions (
    session TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    station TEXT NOT NULL,
    evse INTEGER NOT NULL,
    connector INTEGER,
    first_seq INTEGER NOT NULL,
    orphan INTEGER NOT NULL,
    start_key BLOB,
    started_us INTEGER NOT NULL,
    start_told INTEGER NOT NULL,
    ended_us INTEGER,
    ended_how TEXT,
    closed_us INTEGER,
    last_us INTEGER NOT NULL,
    energy_wh INTEGER NOT NULL,
    start_wh INTEGER,
    last_wh INTEGER,
    stop_wh INTEGER,
    person INTEGER,
    person_rank INTEGER,
    stop_reason TEXT,
    offline INTEGER NOT NULL,
    suspect INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX transactions_id ON transactions (transaction_id, station);
CREATE INDEX transactions_evse ON transactions (station, evse, started_us);
CREATE INDEX transactions_started ON transactions (started_us);
CREATE INDEX transactions_start_key ON transactions (start_key) WHERE start_key IS NOT NULL;
CREATE INDEX transactions_open ON transactions (station, evse) WHERE ended_us IS NULL;
CREATE TABLE readings (
    session TEXT NOT NULL,
    charger_us INTEGER NOT NULL,
    wh INTEGER NOT NULL,
    context TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (session, charger_us, wh, context)
) STRICT, WITHOUT ROWID;
CREATE TABLE registers (
    station TEXT NOT NULL,
    evse INTEGER NOT NULL,
    total_wh INTEGER,
    state TEXT NOT NULL,
    PRIMARY KEY (station, evse)
) STRICT, WITHOUT ROWID;
CREATE TABLE cards (
    subject TEXT PRIMARY KEY,
    person INTEGER NOT NULL,
    expires_us INTEGER,
    blocked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE memory (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE versions (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

_VERSION_2 = """
CREATE INDEX entries_grid ON entries (seq) WHERE type >= 'dr.' AND type < 'dr/';
"""
"""The grid's word, found without reading everything else."""

_VERSION_3 = """
ALTER TABLE cards ADD COLUMN priority INTEGER;
"""

_VERSION_4 = """
DROP TABLE cards;
CREATE TABLE credentials (
    subject TEXT PRIMARY KEY,
    person INTEGER NOT NULL,
    group_person INTEGER,
    changed_us INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
ALTER TABLE transactions ADD COLUMN stop_cause TEXT;
ALTER TABLE transactions ADD COLUMN denied_after INTEGER NOT NULL DEFAULT 0;
CREATE INDEX transactions_person ON transactions (person) WHERE person IS NOT NULL;
"""
"""Cards become credentials, with their terms as JSON; sessions say why they were ended from here."""

_VERSION_5 = """
CREATE TABLE upstreams (
    upstream TEXT PRIMARY KEY,
    since_us INTEGER NOT NULL,
    stations TEXT,
    cursor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
    upstream TEXT NOT NULL,
    session TEXT NOT NULL,
    station TEXT NOT NULL,
    state TEXT NOT NULL,
    remote_id TEXT,
    told_seq INTEGER NOT NULL,
    next_seq_no INTEGER NOT NULL,
    told_until_us INTEGER,
    pending BLOB,
    denied INTEGER NOT NULL,
    detail TEXT,
    meter_start_wh INTEGER,
    energy_wh INTEGER,
    ended_us INTEGER,
    gaps TEXT,
    PRIMARY KEY (upstream, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_unfinished ON deliveries (upstream, station, state) WHERE state NOT IN ('done', 'skipped');
CREATE INDEX deliveries_remote ON deliveries (upstream, station, remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX transactions_first ON transactions (first_seq);
CREATE INDEX entries_session ON entries (tx) WHERE tx IS NOT NULL;
"""
"""What backends have been told. No projection: entries do not tell it, and it outlives every rebuild.

`cursor` is the last entry whose session has been taken into account; `pending` is sealed, for a card may be in it.
"""

_VERSION_6 = """
CREATE INDEX deliveries_skipped ON deliveries (upstream) WHERE state = 'skipped';
"""
"""Sessions that a backend is not told of, counted and listed."""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6)
"""What turns version n of the tables into n + 1. Version 0 is an empty file."""

PROJECTIONS = ("transactions", "readings", "registers", "credentials", "memory", "counters")
"""Tables that are made from entries and nothing else."""


def migrate(connection: sqlite3.Connection) -> bool:
    """Bring the tables up to date; return whether the projections have to be rebuilt.

    Raises LedgerUnavailableError for a file that is not ours, or that a newer version has written.
    """
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    in_use = version or connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if in_use and application_id != APPLICATION_ID:
        raise LedgerUnavailableError("unreadable")
    if version > len(MIGRATIONS):
        raise LedgerUnavailableError("newer_version")
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number}; COMMIT;"
        )
    row = connection.execute("SELECT value FROM versions WHERE name = 'projections'").fetchone()
    return row is None or row[0] != PROJECTIONS_VERSION
