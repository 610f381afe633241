"""What an OCPP version has to provide: both directions between its payloads and the model's values."""

from collections.abc import Mapping
from typing import Any, Protocol

from ..model.command import Command, CommandResult
from ..model.station import OcppVersion
from ..model.station_event import StationAnswer, StationEvent
from .payloads.oddities import Oddities
from .smart_charging.profile_ladder import ProfileLadder

__all__ = ["Codec", "Oddities", "Payload", "UnknownActionError", "UnsupportedCommandError"]

type Payload = dict[str, Any]


class UnknownActionError(Exception):
    """The station asked for something that this version does not have, or that is not served here."""


class UnsupportedCommandError(Exception):
    """This version, or this station as far as we know it, has no way to carry the command out."""


class Codec(Protocol):
    """One OCPP version as spoken with one station over one connection.

    A codec may remember what belongs to that conversation (which EVSE a transaction runs on, the units of the
    station), and nothing else. Decoding is liberal: it coerces, counts and goes on. Encoding is strict.
    """

    version: OcppVersion
    ladder: ProfileLadder
    """What is known of the profiles that the station takes; whoever remembers it over connections puts it here."""

    def decode_call(self, action: str, payload: Mapping[str, Any]) -> StationEvent:
        """Turn a station's request into an event; raises UnknownActionError."""

    def encode_answer(self, event: StationEvent, answer: StationAnswer) -> Payload:
        """Turn our answer into the payload of the CALLRESULT for the request that `event` came from."""

    def encode_command(self, command: Command) -> tuple[str, Payload]:
        """Turn a command into an action and its payload; raises UnsupportedCommandError."""

    def decode_result(self, command: Command, payload: Mapping[str, Any]) -> CommandResult:
        """Read the station's answer to a command."""

    def foreseen(self, command: Command) -> CommandResult | None:
        """Return how a command will end where that is known beforehand, so that it need not be sent."""

    def next_rung(self, command: Command, result: CommandResult) -> bool:
        """After a refused ApplyLimit or ApplyFloor: whether encoding it again gives it another form, worth trying."""
