"""Sensors that speak in sentences: why a car has no more, and what would be without Home Assistant."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfElectricCurrent

from ..engine.model.offer import LimitReason, Offer
from ..engine.model.outlook import Outlook
from ..engine.model.station import EvseKey
from ..engine.site.site import Site
from ..engine.site.state import EvseState, SiteState
from ..sentences import LONGEST, Sentences, amperes, kilowatts
from .sensors import OfflineEvseSensorDescription

OUTLOOK_SAFE: Final = "safe"
OUTLOOK_TIGHT: Final = "tight"
OUTLOOK_OVERLOAD: Final = "overload"


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


class LimitExplainer:
    """Says in a sentence why an offer is not higher.

    A sentence stays as it is until it would mean something else: numbers that move with every report of the meter
    would fill the activity of the connector with the same sentence over and over.
    """

    def __init__(self, sentences: Sentences) -> None:
        """Begin with nothing said."""
        self._sentences = sentences
        self._said: dict[EvseKey, tuple[tuple[object, ...], str]] = {}

    def value(self, site: Site, evse: EvseState) -> str:
        """Return the sentence about the present offer of a connector."""
        meaning = _meaning(evse.offer)
        said = self._said.get(evse.key)
        if said is None or said[0] != meaning:
            said = self._said[evse.key] = (meaning, self._sentence(site, evse))
        return said[1]

    def _sentence(self, site: Site, evse: EvseState) -> str:
        offer = evse.offer
        binding = offer.binding
        circuit = None if binding.circuit_id is None else site.state.layout.get(binding.circuit_id)
        filled = {"current": amperes(offer.current_a), "circuit": site.config.name if circuit is None else circuit.name}
        reason = str(binding.reason)
        if binding.reason is LimitReason.CIRCUIT and circuit is not None and binding.phase is not None:
            left_a = site.state.available_a(circuit.circuit_id)
            limit_a = circuit.limit_a[binding.phase]
            filled["phase"] = binding.phase.name
            filled["limit"] = amperes(limit_a)
            filled["taken"] = amperes(limit_a if left_a is None else max(0.0, limit_a - left_a[binding.phase]))
        elif binding.reason is LimitReason.CIRCUIT_POWER and circuit is not None and circuit.limit_w is not None:
            filled["limit"] = kilowatts(circuit.limit_w)
        elif binding.reason in (LimitReason.CIRCUIT, LimitReason.CIRCUIT_POWER):
            reason = "somewhere"
        elif (wait_s := site.longest_wait_s(evse.key)) is not None:
            reason = "waiting_at_most"
            filled["minutes"] = str(ceil(wait_s / 60))
        parts = [self._sentences.say(f"why_{reason}", **filled)]
        if offer.missing_a is not None and binding.reason in _SHARED:
            parts.append(self._sentences.say("why_missing", missing=amperes(ceil(offer.missing_a * 10 - 0.01) / 10)))
        return " ".join(parts)[:LONGEST]


def _meaning(offer: Offer) -> tuple[object, ...]:
    """Return what has to change before a new sentence is worth saying."""
    missing_a = None if offer.missing_a is None else ceil(offer.missing_a)
    return (offer.binding, round(offer.current_a), missing_a)


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
    )


def _outlook_attributes(sentences: Sentences, state: SiteState, outlook: Outlook) -> Mapping[str, Any]:
    """Describe an outlook, in a sentence and in figures."""
    circuit = None if outlook.circuit_id is None else state.layout.get(outlook.circuit_id)
    return {
        "sentence": outlook_sentence(sentences, outlook, "-" if circuit is None else circuit.name),
        "falling": outlook.falling_count,
        "holding": outlook.holding_count,
        "rising": outlook.rising_count,
        "falls_to": outlook.to_a,
        "after": round(outlook.after_s / 10) * 10,
        "circuit": None if circuit is None else circuit.name,
        "phase": None if outlook.phase is None else outlook.phase.name,
        "load": round(outlook.load, 1),
        "limit": outlook.limit,
        "load_when_full": round(outlook.full_load, 1),
        "limit_when_full": outlook.full_limit,
    }


def outlook_sentence(sentences: Sentences, outlook: Outlook, circuit: str) -> str:
    """Say what would happen without Home Assistant, and whether the fuses bear it."""
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
    if outlook.phase is not None:
        load, limit, phase = amperes(outlook.load), amperes(outlook.limit), outlook.phase.name
        parts.append(sentences.say("outlook_worst", load=load, limit=limit, phase=phase, circuit=circuit))
    elif outlook.circuit_id is not None:
        load, limit = kilowatts(outlook.load), kilowatts(outlook.limit)
        parts.append(sentences.say("outlook_worst_power", load=load, limit=limit, circuit=circuit))
    return " ".join(parts)
