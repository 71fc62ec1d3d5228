// The customer signs: by hand, by typing the name, or not, with the reason. Owns the screen; the canvas is pad.js, the
// strokes as data strokes.js. Little ink asks once more and never blocks.

import { $, clone, field, put, show } from "../lib/dom.js";
import { sha256 } from "../lib/ids.js";
import { load, t, tIn } from "../lib/words.js";
import { complain, read, Unfinished, write } from "../visit/form.js";
import { present } from "./review.js";
import { bindText, BOX, isWeak, strokesText } from "./strokes.js";

export async function sign(context) {
  const element = clone("customer-sign");
  const { draft } = context;
  put(element, "doc", context.doc);
  put(element, "again", draft.again ? t("customer.sign.again") : "");
  write(element, { way: draft.way, name: draft.signer.name, relation: draft.signer.relation, typed: draft.typed, reason: draft.reason, words: draft.words });
  await present(context);
  let pad = null;
  const update = async () => {
    const values = read(element);
    for (const way of ["draw", "type", "refuse"]) show(field(element, `way-${way}`), values.way === way);
    show(field(element, "who"), values.way !== "refuse");
    show(field(element, "signer"), values.way === "draw");
    put(document.querySelector(".bottom"), "label", t(values.way === "refuse" ? "customer.refuse.next" : "customer.sign.next"));
    if (values.way === "draw" && !pad && element.isConnected) pad = await open(element, context);
  };
  element.addEventListener("input", async ({ target }) => {
    if (target.name === "way") complain("");
    const { way, name, relation, typed, reason, words } = read(element);
    const kept = context.keep({ way, typed, reason, words, signer: { name, relation } });
    await update();
    await kept;
  });
  return {
    element, ready: update, stop: () => pad?.stop(), title: t("customer.sign.title"),
    hint: t("customer.sign.hint"), label: t("customer.sign.next"), icon: "pen",
    act: () => finish(element, context),
    more: [{ text: t("customer.back"), symbol: "left", run: () => context.to("review") }],
  };
}

// The pen's own code is loaded here and nowhere else.
async function open(element, context) {
  const { startPad } = await import("./pad.js");
  const pad = await startPad($("canvas", element), context.draft.strokes, (strokes) => {
    complain("");
    return context.keep({ strokes, weak: false });
  });
  // On a small phone the field lies under the bar: nobody has to look for it.
  const bar = document.querySelector(".bottom");
  if ($("canvas", element).getBoundingClientRect().bottom > innerHeight - bar.offsetHeight) $(".ink", element).scrollIntoView({ block: "center" });
  $("[data-clear]", element).addEventListener("click", () => pad.clear());
  return pad;
}

async function finish(element, context) {
  const { way } = context.draft;
  if (way === "refuse") return refuse(element, context);
  const mark = way === "type" ? typed(element) : await drawn(element, context);
  const name = mark.typed ?? read(element).name.trim();
  if (!name) throw new Unfinished("signer_missing", $("[name=name]", element));
  const inkHash = await sha256(mark.typed ?? strokesText(mark.strokes));
  await present(context);
  await context.record("signature.captured", {
    doc_hash: context.docHash, ...mark, signer: { name, relation: context.draft.signer.relation },
    shown_ms: Math.max(0, Date.now() - context.draft.shownAt), strokes_hash: mark.strokes ? inkHash : null,
    bind: await sha256(bindText(context.docHash, inkHash, context.id, name)),
  });
  return context.complete();
}

function typed(element) {
  const text = read(element).typed.trim();
  if (!text) throw new Unfinished("typed_missing", $("[name=typed]", element));
  return { typed: text, box: null };
}

async function drawn(element, context) {
  const { strokes, weak } = context.draft;
  if (!strokes.length) throw new Unfinished("ink_missing", $("canvas", element));
  if (isWeak(strokes) && !weak) {
    await context.keep({ weak: true });
    throw new Unfinished("ink_weak", $("canvas", element));
  }
  return { strokes, box: BOX };
}

async function refuse(element, context) {
  const { reason, words } = read(element);
  if (!reason) throw new Unfinished("reason_missing", $("[name=reason]", element));
  await load(context.own);
  const text = [tIn(context.own, `refusal.${reason}`), words.trim()].filter(Boolean).join(". ");
  await present(context);
  await context.record("signature.refused", { reason: text });
  return context.complete();
}
