"""Whose turn it is: the sessions of one charger in the order in which things happened.

A backend sees a charging station whose connectors have one transaction at a time. So on each EVSE one session is told
to its end before the next is begun, the oldest first; a session that turns up late, older than one that the backend
has open on the same EVSE, waits for the end of that one, for many backends close what is open when something starts.
Across EVSEs the order is that of the events. A session that waits for a person holds nobody up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ...model.transaction import Transaction
from ...model.upstream.delivery import DeliveryState, DueSession
from .outgoing import Phase


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be told next of a session, and when that happened."""

    at: datetime
    due: DueSession
    phase: Phase


def evse_of(transaction: Transaction) -> int:
    """Return the EVSE that a backend is told; 1 where the charger has never said which."""
    return max(1, transaction.evse_id)


def turns(due: Iterable[DueSession]) -> tuple[list[Turn], list[DueSession]]:
    """Return what is to be told for money's sake, in order, and the sessions that run with the backend's knowledge."""
    by_evse: dict[int, list[DueSession]] = {}
    for each in sorted(due, key=lambda each: (each.transaction.started_at, each.transaction.session_id)):
        by_evse.setdefault(evse_of(each.transaction), []).append(each)
    ready: list[Turn] = []
    running: list[DueSession] = []
    for sessions in by_evse.values():
        begun = [each for each in sessions if each.delivery.state is not DeliveryState.WAITING]
        for each in begun or sessions[:1]:
            turn = _turn(each)
            if turn is None:
                running.append(each)
            else:
                ready.append(turn)
    ready.sort(key=lambda turn: (turn.at, turn.due.transaction.started_at, turn.due.transaction.session_id))
    return ready, running


def _turn(due: DueSession) -> Turn | None:
    transaction, delivery = due.transaction, due.delivery
    if delivery.state in (DeliveryState.WAITING, DeliveryState.STARTING):
        return Turn(transaction.started_at, due, Phase.START)
    if delivery.state is DeliveryState.ENDING:
        return Turn(delivery.ended_at or transaction.ended_at or transaction.started_at, due, Phase.STOP)
    if transaction.ended_at is None:
        return None
    return Turn(transaction.ended_at, due, Phase.STOP)
