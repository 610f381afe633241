"""OCPP 2.x as spoken with one station over one connection."""

from collections.abc import Mapping
from typing import Any, ClassVar, override

from ...model.clock import Clock
from ...model.command import ApplyFloor, ApplyLimit, Command, CommandResult, ReadCompositeSchedule
from ...model.station import OcppVersion
from ...model.station_event import StationAnswer, StationEvent
from ..codec import Codec, Oddities, Payload
from ..payloads.coercion import as_mapping
from ..smart_charging.profile_ladder import ProfileLadder
from . import answers, outbound, results
from .edition import OCPP_201, Edition
from .inbound import Inbound


class Ocpp201Codec(Codec):
    """Both directions between the payloads of OCPP 2.0.1 and the model. Remembers how many phases an EVSE has."""

    version = OcppVersion.V201
    edition: ClassVar[Edition] = OCPP_201

    def __init__(self, station_id: str, clock: Clock, oddities: Oddities) -> None:
        """Begin a conversation with a station of which nothing is known."""
        self.ladder = ProfileLadder(relative_station_max=False, offline_duration=self.edition.offline_duration)
        self._clock = clock
        self._oddities = oddities
        self._phases: dict[int, int] = {}
        self._inbound = Inbound(station_id, clock, oddities, lambda: self.ladder, self.edition)

    @override
    def decode_call(self, action: str, payload: Mapping[str, Any]) -> StationEvent:
        event = self._inbound.decode(action, payload)
        self.ladder.clock.noted(event, self._clock)
        return event

    @override
    def encode_answer(self, event: StationEvent, answer: StationAnswer) -> Payload:
        return answers.encode_answer(event, answer, self.edition)

    @override
    def encode_command(self, command: Command) -> tuple[str, Payload]:
        if isinstance(command, ApplyLimit | ApplyFloor):
            self._phases[command.evse_id] = command.phases
            self.ladder.sending(command)
        now = self.ladder.clock.at(self._clock.now())
        return outbound.encode_command(command, self.ladder, now, self.edition)

    @override
    def decode_result(self, command: Command, payload: Mapping[str, Any]) -> CommandResult:
        payload = as_mapping(payload, self._oddities)
        phases = self._phases.get(command.evse_id) if isinstance(command, ReadCompositeSchedule) else None
        now = self.ladder.clock.at(self._clock.now())
        result = results.decode_result(command, payload, now, phases, self._oddities)
        if result.variables:
            self.ladder.learned(result.variables)
        self.ladder.noted(command, result)
        return result

    @override
    def foreseen(self, command: Command) -> CommandResult | None:
        return self.ladder.foreseen(command)

    @override
    def next_rung(self, command: Command, result: CommandResult) -> bool:
        return self.ladder.next_rung(command, result)
