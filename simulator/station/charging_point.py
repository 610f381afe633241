"""The controller of one EVSE: cards, transactions, limits and meter values. The same for every OCPP version."""

from datetime import datetime, timedelta
from typing import Protocol

from ..physics.car import MINIMUM_CURRENT_A, Car
from ..physics.evse import Evse
from .messages import Authorize, Message, MeterMessage, Stage, State, Status, Transaction, TransactionMessage
from .model import StationModel
from .profiles import ProfileStore, Running
from .readings import Reading, read
from .schedule import Profile
from .settings import Settings

OPEN_UNDER_LOAD_S = 6.0
"""A car that has not let go by then is cut off (IEC 61851-1)."""


class Host(Protocol):
    """The station, as one of its EVSEs sees it."""

    model: StationModel
    settings: Settings
    profiles: ProfileStore

    @property
    def online(self) -> bool:
        """Whether the central system can be talked to."""

    def now(self) -> datetime:
        """Return the station's own idea of the time."""

    def elapsed(self) -> datetime:
        """Return the true time, for measuring intervals."""

    def send(self, message: Message) -> None:
        """Have something delivered."""

    def new_transaction_ids(self) -> tuple[int, str | None]:
        """Return the station's own number for a new transaction, and its OCPP id where stations choose that."""

    def trusts_offline(self, tag: str) -> bool:
        """Return whether a card is let in without asking."""

    def allowed_a(self, point: ChargingPoint) -> float:
        """Return what the profiles allow an EVSE now, in A: 0, or 6 and more."""

    def phases_to_use(self, point: ChargingPoint) -> int:
        """Return how many phases the profiles want an EVSE to charge on."""


class ChargingPoint:
    """One EVSE with its one connector."""

    def __init__(self, evse_id: int, evse: Evse, host: Host) -> None:
        """Control `evse` under the number `evse_id`."""
        self.evse_id = evse_id
        self.evse = evse
        self.operative = True
        self.transaction: Transaction | None = None
        self.history: list[Transaction] = []
        """Every transaction there has been, oldest first."""
        self._host = host
        self._reported: State | None = None
        self._finished = False
        self._dead = False
        """Ended by a limit of 0 A: nothing starts until the car is plugged in anew."""
        self._let_in: tuple[str, str, int | None, datetime] | None = None
        self._profile_for_start: Profile | None = None
        self._stopping: tuple[str, str, str | None, datetime] | None = None
        self._inoperative_after = False
        self._sampled_at: datetime | None = None
        self._aligned: int | None = None

    @property
    def running(self) -> Running | None:
        """The transaction, as profiles see it."""
        if self.transaction is None:
            return None
        return Running(self.transaction.central_id, self.transaction.started_at)

    @property
    def state(self) -> State:
        """What it would say of itself now."""
        if self.transaction is not None:
            if self._stopping is not None:
                return State.FINISHING
            if self.evse.power_w > 0.0:
                return State.CHARGING
            return State.SUSPENDED_EVSE if self.evse.limit_a < MINIMUM_CURRENT_A else State.SUSPENDED_EV
        if not self.operative:
            return State.UNAVAILABLE
        if self.evse.car is not None:
            return State.FINISHING if self._finished else State.PREPARING
        return State.PREPARING if self._let_in else State.AVAILABLE

    def plug(self, car: Car) -> None:
        """A car is connected. Raises ValueError if there is one already."""
        if self.evse.car is not None:
            raise ValueError(f"{self._host.model.identity}/{self.evse_id} has a car already")
        self.evse.plug(car)
        if self._let_in is not None:
            tag, trigger, remote_start_id, _ = self._let_in
            self._start(tag, "CablePluggedIn" if trigger == "Authorized" else trigger, remote_start_id)
        elif self._host.model.auto_start_tag is not None:
            self.present(self._host.model.auto_start_tag)

    def unplug(self) -> Car | None:
        """The car leaves."""
        car = self.evse.unplug()
        if self.transaction is not None:
            reason, trigger, tag, _ = self._stopping or ("EVDisconnected", "EVCommunicationLost", None, None)
            self._end(reason, trigger, tag)
        self._finished = self._dead = False
        return car

    def present(self, tag: str) -> None:
        """Somebody holds a card to it."""
        if self.transaction is not None:
            if self.transaction.tag.casefold() == tag.casefold():
                self.stop("Local", "StopAuthorized", tag)
            return
        if not self.operative or self._dead:
            return
        if not self._host.online:
            if self._host.trusts_offline(tag):
                self._admit(tag, "Authorized", None)
        elif self._host.model.authorize_first:
            self._host.send(Authorize(tag, self.evse_id))
        else:
            self._admit(tag, "Authorized", None)

    def authorized(self, tag: str, remote_start_id: int | None) -> None:
        """The central system has let a card in."""
        if self.transaction is None and self.operative:
            self._admit(tag, "Authorized" if remote_start_id is None else "RemoteStart", remote_start_id)

    def remote_start(self, tag: str, remote_start_id: int | None, profile: Profile | None) -> bool:
        """Start without a card; return whether it will."""
        if self.transaction is not None or not self.operative or self._dead:
            return False
        self._profile_for_start = profile
        if self._host.settings.flag("AuthorizeRemoteTxRequests"):
            self._host.send(Authorize(tag, self.evse_id, -1 if remote_start_id is None else remote_start_id))
        else:
            self._admit(tag, "RemoteStart", remote_start_id)
        return True

    def stop(self, reason: str, trigger: str, tag: str | None = None) -> None:
        """Ask the car to stop; the transaction ends when it has."""
        if self.transaction is not None and self._stopping is None:
            self._stopping = (reason, trigger, tag, self._host.elapsed())
            self.evse.enabled = False

    def set_operative(self, operative: bool) -> str:
        """Take it into or out of service; return the OCPP AvailabilityStatus."""
        if self.transaction is not None and not operative:
            self._inoperative_after = True
            return "Scheduled"
        self._inoperative_after = False
        self.operative = operative
        return "Accepted"

    def power_down(self) -> None:
        """Lose the mains supply."""
        self.evse.cut()
        self._let_in = self._reported = self._profile_for_start = None
        self._sampled_at = None

    def power_up(self) -> None:
        """Come back with what was remembered."""
        if self.transaction is None:
            return
        if self._host.model.resumes_after_reboot and self.evse.car is not None and self._stopping is None:
            self.evse.enabled = True
        else:
            reason, trigger, tag, _ = self._stopping or ("PowerLoss", "AbnormalCondition", None, None)
            self._end(reason, trigger, tag)

    def tick(self) -> None:
        """Look at everything once; called after each step of the physics."""
        self.evse.limit_a = self._host.allowed_a(self)
        quirks = self._host.model.quirks
        if quirks.switches_phases:
            self.evse.use_phases = self._host.phases_to_use(self)
        if quirks.dies_on_zero and self.transaction is not None and self.evse.limit_a < MINIMUM_CURRENT_A:
            self._dead = True
            self.stop("Other", "AbnormalCondition")
        if self._let_in is not None and self._host.elapsed() >= self._let_in[3]:
            self._let_in = None
        if self._stopping is not None:
            self._finish_stopping()
        self._report_state()
        self._sample()

    def report(self) -> None:
        """Say the state again, asked for or not."""
        self._reported = self.state
        self._host.send(Status(self.evse_id, self.state, self._host.now()))

    def report_meter(self, context: str) -> None:
        """Send a reading outside the usual rhythm."""
        self._send_reading(self.reading(context), context, "MeterValuesSampledData")

    def report_transaction(self) -> None:
        """Send the state of the transaction, if there is one (2.0.1 TriggerMessage)."""
        if self.transaction is not None:
            self._say(Stage.UPDATED, "Trigger", self.reading("Trigger"), "MeterValuesSampledData")

    def reading(self, context: str) -> Reading:
        """Look at the meter."""
        return read(self.evse, self._host.now(), context, knows_soc=self._host.model.knows_soc)

    def _admit(self, tag: str, trigger: str, remote_start_id: int | None) -> None:
        if self.evse.car is not None:
            self._start(tag, trigger, remote_start_id)
            return
        until = self._host.elapsed() + timedelta(seconds=self._host.settings.number("ConnectionTimeOut"))
        self._let_in = (tag, trigger, remote_start_id, until)

    def _start(self, tag: str, trigger: str, remote_start_id: int | None) -> None:
        local_id, central_id = self._host.new_transaction_ids()
        self._let_in = None
        self._finished = False
        self.transaction = Transaction(
            local_id=local_id,
            evse_id=self.evse_id,
            tag=tag,
            started_at=self._host.now(),
            start_wh=self.evse.register_wh,
            central_id=central_id,
            remote_start_id=remote_start_id if remote_start_id != -1 else None,
            offline=not self._host.online,
        )
        self.history.append(self.transaction)
        if self._profile_for_start is not None:
            self._host.profiles.install(self.evse_id, self._profile_for_start, self.running)
            self._profile_for_start = None
        self.evse.enabled = True
        self.evse.limit_a = self._host.allowed_a(self)
        self._sampled_at = self._host.elapsed()
        self._say(Stage.STARTED, trigger, self.reading("Transaction.Begin"), "MeterValuesSampledData", tag)

    def _finish_stopping(self) -> None:
        assert self._stopping is not None
        reason, trigger, tag, since = self._stopping
        late = (self._host.elapsed() - since).total_seconds() >= OPEN_UNDER_LOAD_S
        if late:
            self.evse.cut()
        if late or self.evse.power_w == 0.0:
            self._end(reason, trigger, tag)

    def _end(self, reason: str, trigger: str, tag: str | None) -> None:
        transaction = self.transaction
        assert transaction is not None
        self.evse.enabled = False
        transaction.ended_at = self._host.now()
        transaction.stop_wh = self.evse.register_wh
        transaction.stop_reason = reason
        self._say(Stage.ENDED, trigger, self.reading("Transaction.End"), "StopTxnSampledData", tag)
        self._host.profiles.transaction_ended(self.evse_id)
        self.transaction = None
        self._stopping = None
        self._finished = self.evse.car is not None
        if self._inoperative_after:
            self._inoperative_after = False
            self.operative = False

    def _say(
        self, stage: Stage, trigger: str, reading: Reading | None, measurands: str, tag: str | None = None
    ) -> None:
        transaction = self.transaction
        assert transaction is not None
        self._host.send(
            TransactionMessage(
                stage=stage,
                transaction=transaction,
                at=self._host.now(),
                seq_no=transaction.seq_no,
                trigger=trigger,
                state=self.state,
                offline=not self._host.online,
                reading=reading,
                measurands=self._host.settings.measurands(measurands),
                tag=tag,
            )
        )
        transaction.seq_no += 1

    def _report_state(self) -> None:
        state = self.state
        if state is self._reported:
            return
        self.report()
        if self.transaction is not None and self._host.model.version != "1.6":
            self._say(Stage.UPDATED, "ChargingStateChanged", None, "MeterValuesSampledData")

    def _sample(self) -> None:
        now = self._host.elapsed()
        interval_s = self._host.settings.number("MeterValueSampleInterval")
        if (
            self.transaction is not None
            and self._sampled_at is not None
            and interval_s
            and (now - self._sampled_at).total_seconds() >= interval_s - 1e-3
        ):
            self._sampled_at = now
            self._send_reading(self.reading("Sample.Periodic"), "MeterValuePeriodic", "MeterValuesSampledData")
        elif self.transaction is not None and self._sampled_at is None:
            self._sampled_at = now
        aligned_s = self._host.settings.number("ClockAlignedDataInterval")
        aligned = int(self._host.now().timestamp() // aligned_s) if aligned_s else None
        if aligned is not None and self._aligned is not None and aligned != self._aligned:
            self._send_reading(self.reading("Sample.Clock"), "MeterValueClock", "MeterValuesAlignedData")
        self._aligned = aligned

    def _send_reading(self, reading: Reading, trigger: str, measurands: str) -> None:
        if self.transaction is not None:
            self._say(Stage.UPDATED, trigger, reading, measurands)
            return
        self._host.send(
            MeterMessage(evse_id=self.evse_id, reading=reading, measurands=self._host.settings.measurands(measurands))
        )
