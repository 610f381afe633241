"""A meter on the network: a TCP server that pushes every telegram to everybody who is connected."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ..physics.phases import PerPhase
from ..physics.site import SimulatedSite
from .telegram import MeterReading, tariff, telegram

SLOW_CLIENT_BYTES = 65_536
"""A client that has let this much pile up is cut off."""


class MeterServer:
    """The main meter of a site. `publish` is called once a second."""

    def __init__(self, site: SimulatedSite, *, serial: str = "VGM5000000042", imported_wh: float = 8_731_402.0) -> None:
        """Meter `site`, starting from `imported_wh` in its two registers together."""
        self._site = site
        self._serial = serial
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._imported_wh = [imported_wh * 0.45, imported_wh * 0.55]
        self._exported_wh = [0.0, 0.0]
        self._published_at: datetime | None = None
        self._shown: MeterReading | None = None
        self._silent_until: datetime | None = None
        self._stuck_until: datetime | None = None
        self._gone_until: datetime | None = None
        self.published = 0
        """Telegrams sent."""
        self.watcher: Callable[[MeterReading], None] | None = None
        """Hears of every reading as it is shown, without a socket."""

    @property
    def clients(self) -> int:
        """Connections open now."""
        return len(self._clients)

    @property
    def port(self) -> int:
        """The port it listens on. Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the meter is not listening")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen. Raises OSError if the port is taken."""
        self._server = await asyncio.start_server(self._serve, host, port)

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.transport.abort()
        self._clients.clear()
        if self._server is not None:
            await self._server.wait_closed()

    def silence(self, until: datetime | None) -> None:
        """Send nothing until then; None ends it."""
        self._silent_until = until

    def stick(self, until: datetime | None) -> None:
        """Go on sending, but always the same values, until then; None ends it."""
        self._stuck_until = until

    def hang_up(self, until: datetime | None) -> None:
        """Cut everybody off, and take nobody in until then; None ends it."""
        self._gone_until = until
        if until is not None:
            for client in list(self._clients):
                client.transport.abort()

    def publish(self, now: datetime) -> None:
        """Take a reading and send it to everybody."""
        reading = self._read(now)
        if self._gone_until is not None:
            if now < self._gone_until:
                return
            self._gone_until = None
        if self._silent_until is not None and now < self._silent_until:
            return
        if self._stuck_until is None or now >= self._stuck_until or self._shown is None:
            self._shown = reading
        shown = replace(self._shown, at=now)
        self.published += 1
        if self.watcher is not None:
            self.watcher(shown)
        if not self._clients:
            return
        data = telegram(shown, self._serial)
        for client in list(self._clients):
            if client.transport.get_write_buffer_size() > SLOW_CLIENT_BYTES:
                client.transport.abort()
            else:
                client.write(data)

    def _read(self, now: datetime) -> MeterReading:
        site = self._site
        if self._published_at is not None:
            hours = (now - self._published_at).total_seconds() / 3600
            energy_wh = sum(site.active_w) * hours
            register = self._imported_wh if energy_wh >= 0 else self._exported_wh
            register[tariff(now) - 1] += abs(energy_wh)
        self._published_at = now
        currents_a: PerPhase = site.currents_a[site.main]
        return MeterReading(
            at=now,
            power_w=site.active_w,
            voltage_v=site.voltages_v,
            current_a=currents_a,
            imported_wh=(self._imported_wh[0], self._imported_wh[1]),
            exported_wh=(self._exported_wh[0], self._exported_wh[1]),
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._gone_until is not None:
            writer.transport.abort()
            writer.close()
            return
        self._clients.add(writer)
        try:
            # A meter listens to nobody; reading is how one learns that a client has gone.
            while await reader.read(1024):
                pass
        except OSError:
            pass
        finally:
            self._clients.discard(writer)
            writer.close()
