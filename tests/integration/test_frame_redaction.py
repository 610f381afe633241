"""Frames in diagnostics."""

from datetime import UTC, datetime
import json
from typing import Any

import pytest

from custom_components.offline_evse.engine.model.frame import Direction, LoggedFrame
from custom_components.offline_evse.frame_redaction import redacted_frame

HIDDEN = "**REDACTED**"


def told(text: str) -> Any:
    frame = LoggedFrame(datetime(2026, 11, 21, tzinfo=UTC), Direction.SENT, text, len(text))
    return redacted_frame(frame)["frame"]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"idTag": "A", "connectorId": 1}, {"idTag": HIDDEN, "connectorId": 1}),
        (
            {"idTagInfo": {"status": "Accepted", "parentIdTag": "B"}},
            {"idTagInfo": {"status": "Accepted", "parentIdTag": HIDDEN}},
        ),
        ({"idToken": {"idToken": "A", "type": "eMAID"}}, {"idToken": HIDDEN}),
        ({"key": "AuthorizationKey", "value": "pw"}, {"key": "AuthorizationKey", "value": HIDDEN}),
        ({"key": "HeartbeatInterval", "value": "60"}, {"key": "HeartbeatInterval", "value": "60"}),
        (
            {"configurationKey": [{"key": "authorizationkey", "value": "pw", "readonly": False}]},
            {"configurationKey": [{"key": "authorizationkey", "value": HIDDEN, "readonly": False}]},
        ),
        (
            {"setVariableData": [{"variable": {"name": "BasicAuthPassword"}, "attributeValue": "pw"}]},
            {"setVariableData": [{"variable": {"name": "BasicAuthPassword"}, "attributeValue": HIDDEN}]},
        ),
        (
            {"setVariableData": [{"variable": {"name": "Interval"}, "attributeValue": "5"}]},
            {"setVariableData": [{"variable": {"name": "Interval"}, "attributeValue": "5"}]},
        ),
        ({"vendorId": "x", "data": "whatever"}, {"vendorId": "x", "data": HIDDEN}),
    ],
)
def test_people_and_secrets_are_taken_out(payload: dict[str, Any], expected: dict[str, Any]) -> None:
    assert told(json.dumps([2, "1", "Action", payload])) == [2, "1", "Action", expected]


@pytest.mark.parametrize("text", ["", "not json", '[2,"1","Authorize",{"idTag":"SECR'])
def test_what_cannot_be_read_is_not_told(text: str) -> None:
    assert told(text) == HIDDEN
