"""Answers of OCPP 1.6 charge points to our commands, read as tolerantly as their requests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...model.command import (
    ApplyFloor,
    ClearProfile,
    Command,
    CommandResult,
    Outcome,
    ReadCompositeSchedule,
    ReadLocalListVersion,
    ReadVariables,
    RequestReport,
)
from ..payloads.coercion import mapping, objects, text, unwrapped, whole
from ..payloads.oddities import Oddities
from ..payloads.outcomes import outcome_of
from ..smart_charging.composite import limit_in_force


def decode_result(
    command: Command, payload: Mapping[str, Any], now: datetime, wired_phases: int | None, oddities: Oddities
) -> CommandResult:
    """Return how a command ended. Fields that 1.6 does not have are passed over."""
    match command:
        case ReadVariables():
            return CommandResult(outcome=Outcome.ACCEPTED, variables=_configuration(command.names, payload, oddities))
        case RequestReport():
            return CommandResult(outcome=Outcome.ACCEPTED, variables=_configuration((), payload, oddities))
        case ReadCompositeSchedule():
            result = outcome_of(payload, oddities)
            if not result.done or "chargingSchedule" not in payload:
                return result
            schedule = mapping(payload.get("chargingSchedule"), oddities)
            limit_a = limit_in_force(schedule, payload.get("scheduleStart"), now, wired_phases, oddities)
            return CommandResult(outcome=result.outcome, detail=result.detail, limit_a=limit_a)
        case ReadLocalListVersion():
            return CommandResult(outcome=Outcome.ACCEPTED, list_version=whole(payload.get("listVersion"), oddities))
        case ApplyFloor(current_a=None) | ClearProfile():
            return outcome_of(payload, oddities, nothing_to_clear=True)
        case _:
            return outcome_of(payload, oddities)


def _configuration(names: tuple[str, ...], payload: Mapping[str, Any], oddities: Oddities) -> dict[str, str | None]:
    """Return the values of configuration keys, under the names they were asked by; None where there is none."""
    variables: dict[str, str | None] = dict.fromkeys(names)
    asked = {name.casefold(): name for name in names}
    for entry in objects(payload.get("configurationKey"), oddities, "configuration_key_not_a_list"):
        key = text(entry.get("key"), oddities, 50)
        if key is None:
            continue
        value = entry.get("value")
        if value is not None and not isinstance(value, str):
            oddities.count("configuration_value_not_text")
            # As JSON and OCPP write them.
            value = str(value).lower() if isinstance(value, bool | int | float) else None
        variables[asked.get(key.casefold(), key)] = None if value is None else unwrapped(value, oddities)
    return variables
