// The page through <template>s and textContent. Owns small helpers; never takes markup as a string.

import { fill } from "./words.js";

export function $(selector, root = document) {
  return root.querySelector(selector);
}

// A fresh copy of <template id="…">'s first element, its words filled in.
export function clone(templateId, root = document) {
  const template = root.getElementById(templateId);
  if (!template) throw new Error(`no template ${templateId}`);
  return fill(document.importNode(template.content, true).firstElementChild);
}

// Puts text into the element marked data-f="name"; empty or missing text hides it (its closest [data-row] if there is one).
export function put(root, name, text) {
  const element = field(root, name);
  element.textContent = text ?? "";
  show(element.closest("[data-row]") ?? element, text !== null && text !== undefined && text !== "");
  return element;
}

export function field(root, name) {
  return root.matches?.(`[data-f="${name}"]`) ? root : $(`[data-f="${name}"]`, root);
}

export function show(element, visible = true) {
  element.hidden = !visible;
  return element;
}

// Points a <svg class="icon"><use href="#i-…"></use></svg> at another symbol of the shell's sprite.
export function icon(element, name) {
  $("use", element).setAttribute("href", `#i-${name}`);
}

// Says something to everybody, screen readers included, in the status line; it goes away by itself.
let fading;
export function say(text) {
  const line = document.getElementById("say");
  line.textContent = text;
  show(line, text !== "");
  clearTimeout(fading);
  fading = setTimeout(() => show(line, false), 6000);
}
