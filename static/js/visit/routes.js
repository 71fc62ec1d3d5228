// The screens of a visit, each loaded when it is first shown. Owns their names only.

import { route } from "../lib/router.js";

route("visit", () => import("./visit.js"));
route("work", () => import("./work.js"));
route("late", () => import("./late.js"));
route("nobody", () => import("./nobody.js"));
route("notdone", () => import("./notdone.js"));
route("handover", () => import("../signoff/handover.js"));
