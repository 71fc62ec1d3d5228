// What the server found wrong in a form, at the fields concerned.

import { show } from "../lib/dom.js";

export function clearFaults(form) {
  show(form.querySelector("[data-f=refusal]"), false);
  for (const wrong of form.querySelectorAll(".wrong")) {
    wrong.classList.remove("wrong");
    wrong.querySelector(".error")?.remove();
  }
}

// Hands back the first field at fault.
export function markFaults(form, errors) {
  let first = null;
  for (const [name, text] of Object.entries(errors)) {
    const control = form.elements[name];
    if (!control?.closest) continue;
    const box = control.closest(".field");
    box.classList.add("wrong");
    const line = document.createElement("p");
    line.className = "error";
    line.textContent = text;
    box.append(line);
    first ??= control;
  }
  return first;
}
