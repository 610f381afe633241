"""Tests of the ledger: real SQLite files, real threads, real kills."""
