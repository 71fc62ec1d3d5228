// The statement that the customer reads and signs: plain text from structured data. Owns its wording order; the words
// come from `t`, dates from `format`, both in the customer's language. Equal input gives equal text, byte for byte.
import { totalOf } from "../visit/facts.js";

/**
 * `visit`: the day's entry; `facts`: visit/facts.js; `technician`: {name, code}; `t(key, params)`: words;
 * `format`: {date(ms), time(ms), price(amount)} of the branch. Ends with a newline; never contains answers.
 */
export function statementOf(visit, facts, technician, t, format) {
  const blocks = [heading(visit, facts, technician, t, format), work(facts, t)];
  if (facts.damages.length) blocks.push(listed(t("statement.damage"), facts.damages.map((one) => damage(one, t))));
  blocks.push(charges(facts, t, format));
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function heading(visit, facts, technician, t, format) {
  const lines = [
    t("statement.title"),
    field(t, "statement.number", visit.external_id),
    field(t, "statement.customer", clean(visit.customer.name)),
    field(t, "statement.address", clean(visit.customer.address)),
    field(t, "statement.job", t(`job.${visit.job_type}`)),
    field(t, "statement.technician", technician.name ? `${clean(technician.name)} (${technician.code})` : technician.code),
  ];
  if (facts.promise) lines.push(field(t, "statement.promised", span(facts.promise, format)));
  if (facts.arrived) lines.push(field(t, "statement.arrived", moment(facts.arrived.at, format)));
  return lines;
}

function work(facts, t) {
  const done = facts.notes.map((note) => clean(note.text));
  for (const item of facts.equipment) {
    const params = { kind: clean(item.kind), quantity: item.quantity, serial: clean(item.serial ?? "") };
    done.push(t(item.serial ? "statement.equipment_serial" : "statement.equipment", params));
  }
  if (facts.photos.length) done.push(t("statement.photos", { count: facts.photos.length }));
  return listed(t("statement.work"), done.length ? done : [t("statement.as_ordered")]);
}

function damage(one, t) {
  const text = clean(one.description);
  return one.compensation ? t("statement.compensated", { damage: text, compensation: clean(one.compensation) }) : text;
}

function charges(facts, t, format) {
  if (!facts.charges.length) return [t("statement.no_charges")];
  const lines = facts.charges.map((one) => `${clean(one.label)}  ${format.price(totalOf([one]))}`);
  return [...listed(t("statement.charges"), lines), field(t, "statement.total", format.price(totalOf(facts.charges)))];
}

const listed = (title, lines) => [title, ...lines.map((line) => `- ${line}`)];
const field = (t, key, value) => t("statement.field", { name: t(key), value });
const moment = (ms, format) => `${format.date(ms)} ${format.time(ms)}`;

function span(promise, format) {
  const start = Date.parse(promise.start);
  return `${moment(start, format)}–${format.time(Date.parse(promise.end))}`;
}

/** One line of text: what people typed cannot add lines that look like the statement's own. */
function clean(text) {
  return String(text).normalize("NFC").replace(/[\s\u0000-\u001f\u007f\u2028\u2029]+/g, " ").trim();
}
