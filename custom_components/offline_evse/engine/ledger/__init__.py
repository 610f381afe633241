"""The site's memory: append-only entries in SQLite, and projections of them that can be rebuilt at any time."""
