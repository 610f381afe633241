"""The air between radios that are not there: whole Bluetooth stacks that hear one another in one process."""

from typing import Self, override

from bumble.controller import Controller
from bumble.device import Device
from bumble.hci import (
    Address,
    HCI_ErrorCode,
    HCI_LE_Connection_Complete_Event,
    HCI_LE_Create_Connection_Cancel_Command,
    HCI_StatusReturnParameters,
    Role,
)
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink


class _Controller(Controller):
    """A controller that gives an attempt to connect up when it is told to, as the standard has it.

    Bluetooth Core, Vol 4, Part E, 7.8.13: the attempt ends with a connection complete event that says so.
    """

    @override
    def on_hci_le_create_connection_cancel_command(
        self, _command: HCI_LE_Create_Connection_Cancel_Command
    ) -> HCI_StatusReturnParameters:
        attempt, self.pending_le_connection = self.pending_le_connection, None
        if attempt is None:
            return HCI_StatusReturnParameters(HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.send_hci_packet(
            HCI_LE_Connection_Complete_Event(
                status=HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=Role.CENTRAL,
                peer_address_type=attempt.peer_address.address_type,
                peer_address=attempt.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )
        return HCI_StatusReturnParameters(HCI_ErrorCode.SUCCESS)


class Air:
    """A place where every radio is in reach of every other. How strongly it is heard is the receiver's business."""

    def __init__(self) -> None:
        """Begin with silence."""
        self._link = LocalLink()  # type: ignore[no-untyped-call]  # takes nothing, and does not say so
        self._devices: list[Device] = []

    async def __aenter__(self) -> Self:
        """Be there."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Switch every radio off."""
        await self.close()

    async def device(self, name: str, address: str) -> Device:
        """Put a radio into the air and switch it on. Its address is a random one, as phones have it."""
        controller = _Controller(name, link=self._link)
        device = Device(name=name, address=Address(address), host=Host(controller, AsyncPipeSink(controller)))
        self._devices.append(device)
        await device.power_on()
        return device

    async def remove(self, device: Device) -> None:
        """Switch one radio off; whoever was connected with it is not told, as with a battery that is pulled."""
        await device.stop_advertising()
        if device.is_scanning:
            await device.stop_scanning()
        for controller in tuple(self._link.controllers):
            if device.host.controller is controller:
                for advertising in controller.advertising_sets.values():
                    advertising.stop()
                controller.le_legacy_advertiser.stop()
                self._link.remove_controller(controller)
        if device in self._devices:
            self._devices.remove(device)

    async def close(self) -> None:
        """End every connection and every advertisement, so that no timer of theirs is left."""
        for device in self._devices:
            device.remove_all_listeners("disconnection")
            for connection in tuple(device.connections.values()):
                await connection.disconnect()
        for device in tuple(self._devices):
            await self.remove(device)
