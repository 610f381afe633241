"""Where what a backend asks of a line is answered."""

import logging
import traceback
from typing import Any

from ...model.clock import Clock
from ...model.station import OcppVersion
from ...model.upstream.config import LineConfig, UpstreamConfig, UpstreamPermit
from ...model.upstream.delivery import DeliveryBook
from ...model.upstream.site import Grounds
from ...ocppj import schemas
from ...ocppj.frames import FORMAT_VIOLATION, INTERNAL_ERROR, NOT_IMPLEMENTED
from ..wire.requests import CallRefusedError
from .charging import Charging
from .flood import TokenBucket
from .hooks import ControlHooks
from .limits.overlay import Overlay
from .local_list import LocalList
from .reading import Ask, UnreadableError
from .requests16 import Requests16
from .requests201 import Requests201
from .settings.configuration import Configuration
from .trade import Trade
from .wishing import Wishing

_LOGGER = logging.getLogger(__name__)

_NOT_SUPPORTED = "NotSupported"
_TOO_MANY = "GenericError"
_BURST = 120
_PER_S = 4.0
"""A backend that sets a charger up asks some forty things at once; one that goes on like this is not heeded."""
_STOP_BURST = 30
_STOPS_PER_S = 1.0
_STOPS = frozenset({"RemoteStopTransaction", "RequestStopTransaction"})
_REPORTS = ("NotifyReport", "ReportChargingProfiles")

KNOWN_16 = frozenset({"UpdateFirmware"})
KNOWN_201 = frozenset(
    {
        "ClearVariableMonitoring",
        "CostUpdated",
        "SetVariableMonitoring",
    }
)
KNOWN_21 = frozenset(
    {
        "AFRRSignal",
        "AdjustPeriodicEventStream",
        "ChangeTransactionTariff",
        "ClearDERControl",
        "ClearTariffs",
        "GetCertificateChainStatus",
        "GetDERControl",
        "GetPeriodicEventStream",
        "GetTariffs",
        "NotifyAllowedEnergyTransfer",
        "NotifyWebPaymentStarted",
        "RequestBatterySwap",
        "SetDERControl",
        "SetDefaultTariff",
        "UpdateDynamicSchedule",
        "UsePriorityCharging",
    }
)
"""What a backend may send by its version, and what has no way to be refused in an answer: CALLERROR NotSupported."""


class ControlDesk:
    """Answers every request of one backend about one charger."""

    def __init__(
        self,
        config: UpstreamConfig,
        line: LineConfig,
        book: DeliveryBook,
        grounds: Grounds,
        clock: Clock,
        hooks: ControlHooks,
    ) -> None:
        """Begin with nothing remembered; `restore` takes up what was kept."""
        station_id = line.station_id
        self._clock = clock
        self._name = f"{config.upstream_id} at {station_id}"
        wishing = Wishing(config, station_id, grounds, clock, hooks)
        self._settings = Configuration(config, station_id, grounds, hooks)
        self._overlay = Overlay(config.upstream_id, station_id, grounds, book, clock)
        lists = config.role.controls and UpstreamPermit.LOCAL_LIST in config.permits
        trade = Trade(
            station_id=station_id,
            grounds=grounds,
            hooks=hooks,
            wishing=wishing,
            charging=Charging(config, station_id, book, grounds, clock, wishing, self._settings, self._overlay),
            settings=self._settings,
            cards=LocalList(wishing) if lists else None,
        )
        self._requests: dict[OcppVersion, Requests16 | Requests201] = {
            OcppVersion.V16: Requests16(trade),
            OcppVersion.V201: Requests201(trade, OcppVersion.V201),
            OcppVersion.V21: Requests201(trade, OcppVersion.V21),
        }
        self._loaded: set[OcppVersion] = set()
        self._bucket = TokenBucket(_BURST, _PER_S)
        self._stops = TokenBucket(_STOP_BURST, _STOPS_PER_S)
        self._flooded = False

    def restore(self) -> None:
        """Take up what was kept before a restart, and begin to follow the charger's sessions."""
        self._settings.restore()
        self._overlay.restore()

    async def answer(self, version: OcppVersion, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer a request with a payload that is valid in this version; raises CallRefusedError and nothing else."""
        requests = self._requests[version]
        refusal = requests.refusals.get(action)
        handler = requests.handlers.get(action)
        if refusal is None and handler is None:
            raise _unknown(version, action)
        self._admit(action)
        try:
            await self._load(version)
            said = await handler(Ask(payload)) if handler is not None else dict(refusal or {})
            schemas.check_response(version, action, said)
        except CallRefusedError:
            raise
        except UnreadableError as err:
            raise CallRefusedError(FORMAT_VIOLATION[version], str(err)) from None
        except Exception as err:  # noqa: BLE001 - whatever it is, the backend gets an answer
            # The trace without the message, which may hold what was asked: cards, in some requests.
            trace = "".join(traceback.format_tb(err.__traceback__))
            _LOGGER.error("%s of backend %s failed: %s\n%s", action, self._name, type(err).__name__, trace)
            raise CallRefusedError(INTERNAL_ERROR, "It could not be done here") from None
        _LOGGER.debug("%s of backend %s: %s", action, self._name, said.get("status", "answered"))
        return said

    def session_ended(self, session_id: str) -> None:
        """Forget the profiles of a session that is over."""
        self._overlay.session_ended(session_id)

    def tick(self) -> None:
        """See what the profiles come to now; done by itself whenever one of them changes what it allows."""
        self._overlay.tick()

    async def close(self) -> None:
        """Let go of timers; what was wished stays wished."""
        await self._overlay.close()

    def _admit(self, action: str) -> None:
        """Refuse a flood. Stops have a measure of their own, so that none is lost in it."""
        bucket = self._stops if action in _STOPS else self._bucket
        if bucket.take(self._clock.monotonic()):
            self._flooded = False
            return
        if not self._flooded:
            self._flooded = True
            _LOGGER.warning("Backend %s asks more than %s times a second and is not heeded", self._name, _PER_S)
        raise CallRefusedError(_TOO_MANY, "Too many requests")

    async def _load(self, version: OcppVersion) -> None:
        if version in self._loaded:
            return
        requests = self._requests[version]
        reports = () if version is OcppVersion.V16 else _REPORTS
        await schemas.preload(version, requests=reports, responses=(*requests.handlers, *requests.refusals))
        self._loaded.add(version)


def _unknown(version: OcppVersion, action: str) -> CallRefusedError:
    """Tell what is known and not done from what is not known (OCPP-J §4.2.3)."""
    known = {
        OcppVersion.V16: KNOWN_16,
        OcppVersion.V201: KNOWN_201,
        OcppVersion.V21: KNOWN_201 | KNOWN_21,
    }[version]
    if action in known:
        return CallRefusedError(_NOT_SUPPORTED, "This is not done here")
    return CallRefusedError(NOT_IMPLEMENTED, "This action is not known here")
