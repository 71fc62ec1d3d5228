// The technician's service worker. The server puts RELEASE and FILES ([{url, integrity}]) in front of this text.
// Owns keeping one whole release on the phone and serving it. Only GET; /api/ is none of its business; it never takes
// over by itself: the page asks for that when no visit is open.

const CACHE = `fieldapp-${RELEASE}`;
const SHELL = "/m/";
const KEPT = new Set(FILES.map((file) => file.url));

self.addEventListener("install", (event) => event.waitUntil(install()));

// All or nothing: one file that is missing or not what it should be, and the old release stays.
async function install() {
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(FILES.map((file) => keep(cache, file)));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function keep(cache, { url, integrity }) {
  const answer = await fetch(url, { integrity, cache: "no-cache", credentials: "omit" });
  if (!answer.ok || answer.redirected) throw new Error(`${url}: ${answer.status}`);
  await cache.put(url, answer);
}

self.addEventListener("activate", (event) => event.waitUntil(activate()));

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("fieldapp-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener("message", (event) => {
  if (event.data === "update") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || url.pathname.startsWith("/api/")) return;
  const wanted = request.mode === "navigate" && url.pathname === SHELL ? SHELL : url.pathname;
  if (KEPT.has(wanted)) event.respondWith(serve(wanted, request));
});

// From this release's cache; a browser that dropped it gets the network's.
async function serve(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}
