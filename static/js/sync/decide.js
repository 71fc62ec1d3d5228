// The sync engine's decisions, without a network or a disk: what goes into a batch, what an answer means, when to try
// again. Tested by node; everything else in this folder only carries them out.

export const LIMIT = { events: 100, bytes: 256 * 1024 };
const OVERHEAD = 2048;
const STORED = new Set(["accepted", "duplicate", "held", "quarantined"]);

// The oldest waiting entries that fit into one push; always at least one.
export function batchOf(entries, limit = LIMIT) {
  const batch = [];
  let bytes = OVERHEAD;
  for (const entry of entries) {
    const size = sizeOf(entry) + 1;
    if (batch.length && (batch.length >= limit.events || bytes + size > limit.bytes)) break;
    batch.push(entry);
    bytes += size;
  }
  return batch;
}

// The payload goes as a JSON string inside JSON: every quote in it costs two bytes.
const sizeOf = (json) => new TextEncoder().encode(JSON.stringify(json)).length;

/** Whether a payload can be sent at all, in a push of its own; half a kilobyte is for the rest of its entry. */
export const fits = (payload) => OVERHEAD + sizeOf(payload) + 512 <= LIMIT.bytes;

// After a 413: half of what was tried, down to single events.
export const halved = (count) => ({ ...LIMIT, events: Math.max(1, Math.floor(count / 2)) });

// Milliseconds that a request may take: half a minute, and what its body takes at 32 kbit/s. A cut request is sent again
// whole, so a limit that ignored its size would keep it from ever arriving over a weak signal.
export const patience = (body) => 30_000 + Math.ceil((body?.byteLength ?? body?.length ?? 0) / 4);

// Milliseconds until try number `attempt` (from 1): 2 s doubling to 5 min, with jitter so that a street of phones does
// not come back in step. The server's Retry-After is a floor.
export function delay(attempt, random = Math.random(), retryAfter = 0) {
  const ceiling = Math.min(300_000, 2000 * 2 ** Math.min(attempt - 1, 10));
  return Math.min(300_000, Math.max(2000, Math.round(ceiling * (0.5 + random / 2)), retryAfter * 1000));
}

// What an HTTP answer means for everything that waits. `ours` says that it carried our header: only then is it believed.
export function meaning({ status, ours, json }) {
  if (status === 401) return "signin";
  if (status === 403) return ours || json ? "refused" : "down";
  if (status === 413) return "too_large";
  if (status === 426) return "upgrade";
  if (status === 429 || status === 503) return "wait";
  if (status >= 200 && status < 400) return ours ? "ok" : "down";
  if (status === 404 || status === 409 || status === 422) return ours ? "answer" : "down";
  return "down";
}

// Whether something was refused for itself (its size, a fault of the server's with just this): nothing else has to wait.
export const isForItself = ({ kind, status }) => ["too_large", "answer"].includes(kind) || (kind === "down" && status >= 500);

// From the answer to a push: which entries are stored for ever (and how), and from which seq to send again. `hurt` are ids
// of those that only their way damaged. Entries without a result of their own stay as they are.
export function outcome(sent, answer, hurt = new Set()) {
  const byId = new Map((answer.results ?? []).map((result) => [result.id, result]));
  const stored = [];
  let resendFrom = null;
  let busy = false;
  for (const entry of sent) {
    const result = byId.get(entry.id);
    if (!result || hurt.has(entry.id)) continue;
    if (STORED.has(result.status)) {
      stored.push({ seq: entry.seq, status: result.status, code: result.code ?? null, server_at: answer.server_time });
    } else if (result.status === "retry" && result.code === "missing_prev") {
      const from = result.expect_seq ?? entry.seq;
      resendFrom = resendFrom === null ? from : Math.min(resendFrom, from);
    } else {
      busy = true;
    }
  }
  return { stored, resendFrom, busy };
}

// A restored server shows another epoch and may have forgotten what it once confirmed.
export const isRestored = (known, told) => Boolean(known && told && known !== told);

// The one thing that the bar says about sync: {key, params, tone, icon}.
export function summary({ phase, unsent, sending, photos, lastAt }) {
  const waiting = unsent + photos.waiting;
  if (phase === "sending" && waiting) {
    return photos.waiting && !unsent
      ? { key: "sync.sending_photos", params: { done: photos.done, total: photos.done + photos.waiting }, tone: "busy", icon: "upload" }
      : { key: "sync.sending_count", params: { count: sending || waiting }, tone: "busy", icon: "upload" };
  }
  if (waiting) return { key: "sync.here_count", params: { count: waiting }, tone: "here", icon: "mobile" };
  if (photos.damaged) return { key: "sync.damaged_count", params: { count: photos.damaged }, tone: "here", icon: "warn" };
  return lastAt
    ? { key: "sync.server_at", params: { time: lastAt }, tone: "done", icon: "cloud" }
    : { key: "sync.never", params: {}, tone: "here", icon: "offline" };
}
