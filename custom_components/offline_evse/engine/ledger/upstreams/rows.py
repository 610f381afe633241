"""Deliveries as rows: how they are written and read, and how a message that is under way is sealed."""

from datetime import datetime
import hashlib
import hmac
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ...model.upstream.delivery import DeliveryState, PendingCall, SessionDelivery
from ..entry import microseconds, moment

COLUMNS = (
    "upstream, session, station, state, remote_id, told_seq, next_seq_no, told_until_us, pending, denied, detail, "
    "meter_start_wh, energy_wh, ended_us, gaps"
)
WIDTH = COLUMNS.count(",") + 1
_NONCE_BYTES = 12

type Row = tuple[Any, ...]


class Seal:
    """Keeps the bytes of messages unreadable to whoever has the database alone."""

    def __init__(self, site_key: bytes) -> None:
        """Derive the key for it from the site's."""
        self._cipher = AESGCM(hmac.new(site_key, b"upstream pending", hashlib.sha256).digest())

    def close(self, call: PendingCall | None, session: str) -> bytes | None:
        """Seal a message of a session."""
        if call is None:
            return None
        told = [call.message_id, call.action, call.frame, call.through_seq, call.sent_count, call.refused_count]
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, json.dumps(told).encode(), session.encode())

    def open(self, sealed: bytes | None, session: str) -> PendingCall | None:
        """Open it again; None where the key is not the one that closed it."""
        if sealed is None:
            return None
        try:
            told = json.loads(self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], session.encode()))
        except InvalidTag, ValueError:
            return None
        message_id, action, frame, through_seq, sent_count, refused_count = told
        return PendingCall(
            message_id=message_id,
            action=action,
            frame=frame,
            through_seq=through_seq,
            sent_count=sent_count,
            refused_count=refused_count,
        )


def _us(when: datetime | None) -> int | None:
    return None if when is None else microseconds(when)


def _moment(at_us: int | None) -> datetime | None:
    return None if at_us is None else moment(at_us)


def row_of(delivery: SessionDelivery, seal: Seal) -> Row:
    """Write a delivery, in the order of `COLUMNS`."""
    gaps = [[microseconds(begin), microseconds(end)] for begin, end in delivery.gaps]
    return (
        delivery.upstream_id,
        delivery.session_id,
        delivery.station_id,
        delivery.state.value,
        delivery.remote_id,
        delivery.told_seq,
        delivery.next_seq_no,
        _us(delivery.told_until),
        seal.close(delivery.pending, delivery.session_id),
        int(delivery.denied),
        delivery.detail,
        delivery.meter_start_wh,
        delivery.energy_wh,
        _us(delivery.ended_at),
        json.dumps(gaps) if gaps else None,
    )


def delivery_of(row: Row, seal: Seal) -> SessionDelivery:
    """Read a row of `COLUMNS`."""
    (
        upstream,
        session,
        station,
        state,
        remote_id,
        told_seq,
        next_seq_no,
        told_until_us,
        pending,
        denied,
        detail,
        meter_start_wh,
        energy_wh,
        ended_us,
        gaps,
    ) = row
    return SessionDelivery(
        upstream_id=upstream,
        session_id=session,
        station_id=station,
        state=DeliveryState(state),
        remote_id=remote_id,
        told_seq=told_seq,
        next_seq_no=next_seq_no,
        told_until=_moment(told_until_us),
        pending=seal.open(pending, session),
        denied=bool(denied),
        detail=detail,
        meter_start_wh=meter_start_wh,
        energy_wh=energy_wh,
        ended_at=_moment(ended_us),
        gaps=tuple((moment(begin), moment(end)) for begin, end in json.loads(gaps)) if gaps else (),
    )
