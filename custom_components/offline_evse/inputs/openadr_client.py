"""The OpenADR 3 client library, imported only where somebody has set a server up. Everything here blocks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
import hashlib
from importlib import import_module
from typing import Any, Final

from ..engine.model.grid_program import ProgramEvent, ProgramInterval
from ..engine.site.grid.events import GridEvent

REQUIREMENT: Final = "openadr3-client==2.4.2"
TIMEOUT_S: Final = 20.0
CLIENT_NAME: Final = "offline_evse"
LOOPBACK: Final = ("http://127.0.0.1", "http://localhost", "http://[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAdrSetUp:
    """The server of a program, and how to log in."""

    url: str
    version: str
    """`oadr301` or `oadr310`."""
    program_id: str | None = None
    client_id: str | None = None
    """None: the server wants no log-in."""
    client_secret: str | None = None
    token_url: str | None = None
    """None: the server tells it (3.1.0 only)."""


class OpenAdrClient:
    """A virtual end node: reads the events of a program and reports back. Use it in the executor."""

    def __init__(self, set_up: OpenAdrSetUp) -> None:
        """Import the library and prepare; may ask the server where to log in."""
        self._set_up = set_up
        factory = import_module("openadr3_client.ven.http_factory").VirtualEndNodeHttpClientFactory
        version = import_module("openadr3_client.version").OADRVersion(set_up.version)
        # HTTPS is the standard's own demand; without it only a server on this machine is spoken to.
        more: dict[str, Any] = {"version": version, "allow_insecure_http": set_up.url.startswith(LOOPBACK)}
        if set_up.client_id is None:
            self._client = factory.create_anonymous_http_ven_client(set_up.url, **more)
        else:
            self._client = factory.create_http_ven_client(
                set_up.url, set_up.client_id, set_up.client_secret or "", set_up.token_url, **more
            )
        for interface in (self._client.events, self._client.reports):
            # The library waits for ever otherwise.
            interface.session.request = partial(interface.session.request, timeout=TIMEOUT_S)

    def events(self) -> tuple[ProgramEvent, ...]:
        """Read all events; raises what requests, pydantic and oauthlib raise."""
        return tuple(_event(event) for event in self._client.events.get_events(None, None, self._set_up.program_id))

    def report(self, event: ProgramEvent, program_id: str | None, recorded: tuple[GridEvent, ...]) -> bool:
        """Report how an event was kept, unless that has been done; returns whether a report was sent."""
        if self._client.reports.get_reports(None, program_id, event.event_id, CLIENT_NAME):
            return False
        folder = f"openadr3_client.{self._set_up.version}.models.report"
        report, payload = import_module(f"{folder}.report"), import_module(f"{folder}.report_payload")
        common = import_module("openadr3_client._models.common.interval")
        period = import_module("openadr3_client._models.common.interval_period")
        intervals = [
            common.Interval[payload.ReportPayload](
                id=number,
                interval_period=period.IntervalPeriod(start=told.start, duration=told.duration),
                payloads=tuple(
                    payload.ReportPayload(type=payload.ReportPayloadType(kind), values=(value,))
                    for kind, value in told.values.items()
                ),
            )
            for number, told in enumerate(_told(event, recorded))
        ]
        if not intervals:
            return False
        fields: dict[str, Any] = {
            "event_id": event.event_id,
            "client_name": CLIENT_NAME,
            "report_name": f"{CLIENT_NAME}/{event.event_id}",
            "resources": (report.ReportResource(resource_name="AGGREGATED_REPORT", intervals=tuple(intervals)),),
        }
        if "program_id" in report.NewReport.model_fields:
            fields["program_id"] = program_id or self._set_up.program_id
        self._client.reports.create_report(report.NewReport(**fields))
        return True


@dataclass(frozen=True, slots=True)
class _Told:
    start: datetime
    duration: timedelta
    values: Mapping[str, float]


def _told(event: ProgramEvent, recorded: tuple[GridEvent, ...]) -> list[_Told]:
    """Turn the proof into what was asked for: power of each sample in kW, energy of each interval in kWh."""
    told = []
    for interval in recorded:
        if interval.ended_at is None:
            continue
        if "USAGE" in event.reports and interval.energy_wh is not None:
            lasted = interval.ended_at - interval.received_at
            told.append(_Told(interval.received_at, lasted, {"USAGE": interval.energy_wh / 1000}))
        if "DEMAND" in event.reports or "READING" in event.reports:
            kind = "DEMAND" if "DEMAND" in event.reports else "READING"
            told += [
                _Told(
                    datetime.fromisoformat(it.body["t"]),
                    timedelta(minutes=1),
                    {kind: float(it.body["charging_w"]) / 1000},
                )
                for it in interval.records
                if it.kind == "sample"
            ]
    return told


def _event(event: Any) -> ProgramEvent:
    """Take over an event of the library."""
    period = event.interval_period
    return ProgramEvent(
        event_id=event.id,
        start=period.start if period else None,
        duration_s=period.duration.total_seconds() if period else None,
        intervals=tuple(_interval(interval) for interval in event.intervals or ()),
        units={str(it.payload_type): str(it.units) for it in event.payload_descriptors or () if it.units is not None},
        reports=frozenset(str(it.payload_type) for it in event.report_descriptors or ()),
        raw_sha256=hashlib.sha256(event.model_dump_json(by_alias=True).encode()).hexdigest(),
    )


def _interval(interval: Any) -> ProgramInterval:
    period = interval.interval_period
    return ProgramInterval(
        number=interval.id,
        start=period.start if period else None,
        duration_s=period.duration.total_seconds() if period else None,
        values={
            str(payload.type): float(payload.values[0])
            for payload in interval.payloads
            if isinstance(payload.values[0], (int, float)) and not isinstance(payload.values[0], bool)
        },
    )
