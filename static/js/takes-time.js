// A form whose answer takes its time says so while it is awaited, and is sent once. Without this script it works the same.

const form = document.querySelector("[data-takes-time]");

form?.addEventListener("submit", () => stand(true));
// Come back by the browser's own button, and it can be sent again.
addEventListener("pageshow", () => form && stand(false));

function stand(isWaiting) {
  form.querySelector("[data-f=working]").hidden = !isWaiting;
  form.querySelector("button").disabled = isWaiting;
  form.setAttribute("aria-busy", String(isWaiting));
}
