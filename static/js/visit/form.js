// A screen with a form and one button in the bottom bar. Owns reading and keeping what was typed: it is in storage before
// the camera opens and comes back after a killed app.

import { $, clone, put, say, show } from "../lib/dom.js";
import { keep, recall } from "./keep.js";
import { sentence } from "./record.js";

/** All fields by name; boxes as booleans, everything else as text. */
export function read(root) {
  const values = {};
  for (const input of root.querySelectorAll("[name]")) {
    if (input.type === "checkbox") values[input.name] = input.checked;
    else if (input.type === "radio") {
      values[input.name] ??= null;
      if (input.checked) values[input.name] = input.value;
    } else if (input.type !== "file") values[input.name] = bounded(input);
  }
  return values;
}

/** What a field holds, and no more than it takes: a word that is being composed may be longer, and what code put in is
 * never measured. */
export const bounded = ({ value, maxLength }) => (maxLength > 0 ? value.slice(0, maxLength) : value);

/** Puts values back into the fields that are there. */
export function write(root, values) {
  for (const input of root.querySelectorAll("[name]")) {
    const value = values?.[input.name];
    if (value === undefined || value === null || input.type === "file") continue;
    if (input.type === "checkbox") input.checked = value;
    else if (input.type === "radio") input.checked = input.value === value;
    else input.value = value;
  }
}

/** Fills the fields from the draft `key` and keeps it up to date with every change. */
export async function remembered(root, key) {
  write(root, await recall(key));
  root.addEventListener("input", () => keep(key, () => read(root)));
}

// A finger that taps twice taps so fast; the second tap would be the next step's, which nobody has read yet.
const TWICE = 400;
// A screen that is loaded for a tap comes within this time.
const FOLLOWS = 1500;
let acting = 0;
let actedAt = -FOLLOWS;

/** The bottom bar: one next step, links beside it. `act` may raise an error that has a sentence. */
export function bottomBar({ label, act, icon = "right", more = [] }) {
  const bar = clone("bottom");
  const button = $("button", bar);
  put(bar, "label", label);
  $("use", button).setAttribute("href", `#i-${icon}`);
  button.addEventListener("click", (event) => guarded(bar, event, act));
  for (const { text, run, symbol } of more) {
    const link = clone("bottom-more");
    put(link, "label", text);
    $("use", link).setAttribute("href", `#i-${symbol}`);
    link.addEventListener("click", (event) => guarded(bar, event, run));
    $("[data-f=more]", bar).append(link);
  }
  if (acting || performance.now() - actedAt < FOLLOWS) rest(bar);
  show($("[data-f=more]", bar), more.length > 0);
  return bar;
}

/** Says what is wrong in the bottom bar that is shown. */
export function complain(text) {
  refuse(document.querySelector(".bottom"), text);
}

// What was said before ("saved", "saving") no longer holds, and must not lie over what is wrong.
function refuse(bar, text) {
  if (text) say("");
  put(bar, "wrong", text);
}

// A bar that a tap on another one has brought takes no tap yet; a phone that is slow to hand taps out changes nothing.
function rest(bar) {
  bar.dataset.rests = performance.now() + TWICE;
  bar.setAttribute("aria-disabled", "true");
  setTimeout(() => bar.removeAttribute("aria-disabled"), TWICE);
}

// A second tap while the first is being written is no second fact. What was refused can be tapped again at once, and keys
// are not tapped twice.
async function guarded(bar, { currentTarget: button, detail, timeStamp }, act) {
  if (bar.dataset.busy || (detail && timeStamp < bar.dataset.rests)) return;
  bar.dataset.busy = "1";
  acting += 1;
  put(bar, "wrong", "");
  try {
    await act(button);
    actedAt = performance.now();
  } catch (error) {
    refuse(bar, sentence(error));
  } finally {
    acting -= 1;
    delete bar.dataset.busy;
  }
}

/** What a button does, once at a time: a second tap while the first is being written is no second fact. */
export async function alone(button, run) {
  if (button.disabled) return;
  button.disabled = true;
  try {
    await run();
  } finally {
    button.disabled = false;
  }
}

/** Raised by a screen whose input is not enough; `code` names the sentence, `field` the input to go to. */
export class Unfinished extends Error {
  constructor(code, input = null) {
    super(code);
    this.code = code;
    const fold = input?.closest("details");
    if (fold) fold.open = true;
    input?.focus();
  }
}
