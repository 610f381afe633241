"""What a guest may see: the own pass, its chargers, and of other people nothing but that they are there."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry

from ..engine.model.credential import Credential
from ..engine.model.station import EvseKey, EvseStatus
from ..engine.model.transaction import Transaction
from ..engine.site.site import Site
from ..engine.site.state import EvseState
from .settings import kilowatt_hours
from .spots import spot_id, spot_name
from .waiting import why


def is_over(credential: Credential | None, now: datetime) -> bool:
    """Tell whether a pass is good for nothing any more."""
    if credential is None or credential.blocked:
        return True
    until = credential.terms.valid_until
    return until is not None and until <= now


def visit_view(entry: ConfigEntry, site: Site, pass_id: str, now: datetime) -> dict[str, Any]:
    """Describe everything that the page shows. The same as long as nothing of it has changed."""
    credential = site.passes.find(pass_id)
    over = is_over(credential, now)
    running = sum(1 for evse in site.evses.values() if own_session(credential, evse))
    # A pass is for one car at a time, unless it says otherwise.
    spent = credential is None or running >= (credential.terms.session_count or 1)
    return {
        "site": entry.title,
        "over": over,
        "pass": None if credential is None else _pass(credential, now),
        "chargers": [
            _charger(entry, site, evse, credential, may_start=not over and not spent)
            for evse in site.evses.values()
            if _shown(credential, evse, over=over)
        ],
    }


def own_session(credential: Credential | None, evse: EvseState) -> Transaction | None:
    """Return the running session of a pass at a connector."""
    running = evse.transaction
    if credential is None or running is None or not running.is_open or running.id_token is None:
        return None
    return running if running.id_token.key == credential.id_token.key else None


def _shown(credential: Credential | None, evse: EvseState, *, over: bool) -> bool:
    """Tell whether a connector is anything to this guest. Where the own car is still plugged, it stays to the end."""
    if credential is None:
        return False
    if own_session(credential, evse):
        return True
    return not over and allows(credential, evse.key)


def allows(credential: Credential, evse: EvseKey) -> bool:
    """Tell whether a pass is good for a charger."""
    return not credential.terms.station_ids or evse.station_id in credential.terms.station_ids


def _pass(credential: Credential, now: datetime) -> dict[str, Any]:
    terms = credential.terms
    return {
        "name": credential.name,
        "from": terms.valid_from.isoformat() if terms.valid_from and terms.valid_from > now else None,
        "until": terms.valid_until.isoformat() if terms.valid_until else None,
        "session_kwh": kilowatt_hours(terms.session_wh),
        "day_kwh": kilowatt_hours(terms.day_wh),
        "total_kwh": kilowatt_hours(terms.total_wh),
    }


def _charger(
    entry: ConfigEntry, site: Site, evse: EvseState, credential: Credential | None, *, may_start: bool
) -> dict[str, Any]:
    running = own_session(credential, evse)
    state = "yours" if running else _state(evse)
    return {
        "id": spot_id(entry, evse.key),
        "name": spot_name(entry, site, evse.key),
        "state": state,
        "startable": state in ("free", "plugged") and may_start,
        "session": _session(site, evse, running) if running else None,
    }


def _state(evse: EvseState) -> str:
    """Say in a word how a connector stands for somebody who has no session there."""
    if not evse.connected:
        return "offline"
    if evse.has_transaction:
        return "busy"
    match evse.status:
        case EvseStatus.AVAILABLE:
            return "free"
        case EvseStatus.FAULTED | EvseStatus.UNAVAILABLE | EvseStatus.RESERVED | None:
            return "closed"
    return "plugged"


def _session(site: Site, evse: EvseState, running: Transaction) -> dict[str, Any]:
    left = evse.allowance
    most_wh = left.energy_wh if left else None
    return {
        "started": running.started_at.isoformat(),
        "kwh": round(running.energy_wh / 1000, 2),
        "kw": round((evse.power_w or 0.0) / 1000, 1) if evse.connected else 0.0,
        "charging": evse.connected and evse.charging,
        "most_kwh": kilowatt_hours(most_wh),
        "until": left.until.isoformat() if left and left.until else None,
        "why": {"key": "offline", "waits": False} if not evse.connected else why(site, evse),
    }


def record_view(
    entry: ConfigEntry, site: Site, pass_id: str, transactions: Iterable[Transaction]
) -> list[dict[str, Any]]:
    """Describe the sessions of a pass, the newest first; those of others are left out."""
    key = pass_id.casefold()
    return [
        {
            "session": it.session_id,
            "charger": spot_name(entry, site, EvseKey(it.station_id, it.evse_id)),
            "started": it.started_at.isoformat(),
            "ended": it.ended_at.isoformat() if it.ended_at else None,
            "kwh": it.energy_wh / 1000,
        }
        for it in transactions
        if it.id_token is not None and it.id_token.key == key
    ]
