// Which screen is shown: `#name?key=value`. Owns the hash, one view at a time, and remembering where the person was;
// views are `{start(root, params), stop?()}` and may be loaded when first shown.

const views = new Map();
let shown = null;
let turn = 0;
let options = { root: null, home: "today", remember() {}, failed(error) { throw error; } };

// Declares a view, or a loader of one: `route("visit", () => import("../visit/visit.js"))` whose module then calls
// `route("visit", {...})` itself or exports `view`.
export function route(name, view) {
  views.set(name, view);
}

export function parse(hash) {
  const [name, query = ""] = hash.replace(/^#/, "").split("?", 2);
  return { name: decodeURIComponent(name), params: Object.fromEntries(new URLSearchParams(query)) };
}

export function hashOf(name, params = {}) {
  const known = Object.entries(params).filter(([, value]) => value !== undefined && value !== null);
  const query = new URLSearchParams(known).toString();
  return `#${name}${query ? `?${query}` : ""}`;
}

// Shows a screen; `replace` leaves no step behind for the back button.
export function go(name, params = {}, { replace = false } = {}) {
  const hash = hashOf(name, params);
  if (hash === location.hash) return render();
  if (replace) {
    history.replaceState(null, "", hash);
    return render();
  }
  location.hash = hash;
  return undefined;
}

export function current() {
  return parse(location.hash || `#${options.home}`);
}

// Draws the current screen again, for a new language or new data.
export function refresh() {
  return render({ keepFocus: true });
}

export function startRouter(given) {
  options = { ...options, ...given };
  addEventListener("hashchange", onHash);
  return render();
}

const onHash = () => render();

async function render({ keepFocus = false } = {}) {
  const mine = ++turn;
  const { name, params } = current();
  let view;
  try {
    view = await resolve(views.has(name) ? name : options.home);
    if (mine !== turn) return;
    shown?.stop?.();
    shown = view;
    options.root.replaceChildren();
    options.root.dataset.view = name;
    await view.start(options.root, params);
  } catch (error) {
    options.failed(error);
    return;
  }
  if (mine !== turn) return;
  options.remember({ name, params });
  if (!keepFocus) settle(options.root);
}

async function resolve(name) {
  const found = views.get(name);
  if (typeof found !== "function") return found;
  const module = await found();
  if (typeof views.get(name) === "function") views.set(name, module.view ?? module.default);
  return views.get(name);
}

// A new screen starts at its top, and a screen reader reads its heading.
function settle(root) {
  scrollTo(0, 0);
  const heading = root.querySelector("h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
