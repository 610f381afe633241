"""A browser's Bluetooth: what a page writes goes to a reader puck, and what the puck notifies goes to the page."""

import asyncio
from typing import override

from playwright.async_api import Page
from yarl import URL

from simulator.esphome.reader import KEY, ReaderPuck
from simulator.holder.visitor import Visitor

_BLUETOOTH = """
(() => {
  const characteristics = new Map();
  const device = new EventTarget();
  class Characteristic extends EventTarget {
    constructor(uuid) {
      super();
      this.uuid = uuid;
    }
    async readValue() {
      return new DataView(Uint8Array.from(await bridge("info", [])).buffer);
    }
    async writeValueWithResponse(bytes) {
      if (!device.gatt.connected) throw new DOMException("GATT Server is disconnected", "NetworkError");
      await bridge("write", Array.from(bytes));
    }
    async startNotifications() {
      await bridge("subscribe", []);
    }
  }
  const service = {
    async getCharacteristic(uuid) {
      if (!characteristics.has(uuid)) characteristics.set(uuid, new Characteristic(uuid));
      return characteristics.get(uuid);
    },
  };
  device.gatt = {
    connected: false,
    async connect() {
      device.gatt.connected = await bridge("connect", []);
      if (!device.gatt.connected) throw new DOMException("Connection failed", "NetworkError");
      characteristics.clear();
      return { getPrimaryService: async () => service };
    },
    disconnect() {
      if (device.gatt.connected) bridge("disconnect", []);
      device.gatt.connected = false;
    },
  };
  window.notified = (uuid, bytes) => {
    const characteristic = characteristics.get(uuid);
    characteristic.value = new DataView(Uint8Array.from(bytes).buffer);
    characteristic.dispatchEvent(new Event("characteristicvaluechanged"));
  };
  window.dropped = () => {
    device.gatt.connected = false;
    device.dispatchEvent(new Event("gattserverdisconnected"));
  };
  const bluetooth = { getAvailability: async () => true, requestDevice: async () => device };
  Object.defineProperty(navigator, "bluetooth", { value: bluetooth });
})();
"""
_NOTIFY = "60bd6b8e-57ca-4f1a-a13c-0d24108923d6"


class BrowserPhone(Visitor):
    """The radio behind a page."""

    def __init__(self, puck: ReaderPuck, page: Page) -> None:
        super().__init__(puck, mtu=23)
        self._page = page
        self._telling: asyncio.Queue[str | None] = asyncio.Queue()
        self.corrupt = False
        """A challenge is changed on the way to the page, as by a reader of somebody else."""

    async def bridge(self, what: str, data: list[int]) -> object:
        """Do what the page asks of its radio."""
        match what:
            case "info":
                return list(self.puck.info)
            case "connect":
                self.listens = False
                return self.arrive()
            case "subscribe":
                self.listens = True
            case "write":
                self.write(KEY, bytes(data))
            case "disconnect":
                self.leave()
        return None

    @override
    def answer(self, pipe: str, value: bytes) -> None:
        if pipe == KEY:
            if self.corrupt:
                value = value[:-1] + bytes((value[-1] ^ 1,))
            self._telling.put_nowait(f"notified({_NOTIFY!r}, {list(value)})")

    @override
    def dropped(self) -> None:
        super().dropped()
        self._telling.put_nowait("dropped()")

    async def tell(self) -> None:
        """Tell the page what happens, in order."""
        while (told := await self._telling.get()) is not None:
            await self._page.evaluate(told)

    def close(self) -> None:
        """Tell it nothing more."""
        self._telling.put_nowait(None)


async def open_page(phone: BrowserPhone, page: Page, url: URL) -> None:
    """Open the page in a browser with this radio."""
    await page.expose_function("bridge", phone.bridge)
    await page.add_init_script(_BLUETOOTH)
    telling = asyncio.get_running_loop().create_task(phone.tell())
    page.on("close", lambda _: phone.close())
    telling.add_done_callback(lambda done: done.cancelled() or done.exception())
    await page.goto(str(url))
    await page.locator("#own").wait_for(state="visible")
