"""Which car is plugged in, where something tells: for its priority, what is learned of it, and statistics."""

from collections.abc import Mapping
import logging
from typing import Any

from ...authorization.credential_list import CredentialList
from ...authorization.verdict import VEHICLE_PREFIX
from ...ledger.ledger import Ledger
from ...model.allowance import VehicleSeen
from ...model.clock import Clock
from ...model.credential import Credential, CredentialKind
from ...model.failure import LedgerFullError, LedgerUnavailableError
from ...model.id_token import IdToken, IdTokenType
from ...model.station import EvseKey
from ...model.station_event import DataTransferReported, NoticeReported
from ..background import Background
from ..register import SiteRegister
from ..state import EvseState
from ..steering.demands import Rank
from ..steering.steering import Steering

_LOGGER = logging.getLogger(__name__)

_NAMES = frozenset({"evccid", "evmacaddress", "macaddress", "vehicleid", "evid", "vid"})
_DEEPEST = 6
_LONGEST_ID = 64


class VehiclesSeen:
    """Keeps the car of every EVSE until its cable is pulled. It lets nobody charge."""

    def __init__(
        self,
        register: SiteRegister,
        ledger: Ledger,
        credentials: CredentialList,
        steering: Steering,
        clock: Clock,
        background: Background,
    ) -> None:
        """Begin with none."""
        self._register = register
        self._ledger = ledger
        self._credentials = credentials
        self._steering = steering
        self._clock = clock
        self._background = background

    def seen(self, key: EvseKey, vehicle_id: str, source: str) -> Credential | None:
        """Note the car at an EVSE; returns what is enrolled of it."""
        evse = self._register.evses.get(key)
        plain = plain_id(vehicle_id)
        if evse is None or not plain:
            return None
        token = IdToken(plain, IdTokenType.MAC_ADDRESS)
        known = self._credentials.find(token)
        if known is not None and known.kind is not CredentialKind.VEHICLE:
            known = None
        if evse.vehicle is not None and evse.vehicle.id_token.key == token.key:
            return known
        name = None if known is None else known.name
        evse.vehicle = VehicleSeen(id_token=token, name=name, source=source, seen_at=self._clock.now())
        evse.changed()
        self._steering.demand_changed(evse)
        self._background.run(self._record(evse, token, source), "record of a vehicle")
        return known

    def presented(self, station_id: str, evse_id: int | None, id_token: IdToken) -> None:
        """Take a car for seen that was presented in place of a card."""
        known = self._credentials.find(IdToken(plain_id(id_token.value)))
        is_car = id_token.type is IdTokenType.MAC_ADDRESS or id_token.key.startswith(VEHICLE_PREFIX)
        if (is_car or (known is not None and known.kind is CredentialKind.VEHICLE)) and (
            key := self._place(station_id, evse_id)
        ):
            self.seen(key, id_token.value, "id_token")

    def notified(self, station_id: str, event: NoticeReported) -> None:
        """Look for a car in what a station notifies (2.x NotifyEvent of ConnectedEV, NotifyEVChargingNeeds)."""
        if event.topic == "NotifyEvent":
            entries = event.detail.get("eventData")
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, Mapping) and _word(_inside(entry, "variable", "name")) in _NAMES:
                    evse_id = _inside(entry, "component", "evse", "id")
                    value = entry.get("actualValue")
                    if isinstance(value, str) and (key := self._place(station_id, _whole(evse_id))):
                        self.seen(key, value, "notify_event")
        elif event.topic == "NotifyEVChargingNeeds":
            vehicle_id = find_id(event.detail)
            if vehicle_id and (key := self._place(station_id, _whole(event.detail.get("evseId")))):
                self.seen(key, vehicle_id, "charging_needs")

    def transferred(self, station_id: str, event: DataTransferReported) -> None:
        """Look for a car in a vendor's own data."""
        if not isinstance(event.data, Mapping):
            return
        place = event.data.get("connectorId", event.data.get("evseId"))
        vehicle_id = find_id(event.data)
        if vehicle_id and (key := self._place(station_id, _whole(place))):
            self.seen(key, vehicle_id, "data_transfer")

    def _place(self, station_id: str, evse_id: int | None) -> EvseKey | None:
        evses = self._register.of_station(station_id)
        if evse_id:
            return EvseKey(station_id, evse_id)
        return evses[0].key if len(evses) == 1 else None

    def rank(self, evse: EvseState) -> Rank | None:
        """Serve an EVSE in the class of its car, where whoever charges has none."""
        if evse.vehicle is None or not evse.has_transaction:
            return None
        known = self._credentials.find(evse.vehicle.id_token)
        return None if known is None or known.terms.priority is None else Rank(priority=known.terms.priority)

    async def _record(self, evse: EvseState, token: IdToken, source: str) -> None:
        try:
            await self._ledger.append(
                "vehicle.seen",
                station_id=evse.key.station_id,
                evse_id=evse.key.evse_id,
                session_id=evse.transaction.session_id if evse.transaction and evse.has_transaction else None,
                data={"subject": self._ledger.subject_of(token), "source": source},
            )
        except (LedgerFullError, LedgerUnavailableError) as error:
            _LOGGER.debug("A vehicle could not be recorded: %s", error)


def plain_id(text: str) -> str:
    """Return an id without what chargers put around it: `VID:`, colons, hyphens; in capitals."""
    told = text.strip()
    if told.casefold().startswith(VEHICLE_PREFIX):
        told = told[len(VEHICLE_PREFIX) :]
    return "".join(letter for letter in told.upper() if letter.isalnum())[:_LONGEST_ID]


def find_id(data: object, depth: int = 0) -> str | None:
    """Return the first id of a vehicle in nested data, by its name."""
    if depth > _DEEPEST:
        return None
    if isinstance(data, Mapping):
        for name, value in data.items():
            if _word(name) in _NAMES and isinstance(value, str) and value.strip():
                return value
        return next((found for value in data.values() if (found := find_id(value, depth + 1))), None)
    if isinstance(data, list):
        return next((found for value in data if (found := find_id(value, depth + 1))), None)
    return None


def _inside(data: Mapping[str, Any], *names: str) -> Any:
    value: Any = data
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _word(name: object) -> str:
    return "".join(letter for letter in str(name).casefold() if letter.isalnum())


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
