"""Stays as the hotel's own system tells of them: each once, however often, late or out of order it is told.

A stay is kept under a hash of its reservation number until two weeks after it is over, so that a check-in that
arrives after its check-out opens nothing.
"""

import asyncio
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from ...engine.model.credential import Credential
from ...engine.site.site import Site
from ..issuing import Issuing, PassWanted, with_limits
from ..settings import GuestSettings
from .message import HotelEvent, HotelMessage, MessageError, Stay

KEPT_FOR: Final = timedelta(days=14)
RETRY_S: Final = 600.0
"""How long a check-in that is repeated is answered with its code, in s. After that nobody here knows the code."""

NOTED: Final = "noted"
IN: Final = "checked_in"
OUT: Final = "checked_out"


@dataclass(slots=True, kw_only=True)
class _Record:
    """What is kept of a stay."""

    state: str
    stay: Stay
    stamps: dict[str, datetime] = field(default_factory=dict)
    """When what is known was written, by field, where that was said: of three messages, the second may come last."""
    stamp: datetime | None = None
    """The newest `sent_at` that was heeded."""
    pass_id: str | None = None
    heard: datetime

    def outdates(self, message: HotelMessage) -> bool:
        """Tell whether a message was written before one that was heeded already."""
        return self.stamp is not None and message.sent_at is not None and message.sent_at < self.stamp


class Reservations:
    """Turns what is told of stays into passes."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, site: Site, issuing: Issuing) -> None:
        """Begin knowing nothing; what is kept is read with the first message."""
        self._hass = hass
        self._entry = entry
        self._site = site
        self._issuing = issuing
        self._store: Store[dict[str, Any]] = store(hass, entry)
        self._records: dict[str, _Record] | None = None
        self._answers: dict[str, tuple[float, dict[str, Any]]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def heed(self, message: HotelMessage) -> dict[str, Any]:
        """Do what a message asks for, once; returns the answer. Raises MessageError, and what the ledger raises."""
        async with self._one_at_a_time:
            records = await self._load()
            record = records.get(message.reservation)
            if message.event is HotelEvent.CHECK_OUT:
                return await self._check_out(message, record)
            return await self._stay(message, record)

    async def _check_out(self, message: HotelMessage, record: _Record | None) -> dict[str, Any]:
        if record is not None and record.state != OUT and record.outdates(message):
            return {"status": record.state, "pass_id": record.pass_id, "outdated": True}
        for credential in self._passes_of(message.reservation, record):
            await self._site.passes.revoke(credential.id_token.value)
        await self._keep(
            message,
            _Record(
                state=OUT,
                # A guest who is gone needs no room here, and nobody else his card.
                stay=Stay(departure=record.stay.departure if record else message.stay.departure),
                stamp=_newest(record, message),
                heard=dt_util.utcnow(),
            ),
        )
        self._answers.pop(message.reservation, None)
        return {"status": OUT}

    async def _stay(self, message: HotelMessage, record: _Record | None) -> dict[str, Any]:
        """Check in, or change what is known of a stay."""
        if record is not None and record.state == OUT:
            again = message.event is HotelEvent.CHECK_IN and record.stamp is not None and message.sent_at is not None
            if not again or record.outdates(message) or message.sent_at == record.stamp:
                return {"status": OUT, "outdated": True}
            record = None
        stay, stamps = _merged(record, message)
        kept = _Record(
            state=IN if message.event is HotelEvent.CHECK_IN else record.state if record else NOTED,
            stay=stay,
            stamps=stamps,
            stamp=_newest(record, message),
            pass_id=record.pass_id if record else None,
            heard=dt_util.utcnow(),
        )
        if kept.state == NOTED:
            await self._keep(message, kept)
            return {"status": NOTED}
        answer = await self._with_pass(message, kept, known=record is not None and record.state == IN)
        await self._keep(message, kept)
        return answer

    async def _with_pass(self, message: HotelMessage, kept: _Record, *, known: bool) -> dict[str, Any]:
        """Make the pass agree with the stay; notes its id in `kept`."""
        stay = kept.stay
        if stay.room is None or stay.departure is None:
            missing = {"room": stay.room, "departure": stay.departure}
            raise MessageError({name: "is needed" for name, value in missing.items() if value is None})
        if stay.departure <= dt_util.utcnow():
            raise MessageError({"departure": "is over already"})
        present = next(iter(self._passes_of(message.reservation, kept)), None)
        if present is not None and stay.card and present.id_token.key != stay.card.casefold():
            await self._site.passes.revoke(present.id_token.value)
            present, known = None, False
        if present is None:
            if known and not message.renew_code:
                # Somebody at the desk has revoked it, which a repeated message does not undo.
                return {"status": "revoked", "pass_id": kept.pass_id}
            answer = await self._issue(message, stay, stay.room, stay.departure)
        elif message.renew_code and stay.card is None:
            await self._change(present, stay, stay.room)
            answer = await self._issuing.renew(present.id_token.value, message.guest)
        else:
            changed = await self._change(present, stay, stay.room)
            until_s, answer = self._answers.get(message.reservation, (0.0, {}))
            if message.event is not HotelEvent.CHECK_IN or until_s <= self._hass.loop.time():
                answer = {"code": None, "link": None, "qr": None, "slip": None}
            answer = {**answer, **self._issuing.described(changed)}
        kept.pass_id = answer["pass_id"]
        now_s = self._hass.loop.time()
        self._answers = {key: it for key, it in self._answers.items() if it[0] > now_s}
        if answer.get("code"):
            self._answers[message.reservation] = (now_s + RETRY_S, answer)
        return {"status": IN, **answer}

    async def _issue(self, message: HotelMessage, stay: Stay, room: str, departure: datetime) -> dict[str, Any]:
        wanted = PassWanted(
            name=room,
            valid_from=stay.arrival,
            valid_until=departure,
            form=stay.form,
            card=stay.card,
            terms=stay.terms,
            group=message.reservation,
            guest=message.guest,
        )
        try:
            return await self._issuing.issue(wanted)
        except ValueError as err:
            # The times have been looked at: it is the card that is somebody's.
            raise MessageError({"card": "is in use"}) from err

    async def _change(self, credential: Credential, stay: Stay, room: str) -> Credential:
        """Change a pass where the stay says something else; its code stays good."""
        terms = with_limits(stay.terms, GuestSettings.of(self._entry).limits)
        changed = replace(
            credential,
            name=room,
            terms=replace(
                credential.terms,
                valid_from=stay.arrival or credential.terms.valid_from,
                valid_until=stay.departure,
                session_wh=terms.session_wh,
                day_wh=terms.day_wh,
                total_wh=terms.total_wh,
                station_ids=terms.station_ids,
            ),
        )
        if changed != credential:
            await self._site.enrol_card(changed)
        return changed

    def _passes_of(self, reservation: str, record: _Record | None) -> list[Credential]:
        """Find the passes of a stay: by its group too, where a power cut came between the pass and our note of it."""
        return [
            it
            for it in self._site.passes.all()
            if it.group == reservation or (record is not None and it.id_token.value == record.pass_id)
        ]

    async def _load(self) -> dict[str, _Record]:
        if self._records is None:
            kept = (await self._store.async_load() or {}).get("stays", {})
            self._records = {key: _record(data) for key, data in kept.items()}
        return self._records

    async def _keep(self, message: HotelMessage, record: _Record) -> None:
        """Write a stay down, and forget those that are long over."""
        records = await self._load()
        records[message.reservation] = record
        oldest = dt_util.utcnow() - KEPT_FOR
        for key, it in tuple(records.items()):
            if it.heard < oldest and (it.stay.departure is None or it.stay.departure < oldest):
                del records[key]
        await self._store.async_save({"stays": {key: _data(it) for key, it in records.items()}})


def store(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Any]]:
    """Return where the stays of a site are kept."""
    return Store(hass, 1, f"{DOMAIN}.{entry.entry_id}.stays", private=True, atomic_writes=True)


def _merged(record: _Record | None, message: HotelMessage) -> tuple[Stay, dict[str, datetime]]:
    """Join what is known with what is said now: of each field, what was written last."""
    known = record.stay if record else Stay()
    stamps = dict(record.stamps) if record else {}
    newer: dict[str, Any] = {}
    for name, value in message.stay.said().items():
        written = stamps.get(name)
        if written is not None and message.sent_at is not None and message.sent_at < written:
            continue
        newer[name] = value
        if message.sent_at is not None:
            stamps[name] = message.sent_at
    return replace(known, **newer), stamps


def _newest(record: _Record | None, message: HotelMessage) -> datetime | None:
    stamps = [stamp for stamp in (record.stamp if record else None, message.sent_at) if stamp is not None]
    return max(stamps, default=None)


def _data(record: _Record) -> dict[str, Any]:
    """Turn a record into JSON."""
    stay = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(record.stay).items()
        if value is not None
    }
    return {
        "state": record.state,
        "stay": stay,
        "stamps": {name: stamp.isoformat() for name, stamp in record.stamps.items()},
        "stamp": record.stamp.isoformat() if record.stamp else None,
        "pass_id": record.pass_id,
        "heard": record.heard.isoformat(),
    }


def _record(data: dict[str, Any]) -> _Record:
    """Read a record back."""
    stay = dict(data["stay"])
    for name in ("arrival", "departure"):
        if name in stay:
            stay[name] = datetime.fromisoformat(stay[name])
    if "station_ids" in stay:
        stay["station_ids"] = tuple(stay["station_ids"])
    return _Record(
        state=data["state"],
        stay=Stay(**stay),
        stamps={name: datetime.fromisoformat(stamp) for name, stamp in data["stamps"].items()},
        stamp=datetime.fromisoformat(data["stamp"]) if data["stamp"] else None,
        pass_id=data["pass_id"],
        heard=datetime.fromisoformat(data["heard"]),
    )
