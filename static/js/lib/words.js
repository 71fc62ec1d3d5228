// What the phone says, in the person's language. Owns loading and filling; the sentences live on the server
// (fieldapp/web/pwa/words.py) and come as one JSON file per language, kept by the service worker.

export const LANGUAGES = ["en", "zh-Hans", "zh-Hant"];

const loaded = new Map();
let current = "en";
let words = {};

// The sentence for `key` with its %(name)s places filled. An unknown key shows itself: seen at once, breaks nothing.
export function t(key, params = {}) {
  return fillIn(words[key] ?? key, params);
}

// The same in another language than the person's own; the language must have been loaded with `load`.
export function tIn(tag, key, params = {}) {
  return fillIn(loaded.get(tag)?.[key] ?? key, params);
}

export function fillIn(sentence, params) {
  return sentence.replace(/%\((\w+)\)s/g, (whole, name) => (name in params ? String(params[name]) : whole)).replaceAll("%%", "%");
}

export function language() {
  return current;
}

// The nearest language we speak to a list of wishes such as navigator.languages.
export function nearest(wishes) {
  for (const wish of wishes) {
    const tag = (wish ?? "").toLowerCase();
    if (tag.startsWith("zh")) return /hant|tw|hk|mo/.test(tag) ? "zh-Hant" : "zh-Hans";
    if (tag.startsWith("en")) return "en";
  }
  return "en";
}

export async function load(tag) {
  if (!loaded.has(tag)) {
    const answer = await fetch(`/m/words/${tag}.json`);
    if (!answer.ok) throw new Error(`words ${tag}: ${answer.status}`);
    loaded.set(tag, await answer.json());
  }
  return loaded.get(tag);
}

export async function setLanguage(tag) {
  words = await load(tag);
  current = tag;
  document.documentElement.lang = tag;
  fill(document.documentElement);
}

// Fills every data-t="key" under `root` as text, and data-t-label, data-t-title, data-t-placeholder as attributes.
export function fill(root, say = t) {
  for (const [data, put] of Object.entries(PLACES)) {
    const name = `data-${data}`;
    if (root.matches?.(`[${name}]`)) put(root, say(root.getAttribute(name)));
    for (const element of root.querySelectorAll(`[${name}]`)) put(element, say(element.getAttribute(name)));
  }
  return root;
}

const PLACES = {
  t: (element, text) => { element.textContent = text; },
  "t-label": (element, text) => element.setAttribute("aria-label", text),
  "t-title": (element, text) => element.setAttribute("title", text),
  "t-placeholder": (element, text) => element.setAttribute("placeholder", text),
};
