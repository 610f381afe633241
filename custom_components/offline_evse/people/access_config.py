"""Who may charge, as it is kept in the options of the entry and in each charger, turned into the engine's set-up."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry

from ..engine.model.access import AccessConfig, AccessMode, UnknownCards, UnknownRule
from ..engine.model.credential import EvidenceLevel

OPTION_ACCESS: Final = "access"

CONF_ACCESS_MODE: Final = "access_mode"
CONF_ASK_WHOSE: Final = "ask_whose"
CONF_FRESH: Final = "fresh"
CONF_MINIMUM_LEVEL: Final = "minimum_level"
CONF_MODE: Final = "mode"
CONF_PRICE_PER_KWH: Final = "price_per_kwh"
CONF_SITE_TOTAL: Final = "site_total"
CONF_STALE: Final = "stale"
CONF_UNKNOWN_CHARGERS: Final = "unknown_chargers"
CONF_UNKNOWN_ENERGY: Final = "unknown_energy"
CONF_UNKNOWN_RULE: Final = "unknown_rule"
CONF_UNKNOWN_TIME: Final = "unknown_time"

MODE_OF_SITE: Final = "site"
"""A charger that has no mode of its own."""
LEVELS: Final[dict[str, EvidenceLevel]] = {level.name.lower(): level for level in reversed(EvidenceLevel)}

_DEFAULTS: Final = AccessConfig()
DEFAULT_SITE_TOTAL_KWH: Final = (_DEFAULTS.site_total_wh or 0) / 1000
DEFAULT_FRESH_H: Final = _DEFAULTS.fresh_s // 3600
DEFAULT_STALE_DAYS: Final = _DEFAULTS.stale_s // 86_400
DEFAULT_UNKNOWN_KWH: Final = (_DEFAULTS.unknown.session_wh or 0) / 1000
DEFAULT_UNKNOWN_H: Final = (_DEFAULTS.unknown.session_s or 0) / 3600


def access_config(entry: ConfigEntry) -> AccessConfig:
    """Read who may charge. A site that nobody has asked about lets in whom it knows, and nobody else."""
    kept: Mapping[str, Any] = entry.options.get(OPTION_ACCESS, {})
    if not kept:
        return AccessConfig()
    return AccessConfig(
        mode=AccessMode(kept.get(CONF_MODE, AccessMode.LOCAL)),
        unknown=UnknownCards(
            rule=UnknownRule(kept.get(CONF_UNKNOWN_RULE, UnknownRule.DENY)),
            station_ids=frozenset(kept.get(CONF_UNKNOWN_CHARGERS, ())),
            session_wh=_thousand(kept.get(CONF_UNKNOWN_ENERGY)),
            session_s=_seconds(kept.get(CONF_UNKNOWN_TIME), 3600),
        ),
        site_total_wh=_thousand(kept.get(CONF_SITE_TOTAL)),
        fresh_s=_seconds(kept.get(CONF_FRESH), 3600) or 0,
        stale_s=_seconds(kept.get(CONF_STALE), 86_400) or 0,
        price_per_kwh=None if (price := kept.get(CONF_PRICE_PER_KWH)) is None else Decimal(str(price)),
    )


def asks_whose(entry: ConfigEntry) -> bool:
    """Tell whether somebody wants to be asked whose an unknown card is."""
    return entry.options.get(OPTION_ACCESS, {}).get(CONF_ASK_WHOSE) is not False


def charger_mode(data: Mapping[str, Any]) -> AccessMode | None:
    """Read the mode of one charger; None: the site's."""
    kept = data.get(CONF_ACCESS_MODE, MODE_OF_SITE)
    return None if kept == MODE_OF_SITE else AccessMode(kept)


def charger_level(data: Mapping[str, Any]) -> EvidenceLevel:
    """Read how much has to be proven at a charger by who comes without a card."""
    return LEVELS[data.get(CONF_MINIMUM_LEVEL, EvidenceLevel.KEY.name.lower())]


def _thousand(kilo: float | None) -> int | None:
    return None if kilo is None else round(float(kilo) * 1000)


def _seconds(count: float | None, unit_s: int) -> int | None:
    return None if count is None else round(float(count) * unit_s)
