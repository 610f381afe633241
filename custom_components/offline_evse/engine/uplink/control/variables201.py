"""The settings of a line as 2.x reads, sets and reports them (2.0.1 part 2, B05 to B08)."""

from collections.abc import Sequence
from typing import Any

from ...model.station import OcppVersion
from .limits.profiles import stamp
from .reading import Ask, UnreadableError
from .settings.configuration import Change
from .settings.keys import ITEMS, Access, Key
from .trade import Trade

type Payload = dict[str, Any]

_ATTRIBUTES = ("Actual", "Target", "MinSet", "MaxSet")
_LONGEST_NAME = 50
_PER_REPORT = 20
"""Settings in one NotifyReport: a frame of some 5 kB."""


class Variables201:
    """SetVariables, GetVariables and the reports."""

    def __init__(self, trade: Trade, version: OcppVersion) -> None:
        """Answer with the line's settings."""
        self._trade = trade
        self._settings = trade.settings
        self._version = version

    async def set(self, ask: Ask) -> Payload:
        """SetVariables."""
        results = []
        for item in _items(ask, "setVariableData"):
            echo, key, status = self._look_up(item)
            if status is None and key is not None and key.access is Access.WRITE:
                change = await self._settings.change(key, item.text("attributeValue") or "")
                status = change.value
            results.append(echo | {"attributeStatus": status or Change.REJECTED.value})
        return {"setVariableResult": results}

    async def get(self, ask: Ask) -> Payload:
        """GetVariables. What is none of a backend's business is there, and not readable."""
        results = []
        for item in _items(ask, "getVariableData"):
            echo, key, status = self._look_up(item)
            if status is None and key is not None and key.access is not Access.REFUSED:
                results.append(echo | {"attributeStatus": "Accepted", "attributeValue": self._settings.value(key)})
            else:
                results.append(echo | {"attributeStatus": status or Change.REJECTED.value})
        return {"getVariableResult": results}

    async def base_report(self, ask: Ask) -> Payload:
        """GetBaseReport: all that there is. A summary is not made."""
        request_id = ask.need_whole("requestId")
        bases = ("ConfigurationInventory", "FullInventory", "SummaryInventory")
        if ask.one_of("reportBase", *bases) == "SummaryInventory":
            return {"status": "NotSupported"}
        return self._report(request_id, self._settings.shown(self._version))

    async def report(self, ask: Ask) -> Payload:
        """GetReport: of what is asked for by name that which there is."""
        request_id, asked = ask.need_whole("requestId"), ask.children("componentVariable")
        if ask.texts("componentCriteria") and not asked:
            criteria = {criterion.casefold() for criterion in ask.texts("componentCriteria")}
            return self._report(request_id, [key for key in self._shown() if _meets(key, self._shown(), criteria)])
        keys = [key for key in self._shown() if not asked or any(_named(key, item) for item in asked)]
        return self._report(request_id, keys)

    def _shown(self) -> Sequence[Key]:
        return self._settings.shown(self._version)

    def _report(self, request_id: int, keys: Sequence[Key]) -> Payload:
        if not keys:
            return {"status": "EmptyResultSet"}
        now = stamp(self._trade.charging.now)
        parts = [keys[begin : begin + _PER_REPORT] for begin in range(0, len(keys), _PER_REPORT)]
        for number, part in enumerate(parts):
            payload = {
                "requestId": request_id,
                "generatedAt": now,
                "seqNo": number,
                "tbc": number + 1 < len(parts),
                "reportData": [self._reported(key) for key in part],
            }
            self._trade.follow_up(self._version, "NotifyReport", payload)
        return {"status": "Accepted"}

    def _reported(self, key: Key) -> Payload:
        characteristics: Payload = {"dataType": key.kind.value, "supportsMonitoring": False}
        if key.unit is not None:
            characteristics["unit"] = key.unit
        if key.access is Access.WRITE:
            characteristics |= {"minLimit": 0, "maxLimit": key.most}
        attribute = {"type": "Actual", "value": self._settings.value(key), "mutability": key.access.value}
        variable: Payload = {"name": key.variable}
        if key.instance is not None:
            variable["instance"] = key.instance
        return {
            "component": {"name": key.component},
            "variable": variable,
            "variableAttribute": [attribute],
            "variableCharacteristics": characteristics,
        }

    def _look_up(self, item: Ask) -> tuple[Payload, Key | None, str | None]:
        """Return what has to be echoed, the setting, and the status where it is clear without it."""
        component, variable = item.need_child("component"), item.need_child("variable")
        attribute = item.one_of("attributeType", *_ATTRIBUTES) if item.has("attributeType") else "Actual"
        evse = component.child("evse")
        echo = {
            "attributeType": attribute,
            "component": _echo(component) | ({"evse": _echo_evse(evse)} if evse is not None else {}),
            "variable": _echo(variable),
        }
        name = component.need_text("name")
        key = self._settings.named(name, variable.need_text("name"), variable.text("instance"))
        if evse is not None or component.has("instance") or not self._settings.of_component(name):
            return echo, None, "UnknownComponent"
        if key is None:
            return echo, None, "UnknownVariable"
        return echo, key, None if attribute == "Actual" else "NotSupportedAttributeType"


def _items(ask: Ask, name: str) -> list[Ask]:
    items = ask.children(name)
    if not 1 <= len(items) <= ITEMS:
        raise UnreadableError(f"{name} has 1 to {ITEMS} entries")
    return items


def _echo(named: Ask) -> Payload:
    name, instance = named.need_text("name"), named.text("instance")
    if len(name) > _LONGEST_NAME or len(instance or "") > _LONGEST_NAME:
        raise UnreadableError(f"a name has at most {_LONGEST_NAME} characters")
    return {"name": name} if instance is None else {"name": name, "instance": instance}


def _echo_evse(evse: Ask) -> Payload:
    connector_id = evse.maybe_whole("connectorId")
    said = {"id": evse.need_whole("id")}
    return said if connector_id is None else said | {"connectorId": connector_id}


def _named(key: Key, item: Ask) -> bool:
    component, variable = item.child("component"), item.child("variable")
    if component is None or (component.text("name") or "").casefold() != (key.component or "").casefold():
        return False
    return variable is None or (variable.text("name") or "").casefold() == key.variable.casefold()


def _meets(key: Key, shown: Sequence[Key], criteria: set[str]) -> bool:
    """Whether a component is there, and on, or off, as it says of itself; nothing here has a problem to tell of."""
    said = {other.variable.casefold(): other.value == "true" for other in shown if other.component == key.component}
    return any(criterion in ("active", "available", "enabled") and said.get(criterion, True) for criterion in criteria)
