"""A reader puck: an ESPHome node to which phones connect, as `esphome/offline-evse-reader.yaml` makes one."""

import base64
from typing import Any, Final, Protocol, override

from .node import EspHomeNode, Message, api

EVENT: Final = "esphome.offline_evse_reader"
KEY: Final = "key"
PKOC: Final = "pkoc"

_BOOL, _INT, _FLOAT, _STRING = range(4)
_ANSWERS: Final = 100
"""Of an action that says whether it worked."""
_ACTIONS: Final = {
    1: ("offline_evse_introduce", {"info": _STRING}),
    2: ("offline_evse_send", {"link": _INT, "pipe": _STRING, "data": _STRING}),
    3: ("offline_evse_hang_up", {"link": _INT}),
}


class Caller(Protocol):
    """A phone as the puck meets it."""

    mtu: int

    def notified(self, pipe: str, value: bytes) -> None:
        """Hear a notification."""

    def dropped(self) -> None:
        """The puck has hung up."""


class ReaderPuck(EspHomeNode):
    """One puck at one charger. It carries one phone at a time; others do not get through."""

    def __init__(self, name: str, mac: str, charger: str) -> None:
        """Hang it at a charger; its id is what the puck says of itself."""
        super().__init__(name, mac)
        self.charger = charger
        self.info = bytes((1, 2))
        """What the information characteristic reads."""
        self.listened_to = False
        """Whether Home Assistant listens to its events."""
        self.deaf = False
        """It answers no action any more, though it is still connected."""
        self.refused = 0
        """Phones that did not get through."""
        self._caller: Caller | None = None
        self._link = -1
        self.handlers |= {
            "SubscribeHomeassistantServicesRequest": self._subscribed,
            "ExecuteServiceRequest": self._asked,
        }

    @property
    def link(self) -> int:
        """The number of the connection that it carries; -1: none."""
        return self._link if self._caller is not None else -1

    @override
    def entities(self) -> list[Message]:
        described = []
        for key, (name, arguments) in _ACTIONS.items():
            action = api.ListEntitiesServicesResponse(name=name, key=key, supports_response=_ANSWERS)
            for argument, kind in arguments.items():
                entry = action.args.add()
                entry.name, entry.type = argument, kind
            described.append(action)
        return described

    def connect(self, caller: Caller) -> bool:
        """Let a phone connect; False: somebody else is connected."""
        if self._caller is not None:
            self.refused += 1
            return False
        self._caller = caller
        self._link = (self._link + 1) % 4
        self.tell(kind="connected", link=str(self._link))
        return True

    def disconnect(self, caller: Caller) -> None:
        """A phone goes."""
        if self._caller is caller:
            self._caller = None
            self.tell(kind="disconnected", link=str(self._link))

    def write(self, caller: Caller, pipe: str, value: bytes) -> None:
        """A phone writes to a characteristic."""
        if self._caller is caller:
            self.tell(kind="frame", link=str(self._link), pipe=pipe, data=base64.b64encode(value).decode())

    def tell(self, **data: str) -> None:
        """Fire the puck's event."""
        self.fire(EVENT, {"charger": self.charger, **data})

    def _subscribed(self, message: Any) -> None:
        self.listened_to = True
        self.tell(kind="ready")

    def _asked(self, message: Any) -> None:
        if self.deaf:
            return
        name, arguments = _ACTIONS[message.key]
        told = zip(message.args, arguments.values(), strict=True)
        values = [argument.int_ if kind == _INT else argument.string_ for argument, kind in told]
        error = getattr(self, f"_{name.removeprefix('offline_evse_')}")(*values)
        if message.call_id:
            self.send(api.ExecuteServiceResponse(call_id=message.call_id, success=not error, error_message=error))

    def _introduce(self, info: str) -> str:
        self.info = base64.b64decode(info)
        return ""

    def _send(self, link: int, pipe: str, data: str) -> str:
        if self._caller is None or link != self._link:
            return "The phone has gone"
        # What does not fit a notification is cut off by the stack.
        self._caller.notified(pipe, base64.b64decode(data)[: self._caller.mtu - 3])
        return ""

    def _hang_up(self, link: int) -> str:
        if self._caller is not None and link == self._link:
            caller, self._caller = self._caller, None
            caller.dropped()
            self.tell(kind="disconnected", link=str(link))
        return ""
