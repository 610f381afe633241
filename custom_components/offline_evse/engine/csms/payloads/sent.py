"""What is sent to stations, so that its schemas can be read before the first one is served."""

from ...model.station import OcppVersion
from ...ocppj import schemas

_SENT_2 = (
    "ChangeAvailability",
    "ClearCache",
    "ClearChargingProfile",
    "DataTransfer",
    "GetBaseReport",
    "GetCompositeSchedule",
    "GetVariables",
    "RequestStartTransaction",
    "RequestStopTransaction",
    "Reset",
    "SetChargingProfile",
    "SetVariables",
    "TriggerMessage",
    "UnlockConnector",
)
SENT: dict[OcppVersion, tuple[str, ...]] = {
    OcppVersion.V16: (
        "ChangeAvailability",
        "ChangeConfiguration",
        "ClearCache",
        "ClearChargingProfile",
        "DataTransfer",
        "GetCompositeSchedule",
        "GetConfiguration",
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "Reset",
        "SetChargingProfile",
        "TriggerMessage",
        "UnlockConnector",
    ),
    OcppVersion.V201: _SENT_2,
    OcppVersion.V21: _SENT_2,
}
"""The requests that we send, by version."""


async def preload(*versions: OcppVersion) -> None:
    """Read the schemas off the event loop; without an argument, those of all versions."""
    for version in versions or tuple(OcppVersion):
        await schemas.preload(version, requests=SENT[version])
