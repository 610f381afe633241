"""Answers of OCPP 2.0.1 stations to our commands, read as tolerantly as their requests."""

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
    WriteVariable,
)
from ..payloads.coercion import mapping, objects, text, unwrapped, whole, word
from ..payloads.oddities import Oddities
from ..payloads.outcomes import outcome_of
from ..smart_charging.composite import limit_in_force
from .variable_names import joined_name


def decode_result(
    command: Command, payload: Mapping[str, Any], now: datetime, wired_phases: int | None, oddities: Oddities
) -> CommandResult:
    """Return how a command ended. Fields that 2.0.1 does not have are passed over."""
    match command:
        case ReadVariables():
            return CommandResult(outcome=Outcome.ACCEPTED, variables=_variables(command.names, payload, oddities))
        case WriteVariable():
            results = objects(payload.get("setVariableResult"), oddities, "set_variable_result_not_a_list")
            return outcome_of(results[0] if results else {}, oddities, field="attributeStatus")
        case ReadCompositeSchedule():
            result = outcome_of(payload, oddities)
            if not result.done or "schedule" not in payload:
                return result
            schedule = mapping(payload.get("schedule"), oddities)
            limit_a = limit_in_force(schedule, schedule.get("scheduleStart"), now, wired_phases, oddities)
            return CommandResult(outcome=result.outcome, detail=result.detail, limit_a=limit_a)
        case ReadLocalListVersion():
            return CommandResult(outcome=Outcome.ACCEPTED, list_version=whole(payload.get("versionNumber"), oddities))
        case ApplyFloor(current_a=None) | ClearProfile():
            return outcome_of(payload, oddities, nothing_to_clear=True)
        case _:
            return outcome_of(payload, oddities)


def _variables(names: tuple[str, ...], payload: Mapping[str, Any], oddities: Oddities) -> dict[str, str | None]:
    """Return the values of variables, under the names they were asked by; None where there is none."""
    variables: dict[str, str | None] = dict.fromkeys(names)
    asked = {name.casefold(): name for name in names}
    for entry in objects(payload.get("getVariableResult"), oddities, "get_variable_result_not_a_list"):
        name = joined_name(mapping(entry.get("component"), oddities), mapping(entry.get("variable"), oddities))
        value = entry.get("attributeValue")
        if word(entry.get("attributeStatus")) not in ("accepted", ""):
            value = None
        elif value is not None and not isinstance(value, str):
            oddities.count("configuration_value_not_text")
            # As JSON and OCPP write them.
            value = str(value).lower() if isinstance(value, bool) else text(value, oddities)
        variables[asked.get(name.casefold(), name)] = None if value is None else unwrapped(value, oddities)
    return variables
