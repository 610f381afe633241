"""The floors that a station is known to hold, so that its memory is not worn by writing them again."""

from collections.abc import Mapping
from typing import Any

from ...model.command import ApplyFloor, ApplyLimit
from .profiles import ProfileShape, Purpose

_SLACK_A = 0.5
"""Less than this above what it was told is rounding."""


class KnownFloors:
    """What every EVSE was given as its floor, as long as nothing makes us think that the station has lost it."""

    __slots__ = ("_limits_a", "_told", "_wanted")

    def __init__(self) -> None:
        """Know of none."""
        self._told: dict[int, str] = {}
        self._wanted: dict[int, ApplyFloor] = {}
        self._limits_a: dict[int, float] = {}

    def forget(self) -> None:
        """The station has booted or has another clock: it may have lost its floors, or reckon with other times."""
        self._told.clear()

    def has(self, command: ApplyFloor, shape: ProfileShape) -> bool:
        """Whether the station holds just this floor."""
        return self._told.get(command.evse_id) == _digest(command, shape)

    def accepted(self, command: ApplyFloor, shape: ProfileShape) -> None:
        """The station has taken a floor."""
        self._told[command.evse_id] = _digest(command, shape)

    @property
    def wanted(self) -> tuple[ApplyFloor, ...]:
        """The floors that the station is to have."""
        return tuple(self._wanted.values())

    @property
    def limited_evses(self) -> tuple[int, ...]:
        """EVSEs that were given live limits."""
        return tuple(self._limits_a)

    def asked(self, command: ApplyFloor) -> None:
        """Somebody wants a floor to be there, whether it has to be sent or not."""
        self._wanted[command.evse_id] = command

    def sending(self, command: ApplyFloor) -> None:
        """A floor is on its way: until it is accepted, nobody knows what the station holds."""
        self._told.pop(command.evse_id, None)

    def limiting(self, command: ApplyLimit, shape: ProfileShape) -> None:
        """A live limit is on its way, perhaps into the place of the floor."""
        self._limits_a[command.evse_id] = max(command.current_a, command.fallback_a)
        if shape.live_level == shape.floor_level and (
            shape.purpose is Purpose.TX_DEFAULT or command.transaction_id is None
        ):
            self._told.pop(command.evse_id, None)

    def read_back(self, evse_id: int, limit_a: float) -> None:
        """The station has told what it applies: more than any word of ours means that the floor is lost."""
        told = self._told.get(evse_id)
        if told is None:
            return
        floor_a = told.partition("|")[0]
        if floor_a != "none" and limit_a > max(float(floor_a), self._limits_a.get(evse_id, 0.0)) + _SLACK_A:
            del self._told[evse_id]

    def to_dict(self) -> dict[str, str]:
        """Return them as JSON can hold them."""
        return {str(evse_id): told for evse_id, told in self._told.items()}

    def remember(self, memory: object) -> None:
        """Take back what `to_dict` returned; what cannot be read is sent again."""
        self._told = {}
        for evse_id, told in memory.items() if isinstance(memory, Mapping) else ():
            if str(evse_id).isdecimal() and isinstance(told, str) and _is_digest(told):
                self._told[int(evse_id)] = told


def _digest(command: ApplyFloor, shape: ProfileShape) -> str:
    if command.current_a is None:
        return "none"
    parts: tuple[Any, ...] = (
        float(command.current_a),
        command.phases,
        shape.kind.value,
        shape.unit.value,
        shape.floor_level,
        shape.on_evse,
    )
    return "|".join(str(part) for part in parts)


def _is_digest(told: str) -> bool:
    if told == "none":
        return True
    try:
        float(told.partition("|")[0])
    except ValueError:
        return False
    return told.count("|") == 5
