"""One charger at one backend: a virtual charging station with its own socket."""

from typing import Any

from ..model.access import LinkState


class Line:
    """Dials, introduces the charger, tells what is to be told, and keeps the link's state."""

    @property
    def link(self) -> LinkState:
        """How the backend can be reached over this line."""
        raise NotImplementedError

    def set_heartbeat(self, interval_s: int) -> None:
        """Send a heartbeat this often; 0: only when there is need to."""

    def set_interval(self, interval_s: int | None) -> None:
        """Space meter values of running sessions at least so far apart; 0: send none; None: as it was set up."""

    def trigger(self, message: str, evse_id: int | None) -> None:
        """Send a message soon: boot, status, heartbeat or values; no EVSE: of all."""

    def follow_up(self, action: str, payload: dict[str, Any]) -> None:
        """Send a CALL soon, after the answer that promises it."""

    def forget_answers(self) -> None:
        """Go by no earlier answer of this backend about cards."""

    def reconnect(self) -> None:
        """Hang up and dial again."""
