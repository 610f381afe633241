"""What backends want of the site: each wish checked against what its backend may, and carried out or refused."""

from collections.abc import Mapping
import logging

from ...model.command import CommandResult, Priority, SendData
from ...model.decision import StopCause
from ...model.station import EvseKey
from ...model.upstream.config import UpstreamConfig, UpstreamPermit
from ...model.upstream.wish import (
    UpstreamWish,
    WantAvailability,
    WantData,
    WantLimit,
    WantLocalList,
    WantReset,
    WantStart,
    WantStop,
    WantUnlock,
    WishAnswer,
    WishOutcome,
)
from ..access.endings import Endings
from ..people import People
from ..register import SiteRegister
from ..steering.dispatch import Send
from .boots import BootWatch
from .limits import UpstreamLimits
from .lists import UpstreamCards
from .starts import UpstreamStarts, answer_of

_LOGGER = logging.getLogger(__name__)

_DONE = WishAnswer(WishOutcome.ACCEPTED)
_NOT_ENABLED = WishAnswer(WishOutcome.REJECTED, "NotEnabled")


class Wishes:
    """Takes wishes. Stops and lower limits from everybody; the rest as role and permits say."""

    def __init__(
        self,
        register: SiteRegister,
        configs: Mapping[str, UpstreamConfig],
        starts: UpstreamStarts,
        limits: UpstreamLimits,
        cards: UpstreamCards,
        endings: Endings,
        people: People,
        boots: BootWatch,
        send: Send,
    ) -> None:
        """Judge by the backends in `configs`, as they are set up at the time."""
        self._register = register
        self._configs = configs
        self._starts = starts
        self._limits = limits
        self._cards = cards
        self._endings = endings
        self._people = people
        self._boots = boots
        self._send = send

    async def take(self, upstream_id: str, station_id: str, wish: UpstreamWish) -> WishAnswer:
        """Carry out a wish, or refuse it; never raises."""
        config = self._configs.get(upstream_id)
        if config is None or config.line(station_id) is None or station_id not in self._register.stations:
            return WishAnswer(WishOutcome.REJECTED, "UnknownStation")
        try:
            answer = await self._take(config, station_id, wish)
        except Exception:
            _LOGGER.exception("%s of %s could not be done", type(wish).__name__, config.name)
            return WishAnswer(WishOutcome.REJECTED, "InternalError")
        kind, name = type(wish).__name__, config.name
        _LOGGER.debug("%s of %s for %s: %s %s", kind, name, station_id, answer.outcome, answer.reason or "")
        return answer

    async def _take(self, config: UpstreamConfig, station_id: str, wish: UpstreamWish) -> WishAnswer:
        match wish:
            case WantStart():
                if not config.role.controls:
                    return _NOT_ENABLED
                return await self._starts.start(config.upstream_id, station_id, wish)
            case WantStop():
                return self._stop(station_id, wish)
            case WantLimit():
                self._limits.want(config.upstream_id, station_id, wish.evse_id, wish.current_a)
                return _DONE
            case WantData():
                if wish.vendor_id not in config.vendor_ids:
                    return WishAnswer(WishOutcome.UNSUPPORTED, "UnknownVendorId")
                data = SendData(wish.vendor_id, wish.message_id, wish.data)
                return answer_of(await self._send(station_id, data, Priority.COMMAND))
            case WantLocalList():
                if UpstreamPermit.LOCAL_LIST not in config.permits:
                    return _NOT_ENABLED
                await self._cards.take(config.upstream_id, station_id, wish.entries)
                return _DONE
        return await self._take_permitted(config, station_id, wish)

    async def _take_permitted(
        self, config: UpstreamConfig, station_id: str, wish: WantReset | WantUnlock | WantAvailability
    ) -> WishAnswer:
        match wish:
            case WantReset():
                if UpstreamPermit.RESET not in config.permits:
                    return _NOT_ENABLED
                result: CommandResult = await self._people.restart(station_id, wish.kind)
                if result.done:
                    self._boots.ordered(config.upstream_id, station_id)
            case WantUnlock():
                if UpstreamPermit.UNLOCK not in config.permits:
                    return _NOT_ENABLED
                key = EvseKey(station_id, wish.evse_id)
                if key not in self._register.evses:
                    return WishAnswer(WishOutcome.REJECTED, "UnknownEvse")
                result = await self._people.unlock(key)
            case WantAvailability():
                if UpstreamPermit.AVAILABILITY not in config.permits:
                    return _NOT_ENABLED
                if wish.operative and self._register.stations[station_id].taken_out:
                    # It was taken out of service because it did not follow its limits: a person has to look at it.
                    return WishAnswer(WishOutcome.REJECTED, "TakenOut")
                result = await self._people.set_operative(station_id, wish.evse_id, wish.operative)
        return answer_of(result)

    def _stop(self, station_id: str, wish: WantStop) -> WishAnswer:
        for evse in self._register.of_station(station_id):
            session = evse.transaction
            if session is not None and session.is_open and session.session_id == wish.session_id:
                self._endings.order(evse, StopCause.BACKEND)
                return _DONE
        return WishAnswer(WishOutcome.REJECTED, "TxNotFound")
