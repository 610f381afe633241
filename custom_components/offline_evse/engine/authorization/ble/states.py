"""How far an exchange can come, how long each state may last, and what follows from a frame."""

from dataclasses import dataclass
from enum import StrEnum

from ...model.credential import Evidence
from ...model.id_token import IdToken


class ExchangeState(StrEnum):
    """How far it has come."""

    IDLE = "idle"
    SEEN = "seen"
    NEAR = "near"
    INTENT = "intent"
    CONNECTING = "connecting"
    CHALLENGED = "challenged"
    VERIFY = "verify"
    DENIED = "denied"
    GRANTED = "granted"
    STARTING = "starting"
    ACTIVE = "active"
    CLOSED = "closed"


_S = ExchangeState

DEADLINES_S: dict[ExchangeState, float] = {
    _S.SEEN: 30.0,
    _S.NEAR: 120.0,
    _S.INTENT: 15.0,
    _S.CONNECTING: 12.0,
    _S.CHALLENGED: 5.0,
    _S.VERIFY: 10.0,
    _S.DENIED: 5.0,
    _S.GRANTED: 60.0,
    _S.STARTING: 60.0,
}
"""How long a state may last. After VERIFY the site has said yes or no; after STARTING the charger has."""

BEFORE_GRANT = {_S.SEEN, _S.NEAR, _S.INTENT, _S.CONNECTING, _S.CHALLENGED, _S.VERIFY}


class Intent(StrEnum):
    """What shows that somebody wants to charge, and does not only walk past."""

    CABLE = "cable"
    BUTTON = "button"
    TAP = "tap"


class Ending(StrEnum):
    """Why an exchange is over."""

    TIMEOUT = "timeout"
    LOST = "lost"
    PROTOCOL = "protocol"
    """Bytes that make no sense."""
    PROOF = "proof"
    """A signature or key that is not what it says."""
    DENIED = "denied"
    LIMITED = "limited"
    NOT_STARTED = "not_started"
    SERVED = "served"
    """A stop or a list of receipts was answered."""
    ENDED = "ended"
    """The session is over."""
    CANCELLED = "cancelled"


FAILURES = {Ending.PROTOCOL, Ending.PROOF}
"""What an address is counted a failure for; silence after a challenge counts too."""


class OutOfTurn(RuntimeError):
    """A step that does not follow from the state. Nothing has happened."""


@dataclass(frozen=True, slots=True)
class StopRequest:
    """A holder wants its session stopped."""

    id_token: IdToken
    jkt: str
    session: int


@dataclass(frozen=True, slots=True)
class LogRequest:
    """A holder wants its receipts."""

    id_token: IdToken
    jkt: str
    since_unix_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What follows from a frame: send `frames` in order, then act on whatever else there is."""

    frames: tuple[bytes, ...] = ()
    evidence: Evidence | None = None
    """Ask the site, and say its answer to `decide`."""
    stop: StopRequest | None = None
    """Stop it if it is the holder's, and say the result to `answered`."""
    log: LogRequest | None = None
    """Say the holder's receipts to `receipts`."""
    closed: bool = False
    """Disconnect."""
