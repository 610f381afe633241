"""The orchestra of the engine."""
