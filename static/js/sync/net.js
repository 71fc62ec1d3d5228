// Requests to our own server. Owns the header that proves an answer is ours (a captive portal's page is not) and the
// time limit; decide.js says what an answer means.

import { storeOwner } from "./database.js";
import { meaning, patience } from "./decide.js";

export const ROOT = "/api/sync/v1";

// Never rejects: {kind, status, json, headers, retryAfter}; kind "down" for no network, foreign pages and 5xx.
export async function call(method, path, { json, body, headers = {} } = {}) {
  // Whose facts these are: a session that changed in another tab since must not carry them.
  const whose = storeOwner() ? { "X-Field-User": encodeURIComponent(storeOwner()) } : {};
  const init = { method, headers: { "X-Field-Sync": "1", ...whose, ...headers }, cache: "no-store", redirect: "manual", credentials: "same-origin" };
  if (json !== undefined) {
    init.body = JSON.stringify(json);
    init.headers["Content-Type"] = "application/json";
  } else if (body !== undefined) {
    init.body = body;
  }
  let answer;
  try {
    answer = await fetch(path, { ...init, signal: AbortSignal.timeout(patience(init.body)) });
  } catch {
    return { kind: "down", status: 0, json: null, headers: new Headers(), retryAfter: 0 };
  }
  const content = await readJson(answer);
  // An answer that broke off is none.
  const ours = answer.headers.get("X-Field-Sync") === "1" && content !== undefined;
  return {
    kind: meaning({ status: answer.status, ours, json: content }), status: answer.status, json: content,
    headers: answer.headers, retryAfter: Number(answer.headers.get("Retry-After")) || 0,
  };
}

// Null where there is none, undefined where it is not whole.
async function readJson(answer) {
  if (!/json/.test(answer.headers.get("Content-Type") ?? "")) return null;
  try {
    return await answer.json();
  } catch {
    return undefined;
  }
}
