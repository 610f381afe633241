"""Checking what we send."""

import builtins
import contextlib
from pathlib import Path
from typing import Any

import pytest

from custom_components.offline_evse.engine.csms.payloads.sent import SENT, preload
from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.ocppj.schemas import InvalidPayloadError, check_request

PROFILE: dict[str, Any] = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0}]},
    },
}


def with_limit(limit: float) -> dict[str, Any]:
    """Return a profile with a limit."""
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}
    return PROFILE | {"csChargingProfiles": PROFILE["csChargingProfiles"] | {"chargingSchedule": schedule}}


@pytest.mark.parametrize("tenths", range(0, 640, 7))
def test_every_tenth_of_an_ampere_is_valid(tenths: int) -> None:
    """Floats do not get in the way."""
    check_request(OcppVersion.V16, "SetChargingProfile", with_limit(tenths / 10))


def test_a_hundredth_is_not() -> None:
    """The schema wants multiples of 0.1."""
    with pytest.raises(InvalidPayloadError, match="SetChargingProfile"):
        check_request(OcppVersion.V16, "SetChargingProfile", with_limit(10.04))


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        (OcppVersion.V16, "Reset", {"type": "Gently"}),
        (OcppVersion.V16, "Reset", {"type": "Soft", "extra": 1}),
        (OcppVersion.V201, "Reset", {}),
        (OcppVersion.V201, "GetConfiguration", {}),
    ],
)
def test_what_is_wrong_is_told(version: OcppVersion, action: str, payload: dict[str, Any]) -> None:
    """Enumerations, extra fields, missing fields and requests that a version does not have."""
    with pytest.raises(InvalidPayloadError):
        check_request(version, action, payload)


async def test_after_preloading_no_check_touches_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every schema of a request of ours is in memory."""
    await preload()

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("opened a file")

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(Path, "read_text", refuse)
    for version in OcppVersion:
        for action in SENT[version]:
            with contextlib.suppress(InvalidPayloadError):
                check_request(version, action, {"nothing": "valid"})
    with pytest.raises(AssertionError, match="opened a file"):
        check_request(OcppVersion.V16, "GetLog", {})
