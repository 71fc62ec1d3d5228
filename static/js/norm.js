// The form of a draft of the norm: says while it is typed what the points add up to, and shows of an item only the
// numbers that its kind has. Without this script everything can be typed, and the server says the same.

const form = document.querySelector("[data-norm]");
if (form) start(form);

function start(element) {
  const output = element.querySelector("[data-sum]");
  const refresh = () => {
    let total = 0;
    for (const row of element.querySelectorAll("[data-item]")) total += show(row);
    output.value = output.dataset.text.replace("{total}", total);
    output.className = `status ${total === 100 ? "good" : "warn"}`;
  };
  element.addEventListener("input", refresh);
  refresh();
}

function show(row) {
  const used = row.querySelector("[type=checkbox]").checked;
  const byShare = row.querySelector("select").value === "rate";
  row.classList.toggle("off", !used);
  for (const cell of row.querySelectorAll("[data-column]")) {
    const needless = { target: !byShare, min_sample: !byShare, allow: byShare }[cell.dataset.column];
    cell.firstElementChild.hidden = Boolean(needless);
  }
  return used ? Number(row.querySelector("[data-column=points] input").value) || 0 : 0;
}
