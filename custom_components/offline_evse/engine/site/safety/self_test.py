"""The self-test of a charger: fall silent while it charges, and see it fall to its safe current by itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ...model.clock import Clock
from ...model.offer import BalancingDecision
from ...model.self_test import SelfTest, SelfTestResult
from ...model.station import EvseKey
from ..background import Background
from ..config import StationConfig
from ..memory import SiteMemory
from ..register import SiteRegister
from ..state import EvseState
from ..steering.absence import fallback_a
from ..steering.steering import Steering

CLEARLY_A: Final = 2.0
"""A car has to draw this much more than it would be left with, or nothing could be seen."""
CLOSE_A: Final = 1.0
"""A car this close to what it should be left with has fallen."""
MARGIN_S: Final = 75.0
"""How much later the fall may be seen: chargers tell what they draw once a minute or so."""
EARLY_S: Final = 10.0
"""A car that falls longer than this before its limit runs out does so for a reason of its own."""


class SelfTestRefusal(StrEnum):
    """Why a self-test cannot be made now."""

    RUNNING = "running"
    OFFLINE = "offline"
    NO_SESSION = "no_session"
    """No car draws clearly more than it would be left with."""
    NO_EXPIRY = "no_expiry"
    """The charger is set up to keep its last limit for ever."""
    SHADOW = "shadow"
    """No charger is told anything."""


@dataclass(slots=True)
class _Trial:
    key: EvseKey
    session_id: str
    set_by_people: tuple[bool, float | None]
    fallback_a: float
    told_s: float
    """When it heard its limit for the last time."""
    expires_s: float


class SelfTests:
    """Makes the self-tests, at most one per charger at a time, and keeps how they ended."""

    def __init__(
        self, register: SiteRegister, memory: SiteMemory, steering: Steering, clock: Clock, background: Background
    ) -> None:
        """Begin with none being made."""
        self._register = register
        self._memory = memory
        self._steering = steering
        self._clock = clock
        self._background = background
        self._trials: dict[str, _Trial] = {}

    def restore(self, station_id: str) -> None:
        """Give a station back how its last test ended."""
        kept = self._memory.mapping(_fact(station_id))
        result, at, firmware, took_s = (kept.get(name) for name in ("result", "at", "firmware", "took_s"))
        if isinstance(at, str) and result in tuple(SelfTestResult):
            self._register.stations[station_id].self_test = SelfTest(
                result=SelfTestResult(str(result)),
                at=datetime.fromisoformat(at),
                firmware=firmware if isinstance(firmware, str) else None,
                took_s=float(took_s) if isinstance(took_s, int | float) else None,
            )

    def begin(self, station_id: str) -> SelfTestRefusal | None:
        """Begin a test; returns why that cannot be, or None where it has begun."""
        station = self._register.stations.get(station_id)
        config = self._register.configs.get(station_id)
        if station is None or config is None or not station.connected:
            return SelfTestRefusal.OFFLINE
        if station_id in self._trials:
            return SelfTestRefusal.RUNNING
        if self._register.config.shadow:
            return SelfTestRefusal.SHADOW
        if config.expires_s is None:
            return SelfTestRefusal.NO_EXPIRY
        for evse in self._register.of_station(station_id):
            if self._draws_enough(evse, config) and (told_s := self._steering.dispatch.told_s(evse.key)) is not None:
                assert evse.transaction is not None
                self._steering.dispatch.hold(evse.key)
                self._trials[station_id] = _Trial(
                    evse.key,
                    evse.transaction.session_id,
                    (evse.paused, evse.limit_a),
                    fallback_a(config),
                    told_s,
                    float(config.expires_s),
                )
                station.self_test_running = True
                station.changed()
                return None
        return SelfTestRefusal.NO_SESSION

    def look(self, _: BalancingDecision) -> None:
        """See how the tests are going."""
        for station_id, trial in tuple(self._trials.items()):
            if (result := self._result(trial)) is not None:
                del self._trials[station_id]
                self._end(station_id, trial, result)

    def abort(self, station_id: str) -> None:
        """End a test without a result: the charger does not belong to the site any more."""
        self._trials.pop(station_id, None)

    def _draws_enough(self, evse: EvseState, config: StationConfig) -> bool:
        drawn = self._steering.draws.get(evse.key)
        return evse.has_transaction and drawn is not None and drawn[0] >= fallback_a(config) + CLEARLY_A

    def _result(self, trial: _Trial) -> SelfTestResult | None:
        """Return how a test has ended; None while it goes on."""
        evse = self._register.evses.get(trial.key)
        if evse is None or not evse.connected or not evse.has_transaction or evse.transaction is None:
            return SelfTestResult.ABORTED
        others = evse.transaction.session_id != trial.session_id or (evse.paused, evse.limit_a) != trial.set_by_people
        if others or not self._steering.dispatch.holds(trial.key):
            # Somebody wants something, or the fuse does: that comes first.
            return SelfTestResult.ABORTED
        ends_s = trial.told_s + trial.expires_s
        drawn_a, drawn_s = self._steering.draws.get(trial.key, (0.0, 0.0))
        if drawn_s > trial.told_s and drawn_a <= trial.fallback_a + CLOSE_A:
            fell = drawn_s >= ends_s - EARLY_S and drawn_a >= trial.fallback_a - CLEARLY_A
            return SelfTestResult.PASSED if fell else SelfTestResult.ABORTED
        if self._clock.monotonic() < ends_s + MARGIN_S:
            return None
        # Seen to draw too much after it should have fallen, or not seen at all.
        return SelfTestResult.FAILED if drawn_s >= ends_s + CLEARLY_A else SelfTestResult.ABORTED

    def _end(self, station_id: str, trial: _Trial, result: SelfTestResult) -> None:
        self._steering.dispatch.release(trial.key)
        station = self._register.stations.get(station_id)
        if station is None:
            return
        _, drawn_s = self._steering.draws.get(trial.key, (0.0, trial.told_s))
        test = SelfTest(
            result=result,
            at=self._clock.now(),
            firmware=station.identity.firmware_version,
            took_s=round(drawn_s - trial.told_s, 1) if result is SelfTestResult.PASSED else None,
        )
        station.self_test_running = False
        # A test that came to nothing does not take back what an earlier one has shown.
        if result is not SelfTestResult.ABORTED or station.self_test is None:
            station.self_test = test
            self._background.run(self._keep(station_id, test), "memory of a self-test")
        station.changed()

    async def _keep(self, station_id: str, test: SelfTest) -> None:
        await self._memory.keep(
            _fact(station_id),
            {
                "result": test.result.value,
                "at": test.at.isoformat(),
                "firmware": test.firmware,
                "took_s": test.took_s,
            },
        )


def _fact(station_id: str) -> str:
    return f"self_test/{station_id}"
