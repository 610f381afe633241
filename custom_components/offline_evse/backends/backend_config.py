"""From the subentry of a backend to the engine's own set-up."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_PASSWORD
from homeassistant.util import dt as dt_util

from ..const import CONF_STATION_ID, SUBENTRY_BACKEND, SUBENTRY_CHARGER
from ..engine.model.station import OcppVersion
from ..engine.model.upstream.config import (
    LineConfig,
    Traffic,
    UnknownCards,
    UpstreamConfig,
    UpstreamPermit,
    UpstreamRole,
    UpstreamTls,
)

CONF_ADDRESS: Final = "address"
CONF_AUTHORITY_PEM: Final = "authority_pem"
CONF_BULK_FROM: Final = "bulk_from"
CONF_BULK_UNTIL: Final = "bulk_until"
CONF_CERTIFICATE_PEM: Final = "certificate_pem"
CONF_CHARGERS: Final = "chargers"
CONF_DAILY_MB: Final = "daily_mb"
CONF_IDENTITY: Final = "identity"
CONF_KEY_PEM: Final = "key_pem"
CONF_KNOWS_REPEATS: Final = "knows_repeats"
CONF_LIVE_INTERVAL: Final = "live_interval"
CONF_METERED: Final = "metered"
CONF_PERMITS: Final = "permits"
CONF_PROBE_INTERVAL: Final = "probe_interval"
CONF_ROLE: Final = "role"
CONF_SINCE: Final = "since"
CONF_UNKNOWN_CARDS: Final = "unknown_cards"
CONF_VENDORS: Final = "vendors"
CONF_VERSION: Final = "version"

AUTOMATIC: Final = "automatic"
VERSIONS: Final[dict[str, tuple[OcppVersion, ...]]] = {
    AUTOMATIC: (OcppVersion.V21, OcppVersion.V201, OcppVersion.V16),
    "2_1": (OcppVersion.V21,),
    "2_0_1": (OcppVersion.V201,),
    "1_6": (OcppVersion.V16,),
}
"""What is offered to a backend, by the word that is kept for it; the newest first."""
MEGABYTE: Final = 1_000_000

_DEFAULTS: Final = Traffic()
DEFAULT_LIVE_INTERVAL_S: Final = _DEFAULTS.live_interval_s
DEFAULT_PROBE_INTERVAL_S: Final = _DEFAULTS.probe_interval_s


def upstream_configs(entry: ConfigEntry) -> tuple[UpstreamConfig, ...]:
    """Read the backends of a site."""
    adopted = {it.data[CONF_STATION_ID] for it in entry.get_subentries_of_type(SUBENTRY_CHARGER)}
    return tuple(
        upstream_config(subentry.subentry_id, subentry.title, subentry.data, adopted)
        for subentry in entry.get_subentries_of_type(SUBENTRY_BACKEND)
    )


def upstream_config(
    upstream_id: str, name: str, data: Mapping[str, Any], station_ids: set[str] | frozenset[str]
) -> UpstreamConfig:
    """Read a backend. A charger that is not among `station_ids` was removed from the site, and has no line."""
    daily_mb = data.get(CONF_DAILY_MB)
    return UpstreamConfig(
        upstream_id=upstream_id,
        name=name,
        url=data[CONF_ADDRESS],
        role=UpstreamRole(data[CONF_ROLE]),
        lines=tuple(
            LineConfig(station_id=station_id, identity=line[CONF_IDENTITY], password=line.get(CONF_PASSWORD) or None)
            for station_id, line in data[CONF_CHARGERS].items()
            if station_id in station_ids
        ),
        versions=VERSIONS[data.get(CONF_VERSION, AUTOMATIC)],
        tls=UpstreamTls(
            authority_pem=data.get(CONF_AUTHORITY_PEM),
            certificate_pem=data.get(CONF_CERTIFICATE_PEM),
            key_pem=data.get(CONF_KEY_PEM),
        ),
        traffic=Traffic(
            live_interval_s=int(data.get(CONF_LIVE_INTERVAL, DEFAULT_LIVE_INTERVAL_S)),
            bulk_from=_time(data.get(CONF_BULK_FROM)),
            bulk_until=_time(data.get(CONF_BULK_UNTIL)),
            daily_bytes=None if daily_mb is None else round(float(daily_mb) * MEGABYTE),
            probe_interval_s=int(data.get(CONF_PROBE_INTERVAL, DEFAULT_PROBE_INTERVAL_S)),
        ),
        permits=frozenset(UpstreamPermit(it) for it in data.get(CONF_PERMITS, ())),
        vendor_ids=frozenset(data.get(CONF_VENDORS, ())),
        knows_repeats=data.get(CONF_KNOWS_REPEATS, True) is not False,
        unknown_cards=UnknownCards(data.get(CONF_UNKNOWN_CARDS, UnknownCards.LEAVE_OUT)),
        since=_midnight(data.get(CONF_SINCE)),
    )


def metered_entities(entry: ConfigEntry) -> dict[str, str]:
    """Read which entity says whether the way to a backend is metered, by backend."""
    return {
        subentry.subentry_id: entity_id
        for subentry in entry.get_subentries_of_type(SUBENTRY_BACKEND)
        if (entity_id := subentry.data.get(CONF_METERED))
    }


def backend_subentry(entry: ConfigEntry, upstream_id: str) -> ConfigSubentry | None:
    """Find the subentry of a backend."""
    subentry = entry.subentries.get(upstream_id)
    return subentry if subentry is not None and subentry.subentry_type == SUBENTRY_BACKEND else None


def authority_of(entry: ConfigEntry, station_ids: set[str], *, but: str | None) -> ConfigSubentry | None:
    """Find another backend than `but` that is asked about cards at one of these chargers."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_BACKEND):
        asked = subentry.data[CONF_ROLE] == UpstreamRole.AUTHORITY and subentry.subentry_id != but
        if asked and station_ids & subentry.data[CONF_CHARGERS].keys():
            return subentry
    return None


def _time(kept: str | None) -> time | None:
    return None if kept is None else time.fromisoformat(kept)


def _midnight(kept: str | None) -> datetime | None:
    """Read a day as its beginning where Home Assistant is."""
    return None if kept is None else dt_util.as_utc(dt_util.start_of_local_day(date.fromisoformat(kept)))
