/** What the server tells. Everything but the own pass and the own session is left out by the server. */
export interface Pass {
  name: string;
  from: string | null;
  until: string | null;
  session_kwh: number | null;
  day_kwh: number | null;
  total_kwh: number | null;
}

export interface Why {
  key: string;
  waits: boolean;
  minutes?: number;
}

export interface Session {
  started: string;
  kwh: number;
  kw: number;
  charging: boolean;
  most_kwh: number | null;
  until: string | null;
  why: Why | null;
}

export interface Charger {
  id: string;
  name: string;
  state: string;
  startable: boolean;
  session: Session | null;
}

export interface Visit {
  site: string;
  over: boolean;
  pass: Pass | null;
  chargers: Charger[];
}

export interface Recorded {
  session: string;
  charger: string;
  started: string;
  ended: string | null;
  kwh: number;
}

export interface Fault {
  error: string;
  why?: string;
  wait?: number;
}

export type Answer<T> = { ok: true; value: T } | { ok: false; status: number; fault: Fault };

const PATH = "/api/offline_evse/guest";
const PATIENCE_MS = 45_000;

export const TABLE = `${PATH}/record.csv`;

async function ask<T>(path: string, init: RequestInit): Promise<Answer<T> & { tag?: string | null }> {
  let response: Response;
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), PATIENCE_MS);
  try {
    response = await fetch(PATH + path, { cache: "no-store", credentials: "same-origin", signal: ended.signal, ...init });
    const body = response.status === 304 ? {} : await response.json().catch(() => ({}));
    if (response.ok) return { ok: true, value: body as T, tag: response.headers.get("ETag") };
    return { ok: false, status: response.status, fault: { error: "unknown", ...(body as object) } };
  } catch {
    return { ok: false, status: 0, fault: { error: "lost" } };
  } finally {
    clearTimeout(timer);
  }
}

function told(method: string, body: object): RequestInit {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

export function enter(shown: { code: string } | { link: string }): Promise<Answer<Visit>> {
  return ask("/visit", told("POST", shown));
}

export function leave(): Promise<Answer<unknown>> {
  return ask("/visit", told("DELETE", {}));
}

export function press(deed: "start" | "stop", charger: string): Promise<Answer<Visit>> {
  return ask(`/${deed}`, told("POST", { charger }));
}

export function record(): Promise<Answer<{ sessions: Recorded[] }>> {
  return ask("/record", {});
}

/** How it stands; null where nothing has changed since the last answer with this tag. */
export async function state(tag: string | null): Promise<{ answer: Answer<Visit> | null; tag: string | null }> {
  const asked = await ask<Visit>("/state", tag === null ? {} : { headers: { "If-None-Match": tag } });
  if (!asked.ok && asked.status === 304) return { answer: null, tag };
  return { answer: asked, tag: asked.tag ?? null };
}
