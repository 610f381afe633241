"""A backend's charging profiles of one charger: kept, and turned into limits whenever one of them begins or ends."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import NamedTuple

from ....model.clock import Clock, Timer
from ....model.id_token import IdToken
from ....model.station import OcppVersion
from ....model.upstream.delivery import DeliveryBook
from ....model.upstream.site import Grounds, UpstreamEvse
from ....model.upstream.wish import LimitProfile, WantLimit
from .profiles import ProfileRefusedError, as_json, from_json
from .schedule import DEFAULT_PURPOSE, TX_PURPOSE, Place, expired, first, limit_at, overlaps, station_limit_at

_LOGGER = logging.getLogger(__name__)

MAX_PROFILES = 40
_LONGEST_WAIT_S = 900.0
"""Wall clocks are put right now and then: what comes next is looked at again at least this often."""
_SHORTEST_WAIT_S = 0.05
_AGAIN_S = 60.0


class _Promise(NamedTuple):
    """A profile for a session that has been asked for and has not begun."""

    profile: LimitProfile
    card: str
    evse_id: int | None
    others: frozenset[str]
    """Sessions that were running before it."""
    until: datetime


class Overlay:
    """The profiles that a backend has set at one charger, as limits of its EVSEs."""

    def __init__(self, upstream_id: str, station_id: str, grounds: Grounds, book: DeliveryBook, clock: Clock) -> None:
        """Begin without a profile."""
        self._upstream_id = upstream_id
        self._station_id = station_id
        self._grounds = grounds
        self._book = book
        self._clock = clock
        self._prefix = f"uplink/{upstream_id}/{station_id}/profile/"
        self._profiles: dict[str, LimitProfile] = {}
        self._promises: list[_Promise] = []
        self._wanted: dict[int, float | None] = {}
        self._said: dict[int, float | None] = {}
        """Nothing at first: what was said by an earlier run has to be taken back, too."""
        self._boundary: datetime | None = None
        self._timer: Timer | None = None
        self._changing = asyncio.Lock()
        self._telling: asyncio.Task[None] | None = None
        self._keeping: set[asyncio.Task[None]] = set()
        self._unsubscribe: tuple[Callable[[], None], ...] = ()

    @property
    def profiles(self) -> tuple[LimitProfile, ...]:
        """What is set."""
        return tuple(self._profiles.values())

    def restore(self) -> None:
        """Take up what was kept, and follow the sessions of the charger."""
        for key, kept in self._grounds.kept(self._prefix).items():
            profile = from_json(kept)
            if profile is not None and len(self._profiles) < MAX_PROFILES:
                self._profiles[key] = profile
        if not self._unsubscribe:
            self._unsubscribe = (self._book.on_recorded(self._changed), self._grounds.on_status(self._changed))
        self.tick()

    async def close(self) -> None:
        """Let go of timers and tasks. What was said stays said."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = ()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._telling is not None:
            self._telling.cancel()
        await asyncio.gather(*self._keeping, *([self._telling] if self._telling else []), return_exceptions=True)

    async def put(self, version: OcppVersion, profile: LimitProfile) -> None:
        """Set a profile in place of the one that it supersedes; it is on the disk when this returns.

        A 1.6 profile supersedes the one of the same number, or of the same purpose and level, at its connector. A 2.x
        one supersedes the one of the same number; what would compete with it is a reason to refuse (K01.FR.39, 52, 53).
        Raises ProfileRefusedError, and whatever the disk raises, with nothing changed.
        """
        async with self._changing:
            await self._put(version, profile)

    async def _put(self, version: OcppVersion, profile: LimitProfile) -> None:
        now = self._clock.now()
        gone = {key for key, known in self._profiles.items() if expired(known, now)}
        if version is OcppVersion.V16:
            gone |= {key for key, known in self._profiles.items() if _rivals(known, profile)}
        else:
            gone |= {key for key, known in self._profiles.items() if known.profile_id == profile.profile_id}
            if any(_compete(known, profile) for key, known in self._profiles.items() if key not in gone):
                raise ProfileRefusedError("DuplicateProfile", "another profile has this purpose and level")
        key = _key(profile)
        if len(self._profiles.keys() - gone - {key}) >= MAX_PROFILES:
            raise ProfileRefusedError("TooManyElements", f"at most {MAX_PROFILES} profiles are kept")
        before = self._profiles
        self._profiles = {name: known for name, known in before.items() if name not in gone} | {key: profile}
        try:
            await self._grounds.keep(self._prefix + key, as_json(profile))
            for name in gone - {key}:
                await self._grounds.keep(self._prefix + name, None)
        except Exception:
            self._profiles = before
            raise
        finally:
            self.tick()

    async def clear(self, matches: Callable[[LimitProfile], bool]) -> int:
        """Take back the profiles that match; return how many there were."""
        async with self._changing:
            gone = {key for key, known in self._profiles.items() if matches(known)}
            for key in gone:
                self._profiles.pop(key, None)
            self.tick()
            for key in gone:
                await self._grounds.keep(self._prefix + key, None)
        return len(gone)

    def promise(
        self, profile: LimitProfile, id_token: IdToken, evse_id: int | None, wait_s: float
    ) -> Callable[[], None]:
        """Keep a profile for a session that has been asked for; returns the call that forgets it."""
        running = {evse.transaction.session_id for evse in self._evses().values() if evse.transaction}
        until = self._clock.now() + timedelta(seconds=wait_s)
        promise = _Promise(profile, id_token.key, evse_id, frozenset(running), until)
        # One at an EVSE: whoever asks again has changed their mind.
        self._promises = [known for known in self._promises if known.evse_id != evse_id] + [promise]

        def forget() -> None:
            self._promises = [known for known in self._promises if known is not promise]

        return forget

    def session_ended(self, session_id: str) -> None:
        """Forget the profiles of a session."""
        self._drop({key for key, known in self._profiles.items() if known.session_id == session_id})
        self.tick()

    def tick(self) -> None:
        """See what the profiles come to now, say so where it has changed, and wake up when it may change again."""
        now, evses = self._clock.now(), self._evses()
        self._drop({key for key, known in self._profiles.items() if expired(known, now)})
        if evses:
            self._bind(evses, now)
            self._drop({key for key, known in self._profiles.items() if _replaced(known, evses)})
        wanted: dict[int, float | None] = {}
        boundary: datetime | None = None
        for evse_id, evse in evses.items():
            wanted[evse_id], until = limit_at(self._profiles.values(), place_of(evse_id, evse), now)
            boundary = first(boundary, until)
        if len(evses) > 1:
            wanted[0], until = station_limit_at(self._profiles.values(), station_phases(evses), now)
            boundary = first(boundary, until)
        self._wanted, self._boundary = wanted, boundary
        self._wake_at(boundary, now)
        if self._telling is None or self._telling.done():
            if self._unsaid() is not None:
                self._telling = asyncio.get_running_loop().create_task(self._tell())

    def _evses(self) -> dict[int, UpstreamEvse]:
        return self._grounds.evses(self._station_id)

    def _changed(self, station_id: str) -> None:
        """See whether a session has begun, or an EVSE is there that was not known."""
        if station_id == self._station_id and (self._profiles or self._promises):
            self.tick()

    def _bind(self, evses: dict[int, UpstreamEvse], now: datetime) -> None:
        """Give sessions that have begun the profiles that were promised to them."""
        self._promises = [promise for promise in self._promises if promise.until > now]
        for promise in tuple(self._promises):
            for evse_id, evse in evses.items():
                begun = evse.transaction
                if begun is None or begun.session_id in promise.others or promise.evse_id not in (None, evse_id):
                    continue
                if begun.id_token is not None and begun.id_token.key != promise.card:
                    continue
                self._promises.remove(promise)
                profile = replace(promise.profile, evse_id=evse_id, session_id=begun.session_id)
                if len(self._profiles) < MAX_PROFILES:
                    self._profiles[_key(profile)] = profile
                    self._keep_soon(_key(profile), profile)
                break

    def _wake_at(self, boundary: datetime | None, now: datetime) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if boundary is not None:
            wait_s = min(max((boundary - now).total_seconds(), _SHORTEST_WAIT_S), _LONGEST_WAIT_S)
            self._timer = self._clock.call_later(wait_s, self.tick)

    def _unsaid(self) -> tuple[int, float | None] | None:
        """Return what has to be said next: lower limits first."""
        news = [
            (evse_id, self._wanted.get(evse_id))
            for evse_id in {**self._wanted, **self._said}
            if evse_id not in self._said or self._wanted.get(evse_id) != self._said[evse_id]
        ]
        return min(news, key=lambda new: (new[1] is None, new[1] or 0.0), default=None)

    async def _tell(self) -> None:
        while (new := self._unsaid()) is not None:
            evse_id, current_a = new
            try:
                answer = await self._grounds.wish(
                    self._upstream_id, self._station_id, WantLimit(evse_id=evse_id, current_a=current_a)
                )
            except Exception as err:  # noqa: BLE001 - a limit that cannot be said now is said again later
                _LOGGER.warning("A limit of backend %s was not taken: %s", self._upstream_id, type(err).__name__)
                now = self._clock.now()
                self._wake_at(first(self._boundary, now + timedelta(seconds=_AGAIN_S)), now)
                return
            _LOGGER.debug("A limit of backend %s for EVSE %s: %s", self._upstream_id, evse_id, answer.outcome)
            self._said[evse_id] = current_a

    def _drop(self, keys: set[str]) -> None:
        for key in keys:
            del self._profiles[key]
            self._keep_soon(key, None)

    def _keep_soon(self, key: str, profile: LimitProfile | None) -> None:
        async def keep() -> None:
            try:
                await self._grounds.keep(self._prefix + key, profile and as_json(profile))
            except Exception as err:  # noqa: BLE001 - it holds as long as we run, which is told
                _LOGGER.warning("A profile of backend %s was not kept: %s", self._upstream_id, type(err).__name__)

        task = asyncio.get_running_loop().create_task(keep())
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)


def place_of(evse_id: int, evse: UpstreamEvse) -> Place:
    """Return an EVSE as profiles see it."""
    running = evse.transaction if evse.transaction is not None and evse.transaction.is_open else None
    return Place(
        evse_id=evse_id,
        phases=evse.phases,
        session_id=running.session_id if running else None,
        started_at=running.started_at if running else None,
    )


def station_phases(evses: dict[int, UpstreamEvse]) -> int:
    """Return how many phases the station as a whole is wired with."""
    return max((evse.phases for evse in evses.values()), default=3)


def _key(profile: LimitProfile) -> str:
    """A 1.6 backend may give one number to profiles at several connectors, so the EVSE belongs to the key."""
    return f"{profile.evse_id}.{profile.profile_id}"


def _slot(profile: LimitProfile) -> tuple[str, int, str | None]:
    return profile.purpose, profile.stack_level, profile.session_id


def _rivals(known: LimitProfile, profile: LimitProfile) -> bool:
    same = _slot(known) == _slot(profile) or known.profile_id == profile.profile_id
    return same and known.evse_id == profile.evse_id


def _compete(known: LimitProfile, profile: LimitProfile) -> bool:
    same_place = known.evse_id == profile.evse_id
    if profile.purpose == DEFAULT_PURPOSE:
        same_place = same_place or 0 in (known.evse_id, profile.evse_id)
    return same_place and _slot(known) == _slot(profile) and overlaps(known, profile)


def _replaced(profile: LimitProfile, evses: dict[int, UpstreamEvse]) -> bool:
    """Whether another session runs where a transaction's profile was for one before."""
    evse = evses.get(profile.evse_id)
    return (
        profile.purpose == TX_PURPOSE
        and evse is not None
        and evse.transaction is not None
        and evse.transaction.session_id != profile.session_id
    )
