// What the page says, in the languages that it speaks.

const en = {
  title: "Phone key",
  lead: "This phone starts a charger over Bluetooth, without the internet.",
  chargers: "Charge here",
  charge: "Charge at {charger}",
  stop: "Stop at {charger}",
  none: "No charger here has a reader for phones.",
  key: "This phone's key",
  enrol: "Show this code to whoever runs the chargers, once. It is no secret: it only tells your phone from others.",
  copy: "Copy",
  copied: "Copied",
  forget: "Make a new key",
  forget_sure: "The old key will be gone for good, and the new one has to be enrolled. Go on?",
  looking: "Looking for the reader. Choose it in the list of your browser.",
  granted: "Yes. {charger} starts.",
  granted_limit: "Yes. {charger} starts, for up to {kwh} kWh.",
  meter: "{kwh} kWh so far, {kw} kW now.",
  starting: "The charger is starting.",
  result_1: "No. This key may not charge here, or not now.",
  result_2: "No. It was good until a while ago.",
  result_3: "No. It is for another charger.",
  result_4: "No. Its energy, time or money is used up.",
  result_5: "It is charging already.",
  result_6: "No car is plugged in. Plug in first, then try again.",
  result_7: "Not now. Try again in a moment.",
  result_8: "Stopped.",
  refused_clear: "The reader asked this phone to show its key in clear. It got no answer.",
  refused_malformed: "The reader said what makes no sense. It got no answer.",
  refused_impostor: "This reader does not belong to this site. It got no answer.",
  refused_other_site: "This reader belongs to another site.",
  refused_other_charger: "You stand at another charger than the one you chose.",
  refused_silent: "The reader did not answer in time. Nothing was started.",
  refused_gone: "The connection was lost before the answer. Nothing was started that the charger does not show.",
  failed: "That did not work. Nothing was started. Step nearer and try again.",
  cancelled: "No reader was chosen.",
  no_bluetooth:
    "This browser has no Web Bluetooth. It works with Chrome, Edge or Samsung Internet on Android, and with Chrome or " +
    "Edge on a computer. On an iPhone or iPad, and in Firefox, no page can do it: use a card, the guest page or a PKOC app.",
  no_adapter: "Bluetooth is switched off on this device.",
  insecure: "Browsers keep Bluetooth and keys from pages without encryption. Open this page by its https address.",
};

const de = {
  title: "Handy als Schlüssel",
  lead: "Dieses Handy startet eine Ladestation über Bluetooth, ohne Internet.",
  chargers: "Hier laden",
  charge: "An {charger} laden",
  stop: "An {charger} beenden",
  none: "Keine Ladestation hat hier einen Leser für Handys.",
  key: "Der Schlüssel dieses Handys",
  enrol: "Zeigen Sie diesen Code einmal dem Betreiber. Er ist nicht geheim: er unterscheidet nur Ihr Handy von anderen.",
  copy: "Kopieren",
  copied: "Kopiert",
  forget: "Neuen Schlüssel machen",
  forget_sure: "Der alte Schlüssel ist dann für immer weg, und der neue muss angemeldet werden. Fortfahren?",
  looking: "Der Leser wird gesucht. Wählen Sie ihn in der Liste Ihres Browsers.",
  granted: "Ja. {charger} startet.",
  granted_limit: "Ja. {charger} startet, für höchstens {kwh} kWh.",
  meter: "Bisher {kwh} kWh, jetzt {kw} kW.",
  starting: "Die Ladestation startet.",
  result_1: "Nein. Mit diesem Schlüssel darf hier oder jetzt nicht geladen werden.",
  result_2: "Nein. Er galt bis vor einer Weile.",
  result_3: "Nein. Er gilt für eine andere Ladestation.",
  result_4: "Nein. Energie, Zeit oder Geld sind aufgebraucht.",
  result_5: "Es wird schon geladen.",
  result_6: "Kein Auto ist angesteckt. Erst anstecken, dann noch einmal versuchen.",
  result_7: "Jetzt nicht. Versuchen Sie es gleich noch einmal.",
  result_8: "Beendet.",
  refused_clear: "Der Leser wollte den Schlüssel offen sehen. Er bekam keine Antwort.",
  refused_malformed: "Der Leser sagte etwas Unsinniges. Er bekam keine Antwort.",
  refused_impostor: "Dieser Leser gehört nicht zu dieser Anlage. Er bekam keine Antwort.",
  refused_other_site: "Dieser Leser gehört zu einer anderen Anlage.",
  refused_other_charger: "Sie stehen an einer anderen Ladestation als der gewählten.",
  refused_silent: "Der Leser hat nicht rechtzeitig geantwortet. Nichts wurde gestartet.",
  refused_gone: "Die Verbindung ging vor der Antwort verloren. Was die Ladestation nicht zeigt, wurde nicht gestartet.",
  failed: "Das ging nicht. Nichts wurde gestartet. Gehen Sie näher heran und versuchen Sie es noch einmal.",
  cancelled: "Es wurde kein Leser gewählt.",
  no_bluetooth:
    "Dieser Browser hat kein Web Bluetooth. Es geht mit Chrome, Edge oder Samsung Internet auf Android, und mit Chrome " +
    "oder Edge am Computer. Auf iPhone und iPad und in Firefox kann es keine Seite: nehmen Sie eine Karte, die Gästeseite " +
    "oder eine PKOC-App.",
  no_adapter: "Bluetooth ist auf diesem Gerät ausgeschaltet.",
  insecure: "Browser geben Bluetooth und Schlüssel nur verschlüsselten Seiten. Öffnen Sie diese Seite mit https.",
};

const words = navigator.language?.startsWith("de") ? de : en;
export const language = words === de ? "de" : "en";

export function say(word, fillings = {}) {
  return words[word].replace(/\{(\w+)\}/g, (_, name) => fillings[name]);
}

export const number = (value) => value.toLocaleString(language, { maximumFractionDigits: 1 });
