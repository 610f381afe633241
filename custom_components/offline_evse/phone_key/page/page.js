// The page itself: a key, a button for each charger, and what came of it.

import { forgetKey, ownKey } from "./keeper.js";
import { Refused, RESPONSE, STOP, base64url, publicBytes, unbase64url, unhex } from "./protocol.js";
import { visit } from "./session.js";
import { language, number, say } from "./words.js";

const $ = (id) => document.getElementById(id);
const GRANTED = 0;

function tell(sentence, kind = "") {
  $("news").textContent = sentence;
  $("news").className = kind;
}

function busy(is) {
  for (const button of document.querySelectorAll("#chargers button")) button.disabled = is;
}

async function ask(keys, site, charger, verb) {
  busy(true);
  tell(say("looking"));
  try {
    const { code, energyWh } = await visit({
      keys,
      site,
      chargerId: unhex(charger.id),
      verb,
      tell: (meter) => meter && tell(reading(meter), "good"),
    });
    if (code === GRANTED) {
      const kwh = energyWh === null ? null : number(energyWh / 1000);
      tell(say(kwh === null ? "granted" : "granted_limit", { charger: charger.name, kwh }), "good");
    } else {
      tell(say(code <= 8 ? `result_${code}` : "result_1"), code === 8 ? "good" : "bad");
    }
  } catch (error) {
    if (error instanceof Refused) tell(say(`refused_${error.word}`), "bad");
    else tell(say(error.name === "NotFoundError" ? "cancelled" : "failed"), "bad");
  } finally {
    busy(false);
  }
}

function reading({ energyWh, powerW, state }) {
  if (state === 0) return say("starting");
  return say("meter", { kwh: number(energyWh / 1000), kw: number(powerW / 1000) });
}

function button(label, action, kind) {
  const made = document.createElement("button");
  made.textContent = label;
  made.className = kind;
  made.addEventListener("click", action);
  return made;
}

function showChargers(keys, site) {
  for (const charger of site.chargers) {
    const row = document.createElement("li");
    row.append(
      button(say("charge", { charger: charger.name }), () => ask(keys, site, charger, RESPONSE), "main"),
      button(say("stop", { charger: charger.name }), () => ask(keys, site, charger, STOP), "quiet"),
    );
    $("chargers").append(row);
  }
  if (site.chargers.length === 0) tell(say("none"), "bad");
}

async function showKey(keys) {
  const shown = base64url(await publicBytes(keys.publicKey));
  $("public").value = shown;
  $("code").src = `key/code/${shown}.svg`;
  $("copy").addEventListener("click", async () => {
    $("public").select();
    await navigator.clipboard?.writeText(shown).catch(() => document.execCommand("copy"));
    $("copy").textContent = say("copied");
  });
  $("forget").addEventListener("click", async () => {
    if (!confirm(say("forget_sure"))) return;
    await forgetKey();
    location.reload();
  });
}

async function missing() {
  if (!isSecureContext || !crypto.subtle) return "insecure";
  if (!navigator.bluetooth) return "no_bluetooth";
  return (await navigator.bluetooth.getAvailability?.()) === false ? "no_adapter" : null;
}

async function start() {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  const lacks = await missing();
  if (lacks !== null) {
    tell(say(lacks), "bad");
    if (lacks !== "no_adapter") return;
  }
  const told = await (await fetch("key/site.json")).json();
  const site = { ...told, siteId: unhex(told.site_id), siteKey: unbase64url(told.site_key) };
  const keys = await ownKey();
  await showKey(keys);
  $("own").hidden = false;
  showChargers(keys, site);
}

start().catch(() => tell(say("failed"), "bad"));
