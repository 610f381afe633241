import de from "../../../custom_components/offline_evse/guest/words/de.json";
import en from "../../../custom_components/offline_evse/guest/words/en.json";
import es from "../../../custom_components/offline_evse/guest/words/es.json";
import fr from "../../../custom_components/offline_evse/guest/words/fr.json";
import it from "../../../custom_components/offline_evse/guest/words/it.json";
import nl from "../../../custom_components/offline_evse/guest/words/nl.json";

export type Words = typeof en;

/** Every language has every text: a missing one would not compile. */
const ALL: Record<string, Words> = { en, de, fr, nl, es, it };
const CHOSEN = "offline_evse_language";

export const LANGUAGES: ReadonlyArray<readonly [code: string, name: string]> = Object.entries(ALL).map(
  ([code, words]) => [code, words.language] as const,
);

/** The language that the guest chose, or else the one that the server took from the browser's wishes. */
export function language(): string {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(CHOSEN);
  } catch {
    // A browser that keeps nothing speaks the language that it asks for.
  }
  return chosen !== null && chosen in ALL ? chosen : document.documentElement.lang in ALL ? document.documentElement.lang : "en";
}

export function choose(code: string): void {
  document.documentElement.lang = code;
  try {
    localStorage.setItem(CHOSEN, code);
  } catch {
    // It holds until the page is left.
  }
}

export function words(code: string): Words {
  return ALL[code] ?? en;
}

export function filled(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (mark, name: string) => String(values[name] ?? mark));
}

/** A text by a name that came from outside. */
export function among(texts: Record<string, string>, name: string, otherwise: string): string {
  return Object.prototype.hasOwnProperty.call(texts, name) ? (texts[name] ?? otherwise) : otherwise;
}
