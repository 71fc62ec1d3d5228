// Which page of the technicians is shown, and the ways to the others.

import { say } from "./texts.js";

export function showPages({ page, pages, total }) {
  const nav = document.getElementById("pages");
  nav.hidden = pages < 2;
  document.getElementById("none").hidden = total > 0;
  nav.querySelector("[data-f=where]").textContent = say("where", { page, pages, total });
  for (const link of nav.querySelectorAll("[data-step]")) {
    const target = page + Number(link.dataset.step);
    const address = new URL(location.href);
    address.searchParams.set("page", target);
    link.href = address;
    link.hidden = target < 1 || target > pages;
  }
}
