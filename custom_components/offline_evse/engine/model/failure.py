"""Failures that reach the person who runs the site, each with what is needed to say so in their language."""


class LedgerUnavailableError(Exception):
    """The ledger cannot be opened: `reason` is `locked`, `corrupt`, `unreadable`, `newer_version` or `disk_full`."""

    def __init__(self, reason: str) -> None:
        """Say why."""
        super().__init__(reason)
        self.reason = reason


class LedgerFullError(Exception):
    """The disk is full: running transactions can still end, new ones cannot begin."""


class LayoutError(ValueError):
    """The circuits make no tree: `reason` says what is wrong, `circuit_id` where."""

    def __init__(self, reason: str, circuit_id: str) -> None:
        """Say what is wrong, and where."""
        super().__init__(f"{reason}: {circuit_id}")
        self.reason = reason
        self.circuit_id = circuit_id
