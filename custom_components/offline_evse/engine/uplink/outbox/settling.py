"""What a person's decision about a session makes of it."""

from contextlib import suppress
from dataclasses import replace

from ...model.upstream.delivery import MOVED, DeliveryState, DueSession, PendingCall, SessionDelivery, Settlement


def settled(due: DueSession, settlement: Settlement, remote_id: str | None) -> SessionDelivery | None:
    """Return what becomes of a session that is parked or left out; None: this cannot be decided of it.

    What is in question is its end if the backend's id of it is known, and its start otherwise. Sent once more, a
    message is the same as before, and is given up again by the same rules; one that there is no copy of is put
    together anew. Matched, a start takes the id that was looked up and the session goes on from there; an end counts
    as told, with what the ledger says today. What had begun at another address is told from its beginning, or goes on
    where it is the same backend after all. What was left out can be sent after all.
    """
    delivery = due.delivery
    if delivery.state is DeliveryState.SKIPPED and settlement is Settlement.RESEND:
        return _once_more(delivery)
    if not delivery.state.parked:
        return None
    match settlement:
        case Settlement.SKIP:
            return replace(delivery, state=DeliveryState.SKIPPED, pending=None)
        case Settlement.RESEND if delivery.detail == MOVED:
            return _from_the_beginning(delivery)
        case Settlement.RESEND:
            return _once_more(delivery)
        case Settlement.MATCH if delivery.remote_id is None:
            return _started(due, remote_id)
        case Settlement.MATCH if delivery.detail == MOVED:
            # It is the same backend after all, under another address, and the session goes on there.
            return replace(delivery, state=DeliveryState.RUNNING, pending=None, detail=None)
        case Settlement.MATCH:
            return replace(
                delivery,
                state=DeliveryState.DONE,
                pending=None,
                detail=None,
                energy_wh=due.transaction.energy_wh,
                ended_at=due.transaction.ended_at,
            )


def _from_the_beginning(delivery: SessionDelivery) -> SessionDelivery:
    """Tell another backend than the one that has heard of it: everything, and under its own number."""
    return SessionDelivery(
        upstream_id=delivery.upstream_id, session_id=delivery.session_id, station_id=delivery.station_id
    )


def _once_more(delivery: SessionDelivery) -> SessionDelivery:
    of_end = delivery.remote_id is not None
    if delivery.pending is None:
        state = DeliveryState.RUNNING if of_end else DeliveryState.WAITING
        return replace(delivery, state=state, detail=None)
    state = DeliveryState.ENDING if of_end else DeliveryState.STARTING
    pending = replace(delivery.pending, sent_count=0, refused_count=0)
    return replace(delivery, state=state, pending=pending, detail=None)


def _started(due: DueSession, remote_id: str | None) -> SessionDelivery | None:
    pending = due.delivery.pending
    remote_id = _usable(pending, remote_id, due.delivery.session_id)
    if remote_id is None:
        return None
    return replace(
        due.delivery,
        state=DeliveryState.RUNNING,
        remote_id=remote_id,
        told_seq=pending.through_seq if pending else due.delivery.told_seq,
        told_until=due.transaction.started_at,
        pending=None,
        detail=None,
    )


def _usable(pending: PendingCall | None, remote_id: str | None, session_id: str) -> str | None:
    """Return the id as it will be told; in 2.x it is ours in any case."""
    if pending is not None and pending.action == "TransactionEvent":
        return session_id
    with suppress(ValueError, TypeError):
        return str(int(remote_id or ""))
    return remote_id if pending is None and remote_id == session_id else None
