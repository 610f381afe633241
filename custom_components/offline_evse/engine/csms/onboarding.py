"""What is done with every new connection, and again after every boot: status, limits, transactions, settings."""

import asyncio
import logging
from typing import Protocol

from ..model.clock import Clock, timeout
from ..model.command import Command, CommandResult, Outcome, Priority, Trigger, TriggerMessage
from ..model.station import OcppVersion
from .configuration import Configuration
from .handler import StationHandler
from .settings import CsmsSettings
from .station import Station

_LOGGER = logging.getLogger(__name__)

_TRANSACTION_TRIGGER = {
    OcppVersion.V16: Trigger.METER_VALUES,
    OcppVersion.V201: Trigger.TRANSACTION,
    OcppVersion.V21: Trigger.TRANSACTION,
}
"""What makes a station tell of the transactions that are running."""


class Send(Protocol):
    """Has a command carried out by the station."""

    async def __call__(
        self, command: Command, priority: Priority = Priority.COMMAND, timeout_s: float | None = None
    ) -> CommandResult:
        """Return how it ended; never raises."""


class Onboarding:
    """Runs the steps of one connection. Each is optional and has its own time-out; a boot begins them anew."""

    def __init__(
        self,
        *,
        station: Station,
        version: OcppVersion,
        send: Send,
        handler: StationHandler,
        clock: Clock,
        settings: CsmsSettings,
    ) -> None:
        """Do nothing until started."""
        self._station = station
        self._version = version
        self._send = send
        self._handler = handler
        self._clock = clock
        self._settings = settings
        self._configuration = Configuration(station=station, version=version, send=send, settings=settings)
        self._boot_awaited = False
        self._boot = asyncio.Event()
        self._status = asyncio.Event()
        self._boots = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, *, ask_boot: bool = False) -> None:
        """Begin with a new connection, or with a stranger that was adopted: that one is asked to introduce itself."""
        self._restart(wait_for_boot=True, ask_boot=ask_boot)

    def booted(self) -> None:
        """The station has introduced itself and knows that it is served."""
        self._boots += 1
        if self._boots > 1:
            # The first boot on a socket introduces the station; another one is a reboot that nobody may have wanted.
            self._station.broke_off()
        if self._boot_awaited:
            self._boot.set()
        else:
            self._status.clear()
            self._restart(wait_for_boot=False)

    def status_told(self) -> None:
        """The station has told the status of a connector."""
        self._status.set()

    def cancel(self) -> set[asyncio.Task[None]]:
        """Stop where it is; returns the tasks that are ending."""
        for task in self._tasks:
            task.cancel()
        return set(self._tasks)

    def _restart(self, *, wait_for_boot: bool, ask_boot: bool = False) -> None:
        self.cancel()
        self._boot.clear()
        self._boot_awaited = wait_for_boot
        task = asyncio.create_task(self._run(ask_boot=ask_boot), name="ocpp onboarding")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, *, ask_boot: bool) -> None:
        try:
            if self._boot_awaited:
                await self._wait_for_boot(ask_boot=ask_boot)
            await self._learn_status()
            await self._let_site_send_limits()
            await self._find_transactions()
            await self._configuration.apply(booted=self._boots > 0)
        except Exception:
            _LOGGER.exception("Onboarding of station %s was broken off", self._station.station_id)

    async def _wait_for_boot(self, *, ask_boot: bool) -> None:
        """Give the station a moment to introduce itself; one that only reconnects need not."""
        if ask_boot:
            await self._trigger(Trigger.BOOT)
        await self._wait(self._boot, self._settings.boot_wait_s)
        self._boot_awaited = False

    async def _learn_status(self) -> None:
        """Wait for the status that most stations tell unasked, and ask the others for it."""
        if await self._wait(self._status, self._settings.status_wait_s):
            return
        if await self._trigger(Trigger.STATUS):
            await self._wait(self._status, self._settings.status_wait_s)

    async def _let_site_send_limits(self) -> None:
        """The site sends floors and limits now: they protect the fuse, so nothing optional comes before them."""
        try:
            async with timeout(self._clock, self._settings.ready_timeout_s):
                await self._handler.station_ready(self._station.station_id)
        except TimeoutError:
            _LOGGER.warning("Limits for station %s took too long, going on", self._station.station_id)
        except Exception:
            _LOGGER.exception("The site could not take station %s up", self._station.station_id)

    async def _find_transactions(self) -> None:
        """Have the station tell what is running, so that a transaction from before is taken up again."""
        await self._trigger(_TRANSACTION_TRIGGER[self._version])

    async def _trigger(self, message: Trigger) -> bool:
        """Ask for a message, unless the station is known not to send it or not to survive it."""
        operation = f"trigger:{message}"
        memory = self._station.memory
        if memory.blocks(operation):
            return False
        self._station.attempting(operation)
        result = await self._send(TriggerMessage(message), Priority.PROBE, self._settings.probe_timeout_s)
        if result.outcome is Outcome.UNSUPPORTED:
            memory.note_unsupported(operation)
        return result.done

    async def _wait(self, event: asyncio.Event, delay_s: float) -> bool:
        """Wait for an event for so long; returns whether it has happened."""
        try:
            async with timeout(self._clock, delay_s):
                await event.wait()
        except TimeoutError:
            return False
        return True
