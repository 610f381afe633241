"""What a 2.0.1 or 2.1 backend asks, and the words in which it is answered (2.0.1 part 2, sections E to P)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ...model.id_token import IdToken, IdTokenType
from ...model.local_list import LocalListEntry
from ...model.station import OcppVersion, ResetKind
from ...model.upstream.config import UpstreamPermit
from ...model.upstream.wish import RateUnit, WantAvailability, WantReset, WantUnlock, WishAnswer, WishOutcome
from .charging import ProfileCriteria, taken
from .limits.profiles import ProfileRefusedError, reported, stamp, written
from .local_list import ListOutcome, ListUpdate
from .reading import Ask
from .trade import TRIGGERS, Trade
from .variables201 import Variables201

type Payload = dict[str, Any]
type Handler = Callable[[Ask], Awaitable[Payload]]

_LONGEST_TOKEN = 36
_LONGEST_REASON = 20
_SOURCE = "CSO"
"""chargingLimitSource of what a backend has set."""


def _refused(status: str, reason: str, detail: str) -> Payload:
    return {"status": status, "statusInfo": {"reasonCode": reason, "additionalInfo": detail}}


_OWNER = "It is the owner's to do, at the site"

REFUSALS: Mapping[str, Payload] = {
    "ReserveNow": _refused("Rejected", "UnsupportedRequest", "Nothing is reserved here for a backend"),
    "CancelReservation": _refused("Rejected", "NotFound", "Nothing is reserved here for a backend"),
    "GetLog": _refused("Rejected", "NotEnabled", _OWNER),
    "UpdateFirmware": _refused("Rejected", "NotEnabled", _OWNER),
    "PublishFirmware": _refused("Rejected", "NotEnabled", _OWNER),
    "UnpublishFirmware": {"status": "NoFirmware"},
    "SetNetworkProfile": _refused("Rejected", "NotEnabled", _OWNER),
    "InstallCertificate": _refused("Rejected", "NotEnabled", _OWNER),
    "DeleteCertificate": _refused("Failed", "NotEnabled", _OWNER),
    "CertificateSigned": _refused("Rejected", "NotEnabled", _OWNER),
    "GetInstalledCertificateIds": {"status": "NotFound"},
    "CustomerInformation": _refused("Rejected", "NotEnabled", _OWNER),
    "SetDisplayMessage": _refused("Rejected", "UnsupportedRequest", "There is no display"),
    "GetDisplayMessages": {"status": "Unknown"},
    "ClearDisplayMessage": {"status": "Unknown"},
    "SetMonitoringBase": _refused("NotSupported", "UnsupportedRequest", "There is no monitoring"),
    "SetMonitoringLevel": _refused("Rejected", "UnsupportedRequest", "There is no monitoring"),
    "GetMonitoringReport": _refused("NotSupported", "UnsupportedRequest", "There is no monitoring"),
}
"""What is not a backend's to do here, in the words that 2.x has for it."""


class Requests201:
    """The requests of a 2.x backend."""

    def __init__(self, trade: Trade, version: OcppVersion) -> None:
        """Do what is asked with these parts."""
        self._trade = trade
        self._version = version
        variables = Variables201(trade, version)
        self.handlers: Mapping[str, Handler] = {
            "RequestStartTransaction": self._start,
            "RequestStopTransaction": self._stop,
            "SetChargingProfile": self._set_profile,
            "ClearChargingProfile": self._clear_profile,
            "GetChargingProfiles": self._get_profiles,
            "GetCompositeSchedule": self._composite,
            "GetTransactionStatus": self._transaction_status,
            "SetVariables": variables.set,
            "GetVariables": variables.get,
            "GetBaseReport": variables.base_report,
            "GetReport": variables.report,
            "Reset": self._reset,
            "UnlockConnector": self._unlock,
            "ChangeAvailability": self._availability,
            "TriggerMessage": self._trigger,
            "ClearCache": self._clear_cache,
            "DataTransfer": self._data,
            "SendLocalList": self._send_list,
            "GetLocalListVersion": self._list_version,
        }
        self.refusals = REFUSALS

    async def _start(self, ask: Ask) -> Payload:
        id_token = _token(ask.need_child("idToken"))
        remote_start_id, evse_id = ask.need_whole("remoteStartId"), ask.maybe_whole("evseId")
        if id_token is None:
            return _no("InvalidIdToken")
        asked = ask.child("chargingProfile")
        answer = await self._trade.charging.start(self._version, id_token, evse_id, remote_start_id, asked)
        return _told("Accepted" if taken(answer) else "Rejected", answer)

    async def _stop(self, ask: Ask) -> Payload:
        answer = await self._trade.charging.stop(ask.need_text("transactionId"))
        return _told("Accepted" if taken(answer) else "Rejected", answer)

    async def _set_profile(self, ask: Ask) -> Payload:
        evse_id = ask.need_whole("evseId")
        try:
            await self._trade.charging.set_profile(self._version, evse_id, ask.need_child("chargingProfile"))
        except ProfileRefusedError as err:
            return _refused("Rejected", err.reason, err.detail)
        return {"status": "Accepted"}

    async def _clear_profile(self, ask: Ask) -> Payload:
        profile_id, said = ask.maybe_whole("chargingProfileId"), ask.child("chargingProfileCriteria") or Ask({})
        criteria = ProfileCriteria(
            profile_ids=None if profile_id is None else frozenset({profile_id}),
            # With the number of a profile everything else is beside the point (K10.FR.03).
            evse_id=said.maybe_whole("evseId") if profile_id is None else None,
            purpose=said.text("chargingProfilePurpose") if profile_id is None else None,
            stack_level=said.maybe_whole("stackLevel") if profile_id is None else None,
        )
        return {"status": "Accepted" if await self._trade.charging.clear_profiles(criteria) else "Unknown"}

    async def _get_profiles(self, ask: Ask) -> Payload:
        request_id, said = ask.need_whole("requestId"), ask.need_child("chargingProfile")
        sources = said.texts("chargingLimitSource")
        criteria = ProfileCriteria(
            profile_ids=frozenset(said.wholes("chargingProfileId")) if said.has("chargingProfileId") else None,
            evse_id=ask.maybe_whole("evseId"),
            purpose=said.text("chargingProfilePurpose"),
            stack_level=said.maybe_whole("stackLevel"),
        )
        found = await self._trade.charging.profiles(criteria)
        if not found or (sources and _SOURCE not in sources):
            return {"status": "NoProfiles"}
        by_evse: dict[int, list[Payload]] = {}
        for profile, remote_id in found:
            by_evse.setdefault(profile.evse_id, []).append(reported(profile, remote_id))
        for number, (evse_id, profiles) in enumerate(sorted(by_evse.items()), 1):
            payload = {
                "requestId": request_id,
                "chargingLimitSource": _SOURCE,
                "evseId": evse_id,
                "chargingProfile": profiles,
                "tbc": number < len(by_evse),
            }
            self._trade.follow_up(self._version, "ReportChargingProfiles", payload)
        return {"status": "Accepted"}

    async def _composite(self, ask: Ask) -> Payload:
        evse_id, duration_s = ask.need_whole("evseId"), ask.need_whole("duration")
        unit = RateUnit(ask.one_of("chargingRateUnit", *RateUnit)) if ask.has("chargingRateUnit") else RateUnit.AMPERES
        schedule = self._trade.charging.composite(evse_id, duration_s, unit) if duration_s >= 0 else None
        if schedule is None:
            return _no("UnknownEvse" if duration_s >= 0 else "ValuePositiveOnly")
        return {
            "status": "Accepted",
            "schedule": {
                "evseId": evse_id,
                "duration": schedule.duration_s,
                "scheduleStart": stamp(schedule.start),
                "chargingRateUnit": unit.value,
                "chargingSchedulePeriod": [written(period) for period in schedule.periods],
            },
        }

    async def _transaction_status(self, ask: Ask) -> Payload:
        remote_id = ask.text("transactionId")
        if remote_id is None:
            return {"messagesInQueue": await self._trade.charging.something_waits()}
        known = await self._trade.charging.transaction(remote_id)
        if known is None:
            return {"ongoingIndicator": False, "messagesInQueue": False}
        return {"ongoingIndicator": known[0], "messagesInQueue": known[1]}

    async def _reset(self, ask: Ask) -> Payload:
        kind = ResetKind.HARD if ask.one_of("type", *_RESETS) == "Immediate" else ResetKind.SOFT
        if ask.has("evseId"):
            return _no("UnsupportedParam")
        answer = await self._trade.wishing.permitted(UpstreamPermit.RESET, WantReset(kind))
        return _told(_scheduled(answer), answer)

    async def _unlock(self, ask: Ask) -> Payload:
        evse_id, connector_id = ask.need_whole("evseId"), ask.need_whole("connectorId")
        evse = self._trade.grounds.evses(self._trade.station_id).get(evse_id)
        if evse is None or connector_id < 1:
            return _refused("UnknownConnector", "UnknownConnectorId", "There is no such connector")
        if evse.transaction is not None and evse.transaction.is_open:
            return {"status": "OngoingAuthorizedTransaction"}
        answer = await self._trade.wishing.permitted(UpstreamPermit.UNLOCK, WantUnlock(evse_id, connector_id))
        return _told("Unlocked" if taken(answer) else "UnlockFailed", answer)

    async def _availability(self, ask: Ask) -> Payload:
        operative = ask.one_of("operationalStatus", "Operative", "Inoperative") == "Operative"
        evse = ask.child("evse")
        evse_id = evse.need_whole("id") if evse is not None else 0
        if evse_id not in (0, *self._trade.evse_ids):
            return _no("UnknownEvse")
        wish = WantAvailability(evse_id, operative)
        answer = await self._trade.wishing.permitted(UpstreamPermit.AVAILABILITY, wish)
        return _told(_scheduled(answer), answer)

    async def _trigger(self, ask: Ask) -> Payload:
        message = TRIGGERS.get(ask.need_text("requestedMessage"))
        if message is None:
            return _refused("NotImplemented", "UnsupportedRequest", "This message is never sent here")
        evse = ask.child("evse")
        evse_id = evse.maybe_whole("id") if evse is not None else None
        if not self._trade.knows(evse_id):
            return _no("UnknownEvse")
        return {"status": "Accepted"} if self._trade.trigger(message, evse_id) else _no("NotFound")

    async def _clear_cache(self, _: Ask) -> Payload:
        self._trade.hooks.forget_answers()
        return {"status": "Accepted"}

    async def _data(self, ask: Ask) -> Payload:
        status, data = await self._trade.pass_on(ask)
        return {"status": status} | ({"data": data} if data is not None else {})

    async def _send_list(self, ask: Ask) -> Payload:
        cards = self._trade.cards
        if cards is None:
            return _refused("Failed", "NotEnabled", "Backends give no lists here")
        forbidden = self._trade.wishing.forbidden(UpstreamPermit.LOCAL_LIST)
        if forbidden is not None:
            return _told("Failed", forbidden)
        full = ask.one_of("updateType", "Full", "Differential") == "Full"
        version = ask.need_whole("versionNumber")
        entries, gone = [], set()
        for item in ask.children("localAuthorizationList"):
            token = _token(item.need_child("idToken"))
            info = item.child("idTokenInfo")
            if token is None:
                return _refused("Failed", "InvalidIdToken", "A card has no number that makes sense")
            if info is None and not full:
                gone.add(token.key)
            elif info is not None:
                entries.append(_entry(token, info))
        outcome = await cards.update(ListUpdate(version=version, full=full, entries=entries, gone=frozenset(gone)))
        return (
            _refused("Failed", "Unspecified", "Not taken")
            if outcome is ListOutcome.FAILED
            else {"status": str(outcome)}
        )

    async def _list_version(self, _: Ask) -> Payload:
        cards = self._trade.cards
        return {"versionNumber": cards.version if cards is not None else 0}


_RESETS = ("Immediate", "OnIdle", "ImmediateAndResume")


def _token(ask: Ask) -> IdToken | None:
    """Read an IdTokenType; None: it cannot be one."""
    value = ask.need_text("idToken")
    kind = (ask.text("type") or "").casefold()
    if len(value) > _LONGEST_TOKEN:
        return None
    return IdToken(value, next((known for known in IdTokenType if known.casefold() == kind), IdTokenType.CENTRAL))


def _entry(token: IdToken, info: Ask) -> LocalListEntry:
    group = info.child("groupIdToken")
    return LocalListEntry(
        id_token=token,
        accepted=(info.text("status") or "").casefold() == "accepted",
        expires_at=info.moment("cacheExpiryDateTime"),
        group=group.text("idToken") if group is not None else None,
    )


def _scheduled(answer: WishAnswer) -> str:
    if answer.outcome is WishOutcome.SCHEDULED:
        return "Scheduled"
    return "Accepted" if taken(answer) else "Rejected"


def _told(status: str, answer: WishAnswer) -> Payload:
    """Say how a wish was taken, and why where it was not."""
    if taken(answer):
        return {"status": status}
    reason = "UnsupportedRequest" if answer.outcome is WishOutcome.UNSUPPORTED else "Unspecified"
    said = answer.reason or reason
    if said.isalnum() and len(said) <= _LONGEST_REASON:
        return {"status": status, "statusInfo": {"reasonCode": said}}
    return _refused(status, reason, said[:500])


def _no(reason: str) -> Payload:
    return {"status": "Rejected", "statusInfo": {"reasonCode": reason}}
