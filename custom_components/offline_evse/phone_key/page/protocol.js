// The holder's half of docs/ble-protocol.md, sealed exchanges only: bytes in, bytes out, no Bluetooth and no page.

export const SERVICE = "60bd6b8e-57ca-4f1a-a13c-0d24108923d3";
export const INFO = "60bd6b8e-57ca-4f1a-a13c-0d24108923d4";
export const WRITE = "60bd6b8e-57ca-4f1a-a13c-0d24108923d5";
export const NOTIFY = "60bd6b8e-57ca-4f1a-a13c-0d24108923d6";

export const CHALLENGE = 1, RESPONSE = 2, RESULT = 3, METER = 4, STOP = 5, HELLO = 6;
export const SEALED = 0x40;
// Web Bluetooth does not tell how long a notification may be; this fits every one.
export const FRAME_BYTES = 20;
const CAN_SEAL = 2;
const LABELS = { [RESPONSE]: "offline-evse/ble/2\0", [STOP]: "offline-evse/stop/2\0" };
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING = { name: "ECDSA", hash: "SHA-256" };

export class Refused extends Error {
  constructor(word) {
    super(word);
    this.word = word;
  }
}

export const text = (string) => new TextEncoder().encode(string);

export function join(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const unhex = (string) => Uint8Array.from(string.match(/../g) ?? [], (pair) => parseInt(pair, 16));

export function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function unbase64url(string) {
  const plain = atob(string.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

const same = (one, other) => hex(one) === hex(other);
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

function power(base, exponent) {
  let result = 1n;
  for (let square = base % P, left = exponent; left > 0n; left >>= 1n, square = (square * square) % P) {
    if (left & 1n) result = (result * square) % P;
  }
  return result;
}

export function compress(point) {
  return join(Uint8Array.of(2 + (point[64] & 1)), point.subarray(1, 33));
}

export function decompress(point) {
  if (point.length !== 33 || (point[0] !== 2 && point[0] !== 3)) throw new Refused("malformed");
  const x = BigInt("0x" + hex(point.subarray(1)));
  const square = (((x * x * x - 3n * x + B) % P) + P) % P;
  let y = power(square, (P + 1n) / 4n);
  if (x >= P || (y * y) % P !== square) throw new Refused("malformed");
  if (Number(y & 1n) !== point[0] - 2) y = P - y;
  return join(Uint8Array.of(4), point.subarray(1), unhex(y.toString(16).padStart(64, "0")));
}

export async function publicBytes(key) {
  return compress(new Uint8Array(await crypto.subtle.exportKey("raw", key)));
}

export async function verified(publicKey, signature, data) {
  const key = await crypto.subtle.importKey("raw", decompress(publicKey), CURVE, false, ["verify"]);
  return crypto.subtle.verify(SIGNING, key, signature, data);
}

export const newKey = () => crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);

export function frames(type, body, size = FRAME_BYTES) {
  const data = join(Uint8Array.of(type, body.length >> 8, body.length & 0xff), body);
  const cut = [];
  for (let at = 0; at < data.length; at += size - 1) {
    const head = (at === 0 ? 0x80 : 0) | cut.length;
    cut.push(join(Uint8Array.of(head), data.subarray(at, at + size - 1)));
  }
  return cut;
}

export class Joiner {
  #data = new Uint8Array();
  #next = -1;

  // Returns [type, body] once a message is whole. Frames that do not fit are dropped with what was begun.
  add(frame) {
    const head = frame[0];
    if (head & 0x80) {
      this.#data = new Uint8Array();
      this.#next = 0;
    }
    if (frame.length < 2 || this.#next < 0 || (head & 0x7f) !== this.#next) {
      this.#next = -1;
      return null;
    }
    this.#next += 1;
    this.#data = join(this.#data, frame.subarray(1));
    if (this.#data.length < 3) return null;
    const length = (this.#data[1] << 8) | this.#data[2];
    if (this.#data.length < 3 + length && this.#next < 128) return null;
    this.#next = -1;
    return this.#data.length === 3 + length ? [this.#data[0], this.#data.subarray(3)] : null;
  }
}

export function hello() {
  return frames(HELLO, Uint8Array.of(1, CAN_SEAL, FRAME_BYTES >> 8, FRAME_BYTES & 0xff));
}

const counter = (number) => {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(8, number);
  return nonce;
};

export class Channel {
  #sent = 0;
  #received = 0;

  static async agree(challenge, ephemeral) {
    const channel = new Channel();
    channel.public = await publicBytes(ephemeral.publicKey);
    const theirs = await crypto.subtle.importKey(
      "raw", decompress(challenge.subarray(36, 69)), { name: "ECDH", namedCurve: "P-256" }, false, [],
    );
    const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ephemeral.privateKey, 256);
    const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveBits"]);
    const info = join(text("offline-evse/sealed/2\0"), channel.public);
    const salt = await sha256(challenge);
    const material = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, base, 512);
    const key = (from, use) => crypto.subtle.importKey("raw", material.slice(from, from + 32), "AES-GCM", false, [use]);
    channel.toSite = await key(0, "encrypt");
    channel.toHolder = await key(32, "decrypt");
    return channel;
  }

  async seal(type, body) {
    const kind = type | SEALED;
    const additionalData = join(Uint8Array.of(kind), this.public);
    const how = { name: "AES-GCM", iv: counter(this.#sent), additionalData };
    const sealed = new Uint8Array(await crypto.subtle.encrypt(how, this.toSite, body));
    this.#sent += 1;
    return [kind, this.#sent === 1 ? join(this.public, sealed) : sealed];
  }

  async open(type, body) {
    if (!(type & SEALED)) throw new Refused("clear");
    const additionalData = join(Uint8Array.of(type), this.public);
    const how = { name: "AES-GCM", iv: counter(this.#received), additionalData };
    try {
      const plain = new Uint8Array(await crypto.subtle.decrypt(how, this.toHolder, body));
      this.#received += 1;
      return [type & ~SEALED, plain];
    } catch {
      throw new Refused("impostor");
    }
  }
}

export const answerToSign = async (verb, challenge, ephemeral, payload) =>
  join(text(LABELS[verb]), challenge.subarray(0, -64), ephemeral, await sha256(payload));

// Throws Refused where the challenge is not the site's own, or not of the charger that was chosen.
export async function check(challenge, site, chargerId) {
  if (challenge.length === 100) throw new Refused("clear");
  if (challenge.length !== 133) throw new Refused("malformed");
  if (!same(challenge.subarray(0, 8), site.siteId)) throw new Refused("other_site");
  const signed = join(text("offline-evse/challenge/2\0"), challenge.subarray(0, -64));
  if (!(await verified(site.siteKey, challenge.subarray(-64), signed))) throw new Refused("impostor");
  if (!same(challenge.subarray(8, 16), chargerId)) throw new Refused("other_charger");
}

export class Holder {
  constructor(keys, site, chargerId, verb = RESPONSE) {
    Object.assign(this, { keys, site, chargerId, verb, channel: null });
    this.joiner = new Joiner();
  }

  // Takes in a notification; returns { send: frames } or { result } or { meter }. Throws Refused.
  async receive(frame) {
    const message = this.joiner.add(frame);
    if (message === null) return {};
    if (message[0] === CHALLENGE) return { send: await this.#answer(message[1]) };
    if (this.channel === null) return {};
    const [type, body] = await this.channel.open(...message);
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    if (type === RESULT && body.length === 9) {
      const energy = view.getUint32(1);
      return { result: { code: body[0], energyWh: energy === 0xffffffff ? null : energy } };
    }
    if (type === METER && body.length === 9) {
      return { meter: { energyWh: view.getUint32(0), powerW: view.getUint32(4), state: body[8] } };
    }
    return {};
  }

  async #answer(challenge) {
    await check(challenge, this.site, this.chargerId);
    const ephemeral = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
    this.channel = await Channel.agree(challenge, ephemeral);
    const payload = this.verb === STOP ? new Uint8Array(4) : new Uint8Array();
    const toSign = await answerToSign(this.verb, challenge, this.channel.public, payload);
    const signature = new Uint8Array(await crypto.subtle.sign(SIGNING, this.keys.privateKey, toSign));
    const body = join(await publicBytes(this.keys.publicKey), signature, payload);
    return frames(...(await this.channel.seal(this.verb, body)));
  }
}
