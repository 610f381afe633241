"""A whole station: its EVSEs, what it remembers, and what the central system may ask of it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from ..clock import Clock
from ..physics.car import MINIMUM_CURRENT_A
from ..physics.evse import Evse
from .charging_point import ChargingPoint
from .messages import Answer, Authorize, Boot, Heartbeat, Message, Report, Stage, State, Status, TransactionMessage
from .model import StationModel
from .outbox import Outbox
from .profiles import ProfileLimits, ProfileStore
from .schedule import Profile
from .settings import Settings

RESET_PATIENCE_S = 10.0
"""How long a reset waits for transactions to end and be told."""

_UNIT_NAMES = {"Current": "A", "A": "A", "Power": "W", "W": "W"}


class Station:
    """A charging station without its socket. `tick` moves it; `outbox` holds what it has to say."""

    def __init__(self, model: StationModel, evses: Mapping[int, Evse], clock: Clock, random: Random) -> None:
        """Build it around the power side of its EVSEs, numbered from 1."""
        self.model = model
        self.clock = clock
        self.settings = Settings(
            **{
                "NumberOfConnectors": str(len(evses)),
                "ConnectorPhaseRotation": ",".join(f"{n}.{_rotation(evse)}" for n, evse in evses.items()),
                **model.quirks.settings,
                **model.settings,
            }
        )
        self.profiles = ProfileStore(evses, self._profile_limits())
        self.points = {evse_id: ChargingPoint(evse_id, evse, self) for evse_id, evse in evses.items()}
        self.outbox = Outbox()
        self.clock_skew_s = 0.0
        self.registered = False
        """Whether a central system has ever accepted it; before that it serves nobody."""
        self.booted = False
        """Whether the central system knows of the last start."""
        self.boot_reason = "PowerUp"
        self.boot_again = asyncio.Event()
        """Set when the central system asks for a BootNotification."""
        self.powered = True
        self.power_failed = asyncio.Event()
        self.power_back = asyncio.Event()
        self.power_back.set()
        self.given_up = 0
        """Transaction messages that the central system refused until the station gave up."""
        self._random = random
        self._count = 0
        self._known_tags: dict[str, str] = {}
        self._beat_at: datetime | None = None
        self._off_until: datetime | None = None
        self._reset: tuple[str, datetime | None] | None = None

    @property
    def online(self) -> bool:
        """Whether it is accepted and has a link."""
        return self.outbox.online

    def now(self) -> datetime:
        """Return its own idea of the time."""
        return self.clock.now() + timedelta(seconds=self.clock_skew_s)

    def elapsed(self) -> datetime:
        """Return the true time, for measuring intervals."""
        return self.clock.now()

    def send(self, message: Message) -> None:
        """Have something delivered, now or later."""
        self.outbox.put(message)

    def new_transaction_ids(self) -> tuple[int, str | None]:
        """Return its own number for a new transaction, and its OCPP id where the station chooses it (2.0.1)."""
        self._count += 1
        if self.model.version == "1.6":
            return -self._count, None
        return -self._count, str(UUID(int=self._random.getrandbits(128), version=4))

    def trusts_offline(self, tag: str) -> bool:
        """Return whether a card is let in without a link."""
        if not self.registered:
            return False
        known = self._known_tags.get(tag.casefold())
        if known is not None:
            return known == "Accepted" and self.settings.flag("LocalAuthorizeOffline")
        return self.settings.flag("AllowOfflineTxForUnknownId")

    def allowed_a(self, point: ChargingPoint) -> float:
        """Return what the profiles allow an EVSE now; several share a station maximum evenly."""
        evse = point.evse
        now = self.now()
        allowed_a = evse.maximum_a
        own_a = self.profiles.transaction_a(point.evse_id, now, point.running, evse.phases)
        if own_a is not None:
            allowed_a = min(allowed_a, own_a)
        maximum_a = self.profiles.maximum_a(now, evse.phases)
        if maximum_a is not None:
            sharing = sum(p.transaction is not None for p in self.points.values())
            allowed_a = min(allowed_a, maximum_a / max(1, sharing))
        return allowed_a if allowed_a >= MINIMUM_CURRENT_A - 1e-9 else 0.0

    def phases_to_use(self, point: ChargingPoint) -> int:
        """Return how many phases the profiles want an EVSE to charge on."""
        wired = point.evse.phases
        return min(wired, self.profiles.phases(point.evse_id, self.now(), point.running) or wired)

    def composite(self, evse_id: int, duration_s: int) -> tuple[tuple[int, float], ...]:
        """Return the composite schedule of an EVSE from now on, in A; 0: the sum over all of them."""
        now = self.now()
        points = [self.points[evse_id]] if evse_id else list(self.points.values())
        schedules = [
            self.profiles.composite(p.evse_id, now, duration_s, p.running, p.evse.phases, p.evse.maximum_a)
            for p in points
        ]
        moments = sorted({at_s for schedule in schedules for at_s, _ in schedule})
        summed = [(at_s, sum(_limit_at(schedule, at_s) for schedule in schedules)) for at_s in moments]
        if evse_id == 0:
            phases = max(p.evse.phases for p in points)
            for n, (at_s, limit_a) in enumerate(summed):
                cap_a = self.profiles.maximum_a(now + timedelta(seconds=at_s), phases)
                summed[n] = (at_s, limit_a if cap_a is None else min(limit_a, cap_a))
        return tuple(summed)

    def tick(self) -> None:
        """Look at everything once; called after each step of the physics."""
        if not self.powered:
            if self._off_until is not None and self.elapsed() >= self._off_until:
                self._power_up()
            return
        for point in self.points.values():
            point.tick()
        self._beat()
        if self._reset is not None:
            self._proceed_reset()

    def link_ready(self) -> None:
        """Accepted and connected: say how things stand, then whatever has waited."""
        self.outbox.online = True
        self.profiles.link_back(self.now())
        self._beat_at = self.elapsed()
        now = self.now()
        statuses = [Status(0, State.AVAILABLE, now)] if self.model.version == "1.6" else []
        statuses += [Status(point.evse_id, point.state, now) for point in self.points.values()]
        self.outbox.put_first(*statuses)

    def link_lost(self) -> None:
        """Go on alone."""
        self.profiles.link_lost(self.now())
        self.outbox.link_lost()

    def answered(self, message: Message, answer: Answer) -> None:
        """Take in what came back for a message."""
        match message:
            case Boot():
                self._boot_answered(answer)
            case Authorize(tag, evse_id, remote_start_id):
                self._known_tags[tag.casefold()] = answer.status or "Invalid"
                if answer.status == "Accepted":
                    self.points[evse_id].authorized(tag, remote_start_id)
            case TransactionMessage():
                self._transaction_answered(message, answer)

    def refused(self, message: Message) -> None:
        """Give up on a message that the central system will not take."""
        if isinstance(message, TransactionMessage):
            self.given_up += 1

    def remote_start(self, evse_id: int | None, tag: str, remote_start_id: int | None, profile: Profile | None) -> bool:
        """Start on the EVSE asked for, or on the best one; return whether it will."""
        if evse_id is not None:
            point = self.points.get(evse_id)
            return point is not None and point.remote_start(tag, remote_start_id, profile)
        ready = sorted(self.points.values(), key=lambda p: p.evse.car is None)
        return any(point.remote_start(tag, remote_start_id, profile) for point in ready)

    def remote_stop(self, transaction_id: str) -> bool:
        """Stop a transaction by the central system's id; return whether it was running."""
        for point in self.points.values():
            if point.transaction is not None and point.transaction.central_id == transaction_id:
                point.stop("Remote", "RemoteStop")
                return True
        return False

    def set_profile(self, evse_id: int, profile: Profile) -> str | None:
        """Store a profile; return why not, or None when it is stored."""
        point = self.points.get(evse_id)
        return self.profiles.install(evse_id, profile, point.running if point else None)

    def set_operative(self, evse_id: int, operative: bool) -> str:
        """Take an EVSE (0: all) into or out of service; return the OCPP status."""
        points = [self.points[evse_id]] if evse_id in self.points else list(self.points.values())
        if evse_id not in (0, *self.points):
            return "Rejected"
        return "Scheduled" if "Scheduled" in [point.set_operative(operative) for point in points] else "Accepted"

    def reset(self, kind: str) -> None:
        """End everything in order, then start anew. `kind` becomes the reason: SoftReset, HardReset, ..."""
        for point in self.points.values():
            point.stop(kind, "ResetCommand")
        self._reset = (kind, self.elapsed())

    def reset_when_idle(self) -> None:
        """Start anew once nobody charges any more."""
        self._reset = ("OnIdle", None)

    def forget_tags(self) -> None:
        """Forget which cards were let in before."""
        self._known_tags.clear()

    def trigger(self, what: str, evse_id: int | None) -> bool:
        """Send something out of turn; return whether it can be sent."""
        points = [p for p in self.points.values() if not evse_id or p.evse_id == evse_id]
        match what:
            case "BootNotification":
                if self.online:
                    self.send(Boot("Triggered"))
                self.boot_again.set()
            case "Heartbeat":
                self.send(Heartbeat())
            case "StatusNotification":
                for point in points:
                    point.report()
            case "MeterValues":
                for point in points:
                    point.report_meter("Trigger")
            case "TransactionEvent":
                for point in points:
                    point.report_transaction()
            case _:
                return False
        return bool(points)

    def send_report(self, parts: list[Report]) -> None:
        """Send an inventory, part by part."""
        for part in parts:
            self.send(part)

    def reboot(self, off_s: float | None = None, reason: str = "PowerUp") -> None:
        """Lose power for a while. Transactions, profiles, settings and untold messages are remembered."""
        self.powered = False
        self.power_back.clear()
        self.power_failed.set()
        self.booted = False
        self.boot_reason = reason
        self._reset = None
        self._off_until = self.elapsed() + timedelta(seconds=self.model.boot_s if off_s is None else off_s)
        self.link_lost()
        for point in self.points.values():
            point.power_down()

    def _power_up(self) -> None:
        self.powered = True
        self.power_failed.clear()
        self.power_back.set()
        self._off_until = None
        for point in self.points.values():
            point.power_up()

    def _boot_answered(self, answer: Answer) -> None:
        self.booted = answer.status == "Accepted"
        if self.booted:
            self.registered = True
            if answer.interval_s:
                self.settings.set("HeartbeatInterval", str(answer.interval_s))

    def _transaction_answered(self, message: TransactionMessage, answer: Answer) -> None:
        transaction = message.transaction
        if message.stage is Stage.STARTED and answer.transaction_id is not None:
            transaction.central_id = answer.transaction_id
        if answer.status is None:
            return
        transaction.status = answer.status
        self._known_tags[transaction.tag.casefold()] = answer.status
        running = self.points[transaction.evse_id].transaction is transaction
        if running and answer.status != "Accepted" and self.settings.flag("StopTransactionOnInvalidId"):
            self.points[transaction.evse_id].stop("DeAuthorized", "Deauthorized")

    def _beat(self) -> None:
        interval_s = self.settings.number("HeartbeatInterval")
        if not self.online or not interval_s or self._beat_at is None:
            return
        if (self.elapsed() - self._beat_at).total_seconds() >= interval_s:
            self._beat_at = self.elapsed()
            self.send(Heartbeat())

    def _proceed_reset(self) -> None:
        assert self._reset is not None
        kind, since = self._reset
        idle = all(p.transaction is None for p in self.points.values())
        if since is None:
            if not idle:
                return
            since = self.elapsed()
            self._reset = (kind, since)
        waited_s = (self.elapsed() - since).total_seconds()
        quiet = idle and not self.outbox.durable
        # A second of grace lets the answer to the Reset itself go out.
        if (quiet and waited_s >= 1.0) or waited_s >= RESET_PATIENCE_S:
            self.reboot(reason="ScheduledReset" if kind == "OnIdle" else "RemoteReset")

    def _profile_limits(self) -> ProfileLimits:
        settings = self.settings
        units = settings.measurands("ChargingScheduleAllowedChargingRateUnit")
        return ProfileLimits(
            stack_levels=settings.number("ChargeProfileMaxStackLevel"),
            periods=settings.number("ChargingScheduleMaxPeriods"),
            profiles=settings.number("MaxChargingProfilesInstalled"),
            units=tuple(_UNIT_NAMES[unit] for unit in units if unit in _UNIT_NAMES),
            kinds=self.model.quirks.kinds,
            lowest_a=self.model.quirks.refuses_below_a,
            ignored=self.model.quirks.ignored_purposes,
            absolute_needs_start=self.model.version != "1.6",
            relative_maximum=self.model.version == "1.6",
        )


def _limit_at(schedule: tuple[tuple[int, float], ...], at_s: int) -> float:
    return [limit_a for start_s, limit_a in schedule if start_s <= at_s][-1]


def _rotation(evse: Evse) -> str:
    return "".join("RST"[phase] for phase in evse.wiring)
