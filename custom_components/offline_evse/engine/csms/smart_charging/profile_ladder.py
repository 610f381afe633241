"""Which form of charging profile a station takes: tried from the best one down, and remembered."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...model.command import (
    ApplyFloor,
    ApplyLimit,
    ClearProfile,
    Command,
    CommandResult,
    Outcome,
    ReadCompositeSchedule,
)
from ..payloads.coercion import listed, word
from .charger_clock import ChargerClock
from .known_floors import KnownFloors
from .low_limits import LowLimits
from .profiles import Kind, ProfileShape, Purpose, RateUnit, Role, live_ids, profile_id
from .rungs import STRIKES, Rungs

__all__ = ["STRIKES", "ProfileLadder"]

ZERO_REFUSED = "zero_refused"
"""Detail of a result where 0 A was not sent, because the station is known to refuse it."""
UNCHANGED = "unchanged"
"""Detail of a result where a floor was not sent, because the station has it."""

_HIGHEST_LEVEL = 1000
_RATE_UNIT_KEYS = frozenset({"chargingscheduleallowedchargingrateunit", "smartchargingctrlrrateunit"})
_LEVEL_KEYS = frozenset({"chargeprofilemaxstacklevel", "smartchargingctrlrprofilestacklevel"})
_PERIOD_KEYS = frozenset({"chargingschedulemaxperiods", "smartchargingctrlrperiodsperschedule"})
_EVSE_KEYS = frozenset({"numberofconnectors"})
_PHASE_KEYS = frozenset({"smartchargingctrlracphaseswitchingsupported"})
_OF_ONE_STATION = ("evse_count", "floors")
"""What another station of the same model has to find out for itself."""


class ProfileLadder:
    """What is known of the profiles that one station takes.

    Every shape comes in amperes and in watts unless the station has said which of them it takes. The best one is a
    TxProfile above a TxDefaultProfile with two steps; then come stations that have one stack level, those that
    refuse TxProfile, those that take a single period, those that insist on relative schedules, and at the very end,
    only where there is one EVSE, a maximum for the station as a whole. Where profiles can say how long they outlive
    the connection (2.1), those that do come before their like that do not.
    """

    def __init__(self, *, relative_station_max: bool = True, offline_duration: bool = False) -> None:
        """Begin with what most stations take; 2.x forbids a relative maximum for the station (K01.FR.38)."""
        self._relative_station_max = relative_station_max
        self._offline_duration = offline_duration
        self._seen: frozenset[int] = frozenset()
        self.clock = ChargerClock()
        """The clock by which the station obeys what is absolute."""
        self.forget()

    def forget(self) -> None:
        """Begin anew with a station whose firmware is another one; its EVSEs and its clock stay what they are."""
        self._units: tuple[RateUnit, ...] = (RateUnit.AMPERES, RateUnit.WATTS)
        self._max_level: int | None = None
        self._max_periods: int | None = None
        self._evse_count: int | None = None
        self._live = Rungs()
        self._floor = Rungs()
        self.low_limits = LowLimits()
        """Which limits it refuses only because they are low."""
        self.floors = KnownFloors()
        """What it holds as floors."""
        self.chooses_phase = False
        """Whether it can charge on one phase, and be told on which (2.x)."""
        self._arrange()

    @property
    def current(self) -> ProfileShape:
        """The shape for live limits."""
        return self._live.current

    @property
    def current_floor(self) -> ProfileShape:
        """The shape for the floor."""
        return self._floor.current

    @property
    def shapes(self) -> tuple[ProfileShape, ...]:
        """The shapes for live limits in the order in which they are tried."""
        return self._live.shapes

    @property
    def proven(self) -> bool:
        """Whether the station has accepted a live limit in some shape."""
        return self._live.settled is not None

    def accepted(self, *, floor: bool = False) -> None:
        """The station took the current shape."""
        (self._floor if floor else self._live).accepted()

    @property
    def followed(self) -> bool:
        """Whether a live limit in the shape in use was seen to be followed, by measurement."""
        return self._live.followed

    def ignored(self) -> bool:
        """Accepted limits are not followed: go to another shape; returns whether there is one to go to."""
        moved = self._live.ignored()
        if moved and self._live.settled is None:
            self.low_limits.forget()
        return moved

    def leftovers(self, before: ProfileShape) -> tuple[Command, ...]:
        """Return what has to be sent after another shape than `before` has come into use.

        A live limit in the old shape must not go on binding beside the new ones, and a floor whose place it had taken
        has to be put back.
        """
        commands: list[Command] = []
        for evse_id in self.floors.limited_evses:
            old = live_ids(evse_id, before) - live_ids(evse_id, self.current)
            if profile_id(evse_id, Role.FLOOR) in old:
                commands += [floor for floor in self.floors.wanted if floor.evse_id == evse_id]
            commands += [ClearProfile(one) for one in sorted(old) if one != profile_id(evse_id, Role.FLOOR)]
        return tuple(commands)

    def confirmed(self) -> None:
        """Accepted limits are followed, by measurement."""
        self._live.confirmed()

    def foreseen(self, command: Command) -> CommandResult | None:
        """Return how a command will end, where that is known without sending it."""
        if isinstance(command, ApplyLimit) and command.current_a <= 0.0 and self.low_limits.zero_refused:
            return CommandResult(outcome=Outcome.REJECTED, detail=ZERO_REFUSED)
        if isinstance(command, ApplyFloor):
            self.floors.asked(command)
            if self.floors.has(command, self.current_floor):
                return CommandResult(outcome=Outcome.ACCEPTED, detail=UNCHANGED)
        return None

    def sending(self, command: Command) -> None:
        """Take in that a command is on its way: it may be carried out without our hearing of it."""
        if isinstance(command, ApplyFloor):
            self.floors.sending(command)
        elif isinstance(command, ApplyLimit):
            self.floors.limiting(command, self.current)

    def noted(self, command: Command, result: CommandResult) -> None:
        """Take in how a command ended, if it is one that has to do with profiles."""
        match command:
            case ApplyLimit() if result.done:
                shape, before = self.current, self._live.settled
                self.accepted()
                if before is not None and self._live.settled != before:
                    self.low_limits.forget()
                self.low_limits.accepted(command, shape)
            case ApplyFloor() if result.done:
                shape = self.current_floor
                if command.current_a is not None:
                    self.accepted(floor=True)
                self.floors.accepted(command, shape)
            case ReadCompositeSchedule() if result.limit_a is not None:
                self.floors.read_back(command.evse_id, result.limit_a)

    def next_rung(self, command: Command, result: CommandResult) -> bool:
        """After a command that set a profile was refused: whether another shape is worth trying now."""
        if isinstance(command, ApplyLimit):
            if not _is_refusal(result):
                return False
            proven = self.current == self._live.settled
            explained = proven and self.low_limits.explains(command)
            self.low_limits.refused(command, self.current, proven=proven)
            return not explained and self.refused(result)
        if isinstance(command, ApplyFloor) and command.current_a is not None:
            return self.refused(result, floor=True)
        return False

    def refused(self, result: CommandResult, *, floor: bool = False) -> bool:
        """Go to the next shape after a refusal; False: there is none, or it was no refusal of the shape."""
        return _is_refusal(result) and (self._floor if floor else self._live).refused()

    def learned(self, variables: Mapping[str, str | None]) -> None:
        """Take in what the station's configuration says of profiles, by the names of any OCPP version."""
        for name, value in variables.items():
            key = word(name)
            if key in _RATE_UNIT_KEYS:
                self._learn_units(value)
            elif key in _LEVEL_KEYS:
                self._max_level = _small(value, self._max_level, _HIGHEST_LEVEL)
            elif key in _PERIOD_KEYS:
                self._max_periods = _small(value, self._max_periods) or None
            elif key in _EVSE_KEYS:
                self._evse_count = _small(value, self._evse_count) or None
            elif key in _PHASE_KEYS and value is not None:
                self.chooses_phase = word(value) == "true"
        self._arrange()

    def saw_evse(self, evse_id: int) -> None:
        """Note that the station has spoken of an EVSE."""
        if evse_id > 0 and evse_id not in self._seen and len(self._seen) < 2:
            self._seen |= {evse_id}
            self._arrange()

    def to_dict(self) -> dict[str, Any]:
        """Return what is worth keeping over restarts, as JSON can hold it."""
        live = self._live.record()
        return {
            "units": [unit.value for unit in self._units],
            "max_level": self._max_level,
            "max_periods": self._max_periods,
            "evse_count": self._evse_count,
            "chooses_phase": self.chooses_phase,
            "live": live["settled"],
            "ignored": live["ignored"],
            "followed": live["followed"],
            "floor": self._floor.record()["settled"],
            "low_limits": self.low_limits.to_dict(),
            "floors": self.floors.to_dict(),
        }

    @staticmethod
    def of_model(memory: Mapping[str, Any]) -> dict[str, Any]:
        """Return that part of what `to_dict` gave that holds for every station of the same model and firmware."""
        return {name: value for name, value in memory.items() if name not in _OF_ONE_STATION}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take back what `to_dict` returned; what cannot be read is found out anew."""
        units = memory.get("units")
        if isinstance(units, list) and (known := tuple(unit for unit in RateUnit if unit.value in units)):
            self._units = known
        self._max_level = _small(memory.get("max_level"), None, _HIGHEST_LEVEL)
        self._max_periods = _small(memory.get("max_periods"), None) or None
        self._evse_count = _small(memory.get("evse_count"), None) or None
        self.chooses_phase = memory.get("chooses_phase") is True
        self._arrange()
        # Whatever it might have taken were it a station of a single EVSE, which it may yet turn out to be.
        shapes = self._live_shapes(single_evse=True)
        self._live.recall(memory.get("live"), memory.get("ignored"), memory.get("followed"), shapes)
        self._floor.recall(memory.get("floor"), None, None, self._floor.shapes)
        low_limits = memory.get("low_limits")
        self.low_limits.remember(low_limits if isinstance(low_limits, dict) else {})
        self.floors.remember(memory.get("floors"))

    def _learn_units(self, value: str | None) -> None:
        words = {word(entry) for entry in listed(value)}
        known: list[RateUnit] = []
        if words & {"current", "a", "amps", "ampere", "amperes"}:
            known.append(RateUnit.AMPERES)
        if words & {"power", "w", "watt", "watts"}:
            known.append(RateUnit.WATTS)
        if known:
            self._units = tuple(known)

    @property
    def _single_evse(self) -> bool:
        if len(self._seen) > 1:
            return False
        return self._evse_count == 1 if self._evse_count is not None else self._seen == {1}

    def _arrange(self) -> None:
        self._live.arrange(tuple(self._live_shapes(single_evse=self._single_evse)))
        self._floor.arrange(
            tuple(
                ProfileShape(purpose=Purpose.TX_DEFAULT, kind=kind, live_level=0, unit=unit, two_step=False)
                for unit in self._units
                for kind in Kind
            )
        )

    def _live_shapes(self, *, single_evse: bool) -> list[ProfileShape]:
        top = 1 if self._max_level is None else self._max_level
        levels = dict.fromkeys((top, min(top, 1), 0))
        ways = [(Kind.ABSOLUTE, False, False), *self._with_offline_duration(Kind.RELATIVE, two_step=False)]
        if self._max_periods != 1:
            ways[:0] = self._with_offline_duration(Kind.ABSOLUTE, two_step=True)
        else:
            ways[:1] = self._with_offline_duration(Kind.ABSOLUTE, two_step=False)
        kinds = dict.fromkeys((kind, two_step) for kind, two_step, _ in ways)
        forms = [
            ProfileShape(purpose=purpose, kind=kind, live_level=level, two_step=two_step, offline_duration=offline)
            for kind, two_step in kinds
            for purpose in (Purpose.TX, Purpose.TX_DEFAULT)
            for level in levels
            for offline in (True, False)
            if (kind, two_step, offline) in ways
        ]
        shapes = [replace(form, unit=unit) for unit in self._units for form in forms]
        if single_evse:
            maximum = ProfileShape(purpose=Purpose.STATION_MAX, on_evse=False)
            shapes += [
                replace(maximum, kind=kind, two_step=two_step, offline_duration=offline, live_level=level, unit=unit)
                for unit in self._units
                for kind, two_step, offline in ways
                if kind is Kind.ABSOLUTE or self._relative_station_max
                for level in levels
            ]
        return shapes

    def _with_offline_duration(self, kind: Kind, *, two_step: bool) -> list[tuple[Kind, bool, bool]]:
        return [(kind, two_step, offline) for offline in ((True, False) if self._offline_duration else (False,))]


def _is_refusal(result: CommandResult) -> bool:
    """Whether a station has refused a profile; a CALLERROR that says NotImplemented refuses them all, in any shape."""
    if result.outcome not in (Outcome.REJECTED, Outcome.UNSUPPORTED):
        return False
    return not word(result.detail).startswith("notimplemented")


def _small(value: object, otherwise: int | None, highest: int = 1_000_000) -> int | None:
    """Read a count that configuration values carry as text; keep `otherwise` where there is none."""
    try:
        read = int(float(str(value).strip("\"'[] ")))
    except ValueError, OverflowError:
        return otherwise
    return min(read, highest) if read >= 0 else otherwise
