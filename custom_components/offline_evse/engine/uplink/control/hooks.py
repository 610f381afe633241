"""What a backend's requests can do to the line that they came over."""

from typing import Any, Protocol

from ...model.access import LinkState


class ControlHooks(Protocol):
    """The line, as far as a request reaches it. Nothing here waits or raises."""

    @property
    def link(self) -> LinkState:
        """How the backend can be reached: over a poor link only stops and limits are heeded."""

    def set_heartbeat(self, interval_s: int) -> None:
        """Send a heartbeat this often; 0: only when there is need to."""

    def set_interval(self, interval_s: int | None) -> None:
        """Space meter values of running sessions at least so far apart; 0: send none; None: as it was set up."""

    def trigger(self, message: str, evse_id: int | None) -> bool:
        """Send a message soon, after the answer: boot, status, heartbeat, values or event; no EVSE: of all.

        False: there is nothing to be said, or not now.
        """

    def follow_up(self, action: str, payload: dict[str, Any]) -> None:
        """Send a CALL soon, after the answer that promises it; the payload is valid. Lost with the connection."""

    def forget_answers(self) -> None:
        """Go by no earlier answer of this backend about cards (ClearCache)."""

    def reconnect(self) -> None:
        """Hang up, and dial again. No request does so by itself: it would lose its own answer."""
