// Says what was done, and offers to undo it: a new change, never the old one taken out of the books.

const line = document.getElementById("done");
let undo = null;

line.addEventListener("click", async (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (!act) return;
  line.hidden = true;
  if (act === "undo") undo();
});

export function announce({ text, kind, before }, back) {
  line.querySelector("[data-f=text]").textContent = text;
  line.className = `toast notice ${kind}`;
  line.querySelector("[data-act=undo]").hidden = !before;
  undo = () => back(before);
  line.hidden = false;
}
