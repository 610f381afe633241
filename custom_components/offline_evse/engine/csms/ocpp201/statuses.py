"""Words of OCPP 2.0.1 that the model has words for, and those of 1.6 that stations use in their place."""

from ...model.id_token import IdTokenType
from ...model.station import ChargingState, ConnectorStatus
from ...model.transaction import TransactionEventType
from ..payloads.coercion import by_word, text, word
from ..payloads.oddities import Oddities

_CONNECTOR = by_word(
    (
        ("Available", ConnectorStatus.AVAILABLE),
        ("Occupied", ConnectorStatus.OCCUPIED),
        ("Reserved", ConnectorStatus.RESERVED),
        ("Unavailable", ConnectorStatus.UNAVAILABLE),
        ("Faulted", ConnectorStatus.FAULTED),
    )
)
_OF_1_6 = by_word(
    (
        ("Preparing", ChargingState.EV_CONNECTED),
        ("Charging", ChargingState.CHARGING),
        ("SuspendedEV", ChargingState.SUSPENDED_EV),
        ("SuspendedEVSE", ChargingState.SUSPENDED_EVSE),
        ("Finishing", ChargingState.IDLE),
    )
)
_CHARGING = by_word(
    (
        ("Idle", ChargingState.IDLE),
        ("EVConnected", ChargingState.EV_CONNECTED),
        ("Charging", ChargingState.CHARGING),
        ("SuspendedEV", ChargingState.SUSPENDED_EV),
        ("SuspendedEVSE", ChargingState.SUSPENDED_EVSE),
    )
)
_EVENT_TYPES = by_word(
    (
        ("Started", TransactionEventType.STARTED),
        ("Updated", TransactionEventType.UPDATED),
        ("Ended", TransactionEventType.ENDED),
    )
)
_TOKEN_TYPES = by_word(
    (
        *((kind.value, kind) for kind in IdTokenType),
        # Of 2.1: the car itself, and somebody who pays without being known.
        ("EVCCID", IdTokenType.MAC_ADDRESS),
        ("VIN", IdTokenType.LOCAL),
        ("DirectPayment", IdTokenType.CENTRAL),
    )
)


def read_connector_status(value: object, oddities: Oddities) -> tuple[ConnectorStatus, ChargingState | None] | None:
    """Read a connector status; a word of 1.6 tells the charging state as well. None where nothing is known of it."""
    name = word(value)
    status = _CONNECTOR.get(name)
    if status is not None:
        return status, None
    state = _OF_1_6.get(name)
    if state is not None:
        oddities.count("nonstandard_status")
        return ConnectorStatus.OCCUPIED, state
    oddities.count("unknown_status")
    return None


def read_charging_state(value: object, oddities: Oddities) -> ChargingState | None:
    """Read a charging state; None where it is not told."""
    if value is None:
        return None
    state = _CHARGING.get(word(value))
    if state is None:
        oddities.count("unknown_charging_state")
    return state


def read_event_type(value: object, oddities: Oddities) -> TransactionEventType:
    """Read what an event does to its transaction. One that cannot be read neither begins nor ends it."""
    kind = _EVENT_TYPES.get(word(value))
    if kind is None:
        oddities.count("unknown_event_type")
        return TransactionEventType.UPDATED
    return kind


def read_token_type(value: object, oddities: Oddities) -> IdTokenType:
    """Read the type of an idToken; a card where it is not told."""
    kind = _TOKEN_TYPES.get(word(value))
    if kind is None:
        oddities.count("unknown_id_token_type")
        return IdTokenType.ISO14443
    return kind


def read_stop_reason(value: object, oddities: Oddities) -> str:
    """Read why a transaction was stopped; `Local` is what 2.0.1 lets a station leave out."""
    return text(value, oddities, 20) or "Local"
