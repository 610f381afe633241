"""A hotel's own system: what it says of stays, and what becomes of it."""
