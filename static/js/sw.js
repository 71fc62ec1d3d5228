// The technician's service worker. The server puts RELEASE and FILES ([{url, integrity}]) in front of this text.
// Owns keeping one whole release on the phone and serving it. Only GET; /api/ is none of its business; it never takes
// over by itself: the page asks for that when no visit is open. And telling that the day changed, in the server's words.

const CACHE = `fieldapp-${RELEASE}`;
const SHELL = "/m/";
const KEPT = new Set(FILES.map((file) => file.url));

self.addEventListener("install", (event) => event.waitUntil(fill()));

// All or nothing: one file that is missing or not what it should be, and everything stays as it was.
async function fill() {
  const answers = await Promise.all(FILES.map(fetched));
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(FILES.map(({ url }, index) => cache.put(url, answers[index])));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function fetched({ url, integrity }) {
  const answer = await fetch(url, { integrity, cache: "no-cache", credentials: "omit" });
  if (!answer.ok || answer.redirected) throw new Error(`${url}: ${answer.status}`);
  return answer;
}

self.addEventListener("activate", (event) => event.waitUntil(activate()));

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("fieldapp-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener("message", (event) => {
  if (event.data === "update") self.skipWaiting();
  if (event.data === "look") event.waitUntil(isWhole().then((whole) => whole || mend()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || url.pathname.startsWith("/api/")) return;
  const wanted = request.mode === "navigate" && url.pathname === SHELL ? SHELL : url.pathname;
  if (KEPT.has(wanted)) event.respondWith(serve(wanted, event));
});

// From this release's cache. A browser may have dropped that, whole or in part: then the network comes first, for a shell
// without its files is of no use where the server has another release; and what is missing is fetched again.
async function serve(path, event) {
  const kept = await cached((cache) => cache.match(path));
  if (kept && (path !== SHELL || (await isWhole()))) return kept;
  event.waitUntil(mend());
  const answer = await fetch(event.request).catch(() => null);
  return answer?.ok ? answer : kept ?? answer ?? Response.error();
}

const isWhole = async () => (await cached((cache) => cache.keys()))?.length === FILES.length;

// What `ask` makes of the cache; undefined where the browser has lost or cannot read it.
const cached = (ask) => caches.open(CACHE).then(ask).catch(() => undefined);

let mending = null;
function mend() {
  mending ??= fill().catch(() => {}).finally(() => { mending = null; });
  return mending;
}

self.addEventListener("push", (event) => event.waitUntil(tell(event.data)));

// Something is shown whatever came: a browser takes the right to be told from who stays silent.
async function tell(data) {
  const { title = "Home visits", body, lang, visit } = parsed(data);
  await self.registration.showNotification(title, { body, lang, tag: "day", renotify: true, data: { visit: visit ?? null } });
  for (const page of await pages()) page.postMessage("day");
}

function parsed(data) {
  try {
    return data.json();
  } catch {
    return {};
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.visit));
});

// An open app comes to the front and goes there itself, if nothing is under way in it.
async function open(visit) {
  const [page] = await pages();
  if (!page) return self.clients.openWindow(`${SHELL}#${visit ? `visit?visit=${encodeURIComponent(visit)}` : "today"}`);
  page.postMessage({ visit });
  return page.focus();
}

const pages = async () => (await self.clients.matchAll({ type: "window" })).filter(({ url }) => new URL(url).pathname === SHELL);
