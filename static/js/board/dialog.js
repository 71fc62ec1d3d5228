// The one dialog that moves a visit: opened by choosing a bar (keyboard, touch) or by dropping one. Shows old and new
// side by side before anything is sent; says in words why the server refused, and what can be done then.

import { put, show } from "../lib/dom.js";
import { clearFaults, markFaults } from "./faults.js";
import { startSwap } from "./swap.js";
import { later, minutesBetween, nowOnTheClock, say, span, symbolsOf } from "./texts.js";

const dialog = document.getElementById("move");
const form = dialog.querySelector("form");
const field = (name) => form.elements[name];
const part = (name) => form.querySelector(`[data-part=${name}]`);

// Whom the dialog offers; without them (the connection is gone) a visit can still be given to nobody, or moved in time.
export async function offerPeople(address) {
  const people = await fetch(address).then((answer) => (answer.ok ? answer.json() : []), () => []);
  field("technician").append(...people.map(([code, name]) => new Option(`${name} (${code})`, code)));
}

export function startDialog({ visit: address, page }, { onDone, onClosed }) {
  let bar = null;
  let revert = null;
  let offeredFor = "";
  const swap = startSwap(form, nameOf);

  function open(wanted, wish = {}, back = null) {
    bar = wanted;
    revert = back;
    offeredFor = "";
    form.reset();
    put(form, "number", bar.number).href = page.replace("-", bar.id);
    put(form, "customer", bar.customer);
    put(form, "address", bar.address);
    put(form, "refused", "");
    const technician = wish.technician ?? bar.technician;
    if (nameOf(technician) === technician && technician) field("technician").append(new Option(technician, technician));
    field("technician").value = technician;
    field("planned_start").value = wish.start ?? bar.start;
    field("duration").value = bar.minutes;
    field("window_start").value = wish.from ?? bar.from;
    field("window_end").value = wish.to ?? bar.to;
    field("told_at").value = nowOnTheClock();
    field("promise").checked = Boolean(wish.from);
    field("apology").checked = Boolean(wish.apology);
    put(form, "words", wish.words ?? "");
    show(part("words"), Boolean(wish.words));
    show(part("override"), false);
    swap.offer(wish.swap, true);
    clearFaults(form);
    stand(bar);
    refresh();
    dialog.showModal();
    (revert ? form.querySelector("[data-act=send]") : field("technician")).focus();
  }

  // What stands now: also after somebody else changed it while the dialog was open.
  function stand(now) {
    bar = now;
    field("rev").value = bar.rev;
    form.querySelector("[data-f=state]").replaceChildren(...symbolsOf(bar));
    show(form.querySelector("[data-f=fixed]"), !bar.open);
    show(part("plan"), bar.open);
    show(form.querySelector("[data-act=send]"), bar.open);
    show(form.querySelector("[data-act=pin]"), bar.open && bar.technician !== "" && !bar.pinned);
    show(form.querySelector("[data-act=unpin]"), Boolean(bar.pinned));
    put(form, "old-technician", nameOf(bar.technician));
    put(form, "old-planned", span(bar.start, bar.end));
    put(form, "old-promised", span(bar.from, bar.to));
  }

  function refresh() {
    const start = field("planned_start").value;
    const isOutside = start !== "" && start !== bar.start && (start < bar.from || start > bar.to);
    const tick = field("promise");
    // Whoever unticks it has another reason, which the server asks for.
    if (isOutside && !tick.checked && start !== offeredFor) {
      offeredFor = start;
      tick.checked = true;
      if (field("window_start").value === bar.from) proposeWindow(start);
    }
    show(part("promise"), tick.checked);
    show(form.querySelector("[data-f=outside]"), isOutside);
    part("promise").disabled = !tick.checked;
    swap.stand(bar, tick.checked);
    const isHeld = Boolean(bar.pinned) && (start !== bar.start || field("technician").value !== bar.technician);
    show(form.querySelector("[data-f=held]"), isHeld);
    if (isHeld) show(part("override"), true);
    const end = later(start || bar.start, Number(field("duration").value) || bar.minutes);
    compare("technician", nameOf(bar.technician), nameOf(field("technician").value));
    compare("planned", longSpan(bar.start, bar.end), start ? longSpan(start, end) : "");
    const promised = tick.checked ? [field("window_start").value, field("window_end").value] : [bar.from, bar.to];
    compare("promised", longSpan(bar.from, bar.to), promised.every(Boolean) ? longSpan(...promised) : "");
  }

  function isUnchanged() {
    const values = [field("technician").value, field("planned_start").value, Number(field("duration").value)];
    return !field("promise").checked && String(values) === String([bar.technician, bar.start, bar.minutes]);
  }

  // As long a window as before, from the new start on.
  function proposeWindow(start) {
    field("window_start").value = start;
    field("window_end").value = later(start, minutesBetween(bar.from, bar.to));
  }

  async function send(body, act = "") {
    try {
      const answer = await fetch(address.replace("-", bar.id) + act, { method: "POST", body });
      return { ok: answer.ok, ...(await answer.json()) };
    } catch {
      return { ok: false, code: "unsure", text: say("unsure"), errors: {}, visit: bar };
    }
  }

  async function act(body, before, path = swap.send(body)) {
    const told = await send(body, path);
    if (!told.ok) return refuse(told);
    revert = null;
    dialog.close();
    onDone({ text: told.text, kind: told.kind, before: before && { ...before, visit: { ...told.visit, standings: [] }, other: told.other } });
  }

  function refuse(told) {
    const isBack = Boolean(revert);
    revert?.();
    revert = null;
    if (!dialog.open) open({ standings: [], ...told.visit });
    put(form, "refused", [told.text, isBack && say("again")].filter(Boolean).join(" "));
    put(form, "detail", told.detail ?? "");
    put(form, "link", told.link_text ?? "").href = told.link ?? "";
    show(form.querySelector("[data-f=refusal]"), true);
    if (told.with_reason) show(part("override"), true);
    if (told.swap) swap.offer(told.swap, false);
    stand({ ...bar, ...told.visit });
    refresh();
    const first = markFaults(form, told.errors);
    (part("override").hidden ? first : field("override"))?.focus();
  }

  // Back to the plan as it was, as one more change with its own reason; what came in exchange goes back, too.
  function undo({ technician, start, minutes, visit, other }) {
    const body = new FormData();
    const values = { csrf_token: field("csrf_token").value, rev: visit.rev, technician, planned_start: start, duration: minutes, reason: say("undone"), ...(other && { other: other.id, other_rev: other.rev }) };
    for (const [name, value] of Object.entries(values)) body.set(name, value);
    bar = visit;
    act(body, null, other ? "/swap" : "");
  }

  // Where the visit stands, whatever else was typed.
  async function pin(off) {
    const body = new FormData();
    for (const [name, value] of Object.entries({ csrf_token: field("csrf_token").value, rev: bar.rev, off })) body.set(name, value);
    const told = await send(body, "/pin");
    if (!told.ok) return refuse({ errors: {}, visit: bar, ...told });
    dialog.close();
    onDone(told);
  }

  form.querySelector("[data-act=pin]").addEventListener("click", () => pin(""));
  form.querySelector("[data-act=unpin]").addEventListener("click", () => pin("1"));
  form.addEventListener("input", refresh);
  form.addEventListener("submit", (event) => {
    if (event.submitter?.value !== "send" || isUnchanged()) return;
    event.preventDefault();
    clearFaults(form);
    // A promise that was told to the customer is not taken back by a tap: only a mere plan is undone so.
    act(new FormData(form), field("promise").checked ? null : { technician: bar.technician, start: bar.start, minutes: bar.minutes });
  });
  dialog.addEventListener("close", () => {
    revert?.();
    revert = null;
    onClosed();
  });
  return { open, undo, nameOf, isOpen: () => dialog.open };
}

function compare(name, before, after) {
  const cell = put(form, `new-${name}`, after === before ? say("same") : after);
  cell.classList.toggle("changed", after !== before);
  put(form, `old-${name}`, before);
}

function nameOf(code) {
  return [...field("technician").options].find((option) => option.value === code)?.text ?? code;
}

function longSpan(start, end) {
  const day = document.getElementById("board").dataset.day;
  return start.slice(0, 10) === day ? span(start, end) : `${start.slice(5, 10)} ${span(start, end)}`;
}
