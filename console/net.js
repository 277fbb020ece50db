// Talks to the API: requests that say what is wrong, and the stream of live events.
import { t } from "./text.js";

export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function explain(problem) {
  if (!(problem instanceof Problem)) throw problem;
  if (problem.status === 0) return t("error.network");
  if (problem.status === 401) return t("error.token");
  if (problem.status === 429) return t("error.limit");
  return problem.message || t("error.status", { status: problem.status });
}

let onLogout = () => {};
export const whenLoggedOut = (listener) => (onLogout = listener);

async function request(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new Problem(0, "");
  }
  let body = null;
  try {
    body = await answer.json();
  } catch {
    // An answer without JSON has nothing more to say than its status.
  }
  if (answer.ok) return body;
  if (answer.status === 401 && path !== "/api/v1/session") onLogout();
  throw new Problem(answer.status, body?.detail ?? "");
}

export const get = (path) => request("/api/v1" + path);

export function post(path, body) {
  const headers = { "X-Picket": "1", "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) };
  if (body) headers["Content-Type"] = "application/json";
  return request("/api/v1" + path, { method: "POST", headers, body: body ? JSON.stringify(body) : undefined });
}

export const logIn = (token) => post("/session", { token });
export const logOut = () => request("/api/v1/session", { method: "DELETE", headers: { "X-Picket": "1" } });

const KINDS = ["alert", "incident", "run", "ledger", "health"];
let source = null;
let retry = 0;

// listener(kind, data); kind "state" tells "live" or "waiting", kind "stale" that something was missed.
export function listen(listener) {
  if (source) source.close();
  clearTimeout(retry);
  let openedBefore = false;
  const open = () => {
    source = new EventSource("/api/v1/stream");
    source.onopen = () => {
      listener("state", "live");
      if (openedBefore) listener("stale");
      openedBefore = true;
    };
    source.onerror = () => {
      listener("state", "waiting");
      // Browsers come back by themselves, but not after a refusal.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, 5000);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        const data = JSON.parse(event.data);
        if (kind === "health" && data.left_out > 0) listener("stale");
        listener(kind, data);
      });
    }
  };
  open();
}

export function stopListening() {
  clearTimeout(retry);
  if (source) source.close();
  source = null;
}
