import { TABLE, type Charger, type Pass, type Recorded, type Session, type Visit, type Why } from "./api";
import { h, svg } from "./dom";
import { amount, clock, moment, number, timeOfDay } from "./format";
import { LANGUAGES, filled, type Words } from "./words";

export interface Shown {
  words: Words;
  code: string;
  notice: string | null;
  lost: boolean;
}

export interface Pending {
  charger: string;
  deed: "start" | "stop";
}

export function frame(shown: Shown, body: Element[], left: Element | null): Element {
  const { words, code } = shown;
  const notice = shown.notice ?? (shown.lost ? words.misc.lost : null);
  return h(
    "div",
    { id: "app" },
    h("main", {}, notice && h("p", { class: "notice", role: "alert", "data-key": "notice" }, notice), ...body),
    h(
      "footer",
      {},
      h(
        "label",
        {},
        words.misc.language,
        h(
          "select",
          { id: "language", autocomplete: "off" },
          ...LANGUAGES.map(([value, name]) => h("option", { value, lang: value, selected: value === code }, name)),
        ),
      ),
      left,
    ),
  );
}

export function entering(shown: Shown, busy: boolean): Element[] {
  const { words } = shown;
  return [
    h("header", { "data-key": "head" }, h("h1", { tabindex: "-1" }, words.title)),
    h(
      "form",
      { class: "card", id: "enter", "data-key": "enter", novalidate: true },
      h("h2", {}, words.enter.title),
      h("p", { class: "soft", id: "hint" }, words.enter.hint),
      h(
        "label",
        {},
        words.enter.code,
        h("input", {
          id: "code",
          name: "code",
          autocomplete: "off",
          autocapitalize: "characters",
          spellcheck: "false",
          maxlength: "40",
          required: true,
          "aria-describedby": "hint",
          "aria-invalid": shown.notice !== null ? "true" : null,
        }),
      ),
      h("button", { type: "submit", class: "main", disabled: busy }, busy ? words.misc.busy : words.enter.go),
    ),
  ];
}

export function home(shown: Shown, visit: Visit, here: string | null, pending: Pending | null): Element[] {
  const { words } = shown;
  const chargers = [...visit.chargers].sort((one, other) => rank(one, here) - rank(other, here));
  const waitsForCar = chargers.some((it) => it.startable) && !chargers.some((it) => it.session);
  return [
    h(
      "header",
      { "data-key": "head" },
      h("p", { class: "soft" }, visit.site),
      h("h1", { tabindex: "-1" }, visit.pass?.name ?? words.title),
      visit.pass && passLine(shown, visit.pass),
    ),
    ...(visit.over ? [h("p", { class: "notice", "data-key": "over" }, words.pass.over)] : []),
    ...(waitsForCar ? [h("p", { "data-key": "plug" }, words.session.plug)] : []),
    chargers.length > 0
      ? h("ul", { "aria-label": words.misc.chargers, "data-key": "chargers" }, ...chargers.map((it) => card(shown, it, here, pending)))
      : h("p", { "data-key": "none", hidden: visit.over }, words.misc.none),
    h("button", { type: "button", "data-do": "record", "data-key": "record" }, words.button.record),
  ];
}

/** The own session first, then the charger whose sign was scanned, then what can be used. */
function rank(charger: Charger, here: string | null): number {
  if (charger.session) return 0;
  if (charger.id === here) return 1;
  return charger.state === "plugged" ? 2 : charger.startable ? 3 : 4;
}

function passLine({ words, code }: Shown, pass: Pass): Element {
  const limits = ([["session", pass.session_kwh], ["day", pass.day_kwh], ["total", pass.total_kwh]] as const)
    .filter((it): it is readonly ["session" | "day" | "total", number] => it[1] !== null)
    .map(([name, kwh]) => `${amount(code, kwh)} kWh ${words.pass[name]}`);
  const times = [
    pass.from && `${words.pass.from} ${moment(code, pass.from)}`,
    pass.until && `${words.pass.until} ${moment(code, pass.until)}`,
  ].filter((it): it is string => Boolean(it));
  return h("p", { class: "soft" }, [...times, ...limits].join(" · "));
}

function card(shown: Shown, charger: Charger, here: string | null, pending: Pending | null): Element {
  const { words } = shown;
  const states: Record<string, string> = words.state;
  const doing = pending?.charger === charger.id ? pending.deed : null;
  return h(
    "li",
    { class: charger.session ? "card yours" : "card", "data-key": charger.id },
    h(
      "div",
      { class: "row" },
      h("h2", { id: `name-${charger.id}` }, charger.name),
      h("span", { class: "mark" }, charger.session ? doingWhat(words, charger.session) : (states[charger.state] ?? charger.state)),
    ),
    charger.id === here && h("p", { class: "here" }, words.misc.scanned),
    charger.session && running(shown, charger.session),
    charger.session
      ? button(shown, charger, "stop", doing)
      : charger.startable && button(shown, charger, "start", doing),
  );
}

function doingWhat(words: Words, session: Session): string {
  if (session.why?.waits) return words.session.waits;
  return session.charging ? words.session.charging : words.state.yours;
}

function button({ words }: Shown, charger: Charger, deed: "start" | "stop", doing: string | null): Element {
  const text = doing === "start" ? words.button.starting : doing === "stop" ? words.button.stopping : words.button[deed];
  return h(
    "button",
    {
      type: "button",
      class: deed === "start" ? "main" : "stop",
      id: `${deed}-${charger.id}`,
      "data-do": deed,
      "data-charger": charger.id,
      "aria-labelledby": `${deed}-${charger.id} name-${charger.id}`,
      disabled: doing !== null,
    },
    text,
  );
}

function running(shown: Shown, session: Session): Element {
  const { words, code } = shown;
  const share = session.most_kwh ? Math.min(1, session.kwh / session.most_kwh) : null;
  return h(
    "div",
    { class: "card-body" },
    h("p", { class: "energy" }, h("b", {}, number(code, session.kwh, 2)), "kWh"),
    share !== null &&
      h(
        "div",
        { class: "bar", "aria-hidden": "true" },
        svg("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none" }, svg("rect", { width: (share * 100).toFixed(1), height: "1" })),
      ),
    session.why && h("p", {}, because(words, session.why)),
    h(
      "dl",
      {},
      fact(words.session.power, `${number(code, session.kw, 1)} kW`),
      fact(words.session.since, clock(code, session.started)),
      session.most_kwh !== null && fact(words.session.most, `${amount(code, session.most_kwh)} kWh`),
      session.until !== null && fact(words.session.until, clock(code, session.until)),
    ),
  );
}

function fact(name: string, value: string): Element {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function because(words: Words, why: Why): string {
  const texts: Record<string, string> = words.why;
  const text =
    why.key === "turn" && why.minutes !== undefined
      ? filled(words.why.turn_minutes, { minutes: why.minutes })
      : (texts[why.key] ?? "");
  return why.waits || why.key === "offline" ? text : `${words.session.slower}. ${text}`;
}

export function recorded(shown: Shown, visit: Visit | null, sessions: Recorded[]): Element[] {
  const { words, code } = shown;
  const total = sessions.reduce((sum, it) => sum + it.kwh, 0);
  const head = ["charger", "started", "ended"] as const;
  return [
    h(
      "header",
      { "data-key": "head-record" },
      h("p", { class: "soft" }, [visit?.site, visit?.pass?.name].filter(Boolean).join(" · ")),
      h("h1", { tabindex: "-1" }, words.record.title),
    ),
    sessions.length === 0
      ? h("p", { "data-key": "no-sessions" }, words.record.none)
      : h(
          "div",
          { class: "card", "data-key": "sessions" },
          h(
            "table",
            {},
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                ...head.map((name) => h("th", { scope: "col" }, words.record[name])),
                h("th", { scope: "col", class: "number" }, "kWh"),
              ),
            ),
            h(
              "tbody",
              {},
              ...sessions.map((it) =>
                h(
                  "tr",
                  { "data-key": it.session },
                  h("td", {}, it.charger),
                  h("td", {}, moment(code, it.started)),
                  h("td", {}, it.ended ? clockOrDay(code, it.started, it.ended) : words.record.running),
                  h("td", { class: "number" }, number(code, it.kwh, 2)),
                ),
              ),
            ),
            h(
              "tfoot",
              {},
              h("tr", {}, h("th", { scope: "row", colspan: "3" }, words.record.total), h("td", { class: "number" }, number(code, total, 2))),
            ),
          ),
        ),
    h(
      "div",
      { class: "row", "data-key": "deeds" },
      h("button", { type: "button", "data-do": "back" }, words.button.back),
      sessions.length > 0 && h("button", { type: "button", "data-do": "print" }, words.button.print),
      sessions.length > 0 && h("a", { class: "button", href: TABLE, download: "charging.csv" }, words.button.download),
    ),
  ];
}

/** The day again only where it is another one. */
function clockOrDay(code: string, started: string, ended: string): string {
  const same = new Date(started).toDateString() === new Date(ended).toDateString();
  return same ? timeOfDay(code, ended) : moment(code, ended);
}
