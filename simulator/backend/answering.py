"""What the central system says to each message, in the classes of the `ocpp` package."""

from typing import Any, Protocol

from ..clock import Clock
from .book import Book
from .conduct import Conduct
from .library import SILENT, on, v16, v16_result, v21, v21_result, v201, v201_result


class Told(Protocol):
    """The message that is being answered, as it came."""

    station: str
    message_id: str
    text: str
    payload: dict[str, Any]
    taken: bool
    """It has had its effect before."""


class Desk(Protocol):
    """Where the answers come from."""

    book: Book
    conduct: Conduct
    clock: Clock


class Floor(Protocol):
    """The line on which a message came."""

    desk: Desk
    told: Told
    boot_status: str | None


_ALWAYS_EMPTY_V2 = (
    "NotifyReport",
    "NotifyEvent",
    "NotifyMonitoringReport",
    "NotifyChargingLimit",
    "ReportChargingProfiles",
    "SecurityEventNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
)


def _now(floor: Floor) -> str:
    return floor.desk.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _booted(floor: Floor, result: Any) -> Any:
    conduct = floor.desk.conduct
    floor.boot_status = conduct.boot_status
    return result.BootNotification(
        current_time=_now(floor), interval=conduct.boot_interval_s, status=conduct.boot_status
    )


class CentralV16(v16.ChargePoint):  # type: ignore[misc]
    """A station of 1.6, as the central system sees it."""

    def __init__(self, floor: Floor, wire: Any, patience_s: float) -> None:
        """Answer what comes on a line."""
        super().__init__(floor.told.station, wire, patience_s, SILENT)
        self._floor = floor

    @on("BootNotification")
    def _boot(self, **_: Any) -> Any:
        return _booted(self._floor, v16_result)

    @on("Heartbeat")
    def _heartbeat(self) -> Any:
        return v16_result.Heartbeat(current_time=_now(self._floor))

    @on("StatusNotification")
    def _status(self, **_: Any) -> Any:
        return v16_result.StatusNotification()

    @on("DiagnosticsStatusNotification")
    def _diagnostics(self, **_: Any) -> Any:
        return v16_result.DiagnosticsStatusNotification()

    @on("FirmwareStatusNotification")
    def _firmware(self, **_: Any) -> Any:
        return v16_result.FirmwareStatusNotification()

    @on("DataTransfer")
    def _data(self, **_: Any) -> Any:
        return v16_result.DataTransfer(status="UnknownVendorId")

    @on("Authorize")
    def _authorize(self, **payload: Any) -> Any:
        return v16_result.Authorize(id_tag_info=self._info(payload["id_tag"]))

    @on("StartTransaction")
    def _start(self, **_: Any) -> Any:
        floor, told = self._floor, self._floor.told
        number = floor.desk.book.started(told.station, told.payload, told.text)
        return v16_result.StartTransaction(transaction_id=number, id_tag_info=self._info(told.payload["idTag"]))

    @on("MeterValues")
    def _values(self, **_: Any) -> Any:
        told = self._floor.told
        if not told.taken:
            self._floor.desk.book.valued(told.station, told.payload)
        return v16_result.MeterValues()

    @on("StopTransaction")
    def _stop(self, **_: Any) -> Any:
        told = self._floor.told
        self._floor.desk.book.stopped(told.station, told.payload, told.text)
        return v16_result.StopTransaction()

    def _info(self, id_tag: str) -> dict[str, str]:
        return {"status": self._floor.desk.conduct.rejected_cards.get(id_tag, "Accepted")}


class _CentralV2:
    """What 2.0.1 and 2.1 have in common."""

    _floor: Floor
    _result: Any

    @on("BootNotification")
    def _boot(self, **_: Any) -> Any:
        return _booted(self._floor, self._result)

    @on("Heartbeat")
    def _heartbeat(self, **_: Any) -> Any:
        return self._result.Heartbeat(current_time=_now(self._floor))

    @on("StatusNotification")
    def _status(self, **_: Any) -> Any:
        return self._result.StatusNotification()

    @on("MeterValues")
    def _values(self, **_: Any) -> Any:
        return self._result.MeterValues()

    @on("DataTransfer")
    def _data(self, **_: Any) -> Any:
        return self._result.DataTransfer(status="UnknownVendorId")

    @on("Authorize")
    def _authorize(self, **_: Any) -> Any:
        return self._result.Authorize(id_token_info=self._info())

    @on("TransactionEvent")
    def _event(self, **_: Any) -> Any:
        told = self._floor.told
        self._floor.desk.book.event(told.station, told.payload, told.text)
        return self._result.TransactionEvent(id_token_info=self._info() if "idToken" in told.payload else None)

    def _info(self) -> dict[str, str]:
        card = self._floor.told.payload["idToken"]["idToken"]
        return {"status": self._floor.desk.conduct.rejected_cards.get(card, "Accepted")}


class CentralV201(_CentralV2, v201.ChargePoint):  # type: ignore[misc]
    """A station of 2.0.1, as the central system sees it."""

    _result = v201_result

    def __init__(self, floor: Floor, wire: Any, patience_s: float) -> None:
        """Answer what comes on a line."""
        super().__init__(floor.told.station, wire, patience_s, SILENT)
        self._floor = floor
        _answer_empty(self, v201_result)


class CentralV21(_CentralV2, v21.ChargePoint):  # type: ignore[misc]
    """A station of 2.1, as the central system sees it."""

    _result = v21_result

    def __init__(self, floor: Floor, wire: Any, patience_s: float) -> None:
        """Answer what comes on a line."""
        super().__init__(floor.told.station, wire, patience_s, SILENT)
        self._floor = floor
        _answer_empty(self, v21_result)


def _answer_empty(charge_point: Any, result: Any) -> None:
    """Answer what is only taken note of."""
    for action in _ALWAYS_EMPTY_V2:
        kind = getattr(result, action)
        charge_point.route_map[action] = {"_on_action": lambda kind=kind, **_: kind(), "_skip_schema_validation": False}


CENTRALS: dict[str, tuple[str, Any]] = {
    "ocpp1.6": ("1.6", CentralV16),
    "ocpp2.0.1": ("2.0.1", CentralV201),
    "ocpp2.1": ("2.1", CentralV21),
}
"""Version and class by subprotocol."""
