// Keeps this phone's key in the browser's own database. The private half cannot be taken out of it, also not by us.

import { newKey } from "./protocol.js";

const NAME = "offline-evse-key";
const STORE = "keys";

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function opened() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return asked(request);
}

// Returns the key of this phone, made on the first visit.
export async function ownKey() {
  const database = await opened();
  try {
    const read = (mode) => database.transaction(STORE, mode).objectStore(STORE);
    const kept = await asked(read("readonly").get("own"));
    if (kept) return kept;
    const made = await newKey();
    await asked(read("readwrite").put(made, "own"));
    await navigator.storage?.persist?.();
    return made;
  } finally {
    database.close();
  }
}

// Throws the key away; the next one is another, and has to be enrolled anew.
export async function forgetKey() {
  const database = await opened();
  try {
    await asked(database.transaction(STORE, "readwrite").objectStore(STORE).delete("own"));
  } finally {
    database.close();
  }
}
