"""Names of variables as commands carry them: `Component.Variable`, with instances in brackets on either."""

import re
from typing import Any

from ocpp.v201.datatypes import ComponentType, VariableType

from ..codec import UnsupportedCommandError

_NAME = re.compile(r"^([^.\[\]]{1,50})(?:\[([^\[\]]{1,50})\])?\.([^.\[\]]{1,50})(?:\[([^\[\]]{1,50})\])?$")


def split_name(name: str) -> tuple[ComponentType, VariableType]:
    """Return component and variable; raises UnsupportedCommandError for a name of another form."""
    found = _NAME.match(name)
    if found is None:
        raise UnsupportedCommandError(f"{name!r} is not of the form Component[instance].Variable[instance]")
    component, component_instance, variable, variable_instance = found.groups()
    return (
        ComponentType(name=component, instance=component_instance),
        VariableType(name=variable, instance=variable_instance),
    )


def joined_name(component: dict[str, Any], variable: dict[str, Any]) -> str:
    """Return the name of a component and a variable as a station wrote them."""
    return f"{_with_instance(component)}.{_with_instance(variable)}"


def _with_instance(named: dict[str, Any]) -> str:
    name, instance = named.get("name"), named.get("instance")
    return f"{name}[{instance}]" if instance else str(name)
