"""Charging stations, their EVSEs and what these say of themselves."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class EvseKey(NamedTuple):
    """One EVSE of one station. In OCPP 1.6 the connector number is the EVSE number."""

    station_id: str
    evse_id: int


class OcppVersion(StrEnum):
    """OCPP versions by their WebSocket subprotocol."""

    V16 = "ocpp1.6"
    V201 = "ocpp2.0.1"
    V21 = "ocpp2.1"


@dataclass(frozen=True, slots=True)
class StationIdentity:
    """What a station says in its BootNotification; None where it says nothing."""

    vendor: str | None = None
    model: str | None = None
    serial_number: str | None = None
    firmware_version: str | None = None


class ConnectorStatus(StrEnum):
    """OCPP 2.x ConnectorStatusEnumType."""

    AVAILABLE = "available"
    OCCUPIED = "occupied"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"


class ChargingState(StrEnum):
    """OCPP 2.x ChargingStateEnumType. Version 1.6 folds it into its connector status."""

    IDLE = "idle"
    EV_CONNECTED = "ev_connected"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"


class EvseStatus(StrEnum):
    """Status of an EVSE as people know it from OCPP 1.6, whatever version the station speaks."""

    AVAILABLE = "available"
    PREPARING = "preparing"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"
    FINISHING = "finishing"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"


class ResetKind(StrEnum):
    """How a station is asked to restart."""

    SOFT = "soft"
    HARD = "hard"
