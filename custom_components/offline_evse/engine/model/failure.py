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
    """The fuse tree makes no sense. `code` names the fault, `placeholders` the places, for whoever translates it."""

    code = "invalid_layout"

    def __init__(self, message: str, **placeholders: str) -> None:
        """Say what is wrong, and where."""
        super().__init__(message)
        self.placeholders = placeholders


class UpstreamError(ValueError):
    """Backends cannot be set up so. `code` names the fault, `placeholders` the places, for whoever translates it."""

    def __init__(self, code: str, message: str, **placeholders: str) -> None:
        """Say what is wrong, and where."""
        super().__init__(message)
        self.code = code
        self.placeholders = placeholders
