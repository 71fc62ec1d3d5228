// What needs somebody now, the most urgent first, each with its one act: the dialog opens with it filled in.

import { clone, put } from "../lib/dom.js";
import { clock, dated, say, span, symbol } from "./texts.js";

const section = document.getElementById("alerts");
const list = section.querySelector("[data-f=list]");

// `nameOf(code)` says who that is; `act(bar, wish)` opens the dialog.
export function showAlerts({ alerts, alerts_total: total }, nameOf, act) {
  const wasAt = [...list.querySelectorAll("button")].findIndex((button) => button === document.activeElement);
  section.hidden = total === 0;
  section.querySelector("[data-f=count]").textContent = total;
  put(section, "others", total > alerts.length ? say("others", { num: total - alerts.length }) : "");
  list.replaceChildren(...alerts.map((alert) => item(alert, nameOf, act)));
  list.querySelectorAll("button")[wasAt]?.focus();
}

function item(alert, nameOf, act) {
  const { visit } = alert;
  const line = clone("alert");
  line.querySelector("[data-f=symbol]").replaceChildren(symbol(`standing-${standing(alert)}`));
  put(line, "window", datedSpan(visit.from, visit.to));
  put(line, "customer", visit.customer);
  put(line, "number", visit.number);
  put(line, "why", why(alert, nameOf).join(" \u00b7 "));
  const button = put(line, "act", actWords(alert, nameOf));
  button.addEventListener("click", () => act(visit, wish(alert)));
  return line;
}

function standing({ missing, expected, percent }) {
  if (missing) return "deserted";
  if (!expected) return "nobody";
  return percent >= 100 ? "late" : "at_risk";
}

function why(alert, nameOf) {
  const name = alert.visit.technician && nameOf(alert.visit.technician);
  return [
    ...(alert.missing ? [say(alert.missing, { name, kind: alert.kind, time: dated(alert.visit.start) })] : name ? [name] : []),
    ...(alert.expected ? [say("expected", { time: dated(alert.expected) }), say("likely", { percent: alert.percent })] : []),
    alert.until ? say("movable", { time: dated(alert.until) }) : say("fixed"),
  ];
}

function actWords(alert, nameOf) {
  if (alert.act === "give") return say("give", { name: nameOf(alert.technician) });
  if (alert.act === "swap") return say("swap", { name: nameOf(alert.technician), number: alert.other.number });
  if (alert.act === "find") return say(alert.missing === "other_day" ? "replan" : "find");
  return say(alert.act, { window: datedSpan(alert.from, alert.to) });
}

const datedSpan = (start, end) => span(start, end).replace(clock(start), dated(start));

function wish(alert) {
  if (alert.act === "give") return { technician: alert.technician };
  if (alert.act === "swap") return { technician: alert.technician, swap: alert.other };
  if (alert.act === "find") return {};
  return { start: alert.from, from: alert.from, to: alert.to, apology: true, words: alert.words };
}
