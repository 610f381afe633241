"""What is shown of backends: how they can be reached, what waits for them, and a sentence about all of them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfInformation, UnitOfTime
from homeassistant.helpers.typing import StateType

from ..engine.model.access import LinkState
from ..engine.model.upstream.link import UpstreamView
from ..engine.site.site import Site
from ..engine.site.state import SiteState
from ..sentences import Sentences
from .backend_sentences import backends_sentence
from .sensors import OfflineEvseSensorDescription

MISCONFIGURED: Final = "misconfigured"
"""Shown in the place of a link's state where waiting does not help."""


def backend_sensors(upstream_id: str) -> tuple[OfflineEvseSensorDescription[SiteState], ...]:
    """Describe what a backend shows."""

    def of(read: Callable[[UpstreamView], StateType | datetime]) -> Callable[[Site, SiteState], StateType | datetime]:
        def value(_: Site, state: SiteState) -> StateType | datetime:
            view = state.upstreams.get(upstream_id)
            return None if view is None else read(view)

        return value

    def recovers(state: SiteState) -> bool:
        view = state.upstreams.get(upstream_id)
        return view is not None and view.recovered is not None

    return (
        OfflineEvseSensorDescription(
            key="link",
            translation_key="backend_link",
            device_class=SensorDeviceClass.ENUM,
            options=[*(str(state) for state in LinkState), MISCONFIGURED],
            value_fn=of(shown_link),
        ),
        OfflineEvseSensorDescription(
            key="since",
            translation_key="backend_since",
            device_class=SensorDeviceClass.TIMESTAMP,
            entity_category=EntityCategory.DIAGNOSTIC,
            value_fn=of(lambda view: view.link.since),
        ),
        OfflineEvseSensorDescription(
            key="sessions_waiting",
            translation_key="backend_sessions_waiting",
            state_class=SensorStateClass.MEASUREMENT,
            value_fn=of(lambda view: view.backlog.session_count),
        ),
        OfflineEvseSensorDescription(
            key="oldest_waiting",
            translation_key="backend_oldest_waiting",
            device_class=SensorDeviceClass.TIMESTAMP,
            value_fn=of(lambda view: view.backlog.oldest),
        ),
        OfflineEvseSensorDescription(
            key="last_confirmation",
            translation_key="backend_last_confirmation",
            device_class=SensorDeviceClass.TIMESTAMP,
            value_fn=of(lambda view: view.last_proof),
        ),
        OfflineEvseSensorDescription(
            key="recovered",
            translation_key="backend_recovered",
            native_unit_of_measurement=PERCENTAGE,
            suggested_display_precision=0,
            exists_fn=recovers,
            value_fn=of(lambda view: None if view.recovered is None else round(view.recovered * 100)),
        ),
        OfflineEvseSensorDescription(
            key="round_trip",
            translation_key="backend_round_trip",
            device_class=SensorDeviceClass.DURATION,
            state_class=SensorStateClass.MEASUREMENT,
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
            native_unit_of_measurement=UnitOfTime.SECONDS,
            suggested_display_precision=2,
            value_fn=of(lambda view: None if view.link.latency_s is None else round(view.link.latency_s, 2)),
        ),
        OfflineEvseSensorDescription(
            key="data_today",
            translation_key="backend_data_today",
            device_class=SensorDeviceClass.DATA_SIZE,
            state_class=SensorStateClass.TOTAL_INCREASING,
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
            native_unit_of_measurement=UnitOfInformation.BYTES,
            suggested_unit_of_measurement=UnitOfInformation.MEGABYTES,
            suggested_display_precision=2,
            value_fn=of(lambda view: view.sent_today_bytes),
        ),
    )


def shown_link(view: UpstreamView) -> str:
    """Name how a backend can be reached, in one word."""
    return MISCONFIGURED if is_misconfigured(view) else str(view.link.state)


def is_misconfigured(view: UpstreamView) -> bool:
    """Tell whether somebody has to change something before it can be reached."""
    return view.link.trouble is not None and view.link.trouble.misconfigured


def backend_problem(upstream_id: str) -> Callable[[SiteState], bool | None]:
    """Make the view of whether a backend needs somebody."""

    def problem(state: SiteState) -> bool | None:
        view = state.upstreams.get(upstream_id)
        return None if view is None else is_misconfigured(view) or view.backlog.parked_count > 0

    return problem


def backend_problem_attributes(upstream_id: str) -> Callable[[SiteState], Mapping[str, Any]]:
    """Make the view of what that is."""

    def attributes(state: SiteState) -> Mapping[str, Any]:
        view = state.upstreams.get(upstream_id)
        if view is None:
            return {}
        trouble = view.link.trouble
        return {
            "trouble": None if trouble is None else trouble.value,
            "detail": view.link.detail,
            "sessions_to_settle": view.backlog.parked_count,
        }

    return attributes


def backends_in_words(sentences: Sentences) -> tuple[OfflineEvseSensorDescription[SiteState], ...]:
    """Describe the sentence about all backends, which there is as soon as there is one."""
    return (
        OfflineEvseSensorDescription(
            key="backends",
            translation_key="backends",
            exists_fn=lambda state: bool(state.upstreams),
            value_fn=lambda _, state: backends_sentence(sentences, state.upstreams.values()),
        ),
    )
