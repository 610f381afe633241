"""OCPP frames for diagnostics: what was said stays readable, who and with what secret does not."""

import json
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED

from .engine.model.frame import LoggedFrame

_PERSONAL: Final = frozenset(
    {
        "certificate",
        "chargeboxserialnumber",
        "chargepointserialnumber",
        "data",
        "groupidtoken",
        "iccid",
        "idtag",
        "idtoken",
        "imsi",
        "location",
        "meterserialnumber",
        "parentidtag",
        "password",
        "serialnumber",
        "signeddata",
        "signedmetervalue",
    }
)
"""Fields that tell of a person, of one device among all of its kind, or of anything vendors make up."""

_SECRET_SETTINGS: Final = frozenset({"authorizationkey", "basicauthpassword", "identity", "cponame"})
"""Settings whose value is a secret, by their name in either version."""


def redacted_frame(frame: LoggedFrame) -> dict[str, Any]:
    """Describe a frame; one that is no JSON, or was cut, is told by its size only."""
    described: dict[str, Any] = {
        "at": frame.at.isoformat(),
        "direction": frame.direction.value,
        "size": frame.size,
    }
    try:
        described["frame"] = _redact(json.loads(frame.text))
    except ValueError:
        described["frame"] = REDACTED
    return described


def _redact(value: Any) -> Any:
    """Go through a payload and take out what is nobody's business."""
    if isinstance(value, list):
        return [_redact(each) for each in value]
    if not isinstance(value, dict):
        return value
    secret = _names_secret(value)
    return {
        name: REDACTED
        if name.casefold() in _PERSONAL or (secret and name in ("value", "attributeValue"))
        else _redact(each)
        for name, each in value.items()
    }


def _names_secret(setting: dict[str, Any]) -> bool:
    """Tell whether a setting of either version is a secret one."""
    variable = setting.get("variable")
    name = variable.get("name") if isinstance(variable, dict) else setting.get("key")
    return isinstance(name, str) and name.casefold() in _SECRET_SETTINGS
