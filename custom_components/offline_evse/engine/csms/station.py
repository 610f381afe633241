"""A station as the central system knows it: outlives its connections, and keeps what they taught us."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self, override

from ..model.clock import Clock
from ..model.command import Command
from ..model.station import OcppVersion
from .codec import Codec, Oddities
from .rpc.frame_log import FrameLog
from .smart_charging.profile_ladder import ProfileLadder

if TYPE_CHECKING:
    from .rpc.connection import Connection

_SUSPICION_S = 15.0
"""A disconnect or reboot this soon after something was asked for is put down to it."""
_TROUBLES_TO_BLOCK = 2

_FIGHT_WINDOW_S = 60.0
_FIGHT_TAKEOVERS = 3

_CUTS_TO_FORGIVE = 2

_MAX_ODDITIES = 200

_OF_THE_MODEL = ("firmware", "unsupported", "troubles", "refused", "maximum_keys", "ladder")
"""What a station may be told of others of its model and firmware."""


class OddityCounts(Oddities):
    """How often each deviation from the standard was met. Words come from stations only by way of our own lists."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        """Begin with none."""
        self.counts: dict[str, int] = {}

    @override
    def count(self, oddity: str) -> None:
        counts = self.counts
        if oddity in counts:
            counts[oddity] += 1
        elif len(counts) < _MAX_ODDITIES:
            counts[oddity] = 1


@dataclass(slots=True)
class StationMemory:
    """What a station has taught us, worth keeping over restarts. All of it is void with another firmware."""

    firmware: str | None = None
    unsupported: list[str] = field(default_factory=list)
    """Operations it said it does not know, such as `trigger:StatusNotification`."""
    troubles: dict[str, int] = field(default_factory=dict)
    """Operations such as `write:Key`, and how often no answer, a disconnect or a reboot followed."""
    written: dict[str, str] = field(default_factory=dict)
    """Settings it accepted from us."""
    settled: dict[str, str] = field(default_factory=dict)
    """What it shows instead of a value that it had accepted."""
    refused: dict[str, list[str]] = field(default_factory=dict)
    """Values it has rejected, by setting."""
    maximum_keys: int | None = None
    """Settings it lets us read at once."""
    knows_profiles: bool = False
    """Whether it has been asked what charging profiles it takes."""
    ladder: dict[str, Any] = field(default_factory=dict)
    """Which form of charging profile it takes, as the profile ladder writes it."""
    ignores_pings: bool = False
    """Whether it does its work without answering pings, so that its silence says less."""

    def blocks(self, operation: str) -> bool:
        """Whether an operation is not to be tried again."""
        return operation in self.unsupported or self.troubles.get(operation, 0) >= _TROUBLES_TO_BLOCK

    def note_trouble(self, operation: str) -> None:
        """Remember that the station did not answer an operation, or went away over it."""
        self.troubles[operation] = self.troubles.get(operation, 0) + 1

    def note_unsupported(self, operation: str) -> None:
        """Remember that the station does not know an operation."""
        if operation not in self.unsupported:
            self.unsupported.append(operation)

    def note_refused(self, name: str, value: str) -> None:
        """Remember that the station does not take a value."""
        values = self.refused.setdefault(name, [])
        if value not in values:
            values.append(value)

    def note_firmware(self, firmware: str | None) -> bool:
        """Forget everything if the firmware is another one; returns whether it is."""
        changed = firmware is not None and self.firmware not in (None, firmware)
        if changed:
            fresh = StationMemory()
            for known in fields(self):
                setattr(self, known.name, getattr(fresh, known.name))
        self.firmware = firmware or self.firmware
        return changed

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what `as_dict` gave; anything unknown is left out."""
        known = {entry.name for entry in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})


def _knows_better(ladder: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether what one station says of the profiles it takes is worth more than what is known of its model."""
    others = known.get("ladder")
    if not isinstance(others, dict) or others.get("live") is None:
        return True
    live = others["live"]
    if live == ladder["live"]:
        # The same form: newer knowledge of it, unless that has only not been measured yet.
        return live in ladder["followed"] or live not in (others.get("followed") or ())
    if live in ladder["ignored"]:
        return True
    return ladder["live"] in ladder["followed"] and live not in (others.get("followed") or ())


class Station:
    """One station, whether it is connected or not."""

    def __init__(self, station_id: str, clock: Clock) -> None:
        """Begin without a connection."""
        self.station_id = station_id
        self.connection: Connection | None = None
        """The newest one, while it lives."""
        self.generation = 0
        """How many connections it has had."""
        self.oddities = OddityCounts()
        self.memory = StationMemory()
        self.frame_log = FrameLog(clock)
        self._ladder: ProfileLadder | None = None
        self._ladder_version: OcppVersion | None = None
        self._clock = clock
        self._silent_ends = 0
        self._last_operation: tuple[tuple[str, ...], float] | None = None
        self._takeovers: deque[float] = deque(maxlen=_FIGHT_TAKEOVERS)
        self._fight_told_at_s: float | None = None

    def share_ladder(self, codec: Codec) -> None:
        """Let a new connection's codec go on with what is known of the station's charging profiles."""
        if self._ladder is not None and self._ladder_version is codec.version:
            codec.ladder = self._ladder
            return
        codec.ladder.remember(self.memory.ladder)
        self._ladder, self._ladder_version = codec.ladder, codec.version

    @property
    def ladder(self) -> ProfileLadder:
        """What is known of the charging profiles that it takes."""
        ladder = self._ladder
        if ladder is None:
            # Not connected yet: whatever a station of any version could have taught us.
            live = self.memory.ladder.get("live")
            ladder = ProfileLadder(offline_duration=isinstance(live, dict) and live.get("offline_duration") is True)
            ladder.remember(self.memory.ladder)
        return ladder

    def ignored(self) -> tuple[bool, tuple[Command, ...]]:
        """Go to another form of limits, for those accepted are not followed.

        Returns whether there is another, and what has to be sent before limits go out in it.
        """
        ladder = self.ladder
        before = ladder.current
        moved = ladder.ignored()
        if self._ladder is None:
            self.memory.ladder = ladder.to_dict()
        return moved, ladder.leftovers(before) if ladder.current != before else ()

    def confirmed(self) -> None:
        """Limits in the form in use are followed, by measurement."""
        ladder = self.ladder
        ladder.confirmed()
        if self._ladder is None:
            self.memory.ladder = ladder.to_dict()

    def model_memory(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return what holds for every station of this model and firmware, as JSON values; empty where nothing does.

        `known` is what others have taught us; it stays unless this one knows better: a form of limits that was seen to
        be followed is only replaced by the word of a station that ignored it.
        """
        memory = self.memory
        ladder = ProfileLadder.of_model(self.memory_as_dict()["ladder"])
        if memory.firmware is None or ladder.get("live") is None or not _knows_better(ladder, known):
            return dict(known)
        return {
            "firmware": memory.firmware,
            "unsupported": list(memory.unsupported),
            "troubles": {name: count for name, count in memory.troubles.items() if count >= _TROUBLES_TO_BLOCK},
            "refused": {name: list(values) for name, values in memory.refused.items()},
            "maximum_keys": memory.maximum_keys,
            "ladder": ladder,
        }

    def remember_model(self, known: Mapping[str, Any]) -> bool:
        """Begin with what others of its model and firmware taught us, unless it has taught us something itself."""
        firmware = known.get("firmware")
        if not isinstance(firmware, str):
            return False
        self.note_firmware(firmware)
        if self.memory_as_dict()["ladder"].get("live") is not None or self.memory.knows_profiles:
            return False
        own = StationMemory.from_dict({name: known[name] for name in _OF_THE_MODEL if name in known})
        own.written, own.settled = self.memory.written, self.memory.settled
        self.memory = own
        if self._ladder is not None:
            self._ladder.remember(own.ladder)
        return True

    def note_firmware(self, firmware: str | None) -> None:
        """Learn everything anew, the form of charging profiles too, if the firmware is another one."""
        if self.memory.note_firmware(firmware) and self._ladder is not None:
            self._ladder.forget()

    def answered_ping(self) -> None:
        """The station has answered a ping: while a connection is alive, it is never silent for long."""
        self.memory.ignores_pings = False
        self._silent_ends = 0

    def talked_past_ping(self) -> None:
        """The station goes on talking without having answered a ping."""
        self.memory.ignores_pings = True

    def ended(self, *, in_silence: bool) -> None:
        """A connection is over; `in_silence`: it was given up, and had never answered a ping.

        One that comes back each time was alive: it only says nothing for longer than others.
        """
        self._silent_ends = self._silent_ends + 1 if in_silence else 0

    def returned(self) -> None:
        """The station has a new connection."""
        if self._silent_ends >= _CUTS_TO_FORGIVE:
            self.memory.ignores_pings = True

    def memory_as_dict(self) -> dict[str, Any]:
        """Return everything it has taught us as JSON values."""
        if self._ladder is not None:
            self.memory.ladder = self._ladder.to_dict()
        return self.memory.as_dict()

    def attempting(self, *operations: str) -> None:
        """Note what is being asked of the station, in case it does not survive it."""
        self._last_operation = (operations, self._clock.monotonic())

    def broke_off(self) -> None:
        """The station has disconnected or rebooted: hold it against what it had just been asked."""
        if self._last_operation is None:
            return
        operations, at_s = self._last_operation
        self._last_operation = None
        if self._clock.monotonic() - at_s <= _SUSPICION_S:
            for operation in operations:
                self.memory.note_trouble(operation)

    def challenged(self, remote: str) -> bool:
        """A socket from `remote` wants to take over. Returns whether devices with the same name fight each other."""
        if self.connection is None or self.connection.remote == remote:
            return False
        now_s = self._clock.monotonic()
        self._takeovers.append(now_s)
        return len(self._takeovers) == _FIGHT_TAKEOVERS and now_s - self._takeovers[0] <= _FIGHT_WINDOW_S

    def tell_of_fight(self) -> bool:
        """Whether it is time to tell somebody of a fight (again); at most once a minute."""
        now_s = self._clock.monotonic()
        if self._fight_told_at_s is not None and now_s - self._fight_told_at_s < _FIGHT_WINDOW_S:
            return False
        self._fight_told_at_s = now_s
        return True
