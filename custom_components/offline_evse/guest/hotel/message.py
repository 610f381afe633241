"""What a hotel's own system says of a stay, read strictly: what is wrong is said field by field."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Self

from homeassistant.util import dt as dt_util

from ...engine.model.credential import PassForm, Terms
from ..settings import watt_hours

LONGEST_TEXT: Final = 100
LEAST_KWH: Final = 0.001
MOST_KWH: Final = 100_000.0
KNOWN: Final = frozenset(
    {"event", "reservation", "room", "guest", "arrival", "departure", "limits", "card", "sent_at", "renew_code"}
)
LIMITS: Final = {"session_kwh": "session_wh", "day_kwh": "day_wh", "total_kwh": "total_wh"}


class HotelEvent(StrEnum):
    """What happens to a stay."""

    CHECK_IN = "check_in"
    CHANGE = "change"
    CHECK_OUT = "check_out"


class MessageError(ValueError):
    """A message cannot be used; `faults` says why, by field."""

    def __init__(self, faults: dict[str, str]) -> None:
        """Say what is wrong."""
        super().__init__(", ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """What is known of a stay. What is None has not been said."""

    room: str | None = None
    arrival: datetime | None = None
    departure: datetime | None = None
    card: str | None = None
    session_wh: int | None = None
    day_wh: int | None = None
    total_wh: int | None = None
    station_ids: tuple[str, ...] | None = None

    def said(self) -> dict[str, Any]:
        """Return what has been said, by field."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}

    @property
    def form(self) -> PassForm:
        """The form of its pass."""
        return PassForm.CARD if self.card else PassForm.CODE

    @property
    def terms(self) -> Terms:
        """Its limits."""
        return Terms(
            valid_from=self.arrival,
            valid_until=self.departure,
            session_wh=self.session_wh,
            day_wh=self.day_wh,
            total_wh=self.total_wh,
            station_ids=frozenset(self.station_ids or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HotelMessage:
    """One message."""

    event: HotelEvent
    reservation: str
    """Stands for the reservation's own number, which is not kept."""
    stay: Stay
    guest: str | None = None
    sent_at: datetime | None = None
    """When the hotel's system wrote it, where it says so: decides which of two messages is the newer one."""
    renew_code: bool = False

    @classmethod
    def read(cls, body: object, *, check_out: time, chargers: dict[str, str]) -> Self:
        """Read a message; raises MessageError.

        Args:
            body: Decoded JSON.
            check_out: When a stay ends of whose end only the day is said.
            chargers: Station ids by what people may call them, in lower case.
        """
        if not isinstance(body, dict):
            raise MessageError({"body": "has to be a JSON object"})
        reader = _Reader(body)
        event = reader.choice("event", [str(event) for event in HotelEvent])
        reservation = reader.text("reservation", needed=True)
        card = reader.text("card", longest=36)
        stay = Stay(
            room=reader.text("room"),
            arrival=reader.moment("arrival", time.min),
            departure=reader.moment("departure", check_out),
            card=card,
            **reader.limits(),
            station_ids=reader.chargers(chargers),
        )
        if stay.arrival and stay.departure and stay.departure <= stay.arrival:
            reader.faults["departure"] = "has to be after the arrival"
        guest = reader.text("guest")
        sent_at = reader.moment("sent_at", time.min)
        renew_code = reader.flag("renew_code")
        reader.faults |= {str(name): "is not known" for name in body.keys() - KNOWN}
        if reader.faults or event is None or reservation is None:
            raise MessageError(reader.faults)
        return cls(
            event=HotelEvent(event),
            reservation=reservation_key(reservation),
            stay=stay,
            guest=guest,
            sent_at=sent_at,
            renew_code=renew_code,
        )


def reservation_key(reservation: str) -> str:
    """Return what stands for a reservation number: it also groups the pass, and OCPP gives groups 20 characters."""
    return f"R{sha256(reservation.encode()).hexdigest()[:19]}".upper()


class _Reader:
    """Reads fields, and collects what is wrong with them."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body
        self.faults: dict[str, str] = {}

    def text(self, name: str, *, needed: bool = False, longest: int = LONGEST_TEXT) -> str | None:
        value = self._body.get(name)
        # A room number is a number in many systems.
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None or (isinstance(value, str) and not value.strip()):
            if needed:
                self.faults[name] = "is needed"
            return None
        if not isinstance(value, str) or len(value.strip()) > longest or not value.strip().isprintable():
            self.faults[name] = f"has to be a text of at most {longest} characters"
            return None
        return value.strip()

    def choice(self, name: str, options: list[str]) -> str | None:
        value = self._body.get(name)
        if isinstance(value, str) and (word := value.strip().lower().replace("-", "_")) in options:
            return word
        self.faults[name] = f"has to be one of {', '.join(options)}"
        return None

    def flag(self, name: str) -> bool:
        value = self._body.get(name, False)
        if not isinstance(value, bool):
            self.faults[name] = "has to be true or false"
            return False
        return value

    def moment(self, name: str, of_day: time) -> datetime | None:
        """Read a moment: with an offset, or in local time; of a day alone, the given time."""
        value = self._body.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                if len(value.strip()) <= 10:
                    day = date.fromisoformat(value.strip())
                    return dt_util.as_utc(datetime.combine(day, of_day, dt_util.get_default_time_zone()))
                return dt_util.as_utc(datetime.fromisoformat(value.strip()))
            except ValueError, OverflowError:
                pass
        self.faults[name] = "has to be a date or a date and time (ISO 8601)"
        return None

    def limits(self) -> dict[str, Any]:
        value = self._body.get("limits")
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.faults["limits"] = "has to be an object"
            return {}
        read: dict[str, Any] = {}
        for name, given in value.items():
            if name == "chargers":
                continue
            if name not in LIMITS:
                self.faults[f"limits.{name}"] = "is not known"
            elif isinstance(given, bool) or not isinstance(given, int | float) or not LEAST_KWH <= given <= MOST_KWH:
                self.faults[f"limits.{name}"] = "has to be a number of kWh above 0"
            else:
                read[LIMITS[name]] = watt_hours(given)
        return read

    def chargers(self, known: dict[str, str]) -> tuple[str, ...] | None:
        value = self._body.get("limits")
        names = value.get("chargers") if isinstance(value, dict) else None
        if names is None:
            return None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self.faults["limits.chargers"] = "has to be a list of names"
            return None
        unknown = [name for name in names if name.strip().lower() not in known]
        if unknown:
            self.faults["limits.chargers"] = f"are not at this site: {', '.join(unknown)}"[:200]
            return None
        return tuple(sorted({known[name.strip().lower()] for name in names}))
