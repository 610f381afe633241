"""Which terminals of a charger a car draws on, seen from the currents that the charger reports."""

from ...model.station import EvseKey

DRAWS_A = 3.0
RESTS_A = 0.5
SEEN_FOR_S = 30.0
"""How long a car has to draw on one terminal only before it is taken to use no other."""


class TerminalWatch:
    """Watches for cars that charge on a single phase. A second phase that draws ends that at once."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._alone: dict[EvseKey, tuple[int, float]] = {}
        """The terminal that draws alone, and since when."""
        self._used: dict[EvseKey, tuple[int, ...]] = {}

    def take(self, evse: EvseKey, terminals_a: tuple[float, ...], at_s: float) -> tuple[int, ...] | None:
        """Take in the currents of a running session, in A per terminal; returns the terminals that the car uses.

        None: all that are wired, as far as is known. A car that draws nothing is what it was before.
        """
        drawing = [terminal for terminal, current_a in enumerate(terminals_a) if current_a > DRAWS_A]
        others = [terminal for terminal, current_a in enumerate(terminals_a) if current_a >= RESTS_A]
        alone = self._alone.get(evse)
        if len(terminals_a) > 1 and len(drawing) == 1 and others == drawing:
            if alone is None or alone[0] != drawing[0]:
                self._alone[evse] = (drawing[0], at_s)
                self._used.pop(evse, None)
            elif at_s - alone[1] >= SEEN_FOR_S:
                self._used[evse] = (drawing[0],)
        elif others and (alone is None or others != [alone[0]]):
            self._alone.pop(evse, None)
            self._used.pop(evse, None)
        return self._used.get(evse)

    def rest(self, evse: EvseKey) -> None:
        """Forget the car: its session is over."""
        self._alone.pop(evse, None)
        self._used.pop(evse, None)
