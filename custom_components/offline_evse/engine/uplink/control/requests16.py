"""What a 1.6 backend asks, and the words in which it is answered (1.6 §5, and the security whitepaper)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ...model.id_token import IdToken
from ...model.local_list import LocalListEntry
from ...model.station import OcppVersion, ResetKind
from ...model.upstream.config import UpstreamPermit
from ...model.upstream.wish import RateUnit, WantAvailability, WantReset, WantUnlock, WishAnswer, WishOutcome
from .charging import ProfileCriteria, taken
from .limits.profiles import ProfileRefusedError, stamp, written
from .limits.schedule import DEFAULT_PURPOSE, MAX_PURPOSE, TX_PURPOSE
from .local_list import ListOutcome, ListUpdate
from .reading import Ask, UnreadableError
from .settings.configuration import Change
from .settings.keys import ITEMS, Access, Key
from .trade import TRIGGERS, Trade

type Payload = dict[str, Any]
type Handler = Callable[[Ask], Awaitable[Payload]]

_V16 = OcppVersion.V16
_PURPOSES = {"ChargePointMaxProfile": MAX_PURPOSE, DEFAULT_PURPOSE: DEFAULT_PURPOSE, TX_PURPOSE: TX_PURPOSE}
_LONGEST_TAG = 20

REFUSALS: Mapping[str, Payload] = {
    "ReserveNow": {"status": "Rejected"},
    "CancelReservation": {"status": "Rejected"},
    # No file name: there are no diagnostics for whoever asks (§6.25).
    "GetDiagnostics": {},
    "GetLog": {"status": "Rejected"},
    "SignedUpdateFirmware": {"status": "Rejected"},
    "InstallCertificate": {"status": "Rejected"},
    "DeleteCertificate": {"status": "Failed"},
    "CertificateSigned": {"status": "Rejected"},
    "GetInstalledCertificateIds": {"status": "NotFound"},
}
"""What is not a backend's to do here, in the words that 1.6 has for it."""


class Requests16:
    """The requests of a 1.6 backend."""

    def __init__(self, trade: Trade) -> None:
        """Do what is asked with these parts."""
        self._trade = trade
        self.handlers: Mapping[str, Handler] = {
            "RemoteStartTransaction": self._remote_start,
            "RemoteStopTransaction": self._remote_stop,
            "SetChargingProfile": self._set_profile,
            "ClearChargingProfile": self._clear_profile,
            "GetCompositeSchedule": self._composite,
            "ChangeConfiguration": self._change_configuration,
            "GetConfiguration": self._get_configuration,
            "Reset": self._reset,
            "UnlockConnector": self._unlock,
            "ChangeAvailability": self._availability,
            "TriggerMessage": self._trigger,
            "ExtendedTriggerMessage": self._trigger,
            "ClearCache": self._clear_cache,
            "DataTransfer": self._data,
            "SendLocalList": self._send_list,
            "GetLocalListVersion": self._list_version,
        }
        self.refusals = REFUSALS

    async def _remote_start(self, ask: Ask) -> Payload:
        tag = ask.need_text("idTag")
        evse_id = ask.maybe_whole("connectorId")
        if evse_id == 0 or len(tag) > _LONGEST_TAG:
            return _status("Rejected")
        asked = ask.child("chargingProfile")
        return _accepted(await self._trade.charging.start(_V16, IdToken(tag), evse_id, None, asked))

    async def _remote_stop(self, ask: Ask) -> Payload:
        return _accepted(await self._trade.charging.stop(ask.need_text("transactionId")))

    async def _set_profile(self, ask: Ask) -> Payload:
        evse_id = ask.need_whole("connectorId")
        try:
            await self._trade.charging.set_profile(_V16, evse_id, ask.need_child("csChargingProfiles"))
        except ProfileRefusedError:
            return _status("Rejected")
        return _status("Accepted")

    async def _clear_profile(self, ask: Ask) -> Payload:
        purpose = ask.one_of("chargingProfilePurpose", *_PURPOSES) if ask.has("chargingProfilePurpose") else None
        profile_id = ask.maybe_whole("id")
        criteria = ProfileCriteria(
            profile_ids=None if profile_id is None else frozenset({profile_id}),
            evse_id=ask.maybe_whole("connectorId"),
            purpose=_PURPOSES[purpose] if purpose is not None else None,
            stack_level=ask.maybe_whole("stackLevel"),
        )
        return _status("Accepted" if await self._trade.charging.clear_profiles(criteria) else "Unknown")

    async def _composite(self, ask: Ask) -> Payload:
        evse_id, duration_s = ask.need_whole("connectorId"), ask.need_whole("duration")
        unit = RateUnit(ask.one_of("chargingRateUnit", *RateUnit)) if ask.has("chargingRateUnit") else RateUnit.AMPERES
        schedule = self._trade.charging.composite(evse_id, duration_s, unit) if duration_s >= 0 else None
        if schedule is None:
            return _status("Rejected")
        start = stamp(schedule.start)
        return {
            "status": "Accepted",
            "connectorId": evse_id,
            "scheduleStart": start,
            "chargingSchedule": {
                "duration": schedule.duration_s,
                "startSchedule": start,
                "chargingRateUnit": unit.value,
                "chargingSchedulePeriod": [written(period) for period in schedule.periods],
            },
        }

    async def _change_configuration(self, ask: Ask) -> Payload:
        settings = self._trade.settings
        change = await settings.change(settings.find(ask.need_text("key")), ask.text("value") or "")
        return _status("NotSupported" if change is Change.UNKNOWN else change.value)

    async def _get_configuration(self, ask: Ask) -> Payload:
        settings = self._trade.settings
        names = ask.texts("key")
        if len(names) > ITEMS:
            raise UnreadableError(f"more than {ITEMS} keys")
        shown = settings.shown(_V16)
        if not names:
            return {"configurationKey": [self._key(key) for key in shown], "unknownKey": []}
        known = {key.name.casefold(): key for key in shown}
        wanted = dict.fromkeys(name.casefold() for name in names)
        return {
            "configurationKey": [self._key(known[name]) for name in wanted if name in known],
            "unknownKey": list(dict.fromkeys(name[:50] for name in names if name.casefold() not in known)),
        }

    def _key(self, key: Key) -> Payload:
        readonly = key.access is not Access.WRITE
        return {"key": key.name, "readonly": readonly, "value": self._trade.settings.value(key)}

    async def _reset(self, ask: Ask) -> Payload:
        kind = ResetKind.HARD if ask.one_of("type", "Hard", "Soft") == "Hard" else ResetKind.SOFT
        return _accepted(await self._trade.wishing.permitted(UpstreamPermit.RESET, WantReset(kind)))

    async def _unlock(self, ask: Ask) -> Payload:
        evse_id = ask.need_whole("connectorId")
        if evse_id not in self._trade.evse_ids:
            return _status("NotSupported")
        answer = await self._trade.wishing.permitted(UpstreamPermit.UNLOCK, WantUnlock(evse_id))
        if answer.outcome is WishOutcome.UNSUPPORTED:
            return _status("NotSupported")
        return _status("Unlocked" if taken(answer) else "UnlockFailed")

    async def _availability(self, ask: Ask) -> Payload:
        evse_id = ask.need_whole("connectorId")
        operative = ask.one_of("type", "Operative", "Inoperative") == "Operative"
        if evse_id not in (0, *self._trade.evse_ids):
            return _status("Rejected")
        wish = WantAvailability(evse_id, operative)
        answer = await self._trade.wishing.permitted(UpstreamPermit.AVAILABILITY, wish)
        return _status("Scheduled") if answer.outcome is WishOutcome.SCHEDULED else _accepted(answer)

    async def _trigger(self, ask: Ask) -> Payload:
        message = TRIGGERS.get(ask.need_text("requestedMessage"))
        if message is None:
            return _status("NotImplemented")
        return _status("Accepted" if self._trade.trigger(message, ask.maybe_whole("connectorId")) else "Rejected")

    async def _clear_cache(self, _: Ask) -> Payload:
        self._trade.hooks.forget_answers()
        return _status("Accepted")

    async def _data(self, ask: Ask) -> Payload:
        status, data = await self._trade.pass_on(ask)
        return _status(status) | ({"data": data} if data is not None else {})

    async def _send_list(self, ask: Ask) -> Payload:
        cards = self._trade.cards
        if cards is None:
            return _status("NotSupported")
        full = ask.one_of("updateType", "Full", "Differential") == "Full"
        version = ask.need_whole("listVersion")
        entries, gone = [], set()
        for item in ask.children("localAuthorizationList"):
            token = IdToken(item.need_text("idTag")[:_LONGEST_TAG])
            info = item.child("idTagInfo")
            if info is None and not full:
                gone.add(token.key)
            elif info is not None:
                entries.append(
                    LocalListEntry(
                        id_token=token,
                        accepted=(info.text("status") or "").casefold() == "accepted",
                        expires_at=info.moment("expiryDate"),
                        group=info.text("parentIdTag"),
                    )
                )
        if self._trade.wishing.forbidden(UpstreamPermit.LOCAL_LIST) is not None:
            return _status(ListOutcome.FAILED)
        update = ListUpdate(version=version, full=full, entries=entries, gone=frozenset(gone))
        return _status(await cards.update(update))

    async def _list_version(self, _: Ask) -> Payload:
        cards = self._trade.cards
        # -1: there are no lists here (§6.28); 0: there is room for one.
        return {"listVersion": cards.version if cards is not None else -1}


def _status(status: str) -> Payload:
    return {"status": str(status)}


def _accepted(answer: WishAnswer) -> Payload:
    return _status("Accepted" if taken(answer) else "Rejected")
