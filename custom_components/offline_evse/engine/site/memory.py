"""What a site has to remember over restarts and no entry of the ledger tells: small, and rewritten in place."""

from typing import Protocol

from ..model.station import EvseKey, StationIdentity
from .register import SiteRegister
from .state import EvseState, StationState

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None


class Notebook(Protocol):
    """Where small facts are kept durably."""

    async def remember(self, key: str, value: Json) -> None:
        """Keep a fact, in place of what was kept under the key."""

    async def recall_all(self) -> dict[str, Json]:
        """Return everything that is kept."""


class SiteMemory:
    """Remembers stations as they introduced themselves, and what people set on EVSEs."""

    def __init__(self, notebook: Notebook, facts: dict[str, Json]) -> None:
        """Begin with the facts that the notebook holds."""
        self._notebook = notebook
        self._facts = facts

    @classmethod
    async def open(cls, notebook: Notebook) -> SiteMemory:
        """Read the notebook."""
        return cls(notebook, await notebook.recall_all())

    def text(self, key: str) -> str | None:
        """Return a remembered text."""
        fact = self._facts.get(key)
        return fact if isinstance(fact, str) else None

    def mapping(self, key: str) -> dict[str, Json]:
        """Return a remembered mapping; empty where there is none."""
        fact = self._facts.get(key)
        return fact if isinstance(fact, dict) else {}

    def mappings(self, prefix: str) -> dict[str, dict[str, Json]]:
        """Return every remembered mapping whose key begins so, by the rest of its key."""
        return {
            key[len(prefix) :]: fact
            for key, fact in self._facts.items()
            if key.startswith(prefix) and isinstance(fact, dict)
        }

    def facts(self, prefix: str) -> dict[str, Json]:
        """Return everything that is remembered under keys that begin so, by the rest of the key."""
        return {
            key[len(prefix) :]: fact for key, fact in self._facts.items() if key.startswith(prefix) and fact is not None
        }

    async def forget(self, prefix: str) -> None:
        """Forget everything whose key begins so."""
        for rest in self.facts(prefix):
            await self.keep(prefix + rest, None)

    async def keep(self, key: str, value: Json) -> None:
        """Remember a fact, unless it is what is remembered already."""
        if key in self._facts and self._facts[key] == value:
            return
        known, before = key in self._facts, self._facts.get(key)
        self._facts[key] = value
        try:
            await self._notebook.remember(key, value)
        except Exception:
            # Not kept: the next one who wants it kept must not be told that it is.
            if known:
                self._facts[key] = before
            else:
                self._facts.pop(key, None)
            raise

    def restore(self, register: SiteRegister, station_id: str) -> None:
        """Give a station back what was known of it, so that it is complete before it connects."""
        station = register.stations[station_id]
        known = self.mapping(f"station/{station_id}")
        station.identity = StationIdentity(
            vendor=station.identity.vendor or _text(known.get("vendor")),
            model=station.identity.model or _text(known.get("model")),
            serial_number=station.identity.serial_number or _text(known.get("serial_number")),
            firmware_version=station.identity.firmware_version or _text(known.get("firmware_version")),
        )
        evse_ids = known.get("evses")
        for evse_id in evse_ids if isinstance(evse_ids, list) else ():
            if isinstance(evse_id, int):
                register.evse(EvseKey(station_id, evse_id))

    def restore_evse(self, evse: EvseState) -> None:
        """Give an EVSE back what people set on it."""
        known = self.mapping(_evse_fact(evse.key))
        evse.paused = known.get("paused") is True
        limit_a = known.get("limit_a")
        evse.limit_a = min(float(limit_a), evse.maximum_a) if isinstance(limit_a, int | float) else None

    async def keep_station(self, station: StationState) -> None:
        """Remember how a station introduced itself, and its EVSEs."""
        identity = station.identity
        evse_ids: list[Json] = list(station.evse_ids)
        await self.keep(
            f"station/{station.station_id}",
            {
                "vendor": identity.vendor,
                "model": identity.model,
                "serial_number": identity.serial_number,
                "firmware_version": identity.firmware_version,
                "evses": evse_ids,
            },
        )

    async def keep_evse(self, evse: EvseState) -> None:
        """Remember what people set on an EVSE."""
        await self.keep(_evse_fact(evse.key), {"paused": evse.paused, "limit_a": evse.limit_a})


def _evse_fact(key: EvseKey) -> str:
    return f"evse/{key.station_id}/{key.evse_id}"


def _text(fact: Json) -> str | None:
    return fact if isinstance(fact, str) else None
