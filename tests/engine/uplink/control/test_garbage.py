"""Whatever a backend sends: an answer that is valid, or a CALLERROR, and never anything else."""

import asyncio
from importlib.resources import files
import json
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
from ocpp.messages import CallResult, validate_payload

from custom_components.offline_evse.engine.model.station import OcppVersion
from custom_components.offline_evse.engine.model.upstream.config import UpstreamRole
from custom_components.offline_evse.engine.uplink.wire.connection import CallRefusedError

from .place import LIBRARY_VERSIONS, Place, backend

SENT_BY_STATIONS = {
    "Authorize",
    "BatterySwap",
    "BootNotification",
    "ClearedChargingLimit",
    "ClosePeriodicEventStream",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Get15118EVCertificate",
    "GetCertificateStatus",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "NotifyChargingLimit",
    "NotifyCustomerInformation",
    "NotifyDERAlarm",
    "NotifyDERStartStop",
    "NotifyDisplayMessages",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyPriorityCharging",
    "NotifyReport",
    "NotifySettlement",
    "OpenPeriodicEventStream",
    "PublishFirmwareStatusNotification",
    "PullDynamicScheduleUpdate",
    "ReportChargingProfiles",
    "ReportDERControl",
    "ReservationStatusUpdate",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
    "TransactionEvent",
    "VatNumberValidation",
}
CODES = {"FormationViolation", "FormatViolation", "NotSupported", "NotImplemented", "GenericError"}
PACKAGES = {OcppVersion.V16: "ocpp.v16", OcppVersion.V201: "ocpp.v201", OcppVersion.V21: "ocpp.v21"}


def schema_of(version: OcppVersion, action: str) -> dict[str, Any]:
    name = f"{action}.json" if version is OcppVersion.V16 else f"{action}Request.json"
    text = (files(PACKAGES[version]) / "schemas" / name).read_text(encoding="utf-8-sig")
    read: dict[str, Any] = json.loads(text)
    return read


def actions(version: OcppVersion) -> list[str]:
    names = [path.name for path in (files(PACKAGES[version]) / "schemas").iterdir()]
    if version is OcppVersion.V16:
        return sorted(name[:-5] for name in names if not name.endswith("Response.json"))
    return sorted(name[:-12] for name in names if name.endswith("Request.json"))


WORDS = st.sampled_from(
    ["", " ", "1", "-1", "0", "77", "Accepted", "2026-06-01T12:00:00Z", "9999-12-31T23:59:59Z", "x" * 5000, "\x00", "é"]
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(0, 3),
    st.floats(),
    WORDS,
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just([{}]),
)


def like(schema: dict[str, Any], root: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Something like what a schema wants: mostly right, in places absurd."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    if "enum" in schema:
        right: st.SearchStrategy[Any] = st.sampled_from(schema["enum"])
    elif schema.get("type") == "object" and depth < 6:
        wanted = set(schema.get("required", ()))
        fields = {name: like(part, root, depth + 1) for name, part in schema.get("properties", {}).items()}
        fields.pop("customData", None)
        right = st.fixed_dictionaries(
            {name: part for name, part in fields.items() if name in wanted},
            optional={name: part for name, part in fields.items() if name not in wanted},
        )
    elif schema.get("type") == "array" and depth < 6:
        right = st.lists(like(schema.get("items", {}), root, depth + 1), min_size=1, max_size=3)
    else:
        right = {
            "integer": st.integers(0, 3) | st.sampled_from([60, 86_400, 2**31]),
            "number": st.sampled_from([0, 6.0, 16, 0.1, 11_000]),
            "boolean": st.booleans(),
        }.get(str(schema.get("type")), WORDS | st.sampled_from(["77", "CARD", "com.acme", "HeartbeatInterval"]))
    return st.integers(0, 11).flatmap(lambda roll: ODD if roll == 0 and depth else right)


EVERY_ACTION = [(version, action) for version in OcppVersion for action in actions(version)]
REQUESTS = st.sampled_from(EVERY_ACTION).flatmap(
    lambda one: st.tuples(
        st.just(one),
        like(schema_of(*one), schema_of(*one)) | st.dictionaries(st.text(max_size=4), ODD, max_size=3),
    )
)


async def ask_all(role: UpstreamRole, requests: list[tuple[tuple[OcppVersion, str], dict[str, Any]]]) -> None:
    place = Place(backend(role=role))
    place.run()
    codes: set[str] = set()
    for (version, action), payload in requests:
        try:
            said = await place.desk.answer(version, action, payload)
        except CallRefusedError as err:
            codes.add(err.code)
        else:
            result = CallResult("1", json.loads(json.dumps(said)), action)  # type: ignore[no-untyped-call]
            await validate_payload(result, ocpp_version=LIBRARY_VERSIONS[version])
        await place.clock.advance(1)
    await place.desk.close()
    assert codes <= CODES


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(UpstreamRole), st.lists(REQUESTS, min_size=1, max_size=6))
def test_anything_is_answered_or_refused(
    role: UpstreamRole, requests: list[tuple[tuple[OcppVersion, str], dict[str, Any]]]
) -> None:
    asyncio.run(ask_all(role, requests))


def test_every_request_of_a_backend_is_known() -> None:
    async def ask_each() -> dict[str, set[tuple[OcppVersion, str]]]:
        place, refused = Place(backend()), dict[str, set[tuple[OcppVersion, str]]]()
        for version, action in EVERY_ACTION:
            await place.clock.advance(1)
            try:
                await place.desk.answer(version, action, {})
            except CallRefusedError as err:
                refused.setdefault(err.code, set()).add((version, action))
        await place.desk.close()
        return refused

    unknown = {action for _, action in asyncio.run(ask_each())["NotImplemented"]}
    assert unknown == SENT_BY_STATIONS
