// The customer's own page: the pad for signing later, on the customer's own device. Without this script the typed name
// alone signs. Ink is kept in the form after every lift of the pen, so that nothing is lost when the page comes back.

import { startPad } from "./signoff/pad.js";

const form = document.getElementById("sign");
if (form) start(form);

async function start(element) {
  const { strokes, shown_ms: shown } = element.elements;
  const opened = Date.now() - (Number(shown.value) || 0);
  document.getElementById("pad").hidden = false;
  const pad = await startPad(document.getElementById("ink"), parse(strokes.value), (ink) => {
    strokes.value = JSON.stringify(ink);
    element.elements.weak_ok.value = "";
  });
  document.getElementById("clear").addEventListener("click", () => pad.clear());
  element.addEventListener("submit", () => {
    shown.value = String(Math.max(0, Date.now() - opened));
  });
}

function parse(text) {
  try {
    return JSON.parse(text || "[]");
  } catch {
    return [];
  }
}
