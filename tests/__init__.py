"""The tests. A package by name, because a dependency installs a stray top-level `tests` of its own."""
