"""Actions for backends: what waits for them, what becomes of a session that only they know, and a dial at once."""

from collections.abc import Iterable
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_get_config_entry
import voluptuous as vol

from ..const import DOMAIN, SUBENTRY_BACKEND
from ..descriptions.backends import shown_link
from ..devices import backend_of_device, charger_subentry
from ..engine.model.upstream.delivery import DueSession, Settlement
from ..engine.model.upstream.link import UpstreamView
from ..flows.backends.repairs import needs_id, remote_id_error
from ..refusals import recorded
from ..runtime import OfflineEvseConfigEntry

ATTR_BACKEND: Final = "backend"
ATTR_DECISION: Final = "decision"
ATTR_REMOTE_ID: Final = "remote_id"
ATTR_SESSION_ID: Final = "session_id"

_BACKEND: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
    vol.Optional(ATTR_BACKEND): vol.All(cv.string, str.strip, vol.Length(min=1)),
}


@callback
def register_backend_services(hass: HomeAssistant) -> None:
    """Register the actions, once for the life of Home Assistant."""
    register = hass.services.async_register
    must = SupportsResponse.ONLY
    register(DOMAIN, "list_backend_sessions", list_backend_sessions, vol.Schema(_BACKEND), must)
    settled = vol.Schema(
        _BACKEND
        | {
            vol.Required(ATTR_SESSION_ID): vol.All(cv.string, str.strip, vol.Length(min=1, max=36)),
            vol.Required(ATTR_DECISION): vol.Coerce(Settlement),
            vol.Optional(ATTR_REMOTE_ID): vol.All(cv.string, str.strip),
        }
    )
    register(DOMAIN, "settle_backend_session", settle_backend_session, settled)
    register(DOMAIN, "reconnect_backend", reconnect_backend, vol.Schema(_BACKEND))


async def list_backend_sessions(call: ServiceCall) -> ServiceResponse:
    """Return of every backend, or of one, how it is and which sessions it has not been told of in full."""
    entry = _site_entry(call)
    backends = _backends(call, entry)
    site = entry.runtime_data.site
    return {
        "backends": [
            {
                **_described(subentry, site.state.upstreams.get(subentry.subentry_id)),
                "sessions": [_session(entry, it) for it in await site.untold_sessions(subentry.subentry_id)],
            }
            for subentry in backends
        ]
    }


async def settle_backend_session(call: ServiceCall) -> None:
    """Decide about a session that waits for a person, or send one that was left out."""
    entry = _site_entry(call)
    site = entry.runtime_data.site
    session_id: str = call.data[ATTR_SESSION_ID]
    found = [
        (subentry, it)
        for subentry in _backends(call, entry)
        for it in await site.untold_sessions(subentry.subentry_id)
        if it.transaction.session_id == session_id
    ]
    if len(found) != 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="several_backends" if found else "nothing_to_settle"
        )
    subentry, session = found[0]
    remote_id: str | None = None
    if call.data[ATTR_DECISION] is Settlement.MATCH and needs_id(session):
        remote_id = str(call.data.get(ATTR_REMOTE_ID, ""))
        if remote_id_error(remote_id):
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="bad_remote_id")
    done = site.settle_session(subentry.subentry_id, session_id, call.data[ATTR_DECISION], remote_id)
    if not await recorded(done):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="nothing_to_settle")


async def reconnect_backend(call: ServiceCall) -> None:
    """Dial one backend, or all of them, at once."""
    entry = _site_entry(call)
    for subentry in _backends(call, entry):
        entry.runtime_data.site.reconnect_upstream(subentry.subentry_id)


def _described(subentry: ConfigSubentry, view: UpstreamView | None) -> dict[str, Any]:
    """Describe how a backend is."""
    if view is None:
        return {"backend": subentry.title, "link": None}
    return {
        "backend": subentry.title,
        "link": shown_link(view),
        "since": None if view.link.since is None else view.link.since.isoformat(),
        "trouble": None if view.link.trouble is None else view.link.trouble.value,
        "sessions_waiting": view.backlog.session_count,
        "oldest_waiting": None if view.backlog.oldest is None else view.backlog.oldest.isoformat(),
        "sessions_to_settle": view.backlog.parked_count,
        "sessions_left_out": view.backlog.left_out_count,
        "last_confirmation": None if view.last_proof is None else view.last_proof.isoformat(),
    }


def _session(entry: OfflineEvseConfigEntry, session: DueSession) -> dict[str, Any]:
    """Describe what a backend has been told of a session."""
    transaction, delivery = session.transaction, session.delivery
    charger = charger_subentry(entry, transaction.station_id)
    return {
        "session_id": transaction.session_id,
        "charger": charger.title if charger else transaction.station_id,
        "connector": transaction.evse_id,
        "started": transaction.started_at.isoformat(),
        "ended": transaction.ended_at.isoformat() if transaction.ended_at else None,
        "energy_kwh": transaction.energy_wh / 1000,
        "name": transaction.name,
        "state": delivery.state.value,
        "remote_id": delivery.remote_id,
        "answer": delivery.detail,
    }


def _backends(call: ServiceCall, entry: OfflineEvseConfigEntry) -> tuple[ConfigSubentry, ...]:
    """Return the backends that are meant: by device or by name; all of them where none is named."""
    backends = tuple(entry.get_subentries_of_type(SUBENTRY_BACKEND))
    named: str | None = call.data.get(ATTR_BACKEND)
    if named is None:
        return backends
    device = dr.async_get(call.hass).async_get(named)
    meant = None if device is None else backend_of_device(entry, device)
    found = _named(backends, named) if meant is None else [it for it in backends if it.subentry_id == meant]
    if len(found) != 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_such_backend", translation_placeholders={"name": named}
        )
    return tuple(found)


def _named(backends: Iterable[ConfigSubentry], name: str) -> list[ConfigSubentry]:
    return [it for it in backends if it.title.strip().casefold() == name.casefold() or it.subentry_id == name]


def _site_entry(call: ServiceCall) -> OfflineEvseConfigEntry:
    """Return the site meant; there is only one, so it need not be named."""
    entry: OfflineEvseConfigEntry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    return entry
