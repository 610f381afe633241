// One visit to a reader puck over Web Bluetooth, from the browser's own choice of device to the result.

import { Holder, INFO, NOTIFY, Refused, SERVICE, WRITE, hello, hex } from "./protocol.js";

const CONNECTS_WITHIN_MS = 15000;
const ANSWERS_WITHIN_MS = 15000;
const AGAIN_AFTER_MS = 2000;

function within(promise, milliseconds) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Refused("silent")), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Shows what is asked for at a charger; resolves with the result's code. `tell` hears of readings until the link ends.
export async function visit({ keys, site, chargerId, verb, tell }) {
  const device = await navigator.bluetooth.requestDevice({ filters: [{ services: [SERVICE] }] });
  const holder = new Holder(keys, site, chargerId, verb);
  const wasHere = within(device.gatt.connect(), CONNECTS_WITHIN_MS);
  try {
    const server = await wasHere;
    const { write, notify } = await within(found(server, site), CONNECTS_WITHIN_MS);
    return await within(exchange(device, holder, write, notify, tell), ANSWERS_WITHIN_MS);
  } catch (error) {
    device.gatt.disconnect();
    throw error;
  }
}

async function found(server, site) {
  const service = await server.getPrimaryService(SERVICE);
  const read = await (await service.getCharacteristic(INFO)).readValue();
  const info = new Uint8Array(read.buffer, read.byteOffset, read.byteLength);
  if (info.length >= 10 && hex(info.subarray(2, 10)) !== hex(site.siteId)) throw new Refused("other_site");
  const write = await service.getCharacteristic(WRITE);
  const notify = await service.getCharacteristic(NOTIFY);
  return { write, notify };
}

function exchange(device, holder, write, notify, tell) {
  return new Promise((resolve, reject) => {
    let heard = false;
    // One frame after the other: they are numbered, and so are the sealed messages.
    let chain = Promise.resolve();
    const send = async (frames) => {
      for (const frame of frames) await write.writeValueWithResponse(frame);
    };
    const take = async (frame) => {
      const { send: answer, result, meter } = await holder.receive(frame);
      if (answer) await send(answer);
      if (meter) tell(meter);
      if (result) resolve({ ...result, device });
    };
    notify.addEventListener("characteristicvaluechanged", ({ target: { value } }) => {
      heard = true;
      const frame = new Uint8Array(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength));
      chain = chain.then(() => take(frame)).catch(reject);
    });
    device.addEventListener("gattserverdisconnected", () => {
      chain = chain.then(() => {
        tell(null);
        reject(new Refused("gone"));
      });
    });
    const greet = async () => {
      await notify.startNotifications();
      await send(hello());
      setTimeout(() => {
        if (!heard && device.gatt.connected) chain = chain.then(() => send(hello())).catch(reject);
      }, AGAIN_AFTER_MS);
    };
    greet().catch(reject);
  });
}
