"""What the desk does its work with, whatever version a backend speaks."""

from dataclasses import dataclass
from typing import Any

from ...model.station import OcppVersion
from ...model.upstream.site import Grounds
from ...model.upstream.wish import WantData, WishOutcome
from ...ocppj.schemas import check_request
from .charging import Charging
from .hooks import ControlHooks
from .local_list import LocalList
from .reading import Ask
from .settings.configuration import Configuration
from .wishing import Wishing

TRIGGERS = {
    "BootNotification": "boot",
    "StatusNotification": "status",
    "Heartbeat": "heartbeat",
    "MeterValues": "values",
    "TransactionEvent": "event",
}
"""Messages that can be asked for, as the line knows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """The parts that requests are carried out with."""

    station_id: str
    grounds: Grounds
    hooks: ControlHooks
    wishing: Wishing
    charging: Charging
    settings: Configuration
    cards: LocalList | None
    """None: the backend may give no list."""

    @property
    def evse_ids(self) -> tuple[int, ...]:
        """The EVSEs that there are."""
        return tuple(self.grounds.evses(self.station_id))

    def knows(self, evse_id: int | None) -> bool:
        """Whether a message can be about this; 0 and None: the whole charger."""
        return evse_id is None or evse_id in (0, *self.evse_ids)

    def trigger(self, message: str, evse_id: int | None) -> bool:
        """Have a message sent soon; False: there is no such EVSE, or nothing to say of it now."""
        return self.knows(evse_id) and self.hooks.trigger(message, evse_id or None)

    def follow_up(self, version: OcppVersion, action: str, payload: dict[str, Any]) -> None:
        """Have a message sent that the answer promises; it is checked, as everything that we send."""
        check_request(version, action, payload)
        self.hooks.follow_up(action, payload)

    async def pass_on(self, ask: Ask) -> tuple[str, str | None]:
        """Pass a vendor's data on, if it is on the list; return DataTransferStatusEnumType and what came back."""
        vendor_id = ask.need_text("vendorId")
        if vendor_id not in self.wishing.vendor_ids:
            return "UnknownVendorId", None
        answer = await self.wishing.permitted(None, WantData(vendor_id, ask.text("messageId"), ask.written("data")))
        match answer.outcome:
            case WishOutcome.ACCEPTED | WishOutcome.SCHEDULED:
                return "Accepted", answer.data
            case WishOutcome.UNSUPPORTED:
                return "UnknownMessageId", answer.data
        return "Rejected", answer.data
