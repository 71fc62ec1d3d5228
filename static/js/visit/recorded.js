// What was recorded at the work: its photos and one line for everything else. Owns both lists, which are filled anew
// without touching what is typed beside them.

import { $, clone, field, put, show } from "../lib/dom.js";
import { money } from "../lib/time.js";
import { t } from "../lib/words.js";
import { photoUrl } from "../sync/journal.js";

/** Fills the lists in `element`: {show(facts), stop}. */
export function recorded(element) {
  let urls = [];
  let turn = 0;
  const free = () => urls.splice(0).forEach((url) => URL.revokeObjectURL(url));
  return {
    stop() {
      turn += 1;
      free();
    },
    async show(facts) {
      const mine = ++turn;
      lines(element, facts);
      const photos = await Promise.all(facts.photos.map(async ({ slot, blob }) => ({ slot, url: await photoUrl(blob) })));
      const made = photos.map(({ url }) => url).filter(Boolean);
      // Asked again meanwhile, or gone: whoever came last knows most.
      if (mine !== turn) return made.forEach((url) => URL.revokeObjectURL(url));
      free();
      urls = made;
      field(element, "photos").replaceChildren(...photos.map(picture));
      return show(field(element, "photos"), photos.length > 0);
    },
  };
}

function picture({ slot, url }) {
  const item = clone("photo");
  put(item, "slot", t(`visit.photo.${slot}`));
  if (url) Object.assign($("img", item), { src: url, alt: t(`visit.photo.${slot}`) });
  else $("img", item).remove();
  return item;
}

function lines(element, facts) {
  const told = [
    ...facts.notes.map((one) => ["note", one.text]),
    ...facts.equipment.map((one) => ["box", [one.kind, `×${one.quantity}`, one.serial].filter(Boolean).join("  ")]),
    ...facts.added.map((one) => ["money", `${one.label}  ${money(one.amount)}`]),
    ...facts.damages.map((one) => ["warn", one.description]),
  ];
  field(element, "lines").replaceChildren(...told.map(row));
  show(field(element, "lines").closest("section"), told.length > 0);
}

function row([symbol, text]) {
  const item = clone("work-line");
  $("use", item).setAttribute("href", `#i-${symbol}`);
  put(item, "text", text);
  return item;
}
