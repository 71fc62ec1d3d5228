// Tells this page and the other tabs that something on the phone changed. Owns the two event names:
// `sync:changed` (something was written) and `sync:state` (what the engine is doing).

const channel = globalThis.BroadcastChannel ? new BroadcastChannel("fieldapp") : null;

channel?.addEventListener("message", () => dispatchEvent(new CustomEvent("sync:changed", { detail: { appended: false, elsewhere: true } })));

export function changed({ appended = false } = {}) {
  dispatchEvent(new CustomEvent("sync:changed", { detail: { appended } }));
  channel?.postMessage("changed");
}

export function report(state) {
  dispatchEvent(new CustomEvent("sync:state", { detail: state }));
}
