// Which screens a visit has, each loaded when it is first shown: route("visit", () => import("./visit.js")), whose module
// exports `view`. Files named here are found by fieldapp/web/pwa/modules.py and kept for offline use.
