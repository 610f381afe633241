"""Things that happen once, for whoever wants to hear of them."""

from dataclasses import dataclass

from ..model.decision import Decision, StopCause
from ..model.offer import Escalation
from ..model.station import EvseKey, StationIdentity
from ..model.transaction import Transaction


@dataclass(frozen=True, slots=True)
class CardPresented:
    """Somebody presented a card; `evse` is None where the charger does not say at which EVSE."""

    station_id: str
    evse: EvseKey | None
    decision: Decision


@dataclass(frozen=True, slots=True)
class EvidencePresented:
    """Somebody asked to charge, or to stop, in another way than with a card at a reader."""

    station_id: str
    evse: EvseKey | None
    decision: Decision


@dataclass(frozen=True, slots=True)
class SessionStopped:
    """A session is being ended from here."""

    evse: EvseKey
    transaction: Transaction
    cause: StopCause


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A transaction has begun."""

    evse: EvseKey
    transaction: Transaction


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A transaction is over."""

    evse: EvseKey
    transaction: Transaction


@dataclass(frozen=True, slots=True)
class StrangerAppeared:
    """A station that nobody adopted has introduced itself."""

    station_id: str
    identity: StationIdentity
    remote: str


@dataclass(frozen=True, slots=True)
class EvseFound:
    """An adopted station has an EVSE that was not known before."""

    evse: EvseKey


@dataclass(frozen=True, slots=True)
class StationBooted:
    """An adopted station has introduced itself; many do so on every connection."""

    station_id: str
    reason: str | None
    """OCPP 2.x BootReasonEnumType; None: it gives none, as in 1.6."""


@dataclass(frozen=True, slots=True)
class DuplicateRefused:
    """A second station dialled in under the id of one that is connected and alive."""

    station_id: str


@dataclass(frozen=True, slots=True)
class PasswordRefused:
    """An adopted station dialled in with a wrong password, or with none."""

    station_id: str


@dataclass(frozen=True, slots=True)
class LimitIgnored:
    """A car goes on drawing more than its limit whatever is done: somebody has to come."""

    evse: EvseKey
    escalation: Escalation


type Announcement = (
    CardPresented
    | EvidencePresented
    | SessionStopped
    | SessionStarted
    | SessionEnded
    | StrangerAppeared
    | EvseFound
    | StationBooted
    | DuplicateRefused
    | PasswordRefused
    | LimitIgnored
)
