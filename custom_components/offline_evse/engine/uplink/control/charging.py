"""Sessions and profiles, as both versions ask for them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ...model.clock import Clock
from ...model.id_token import IdToken
from ...model.station import EvseStatus, OcppVersion
from ...model.upstream.config import UpstreamConfig
from ...model.upstream.delivery import DeliveryBook
from ...model.upstream.site import Grounds
from ...model.upstream.wish import LimitProfile, RateUnit, WantStart, WishAnswer, WishOutcome
from .limits.composite import Composite, composite
from .limits.overlay import Overlay
from .limits.profiles import ProfileRefusedError, read_profile
from .limits.schedule import TX_PURPOSE
from .reading import Ask
from .settings.configuration import Configuration
from .wishing import START_EXPIRES_S, Wishing


@dataclass(frozen=True, slots=True)
class ProfileCriteria:
    """Which profiles are meant; None: any."""

    profile_ids: frozenset[int] | None = None
    evse_id: int | None = None
    purpose: str | None = None
    stack_level: int | None = None

    def match(self, profile: LimitProfile) -> bool:
        """Whether a profile is meant."""
        return (
            (self.profile_ids is None or profile.profile_id in self.profile_ids)
            and self.evse_id in (None, profile.evse_id)
            and self.purpose in (None, profile.purpose)
            and self.stack_level in (None, profile.stack_level)
        )


class Charging:
    """Starts, stops and limits of one backend at one charger."""

    def __init__(
        self,
        config: UpstreamConfig,
        station_id: str,
        book: DeliveryBook,
        grounds: Grounds,
        clock: Clock,
        wishing: Wishing,
        settings: Configuration,
        overlay: Overlay,
    ) -> None:
        """Take the parts that it is done with."""
        self._upstream_id = config.upstream_id
        self._station_id = station_id
        self._book = book
        self._grounds = grounds
        self._clock = clock
        self._wishing = wishing
        self._settings = settings
        self._overlay = overlay

    @property
    def now(self) -> datetime:
        """The time."""
        return self._clock.now()

    async def start(
        self,
        version: OcppVersion,
        id_token: IdToken,
        evse_id: int | None,
        remote_start_id: int | None,
        asked: Ask | None,
    ) -> WishAnswer:
        """Start a session now or not at all; `asked` is the profile that it is to have."""
        forbidden = self._wishing.forbidden()
        if forbidden is not None:
            return forbidden
        if evse_id is not None and evse_id not in self._grounds.evses(self._station_id):
            return WishAnswer(WishOutcome.REJECTED, "UnknownEvse")
        if not self._in_sight(evse_id):
            return WishAnswer(WishOutcome.REJECTED, "Unavailable")
        now = self._clock.now()
        forget: Callable[[], None] = _nothing
        profile: LimitProfile | None = None
        if asked is not None:
            try:
                profile = read_profile(version, asked, evse_id or 1, now)
            except ProfileRefusedError as err:
                return WishAnswer(WishOutcome.REJECTED, err.reason)
            if profile.purpose != TX_PURPOSE:
                return WishAnswer(WishOutcome.REJECTED, "InvalidProfile")
            forget = self._overlay.promise(profile, id_token, evse_id, self._settings.connection_timeout_s)
        answer = await self._wishing.wish(
            WantStart(
                evse_id=evse_id,
                id_token=id_token,
                remote_start_id=remote_start_id,
                profile=profile,
                expires_at=now + timedelta(seconds=START_EXPIRES_S),
            )
        )
        if not taken(answer):
            forget()
        elif profile is not None:
            self._overlay.tick()
        return answer

    async def stop(self, remote_id: str) -> WishAnswer:
        """Stop the session that the backend knows by this id."""
        due = await self._book.by_remote_id(self._upstream_id, self._station_id, remote_id)
        if due is None or not due.transaction.is_open:
            return WishAnswer(WishOutcome.REJECTED, "TxNotFound")
        return await self._wishing.stop(due.transaction.session_id)

    async def set_profile(self, version: OcppVersion, evse_id: int, asked: Ask) -> None:
        """Set a charging profile; a transaction's is bound to its session. Raises ProfileRefusedError."""
        if evse_id != 0 and evse_id not in self._grounds.evses(self._station_id):
            raise ProfileRefusedError("UnknownEvse", "there is no such EVSE")
        profile = read_profile(version, asked, evse_id, self._clock.now())
        if profile.purpose == TX_PURPOSE:
            session_id = await self._session_of(version, evse_id, asked)
            if session_id is None:
                raise ProfileRefusedError("TxNotFound", "no such transaction is running at this EVSE")
            profile = replace(profile, session_id=session_id)
        await self._overlay.put(version, profile)

    async def clear_profiles(self, criteria: ProfileCriteria) -> int:
        """Take back the profiles that are meant; return how many there were."""
        return await self._overlay.clear(criteria.match)

    async def profiles(self, criteria: ProfileCriteria) -> list[tuple[LimitProfile, str | None]]:
        """Return the profiles that are meant, a transaction's with the id that the backend has for it."""
        found: list[tuple[LimitProfile, str | None]] = []
        for profile in self._overlay.profiles:
            if not criteria.match(profile):
                continue
            remote_id: str | None = None
            if profile.session_id is not None:
                due = await self._book.delivery(self._upstream_id, profile.session_id)
                remote_id = due.delivery.remote_id if due is not None else None
            found.append((profile, remote_id))
        return found

    def composite(self, evse_id: int, duration_s: int, unit: RateUnit) -> Composite | None:
        """Return what the profiles come to; None: there is no such EVSE."""
        evses = self._grounds.evses(self._station_id)
        return composite(self._overlay.profiles, evses, evse_id, self._clock.now(), duration_s, unit)

    async def transaction(self, remote_id: str) -> tuple[bool, bool] | None:
        """Return whether a transaction is running, and whether something of it is still to be told."""
        due = await self._book.by_remote_id(self._upstream_id, self._station_id, remote_id)
        if due is None:
            return None
        waits = due.delivery.pending is not None or (not due.transaction.is_open and not due.delivery.state.final)
        return due.transaction.is_open, waits

    async def something_waits(self) -> bool:
        """Whether anything of any session is still to be told."""
        return bool(await self._book.due(self._upstream_id, self._station_id, 1))

    async def _session_of(self, version: OcppVersion, evse_id: int, asked: Ask) -> str | None:
        """Find the running session of a transaction's profile; 1.6 may leave it to the connector."""
        remote_id = asked.text("transactionId")
        evse = self._grounds.evses(self._station_id).get(evse_id)
        running = evse.transaction if evse is not None else None
        if remote_id is not None:
            due = await self._book.by_remote_id(self._upstream_id, self._station_id, remote_id)
            found = due.transaction if due is not None else None
            if found is None or not found.is_open or found.evse_id != evse_id:
                return None
            return found.session_id
        if version is not OcppVersion.V16 or running is None or not running.is_open:
            return None
        # Only of a session that this backend hears of: one from before its time is none of its business.
        known = await self._book.delivery(self._upstream_id, running.session_id)
        return running.session_id if known is not None else None

    def _in_sight(self, evse_id: int | None) -> bool:
        """Whether a start has any prospect: nothing is kept for a charger that cannot be told now."""
        statuses = self._grounds.statuses(self._station_id)
        asked = [statuses[evse_id]] if evse_id in statuses else [one for key, one in statuses.items() if key != 0]
        return any(status not in (EvseStatus.UNAVAILABLE, EvseStatus.FAULTED) for status, _ in asked)


def taken(answer: WishAnswer) -> bool:
    """Whether a wish is done or will be."""
    return answer.outcome in (WishOutcome.ACCEPTED, WishOutcome.SCHEDULED)


def _nothing() -> None:
    """Forget nothing."""
