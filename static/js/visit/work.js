// The work itself: photos, notes, equipment, extra charges, damage. Owns the panel, also as a screen of its own for what
// is added after the clean-up; everything is written the moment its button is tapped.

import { $, clone, field, put } from "../lib/dom.js";
import { go } from "../lib/router.js";
import { t } from "../lib/words.js";
import { addPhoto } from "../sync/journal.js";
import { amountFrom } from "./facts.js";
import { bottomBar, complain, read, remembered, Unfinished, write } from "./form.js";
import { forget, keep, spend } from "./keep.js";
import { know, record, sentence } from "./record.js";
import { recorded } from "./recorded.js";
import { scanner } from "./scan.js";
import { photosSaved, shots } from "./shots.js";

/** The panel; its button asks for the clean-up. What was typed but not added is added by it, and by leaving this way. */
export async function work(context) {
  const panel = await build(context.id, context.facts, () => context.draw(), context.renew);
  return {
    ...panel, hint: t("visit.work.hint"),
    more: [{ text: t("visit.notdone.link"), symbol: "undo", run: async () => { await panel.flush(); go("notdone", { visit: context.id }); } }],
    next: { label: t("visit.work.next"), icon: "broom", act: async () => { await panel.flush(); await context.turn(true); } },
  };
}

let shown = null;

export const view = {
  async start(place, { visit: id }) {
    shown = { place, id };
    await again();
  },
  stop() {
    shown?.panel?.stop();
    shown = null;
  },
};

async function again() {
  const here = shown;
  if (!here) return;
  const known = await know(here.id);
  if (!known || here !== shown) return;
  here.panel?.stop();
  const screen = clone("side");
  put(screen, "title", t("visit.work.title"));
  put(screen, "who", known.visit.customer.name);
  here.panel = await build(here.id, known.facts, again, async () => here.panel.renew(await know(here.id)));
  field(screen, "panel").append(here.panel.element);
  const act = async () => { await here.panel.flush(); go("visit", { visit: here.id }); };
  here.place.replaceChildren(screen, bottomBar({ label: t("visit.work.back"), icon: "check", act }));
}

// `redraw` shows it anew; `renew` only what was recorded: a photo may be saved while somebody types the next note.
async function build(id, facts, redraw, renew) {
  const element = clone("step-work");
  const key = `work:${id}`;
  await remembered(element, key);
  const lists = recorded(element);
  await lists.show(facts);
  const emptied = (names) => Object.fromEntries(names.map((name) => [name, name === "quantity" ? "1" : ""]));
  // Records a fact and empties its fields, but for what was typed on meanwhile.
  const settle = async (fact, names) => {
    const typed = read(element);
    const spent = () => {
      const now = read(element);
      return emptied(names.filter((name) => now[name] === typed[name]));
    };
    await spend(key, () => ({ ...read(element), ...spent() }), async (together) => {
      await record(id, ...fact, together);
      write(element, spent());
    });
    await keep(key, () => read(element));
  };
  const add = async ({ said, names }) => {
    const fact = await said(element, id);
    if (!fact) return;
    await settle(fact, names);
    await redraw();
  };
  // Whatever was typed and not added. All of it is looked at first: what is not enough is complained of, with nothing added.
  const flush = async () => {
    const facts = [];
    const isTyped = ({ typed }) => typed.some((name) => read(element)[name].trim());
    for (const part of Object.values(PARTS).filter(isTyped)) facts.push([await part.said(element, id), part.names]);
    for (const [fact, names] of facts) await settle(fact, names);
    if (!Object.values(PARTS).some(isTyped)) await forget(key);
  };
  // "Add" and the way on, tapped one after the other, take their turns: the second finds the fields empty.
  let turn = Promise.resolve();
  const inTurn = (run) => (turn = turn.then(run, run));
  for (const button of element.querySelectorAll("[data-add]")) button.addEventListener("click", () => once(button, () => inTurn(() => add(PARTS[button.dataset.add]))));
  await shots(element, async (slot, file) => { await addPhoto(id, slot, file); await renew(); });
  scanner(element);
  return {
    element, flush: () => inTurn(flush), renew: (known) => lists.show(known.facts), stop: lists.stop,
  };
}

async function once(button, run) {
  if (button.disabled) return;
  button.disabled = true;
  try {
    complain("");
    await run();
  } catch (error) {
    complain(sentence(error));
  } finally {
    button.disabled = false;
  }
}

// What the fields say, as the fact that it is: [type, data]; null where they are empty. Raises Unfinished.
function note(element) {
  const text = read(element).text.trim();
  return text ? ["note.added", { text }] : null;
}

function equipment(element) {
  const { kind, serial, quantity } = read(element);
  if (!kind.trim()) throw new Unfinished("kind_missing", $("[name=kind]", element));
  const number = Number(quantity);
  if (!Number.isInteger(number) || number < 1 || number > 9999) throw new Unfinished("quantity_wrong", $("[name=quantity]", element));
  return ["equipment.used", { kind: kind.trim(), serial: serial.trim() || null, quantity: number }];
}

function charge(element) {
  const { label, amount } = read(element);
  if (!label.trim()) throw new Unfinished("label_missing", $("[name=label]", element));
  const exact = amountFrom(amount);
  if (!exact) throw new Unfinished("amount_wrong", $("[name=amount]", element));
  return ["charge.added", { label: label.trim(), amount: exact }];
}

async function damage(element, id) {
  const { description, compensation } = read(element);
  if (!description.trim()) throw new Unfinished("description_missing", $("[name=description]", element));
  await photosSaved();
  const { facts } = await know(id);
  const photo = facts.photos.findLast((one) => one.slot === "damage")?.blob ?? null;
  return ["damage.reported", { description: description.trim(), compensation: compensation.trim() || null, photo }];
}

// Of each, which fields are emptied when it is added; and which of them show that somebody typed.
const PARTS = {
  note: { said: note, names: ["text"], typed: ["text"] },
  equipment: { said: equipment, names: ["kind", "serial", "quantity"], typed: ["kind", "serial"] },
  charge: { said: charge, names: ["label", "amount"], typed: ["label", "amount"] },
  damage: { said: damage, names: ["description", "compensation"], typed: ["description", "compensation"] },
};
