"""One meeting of a holder and a charger, from the first advertisement to the end of the session.

IDLE → SEEN → NEAR → INTENT → CONNECTING → CHALLENGED → VERIFY → DENIED | GRANTED → STARTING → ACTIVE → CLOSED. Every
state but IDLE, ACTIVE and CLOSED has a deadline. Whatever goes wrong before ACTIVE means that nothing was started;
losing the link afterwards, or while the charger starts, changes nothing, because the session is the charger's by then.
"""

from collections.abc import Sequence

from ...model.credential import Evidence
from .challenges import OpenChallenge
from .charger import Charger
from .limits import ConnectRefusal
from .reader import Denied, Proof, Reader, Transport
from .states import (
    BEFORE_GRANT,
    DEADLINES_S,
    FAILURES,
    Ending,
    ExchangeState,
    Intent,
    LogRequest,
    OutOfTurn,
    Step,
    StopRequest,
)
from .trust.keys import BadKey, id_token_of
from .trust.sealed import SealError
from .wire.framing import MIN_FRAME_BYTES, FrameError, Reassembler, frames
from .wire.gatt import Capability, Info
from .wire.messages import (
    Answer,
    Hello,
    Message,
    MessageError,
    MessageType,
    Meter,
    MeterState,
    Receipt,
    Result,
    ResultCode,
    Verb,
    encode_log,
)

_S = ExchangeState
_MOST_HELLOS = 3


class Exchange:
    """One holder at one charger. Not for reuse."""

    def __init__(self, reader: Reader, address: str, source: str, transport: Transport) -> None:
        """Begin with an address that was heard by a radio; `source` names the radio."""
        self._reader = reader
        self._clock = reader.clock
        self._transport = transport
        self._incoming = Reassembler()
        self._issued: OpenChallenge | None = None
        self._proof: Proof | None = None
        self._relaying = False
        self._frame_bytes = MIN_FRAME_BYTES
        self._hellos = 0
        self._counted = False
        self._detail: str | None = None
        self.address = address
        self.source = source
        self.state = _S.IDLE
        self.deadline_s: float | None = None
        """Of monotonic time; call `expire` then."""
        self.charger: Charger | None = None
        self.intent_kind: Intent | None = None
        self.evidence: Evidence | None = None
        self.ending: Ending | None = None
        self.reason: str | None = None
        """Why it was denied, for the site's own record."""

    def seen(self) -> None:
        """Somebody who is known here advertises."""
        self._step({_S.IDLE}, _S.SEEN)

    def near(self, charger: Charger, detail: str | None = None) -> None:
        """They are nearest to a charger; `detail` says by what, such as a signal strength."""
        self._step({_S.SEEN}, _S.NEAR)
        self.charger, self._detail = charger, detail

    def intent(self, kind: Intent) -> None:
        """They want to charge there."""
        self._step({_S.NEAR}, _S.INTENT)
        self.intent_kind = kind

    def connecting(self, source: str | None = None) -> ConnectRefusal | None:
        """Take a place among the connections; None: go on and connect. A refusal closes the exchange."""
        self._require({_S.INTENT})
        self.source = source or self.source
        refusal = self._reader.limits.begin(self.address, self.source, self._clock.monotonic())
        if refusal is not None:
            self._close(Ending.LIMITED, refusal.value)
            return refusal
        self._counted = True
        self._step({_S.INTENT}, _S.CONNECTING)
        return None

    def connected(self, frame_bytes: int, info: Info | None = None) -> tuple[bytes, ...]:
        """Return the challenge's frames; `frame_bytes` is what one write or notification carries.

        Where the holder is the central it speaks first, and the challenge follows its HELLO.
        """
        self._require({_S.CONNECTING})
        self._frame_bytes = max(MIN_FRAME_BYTES, frame_bytes)
        if info is None and self._transport is Transport.PUCK:
            return ()
        return self._challenge(info.capabilities if info else Capability.SEALED).frames

    def receive(self, frame: bytes) -> Step:
        """Take in a frame from the holder. Nothing that it holds raises; what makes no sense closes the exchange."""
        if self.state in {_S.GRANTED, _S.STARTING, _S.ACTIVE}:
            return Step()
        if self.state is _S.VERIFY and not self._relaying:
            return Step()  # the site is deciding; nothing that comes now changes what it decides on
        if self.expire() or self.state not in {_S.CONNECTING, _S.CHALLENGED, _S.VERIFY}:
            return Step(closed=True)
        try:
            message = self._incoming.feed(frame)
            return self._handle(message) if message is not None else Step()
        except (FrameError, MessageError, SealError, BadKey) as error:
            return self._deny(Ending.PROTOCOL, str(error), ResultCode.DENIED)
        except Denied as error:
            ending = Ending.PROOF if error.code is ResultCode.DENIED else Ending.DENIED
            return self._deny(ending, error.reason, error.code)

    def decide(
        self, granted: bool, *, code: ResultCode | None = None, energy_wh: int | None = None, session: int = 0
    ) -> tuple[bytes, ...]:
        """Say what the site has decided on the evidence; returns the frames of the RESULT."""
        self._require({_S.VERIFY})
        if self.evidence is None:
            raise OutOfTurn("There is nothing to decide on yet")
        if not granted:
            return self._deny(Ending.DENIED, "site", code or ResultCode.DENIED).frames
        self._step({_S.VERIFY}, _S.GRANTED)
        self._release(failed=False)
        return self._send(MessageType.RESULT, Result(ResultCode.GRANTED, energy_wh, session).encode())

    def answered(self, code: ResultCode) -> tuple[bytes, ...]:
        """Say what became of a request to stop; returns the frames of the RESULT."""
        return self._served(MessageType.RESULT, Result(code).encode())

    def receipts(self, receipts: Sequence[Receipt], *, more: bool = False) -> tuple[bytes, ...]:
        """Say the holder's receipts; returns the frames of the LOG."""
        return self._served(MessageType.LOG, encode_log(receipts, more=more))

    def meter(self, energy_wh: int, power_w: int, state: MeterState) -> tuple[bytes, ...]:
        """Return the frames of a reading, while the link is still there."""
        self._require({_S.GRANTED, _S.STARTING, _S.ACTIVE})
        return self._send(MessageType.METER, Meter(energy_wh, power_w, state).encode())

    def starting(self) -> None:
        """The charger was told to start."""
        self._step({_S.GRANTED}, _S.STARTING)

    def started(self) -> None:
        """The charger has started."""
        self._step({_S.GRANTED, _S.STARTING}, _S.ACTIVE)

    def not_started(self) -> None:
        """The charger did not start."""
        self._require({_S.GRANTED, _S.STARTING})
        self._close(Ending.NOT_STARTED)

    def ended(self) -> None:
        """The session is over."""
        self._require({_S.ACTIVE})
        self._close(Ending.ENDED)

    def lost(self) -> None:
        """The link is gone. What was granted stays granted."""
        if self.state in BEFORE_GRANT:
            self._close(Ending.LOST)
        elif self.state is _S.DENIED:
            self.state, self.deadline_s = _S.CLOSED, None

    def cancel(self) -> None:
        """Give up: the site stops, or connecting failed. A session that was granted is left alone."""
        if self.state in BEFORE_GRANT | {_S.IDLE, _S.DENIED}:
            self._close(self.ending or Ending.CANCELLED)

    def expire(self) -> bool:
        """Close it if its deadline has passed; True when that has happened just now."""
        if self.deadline_s is None or self._clock.monotonic() < self.deadline_s:
            return False
        silent = self.state is _S.CHALLENGED
        self._close(self.ending or Ending.TIMEOUT, failed=True if silent else None)
        return True

    def _handle(self, message: Message) -> Step:
        if message.type == MessageType.HELLO and self._transport is Transport.PUCK and self._proof is None:
            return self._hello(Hello.decode(message.body))
        if self._issued is None:
            raise MessageError("An answer before the challenge")
        if self._issued.channel is not None:
            message = self._issued.channel.open(message)
        if self.state is _S.VERIFY:
            return self._relayed(message)
        match message.type:
            case MessageType.RESPONSE | MessageType.STOP | MessageType.LOG_REQ:
                return self._answer(Verb(message.type), message.body)
            case _:
                raise MessageError(f"Nobody asked for type {message.type:#04x}")

    def _hello(self, hello: Hello) -> Step:
        self._hellos += 1
        if self._hellos > _MOST_HELLOS:
            raise MessageError("Too many greetings")
        self._frame_bytes = max(MIN_FRAME_BYTES, min(self._frame_bytes, hello.frame_bytes))
        return self._challenge(Capability(hello.capabilities & sum(Capability)))

    def _challenge(self, capabilities: Capability) -> Step:
        charger = self._charger
        sealed = Capability.SEALED in capabilities
        if not sealed and (self._reader.sealed_only(charger) or Capability.PLAIN not in capabilities):
            self._close(Ending.DENIED, "clear")
            return Step(closed=True)
        now, at_s = self._clock.now(), self._clock.monotonic()
        self._issued = self._reader.challenges.issue(self, charger, now, at_s, sealed=sealed)
        self._step({_S.CONNECTING, _S.CHALLENGED}, _S.CHALLENGED)
        challenge = Message(MessageType.CHALLENGE, self._issued.challenge.encode())
        return Step(frames=tuple(frames(challenge, self._frame_bytes)))

    def _answer(self, verb: Verb, body: bytes) -> Step:
        issued = self._reader.challenges.redeem(self, self._clock.monotonic())
        if issued is None:
            raise Denied("stale")
        proof = self._proof = self._reader.prove(issued, verb, Answer.decode(verb, body))
        self._step({_S.CHALLENGED}, _S.VERIFY)
        if verb is not Verb.CHARGE:
            number = int.from_bytes(body[-4:])
            id_token = proof.credential.id_token if proof.credential else id_token_of(proof.jkt)
            if verb is Verb.STOP:
                return Step(stop=StopRequest(id_token, proof.jkt, number))
            return Step(log=LogRequest(id_token, proof.jkt, number))
        if proof.credential is None and not proof.token and self._reader.relays_offered:
            self._relaying = True
            request = self._reader.relays.request(proof.jkt, proof.charger, self._clock.now(), self._clock.monotonic())
            return Step(frames=self._send(MessageType.RELAY_REQ, request.encode()))
        self.evidence = self._reader.admit(proof, self._transport, self._how())
        return Step(evidence=self.evidence)

    def _relayed(self, message: Message) -> Step:
        if not self._relaying or self._proof is None or message.type != MessageType.RELAY_RSP:
            raise MessageError(f"Nobody asked for type {message.type:#04x}")
        self._relaying = False
        self.evidence = self._reader.admit_relayed(self._proof, message.body, self._transport, self._how())
        return Step(evidence=self.evidence)

    def _how(self) -> str:
        sealed = "sealed" if self._issued and self._issued.channel else "in clear"
        return ", ".join(part for part in (self._detail, self.intent_kind, sealed) if part)

    @property
    def _charger(self) -> Charger:
        if self.charger is None:
            raise OutOfTurn("No charger has been chosen")
        return self.charger

    def _deny(self, ending: Ending, reason: str, code: ResultCode) -> Step:
        self.evidence = None
        self.ending, self.reason = ending, reason
        try:
            sent = self._send(MessageType.RESULT, Result(code).encode())
        except SealError:
            sent = ()
        self._enter(_S.DENIED)
        self._release(failed=True if ending in FAILURES else None)
        return Step(frames=sent, closed=True)

    def _served(self, kind: MessageType, body: bytes) -> tuple[bytes, ...]:
        self._require({_S.VERIFY})
        if self.evidence is not None or self._relaying:
            raise OutOfTurn("The holder has asked for something else")
        sent = self._send(kind, body)
        self._close(Ending.SERVED, failed=False)
        return sent

    def _send(self, kind: MessageType, body: bytes) -> tuple[bytes, ...]:
        message = Message(kind, body)
        if self._issued is not None and self._issued.channel is not None:
            message = self._issued.channel.seal(message)
        return tuple(frames(message, self._frame_bytes))

    def _require(self, states: set[ExchangeState]) -> None:
        if self.state not in states:
            raise OutOfTurn(f"Not in state {self.state}")

    def _step(self, before: set[ExchangeState], after: ExchangeState) -> None:
        self._require(before)
        self._enter(after)

    def _enter(self, state: ExchangeState) -> None:
        self.state = state
        lasts_s = DEADLINES_S.get(state)
        self.deadline_s = None if lasts_s is None else self._clock.monotonic() + lasts_s

    def _close(self, ending: Ending, reason: str | None = None, *, failed: bool | None = None) -> None:
        self.ending = ending
        self.reason = reason or self.reason
        self._enter(_S.CLOSED)
        self._release(failed=failed)

    def _release(self, *, failed: bool | None) -> None:
        self._reader.challenges.void(self)
        if self._counted:
            self._counted = False
            self._reader.limits.end(self.address, self.source, self._clock.monotonic(), failed=failed)


def approach(
    reader: Reader, charger: Charger, address: str, source: str, transport: Transport, intent: Intent
) -> Exchange:
    """Begin with a holder that is at a charger and wants to charge, as at a reader that it has connected to."""
    exchange = Exchange(reader, address, source, transport)
    exchange.seen()
    exchange.near(charger)
    exchange.intent(intent)
    return exchange
