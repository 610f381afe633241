"""Guest passes as they are handed over, once."""

from dataclasses import dataclass

from .credential import Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedPass:
    """A pass at the moment of its issue: the only time that its code and link are known to anybody but the guest."""

    credential: Credential
    code: str | None = None
    """To type; None for a card or a Bluetooth key."""
    link_secret: str | None = None
    """For the link of the guest page: at least 128 bits, URL-safe."""

    @property
    def pass_id(self) -> str:
        """By which the pass is extended and revoked."""
        return self.credential.id_token.value


class TooManyTriesError(Exception):
    """Wrong codes have been tried at a place; nobody is heard there for `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        """Say how long."""
        super().__init__(f"too many wrong codes; wait {wait_s:.0f} s")
        self.wait_s = wait_s
