import { enter, leave, press, record, state, type Answer, type Fault, type Recorded, type Visit } from "./api";
import { h, morph } from "./dom";
import { entering, frame, home, recorded, type Pending, type Shown } from "./screens";
import { among, choose, filled, language, words } from "./words";

const EVERY_MS = 2000;
/** How long a charger may take from "accepted" to a session that runs, or is over. */
const SETTLES_MS = 60_000;

class GuestPage {
  private code = language();
  private screen: "enter" | "home" | "record" = "enter";
  private visit: Visit | null = null;
  private sessions: Recorded[] = [];
  private notice: string | null = null;
  private lost = false;
  private busy = false;
  private pending: (Pending & { until: number }) | null = null;
  private tag: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Kept for this tab only: the server may restart, and forget who is here. */
  private link: string | null = null;
  private here: string | null = null;

  async begin(): Promise<void> {
    choose(this.code);
    document.addEventListener("click", (event) => void this.clicked(event));
    document.addEventListener("submit", (event) => void this.submitted(event));
    document.addEventListener("change", (event) => this.changed(event));
    document.addEventListener("visibilitychange", () => this.poll(0));
    window.addEventListener("online", () => this.poll(0));
    window.addEventListener("hashchange", () => void this.arrive());
    this.busy = true;
    this.draw();
    await this.arrive();
  }

  /** Comes in with what the QR code says, which then disappears from the address bar. */
  private async arrive(): Promise<void> {
    const said = new URLSearchParams(location.hash.slice(1));
    this.here = said.get("at") ?? this.here;
    const link = said.get("p");
    if (location.hash) history.replaceState(null, "", location.pathname);
    if (link !== null) {
      this.link = link;
      await this.enter({ link });
      return;
    }
    const { answer, tag } = await state(null);
    this.busy = false;
    if (answer?.ok) {
      this.tag = tag;
      this.show("home", answer.value);
    } else {
      this.screen = "enter";
      if (answer && answer.status !== 401) this.fail(answer);
      this.draw();
    }
    this.poll();
  }

  private async enter(shown: { code: string } | { link: string }): Promise<void> {
    this.busy = true;
    this.notice = null;
    this.draw();
    const answer = await enter(shown);
    this.busy = false;
    if (answer.ok) {
      this.tag = null;
      this.show("home", answer.value);
    } else {
      if (answer.fault.error === "wrong") this.link = null;
      this.screen = "enter";
      this.fail(answer);
      this.draw();
      document.getElementById("code")?.focus();
    }
    this.poll();
  }

  private poll(after = EVERY_MS): void {
    clearTimeout(this.timer);
    if (this.screen === "enter" || document.visibilityState === "hidden") return;
    this.timer = setTimeout(() => void this.look(), after);
  }

  private async look(): Promise<void> {
    const { answer, tag } = await state(this.tag);
    if (answer === null) {
      this.lost = false;
    } else if (answer.ok) {
      this.lost = false;
      this.tag = tag;
      this.take(answer.value);
    } else if (answer.status === 401) {
      if (this.link !== null) {
        await this.enter({ link: this.link });
        return;
      }
      this.visit = null;
      this.screen = "enter";
    } else if (answer.status !== 429) {
      this.lost = true;
    }
    if (this.pending && this.pending.until < Date.now()) this.pending = null;
    this.draw();
    this.poll();
  }

  /** Takes a new state; a session that has ended shows its record. */
  private take(now: Visit): void {
    const before = this.visit;
    this.visit = now;
    const own = (visit: Visit | null): string[] => (visit?.chargers ?? []).filter((it) => it.session).map((it) => it.id);
    const mine = own(now);
    if (this.pending && (this.pending.deed === "start") === mine.includes(this.pending.charger)) this.pending = null;
    if (this.screen === "home" && own(before).some((id) => !mine.includes(id))) {
      this.say(words(this.code).session.done);
      void this.showRecord(words(this.code).session.done);
    }
  }

  private show(screen: "home", visit: Visit): void {
    this.visit = visit;
    this.screen = screen;
    this.notice = null;
    this.lost = false;
    this.draw();
    this.focus();
  }

  private async showRecord(notice: string | null = null): Promise<void> {
    const answer = await record();
    if (answer.ok) {
      this.sessions = answer.value.sessions;
      this.notice = notice;
      this.screen = "record";
      this.draw();
      this.focus();
    } else {
      this.fail(answer);
      this.draw();
    }
  }

  private async press(deed: "start" | "stop", charger: string): Promise<void> {
    this.notice = null;
    this.pending = { charger, deed, until: Date.now() + SETTLES_MS };
    this.draw();
    const answer = await press(deed, charger);
    if (answer.ok) {
      this.tag = null;
      this.take(answer.value);
    } else {
      this.pending = null;
      if (answer.status === 401) return this.look();
      this.fail(answer);
    }
    this.draw();
    this.poll();
  }

  private async clicked(event: Event): Promise<void> {
    const pressed = event.target instanceof Element ? event.target.closest("[data-do]") : null;
    switch (pressed?.getAttribute("data-do")) {
      case "start":
        return this.press("start", pressed.getAttribute("data-charger") ?? "");
      case "stop":
        return this.press("stop", pressed.getAttribute("data-charger") ?? "");
      case "record":
        return this.showRecord();
      case "print":
        return window.print();
      case "back":
        this.notice = null;
        this.screen = "home";
        this.draw();
        this.focus();
        return this.poll(0);
      case "leave":
        await leave();
        this.link = this.visit = this.tag = this.notice = null;
        this.sessions = [];
        this.screen = "enter";
        this.draw();
        return this.focus();
    }
  }

  private async submitted(event: Event): Promise<void> {
    event.preventDefault();
    const typed = document.getElementById("code") as HTMLInputElement | null;
    if (typed && typed.value.trim() && !this.busy) await this.enter({ code: typed.value.trim() });
    else typed?.focus();
  }

  private changed(event: Event): void {
    if (!(event.target instanceof HTMLSelectElement)) return;
    this.code = event.target.value;
    choose(this.code);
    this.notice = null;
    this.draw();
  }

  private fail(answer: Answer<unknown> & { ok: false }): void {
    this.notice = this.faultText(answer.fault, answer.status);
  }

  private faultText(fault: Fault, status: number): string {
    const texts = words(this.code);
    if (status === 0) return texts.misc.lost;
    if (status === 404) return texts.enter.off;
    switch (fault.error) {
      case "wrong":
        return texts.enter.wrong;
      case "too_many":
        return this.screen === "enter" ? filled(texts.enter.too_many, { seconds: fault.wait ?? 60 }) : texts.misc.busy;
      case "not_recorded":
        return texts.misc.not_kept;
      case "charger":
        return among(texts.charger, fault.why ?? "", texts.charger.rejected);
    }
    return among(texts.refused, fault.why ?? "", texts.refused.other);
  }

  private say(text: string): void {
    const said = document.getElementById("said");
    if (said) said.textContent = text;
  }

  /** A new screen begins at its heading, for those who hear it. */
  private focus(): void {
    document.querySelector<HTMLElement>("#app h1")?.focus();
    window.scrollTo(0, 0);
  }

  private draw(): void {
    const shown: Shown = { words: words(this.code), code: this.code, notice: this.notice, lost: this.lost };
    document.title = shown.words.title;
    const app = document.getElementById("app");
    if (!app) return;
    const out = h("button", { type: "button", "data-do": "leave" }, shown.words.button.leave);
    if (this.screen === "enter") morph(app, frame(shown, entering(shown, this.busy), null));
    else if (this.screen === "record") morph(app, frame(shown, recorded(shown, this.visit, this.sessions), out));
    else if (this.visit) morph(app, frame(shown, home(shown, this.visit, this.here, this.pending), out));
  }
}

void new GuestPage().begin();
