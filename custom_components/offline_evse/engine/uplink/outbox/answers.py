"""What the end of a message means for the session that it told of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ...model.access import BackendAnswer
from ...model.id_token import AuthorizationStatus, IdToken
from ...model.station import OcppVersion
from ...model.upstream.config import UnknownCards, UpstreamConfig
from ...model.upstream.delivery import LEFT_OUT, DeliveryState, DueSession, PendingCall, SessionDelivery
from ..wire.codec import UpCodec
from ..wire.connection import CallEnd, CallOutcome
from .outgoing import Phase
from .pacing import REFUSED_PAUSES_S, lost_pause_s
from .thinning import Span

MOST_SENT = 3
"""A message may leave so often, where a backend could take its repetition for another one."""
MOST_REFUSED = len(REFUSED_PAUSES_S) + 1
NO_ID = "The answer to the start holds no transaction id"
NO_TRANSACTION = "The backend opens no transaction for this card"
CARD_BUSY = f"{NO_TRANSACTION}: {AuthorizationStatus.CONCURRENT_TX.value}"
"""It would, if another one that it has of the card were at its end."""
TOLD_BEFORE = "The backend has the start already, and does not say under which number"
_LONGEST_DETAIL = 200


@dataclass(frozen=True, slots=True)
class After:
    """A delivery after a message, and how long it is left alone then."""

    delivery: SessionDelivery
    pause_s: float = 0.0
    answer: BackendAnswer | None = None
    """What the backend said of the card, where it did."""


def hopeless(pending: PendingCall, phase: Phase, version: OcppVersion, *, knows_repeats: bool) -> DeliveryState | None:
    """Return how a message has to be parked that has left before and must not leave again; None: it may.

    OCPP 1.6 has no word for "the same once more": a repeated start may be a second transaction. It is sent up to three
    times to backends that compare, and once to those that do not. TransactionEvents of 2.x carry their own identity;
    they are told until somebody answers, with growing pauses. Errors are answers: nothing has been taken in by them.
    """
    lost_count = pending.sent_count - pending.refused_count
    if pending.refused_count >= MOST_REFUSED:
        return DeliveryState.REFUSED if not lost_count or version is not OcppVersion.V16 else DeliveryState.AMBIGUOUS
    if version is not OcppVersion.V16:
        return None
    if lost_count and phase is Phase.START and not knows_repeats:
        return DeliveryState.AMBIGUOUS
    if pending.sent_count >= MOST_SENT:
        return DeliveryState.AMBIGUOUS if lost_count else DeliveryState.REFUSED
    return None


def after_money(
    due: DueSession, phase: Phase, pending: PendingCall, end: CallEnd, codec: UpCodec, config: UpstreamConfig
) -> After:
    """Return what the end of a start or of an end makes of its session."""
    delivery = due.delivery
    match end.outcome:
        case CallOutcome.ANSWERED if phase is Phase.START:
            return _started(due, pending, end, codec, config.unknown_cards)
        case CallOutcome.ANSWERED:
            told = replace(delivery, state=DeliveryState.DONE, told_seq=pending.through_seq, pending=None, detail=None)
            return After(told)
        case CallOutcome.UNSENT:
            return After(_unsent(delivery, pending, phase))
        case CallOutcome.LOST:
            lost = replace(delivery, pending=pending)
            pause_s = 0.0 if codec.version is OcppVersion.V16 else lost_pause_s(pending.sent_count, MOST_SENT)
        case CallOutcome.REFUSED:
            pending = replace(pending, refused_count=pending.refused_count + 1)
            lost = replace(delivery, pending=pending, detail=detail_of(end, due.transaction.id_token))
            pause_s = REFUSED_PAUSES_S[min(pending.refused_count, len(REFUSED_PAUSES_S)) - 1]
    parked = hopeless(pending, phase, codec.version, knows_repeats=config.knows_repeats)
    if parked is None:
        return After(lost, pause_s)
    return After(replace(lost, state=parked, detail=lost.detail or f"No answer to {pending.action}"))


def _started(due: DueSession, pending: PendingCall, end: CallEnd, codec: UpCodec, unknown_cards: UnknownCards) -> After:
    said = codec.read_start(end.payload or {})
    remote_id = said.remote_id if codec.version is OcppVersion.V16 else due.delivery.session_id
    if remote_id is None:
        lost = replace(due.delivery, state=DeliveryState.AMBIGUOUS, pending=pending, detail=NO_ID)
        return After(lost)
    if codec.version is OcppVersion.V16 and said.answer is not None and not said.answer.accepted:
        if (turned_away := _turned_away(due, pending, remote_id, said.answer, unknown_cards)) is not None:
            return turned_away
    delivery = replace(
        due.delivery,
        state=DeliveryState.RUNNING,
        remote_id=remote_id,
        told_seq=pending.through_seq,
        told_until=due.transaction.started_at,
        pending=None,
        denied=said.answer is not None and not said.answer.accepted,
        detail=None,
    )
    return After(delivery, answer=said.answer)


def _turned_away(
    due: DueSession, pending: PendingCall, remote_id: str, answer: BackendAnswer, unknown_cards: UnknownCards
) -> After | None:
    """Return what becomes of a session that the backend opens no transaction for; None: it has opened one all the same.

    Backends are seen to answer a card that they do not take with the number 0, and to keep nothing: an end told under
    that number would be lost. The same answer to a start that is repeated, because its card charges already, says that
    the first one did arrive, and not under which number.

    A card that it does not know is often none of its business: at home the employer's backend knows the company's card
    and nobody else's. One that it knows and does not take (blocked, expired) is somebody's business in any case.
    """
    if int(remote_id) > 0:
        return None
    if answer.status is AuthorizationStatus.INVALID and unknown_cards is UnknownCards.LEAVE_OUT:
        left_out = replace(due.delivery, state=DeliveryState.SKIPPED, pending=None, denied=True, detail=LEFT_OUT)
        return After(left_out, answer=answer)
    known = answer.status is AuthorizationStatus.CONCURRENT_TX and pending.sent_count - pending.refused_count > 1
    delivery = replace(
        due.delivery,
        state=DeliveryState.AMBIGUOUS if known else DeliveryState.REFUSED,
        pending=pending,
        denied=not known,
        detail=TOLD_BEFORE if known else f"{NO_TRANSACTION}: {answer.status.value}",
    )
    return After(delivery, answer=None if known else answer)


def _unsent(delivery: SessionDelivery, pending: PendingCall, phase: Phase) -> SessionDelivery:
    """Take back that it was counted; what has never left need not stay as it is."""
    sent_count = pending.sent_count - 1
    if sent_count > 0:
        return replace(delivery, pending=replace(pending, sent_count=sent_count))
    if phase is Phase.START:
        return replace(delivery, state=DeliveryState.WAITING, pending=None)
    return replace(delivery, state=DeliveryState.RUNNING, pending=None, next_seq_no=delivery.next_seq_no - 1)


def after_values(
    delivery: SessionDelivery, pending: PendingCall, end: CallEnd, values_at: datetime, gaps: Sequence[Span]
) -> After:
    """Return what the end of a live value makes of its session: it is dropped rather than sent too often.

    An event of 2.x that was lost is not: it cannot count twice, and without it the numbers have a hole for ever.
    """
    if end.outcome is CallOutcome.ANSWERED:
        told = replace(
            delivery,
            told_seq=max(delivery.told_seq, pending.through_seq),
            told_until=values_at if delivery.told_until is None else max(delivery.told_until, values_at),
            gaps=(*delivery.gaps, *gaps),
            pending=None,
        )
        return After(told)
    if end.outcome is CallOutcome.UNSENT:
        sent_count = pending.sent_count - 1
        if sent_count:
            return After(replace(delivery, pending=replace(pending, sent_count=sent_count)))
        return After(replace(delivery, pending=None, next_seq_no=delivery.next_seq_no - 1))
    refused = end.outcome is CallOutcome.REFUSED
    pending = replace(pending, refused_count=pending.refused_count + refused)
    if not refused and pending.action == "TransactionEvent":
        return After(replace(delivery, pending=pending), lost_pause_s(pending.sent_count, MOST_SENT))
    if pending.sent_count >= MOST_SENT:
        return After(replace(delivery, pending=None))
    pause_s = REFUSED_PAUSES_S[min(max(pending.refused_count, 1), len(REFUSED_PAUSES_S)) - 1] if refused else 0.0
    return After(replace(delivery, pending=pending), pause_s)


def detail_of(end: CallEnd, id_token: IdToken | None) -> str:
    """Return what was answered, without the card in it."""
    told = f"{end.code or 'CALLERROR'}: {end.description}" if end.description else end.code or "CALLERROR"
    return scrubbed(told, id_token)


def scrubbed(text: str, id_token: IdToken | None) -> str:
    """Return a short text in which a card is not named."""
    card = id_token.value.strip() if id_token is not None else ""
    place = text.casefold().find(card.casefold()) if card else -1
    while place >= 0:
        text = f"{text[:place]}…{text[place + len(card) :]}"
        place = text.casefold().find(card.casefold())
    return text[:_LONGEST_DETAIL]
