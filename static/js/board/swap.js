// The visit that goes back in exchange: one choice of the dialog, offered while the technician who has it is chosen.

import { put, show } from "../lib/dom.js";
import { say, span } from "./texts.js";

export function startSwap(form, nameOf) {
  const part = form.querySelector("[data-part=swap]");
  const tick = part.querySelector("input");
  let other = null;

  return {
    offer: (wanted, isTicked) => {
      other = wanted ?? null;
      tick.checked = isTicked && Boolean(other);
    },
    stand: (bar, isPromise) => {
      const fits = other && !isPromise && bar.technician && form.elements.technician.value === other.technician;
      if (!fits) tick.checked = false;
      else put(part, "swap", say("exchange", { number: other.number, window: span(other.start, other.end), name: nameOf(bar.technician) }));
      show(part, Boolean(fits));
    },
    // Where what the form says is sent to, the other visit with it.
    send: (body) => {
      if (!tick.checked) return "";
      body.set("other", other.id);
      body.set("other_rev", other.rev);
      return "/swap";
    },
  };
}
