"""Meter values that a backend has asked for (TriggerMessage): of what runs, or of a socket at which nothing does."""

import logging

from ..model.meter import EvseSample
from ..model.station import OcppVersion
from ..model.upstream.message import EvseValues
from ..model.upstream.site import Grounds, UpstreamEvse
from .equipment import Tells
from .outbox.outgoing import Outgoing
from .wire.codec import UpCodec, call_of

_LOGGER = logging.getLogger(__name__)

VALUES = "values"
"""MeterValues."""
EVENT = "event"
"""TransactionEvent (2.x)."""

type Worded = tuple[str, str, str]
"""Message id, action and the whole CALL."""


class ValuesOnRequest:
    """Remembers of which sockets values were asked for, and words them one by one."""

    def __init__(self, station_id: str, grounds: Grounds, codec: UpCodec) -> None:
        """Begin with nothing asked for."""
        self._station_id = station_id
        self._grounds = grounds
        self._codec = codec
        self._values: set[int] = set()
        self._events: set[int] = set()

    def want(self, message: str, evse_id: int | None) -> bool:
        """Have values told soon, of one socket or of all; False: there is nothing that could be told.

        1.6 has one message for both, with the transaction in it where there is one. In 2.x MeterValues belong to no
        transaction, and TransactionEvent is for those that run.
        """
        evses = self._grounds.evses(self._station_id)
        meant = [number for number in evses if evse_id in (None, number)]
        running = {number for number in meant if evses[number].transaction is not None}
        if message == EVENT:
            self._events |= running
            return bool(running)
        measured = {number for number in meant if _sample(evses[number]) is not None}
        if self._codec.version is OcppVersion.V16:
            measured |= running
        self._values |= measured
        return bool(measured)

    async def next(self, lane: Tells) -> Outgoing | Worded | None:
        """Return the next of them; None: there are none left. What is lost is not told again."""
        while self._events or self._values:
            of_session = bool(self._events) or self._codec.version is OcppVersion.V16
            wanted = self._events or self._values
            evse_id = min(wanted)
            wanted.discard(evse_id)
            evse = self._grounds.evses(self._station_id).get(evse_id)
            sample = None if evse is None else _sample(evse)
            if of_session and (outgoing := await lane.value_now(self._codec, evse_id, sample)) is not None:
                return outgoing
            if wanted is self._values and sample is not None and (worded := self._worded(evse_id, sample)) is not None:
                return worded
        return None

    def _worded(self, evse_id: int, sample: EvseSample) -> Worded | None:
        try:
            return call_of(self._codec, EvseValues(evse_id, sample))
        except Exception as error:  # noqa: BLE001 - one value is lost, and nothing else
            _LOGGER.debug("A value cannot be worded: %s", type(error).__name__)
            return None


def _sample(evse: UpstreamEvse) -> EvseSample | None:
    return None if evse.sample is None or evse.sample.is_empty else evse.sample
