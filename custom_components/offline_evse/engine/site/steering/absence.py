"""What is held for a charger that has gone out of sight: its last limit first, and what it is left with later."""

from collections.abc import Callable
from functools import partial

from ...model.clock import Clock, Timer
from ...model.self_test import SelfTestResult
from ...model.station import EvseKey
from ..config import AfterExpiry, DefaultProfile, StationConfig
from ..register import SiteRegister
from ..state import EvseState

GRACE_S = 5.0
"""How much later than it should a charger may let a limit run out: its clock, and the way that the last one took."""


class Absence:
    """Follows EVSEs with a running transaction that nothing can be told.

    Until its limit must have run out, all that it was told last is held. What is held then depends on the charger:
    one whose limits do not run out, or that has failed its self-test, may take all that its hardware can.
    """

    def __init__(
        self,
        register: SiteRegister,
        clock: Clock,
        expires: Callable[[str], bool],
        assume: Callable[[EvseKey, float], None],
    ) -> None:
        """Ask `expires` whether the limits of a station run out by themselves; tell `assume` what is held, in A."""
        self._register = register
        self._clock = clock
        self._expires = expires
        self._assume = assume
        self._told_s: dict[EvseKey, float] = {}
        """When each was last sent a limit that it may have taken."""
        self._away: dict[EvseKey, Timer | None] = {}
        self._closed = False

    def told(self, key: EvseKey) -> None:
        """Note that a limit has reached an EVSE, or may have."""
        self._told_s[key] = self._clock.monotonic()

    def begin(self, evse: EvseState) -> None:
        """Take it that an EVSE with a running transaction is out of sight; harmless if it was already."""
        config = self._register.configs.get(evse.key.station_id)
        if config is None or self._closed or evse.key in self._away:
            return
        self._away[evse.key] = None
        if self.never_falls(config):
            self._assume(evse.key, unbound_a(config))
        elif config.expires_s is not None:
            now_s = self._clock.monotonic()
            ends_s = self._told_s.get(evse.key, now_s) + config.expires_s + GRACE_S
            ran_out = partial(self._ran_out, evse.key)
            self._away[evse.key] = self._clock.call_later(max(0.0, ends_s - now_s), ran_out)

    def end(self, key: EvseKey) -> None:
        """Take it that an EVSE can be told again, or has nothing to be told any more."""
        timer = self._away.pop(key, None)
        if timer is not None:
            timer.cancel()

    def forget(self, key: EvseKey) -> None:
        """Take it that whatever an EVSE was told is of no account any more."""
        self.end(key)
        self._told_s.pop(key, None)

    def close(self) -> None:
        """Wait for nothing any more, whoever goes from now on."""
        self._closed = True
        for key in tuple(self._away):
            self.end(key)

    def never_falls(self, config: StationConfig) -> bool:
        """Tell whether a charger must be reckoned with at all that it can draw as soon as it is out of sight."""
        test = self._register.stations[config.station_id].self_test
        firmware = self._register.stations[config.station_id].identity.firmware_version
        if test is not None and test.result is SelfTestResult.FAILED and test.holds_for(firmware):
            return True
        return config.expires_s is None and config.default_profile is DefaultProfile.NONE

    def held_at_first_a(self, config: StationConfig) -> float:
        """Return what a charger may have whose last limit nobody remembers, in A."""
        return unbound_a(config) if self.never_falls(config) else config.maximum_a

    def left_with_a(self, config: StationConfig) -> float | None:
        """Return what a charger may draw once its limit must have run out, in A; None: what it had last."""
        if self.never_falls(config) or config.default_profile is DefaultProfile.NONE:
            return unbound_a(config)
        if config.expires_s is None:
            return None
        if not self._expires(config.station_id):
            return unbound_a(config)
        if config.after_expiry is AfterExpiry.HOLD:
            return None
        return fallback_a(config)

    def _ran_out(self, key: EvseKey) -> None:
        self._away[key] = None
        config = self._register.configs.get(key.station_id)
        if config is not None and (left_a := self.left_with_a(config)) is not None:
            self._assume(key, left_a)


def unbound_a(config: StationConfig) -> float:
    """Return what a charger may draw where no limit of ours holds, in A."""
    return config.maximum_a if config.hardware_a is None else config.hardware_a


def fallback_a(config: StationConfig) -> float:
    """Return what a limit that runs out leaves a charger with, in A."""
    return 0.0 if config.default_profile is DefaultProfile.ZERO else config.safe_a


def floor_profile_a(config: StationConfig) -> float | None:
    """Return what a charger is given for the time that it has no other word from us, in A; None: nothing."""
    return None if config.default_profile is DefaultProfile.NONE else fallback_a(config)
