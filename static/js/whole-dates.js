// A date that was typed half, or that no calendar has, a browser sends as nothing: what was wished for would be planned
// without it, or lost. So it is said beside it, in the words of the page, before anything is sent.

const { text } = document.getElementById("half-date").dataset;

document.addEventListener("submit", (event) => {
  for (const told of document.querySelectorAll("[data-half]")) told.remove();
  const wrong = [...event.target.elements].filter((one) => one.validity?.badInput);
  if (!wrong.length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  for (const one of wrong) tell(one);
  wrong[0].focus();
}, true);

function tell(input) {
  const line = document.createElement("p");
  line.className = "error";
  line.dataset.half = "";
  line.setAttribute("role", "alert");
  line.textContent = text;
  input.after(line);
}
