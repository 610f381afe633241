"""Sensors that speak in sentences: why a car has no more, and what would be without Home Assistant."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final, NamedTuple

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfElectricCurrent

from ..engine.model.offer import LimitReason
from ..engine.model.outlook import Outlook
from ..engine.model.phases import Phase
from ..engine.model.station import EvseKey
from ..engine.site.site import Site
from ..engine.site.state import EvseState, SiteState
from ..engine.site.uplinks.limits import upstream_of
from ..sentences import LONGEST, Sentences, amperes, kilowatts
from .sensors import OfflineEvseSensorDescription

OUTLOOK_SAFE: Final = "safe"
OUTLOOK_TIGHT: Final = "tight"
OUTLOOK_OVERLOAD: Final = "overload"

MOVED_LEAST: Final = 1.0
"""How far a figure may be from the one in a sentence, in A (or W), without another one being said ..."""
MOVED_SHARE: Final = 0.1
"""... and as a share of it; the larger of both counts."""

_SHARED: Final = frozenset(
    {
        LimitReason.CIRCUIT,
        LimitReason.CIRCUIT_POWER,
        LimitReason.GRID,
        LimitReason.PEAK,
        LimitReason.PRIORITY,
        LimitReason.SOLAR,
        LimitReason.WAITING_TURN,
    }
)
"""Limits that several share: only there does it help anybody to know how much more it would take."""


class _Said(NamedTuple):
    """A sentence that was said, and what it said."""

    meaning: tuple[object, ...]
    missing_a: float | None
    sentence: str


class LimitExplainer:
    """Says in a sentence why an offer is not higher.

    A sentence stays as it is until it would mean something else: numbers that move with every report of the meter
    would fill the activity of the connector with the same sentence over and over.
    """

    def __init__(self, sentences: Sentences) -> None:
        """Begin with nothing said."""
        self._sentences = sentences
        self._said: dict[EvseKey, _Said] = {}

    def value(self, site: Site, evse: EvseState) -> str:
        """Return the sentence about the present offer of a connector."""
        meaning, missing_a = _meaning(evse), evse.offer.missing_a
        said = self._said.get(evse.key)
        if said is None or said.meaning != meaning or _moved(said.missing_a, missing_a):
            said = self._said[evse.key] = _Said(meaning, missing_a, self._sentence(site, evse))
        return said.sentence

    def _sentence(self, site: Site, evse: EvseState) -> str:
        offer = evse.offer
        binding = offer.binding
        circuit = None if binding.circuit_id is None else site.state.layout.get(binding.circuit_id)
        filled = {"current": amperes(offer.current_a), "circuit": site.config.name if circuit is None else circuit.name}
        reason = str(binding.reason)
        if binding.reason is LimitReason.NOT_CHARGING:
            reason = _idle(evse)
        elif binding.reason is LimitReason.CIRCUIT and circuit is not None and binding.phase is not None:
            left_a = site.state.available_a(circuit.circuit_id)
            limit_a = circuit.limit_a[binding.phase]
            filled["phase"] = binding.phase.name
            filled["limit"] = amperes(limit_a)
            filled["taken"] = amperes(limit_a if left_a is None else max(0.0, limit_a - left_a[binding.phase]))
        elif binding.reason is LimitReason.CIRCUIT_POWER and circuit is not None and circuit.limit_w is not None:
            filled["limit"] = kilowatts(circuit.limit_w)
        elif binding.reason in (LimitReason.CIRCUIT, LimitReason.CIRCUIT_POWER):
            reason = "somewhere"
        elif binding.reason is LimitReason.BACKEND:
            reason = _backend(site.state, evse, filled)
        elif (wait_s := site.longest_wait_s(evse.key)) is not None:
            reason = "waiting_at_most"
            filled["minutes"] = str(ceil(wait_s / 60))
        parts = [self._sentences.say(f"why_{reason}", **filled)]
        if offer.missing_a is not None and binding.reason in _SHARED:
            parts.append(self._sentences.say("why_missing", missing=amperes(ceil(offer.missing_a * 10 - 0.01) / 10)))
        return " ".join(parts)[:LONGEST]


def _backend(state: SiteState, evse: EvseState, filled: dict[str, str]) -> str:
    """Tell which sentence names the backend that allows no more, and fill in what it says."""
    limit = evse.upstream_limit
    shared_by = upstream_of(evse.offer.binding.limit_id)
    view = state.upstreams.get(shared_by or (limit.upstream_id if limit is not None else ""))
    if limit is None or view is None:
        return "backend_over"
    filled |= {"backend": view.name, "limit": amperes(limit.current_a)}
    return "backend" if shared_by is None else "backend_together"


def _idle(evse: EvseState) -> str:
    """Tell which sentence says why nothing asks for current: a person at a car that waits has to know what to do."""
    if evse.has_transaction or evse.plugged is None:
        return "not_charging"
    return "not_started" if evse.plugged else "not_plugged"


def _meaning(evse: EvseState) -> tuple[object, ...]:
    """Return what has to change before a new sentence is worth saying."""
    offer = evse.offer
    idle = _idle(evse) if offer.binding.reason is LimitReason.NOT_CHARGING else None
    limit = evse.upstream_limit if offer.binding.reason is LimitReason.BACKEND else None
    return (offer.binding, round(offer.current_a), offer.missing_a is None, idle, limit)


def _moved(said: float | None, now: float | None) -> bool:
    """Tell whether a figure is so far from the one that was said that it is worth another sentence."""
    if said is None or now is None:
        return said is not now
    return abs(now - said) > max(MOVED_LEAST, MOVED_SHARE * abs(said))


def explanation_sensors(sentences: Sentences) -> tuple[OfflineEvseSensorDescription[EvseState], ...]:
    """Describe the sensors of a connector that explain its offer."""
    return (
        OfflineEvseSensorDescription(
            key="limit_explanation",
            translation_key="limit_explanation",
            offline=True,
            value_fn=LimitExplainer(sentences).value,
        ),
        OfflineEvseSensorDescription(
            key="missing_current",
            translation_key="missing_current",
            device_class=SensorDeviceClass.CURRENT,
            state_class=SensorStateClass.MEASUREMENT,
            entity_registry_enabled_default=False,
            native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
            suggested_display_precision=1,
            offline=True,
            value_fn=lambda _, evse: None if evse.offer.missing_a is None else round(evse.offer.missing_a, 1),
        ),
    )


class OutlookTeller:
    """Says in a sentence what would happen without Home Assistant; as steadily as `LimitExplainer`."""

    def __init__(self, sentences: Sentences) -> None:
        """Begin with nothing said."""
        self._sentences = sentences
        self._said: tuple[Outlook, str] | None = None

    def value(self, _: Site, state: SiteState) -> str | None:
        """Return the sentence about the present outlook."""
        outlook = state.outlook
        if outlook is None:
            return None
        if self._said is None or _differs(self._said[0], outlook):
            self._said = (outlook, outlook_sentence(self._sentences, outlook, _names(state))[:LONGEST])
        return self._said[1]


def _differs(said: Outlook, now: Outlook) -> bool:
    """Tell whether an outlook is worth another sentence."""

    def words(outlook: Outlook) -> tuple[object, ...]:
        charging = (outlook.falling_count, outlook.holding_count, outlook.rising_count, outlook.to_a)
        return (*charging, outlook.circuit_id, outlook.limit, outlook.safe, outlook.safe_when_full)

    return words(said) != words(now) or _moved(said.load, now.load)


def _names(state: SiteState) -> dict[str, str]:
    """Return the names of circuits by their ids."""
    return {circuit_id: circuit.name for circuit_id, circuit in state.layout.items()}


def outlook_sensors(sentences: Sentences) -> tuple[OfflineEvseSensorDescription[SiteState], ...]:
    """Describe what the site shows of the time without Home Assistant."""

    def value(_: Site, state: SiteState) -> str | None:
        if state.outlook is None:
            return None
        if not state.outlook.safe:
            return OUTLOOK_OVERLOAD
        return OUTLOOK_SAFE if state.outlook.safe_when_full else OUTLOOK_TIGHT

    def attributes(_: Site, state: SiteState) -> Mapping[str, Any]:
        return {} if state.outlook is None else _outlook_attributes(sentences, state, state.outlook)

    return (
        OfflineEvseSensorDescription(
            key="if_home_assistant_stops",
            translation_key="if_home_assistant_stops",
            device_class=SensorDeviceClass.ENUM,
            entity_category=EntityCategory.DIAGNOSTIC,
            options=[OUTLOOK_SAFE, OUTLOOK_TIGHT, OUTLOOK_OVERLOAD],
            value_fn=value,
            attributes_fn=attributes,
        ),
        OfflineEvseSensorDescription(
            key="if_home_assistant_stops_in_words",
            translation_key="if_home_assistant_stops_in_words",
            entity_category=EntityCategory.DIAGNOSTIC,
            value_fn=OutlookTeller(sentences).value,
        ),
    )


def _outlook_attributes(sentences: Sentences, state: SiteState, outlook: Outlook) -> Mapping[str, Any]:
    """Describe an outlook, in a sentence and in figures."""
    names = _names(state)
    return {
        "sentence": outlook_sentence(sentences, outlook, names),
        "falling": outlook.falling_count,
        "holding": outlook.holding_count,
        "rising": outlook.rising_count,
        "falls_to": outlook.to_a,
        "after": round(outlook.after_s / 10) * 10,
        "circuit": None if outlook.circuit_id is None else names.get(outlook.circuit_id),
        "phase": None if outlook.phase is None else outlook.phase.name,
        "load": round(outlook.load, 1),
        "limit": outlook.limit,
        "load_when_full": round(outlook.full_load, 1),
        "limit_when_full": outlook.full_limit,
    }


def outlook_sentence(sentences: Sentences, outlook: Outlook, names: Mapping[str, str]) -> str:
    """Say what would happen without Home Assistant, and whether the fuses bear it; `names` are those of circuits."""
    parts: list[str] = []
    if outlook.falling_count:
        one = "one" if outlook.falling_count == 1 else "many"
        count, current = str(outlook.falling_count), amperes(outlook.to_a or 0.0)
        parts.append(sentences.say(f"outlook_falls_{one}", count=count, current=current))
    if outlook.holding_count:
        one = "one" if outlook.holding_count == 1 else "many"
        parts.append(sentences.say(f"outlook_holds_{one}", count=str(outlook.holding_count)))
    if outlook.rising_count:
        one = "one" if outlook.rising_count == 1 else "many"
        parts.append(sentences.say(f"outlook_rises_{one}", count=str(outlook.rising_count)))
    if not parts:
        parts.append(sentences.say("outlook_nobody"))
    if outlook.circuit_id is not None:
        circuit = names.get(outlook.circuit_id, "-")
        parts.append(_carried(sentences, "outlook_worst", circuit, outlook.phase, outlook.load, outlook.limit))
    if outlook.safe and not outlook.safe_when_full and outlook.full_circuit_id is not None:
        circuit = names.get(outlook.full_circuit_id, "-")
        load, limit = outlook.full_load, outlook.full_limit
        parts.append(_carried(sentences, "outlook_full", circuit, outlook.full_phase, load, limit))
    return " ".join(parts)


def _carried(sentences: Sentences, key: str, circuit: str, phase: Phase | None, load: float, limit: float) -> str:
    """Say what a fuse would carry: in A on a phase, or in kW on all of them."""
    if phase is None:
        return sentences.say(f"{key}_power", load=kilowatts(load), limit=kilowatts(limit), circuit=circuit)
    return sentences.say(key, load=amperes(load), limit=amperes(limit), phase=phase.name, circuit=circuit)
