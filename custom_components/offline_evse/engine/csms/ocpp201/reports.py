"""NotifyReport: the device model of a station, flattened to one value per variable."""

from ...model.station_event import ReportedVariable
from ..payloads.coercion import identifier, mapping, objects, text, word
from ..payloads.oddities import Oddities

_LONGEST_VALUE = 2500


def read_report(value: object, oddities: Oddities) -> tuple[ReportedVariable, ...]:
    """Read a `reportData` list. Entries without a component and a variable say nothing and are left out."""
    variables: list[ReportedVariable] = []
    for entry in objects(value, oddities, "report_data_not_a_list"):
        component = mapping(entry.get("component"), oddities)
        variable = mapping(entry.get("variable"), oddities)
        component_name = text(component.get("name"), oddities, 50)
        variable_name = text(variable.get("name"), oddities, 50)
        if component_name is None or variable_name is None:
            oddities.count("report_without_name")
            continue
        evse = mapping(component.get("evse"), oddities)
        attribute = _actual(entry.get("variableAttribute"), oddities)
        variables.append(
            ReportedVariable(
                component=component_name,
                variable=variable_name,
                value=_value(attribute.get("value"), oddities),
                evse_id=identifier(evse.get("id"), oddities),
                connector_id=identifier(evse.get("connectorId"), oddities),
                instance=text(variable.get("instance"), oddities, 50) or text(component.get("instance"), oddities, 50),
                readonly=word(attribute.get("mutability")) == "readonly",
            )
        )
    return tuple(variables)


def _actual(value: object, oddities: Oddities) -> dict[str, object]:
    """Return the attribute that holds the value in force; one without a type is that."""
    for attribute in objects(value, oddities, "variable_attribute_not_a_list"):
        if word(attribute.get("type")) in ("", "actual"):
            return attribute
    return {}


def _value(value: object, oddities: Oddities) -> str | None:
    """Return a value in the text form of the device model."""
    if isinstance(value, bool):
        oddities.count("configuration_value_not_text")
        return str(value).lower()
    if isinstance(value, str):
        return value[:_LONGEST_VALUE]
    return text(value, oddities)
