"""Events: a card is presented, a session starts, a session ends."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .engine.model.decision import Decision, DecisionBasis, Refusal
from .engine.model.id_token import AuthorizationStatus
from .engine.model.station import EvseKey
from .engine.model.transaction import Transaction
from .engine.site.announcement import Announcement, CardPresented, EvidencePresented, SessionEnded, SessionStarted
from .engine.site.site import Site
from .engine.site.state import EvseState, Listened, StationState
from .entity import OfflineEvseEntity, OfflineEvseEntityDescription, add_charger_entities, add_connector_entities
from .people.card_list import masked
from .runtime import OfflineEvseConfigEntry
from .sentences import Sentences

PARALLEL_UPDATES = 0

type Happening = tuple[str, dict[str, Any]]
"""The type of an event, and its attributes."""

CARD_ACCEPTED = "accepted"
CARD_BLOCKED = "blocked"
CARD_EXPIRED = "expired"
CARD_IN_USE = "in_use"
CARD_REFUSED = "refused"
CARD_UNKNOWN = "unknown_card"

SESSION_STARTED = "started"
SESSION_ENDED = "ended"

_CARD_EVENTS = {
    AuthorizationStatus.ACCEPTED: CARD_ACCEPTED,
    AuthorizationStatus.BLOCKED: CARD_BLOCKED,
    AuthorizationStatus.EXPIRED: CARD_EXPIRED,
    AuthorizationStatus.CONCURRENT_TX: CARD_IN_USE,
    AuthorizationStatus.UNKNOWN: CARD_UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class OfflineEvseEventDescription[StateT: Listened](OfflineEvseEntityDescription[StateT], EventEntityDescription):
    """Describe an event entity."""

    happening_fn: Callable[[Site, StateT, Announcement, Sentences], Happening | None]
    """What an announcement means here; None: nothing."""


def _card_presented(site: Site, station: StationState, news: Announcement, sentences: Sentences) -> Happening | None:
    """Tell of a card at this charger, or of what came in place of one, with all that was decided about it."""
    if not isinstance(news, CardPresented | EvidencePresented) or news.station_id != station.station_id:
        return None
    decision = news.decision
    if decision.basis in (DecisionBasis.REMOTE_START, DecisionBasis.RUNNING):
        # A charger that asks whether it may do what it was told to do: nobody stands there with a card.
        return None
    running = _running_session(site, news.evse, decision)
    return _card_event(decision), {
        "name": decision.name,
        "card": masked(decision.id_token.value),
        "connector": news.evse and news.evse.evse_id,
        "basis": decision.basis.value,
        "age_s": None if decision.age_s is None else round(decision.age_s),
        "level": decision.level.name.lower(),
        "refusal": decision.refusal and decision.refusal.value,
        "source": decision.source,
        "kind": decision.kind and decision.kind.value,
        "at_risk": decision.at_risk,
        "limit_kwh": None if decision.limits.energy_wh is None else decision.limits.energy_wh / 1000,
        "limit_minutes": None if decision.limits.duration_s is None else round(decision.limits.duration_s / 60),
        "charging_there": running and running.name,
        "sentence": _sentence(decision, running, sentences),
    }


def _running_session(site: Site, key: EvseKey | None, decision: Decision) -> Transaction | None:
    """Return the session that runs there for somebody else."""
    evse = None if key is None else site.evses.get(key)
    if evse is None or not evse.has_transaction or evse.transaction is None:
        return None
    token = evse.transaction.id_token
    return None if token is not None and token.key == decision.id_token.key else evse.transaction


def _sentence(decision: Decision, running: Transaction | None, sentences: Sentences) -> str | None:
    """Say why somebody is not let in, or why their card does not end what runs there; None: nothing is in the way."""
    if decision.basis in (DecisionBasis.GROUP, DecisionBasis.MASTER) and decision.accepted:
        return None
    if running is not None:
        key = "refused_not_theirs_unknown" if running.name is None else "refused_not_theirs"
        return sentences.say(key, name=running.name or "")
    if decision.refusal is None:
        return None
    # Whose session it is, the two sentences above say where it is known.
    plain = "not_theirs_plain" if decision.refusal is Refusal.NOT_THEIRS else decision.refusal.value
    return sentences.say(f"refused_{plain}")


def _card_event(decision: Decision) -> str:
    if not decision.accepted and decision.basis is DecisionBasis.UNKNOWN_CARD:
        return CARD_UNKNOWN
    return _CARD_EVENTS.get(decision.status, CARD_REFUSED)


def _session(_: Site, evse: EvseState, news: Announcement, __: Sentences) -> Happening | None:
    """Tell of a session on this connector; one that a charger reports late says so."""
    if not isinstance(news, SessionStarted | SessionEnded) or news.evse != evse.key:
        return None
    transaction = news.transaction
    attributes: dict[str, Any] = {
        "session_id": transaction.session_id,
        "name": transaction.name,
        "started_at": transaction.started_at.isoformat(),
        "reported_late": transaction.offline,
    }
    if isinstance(news, SessionStarted):
        return SESSION_STARTED, attributes
    ended_at = transaction.ended_at
    return SESSION_ENDED, attributes | {
        "ended_at": ended_at and ended_at.isoformat(),
        "duration_s": ended_at and round((ended_at - transaction.started_at).total_seconds()),
        "energy_wh": transaction.energy_wh,
        "stop_reason": transaction.stop_reason,
        "stop_cause": transaction.stop_cause and transaction.stop_cause.value,
        "vehicle": evse.vehicle and evse.vehicle.name,
    }


CHARGER_EVENTS: tuple[OfflineEvseEventDescription[StationState], ...] = (
    OfflineEvseEventDescription(
        key="card_presented",
        translation_key="card_presented",
        event_types=[CARD_ACCEPTED, CARD_BLOCKED, CARD_EXPIRED, CARD_IN_USE, CARD_REFUSED, CARD_UNKNOWN],
        offline=True,
        happening_fn=_card_presented,
    ),
)

CONNECTOR_EVENTS: tuple[OfflineEvseEventDescription[EvseState], ...] = (
    OfflineEvseEventDescription(
        key="session",
        translation_key="session",
        event_types=[SESSION_STARTED, SESSION_ENDED],
        offline=True,
        happening_fn=_session,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: OfflineEvseConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the event entities."""
    add_charger_entities(hass, entry, async_add_entities, OfflineEvseEvent, CHARGER_EVENTS)
    add_connector_entities(hass, entry, async_add_entities, OfflineEvseEvent, CONNECTOR_EVENTS)


class OfflineEvseEvent[StateT: Listened](OfflineEvseEntity[StateT, None], EventEntity):
    """What happened last, of one kind, in one place.

    It stays available while its charger is offline: a state that comes and goes would look like the event itself to
    whoever triggers on it.
    """

    entity_description: OfflineEvseEventDescription[StateT]

    @override
    def _read(self) -> None:
        return None

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self._place.site.announce_to(self._announced))

    @callback
    def _announced(self, news: Announcement) -> None:
        """Fire if the news is about this place."""
        happening = self.entity_description.happening_fn(
            self._place.site, self._place.state, news, Sentences(self.hass)
        )
        if happening is not None:
            self._trigger_event(*happening)
            self.async_write_ha_state()
