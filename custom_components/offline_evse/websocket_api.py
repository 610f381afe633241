"""What a panel asks over Home Assistant's websocket: the fuse tree, live."""

from typing import Any, Final

from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import ERR_NOT_FOUND
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
import voluptuous as vol

from .actions.tree import tree_view
from .const import DOMAIN
from .engine.site.site import Site
from .engine.site.state import EvseState

TREE_EVERY_S: Final = 1.0
"""Changes closer together are told together."""


@callback
def register_websocket_api(hass: HomeAssistant) -> None:
    """Register all commands, once for the life of Home Assistant."""
    async_register_command(hass, subscribe_tree)


@websocket_command(
    {
        vol.Required("type"): f"{DOMAIN}/tree/subscribe",
        vol.Optional("entry_id"): str,
    }
)
@callback
def subscribe_tree(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Send the tree now and after every change. Ends with the subscription, or when the site is closed."""
    entries = [
        entry
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if msg.get("entry_id") in (None, entry.entry_id)
    ]
    if not entries:
        connection.send_error(msg["id"], ERR_NOT_FOUND, "No site of this kind is running")
        return
    entry = entries[0]
    feed = TreeFeed(hass, entry.runtime_data.site, connection, msg["id"])

    @callback
    def entry_changed() -> None:
        if entry.state is not ConfigEntryState.LOADED:
            feed.stop()

    end = entry.async_on_state_change(entry_changed)

    @callback
    def unsubscribe() -> None:
        end()
        feed.stop()

    connection.subscriptions[msg["id"]] = unsubscribe
    connection.send_result(msg["id"])
    feed.start()


class TreeFeed:
    """Follows a site and sends its tree to one subscriber, at most once a second, and only where it differs."""

    def __init__(self, hass: HomeAssistant, site: Site, connection: ActiveConnection, subscription: int) -> None:
        """Prepare; nothing is sent before `start`."""
        self._hass = hass
        self._site = site
        self._connection = connection
        self._subscription = subscription
        self._sent: dict[str, Any] | None = None
        self._pending: CALLBACK_TYPE | None = None
        self._unsubscribe: list[CALLBACK_TYPE] = []
        self._followed: dict[int, tuple[EvseState, CALLBACK_TYPE]] = {}

    @callback
    def start(self) -> None:
        """Send the tree, and begin to follow it."""
        self._unsubscribe.append(self._site.state.listen(self._changed))
        self._send()

    @callback
    def stop(self) -> None:
        """Send no more."""
        for end in (*self._unsubscribe, *(end for _, end in self._followed.values())):
            end()
        self._unsubscribe.clear()
        self._followed.clear()
        if self._pending is not None:
            self._pending()
            self._pending = None

    @callback
    def _follow_evses(self) -> None:
        """Listen to all connectors that are there now."""
        present = {id(evse): evse for evse in self._site.evses.values()}
        for gone in self._followed.keys() - present.keys():
            self._followed.pop(gone)[1]()
        for number, evse in present.items():
            if number not in self._followed:
                self._followed[number] = (evse, evse.listen(self._changed))

    @callback
    def _changed(self) -> None:
        """Send the tree soon, together with whatever else changes until then."""
        if self._pending is None:
            self._pending = async_call_later(
                self._hass, TREE_EVERY_S, HassJob(self._send_later, cancel_on_shutdown=True)
            )

    @callback
    def _send_later(self, _now: object) -> None:
        self._pending = None
        self._send()

    @callback
    def _send(self) -> None:
        """Send the tree, unless it looks as it did."""
        self._follow_evses()
        tree = tree_view(self._site.tree())
        if tree != self._sent:
            self._sent = tree
            self._connection.send_event(self._subscription, tree)
