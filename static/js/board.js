// The dispatcher's board: draws what /dispatch/board/data says, keeps it as new as the server's, and opens the dialog
// that moves a visit, for a dragged bar as for one that was chosen. Owns no rules: what may be moved the server decides.

import { showAlerts } from "./board/alerts.js";
import { startCalendar } from "./board/calendar.js";
import { offerPeople, startDialog } from "./board/dialog.js";
import { follow } from "./board/live.js";
import { showPages } from "./board/pages.js";
import { setClock } from "./board/texts.js";
import { announce } from "./board/toast.js";

const element = document.getElementById("board");
if (element) start(element);

async function start(root) {
  let latest = null;
  const bars = new Map();
  const dialog = startDialog(root.dataset, { onDone: (told) => { announce(told, dialog.undo); source.now(); }, onClosed: draw });
  const calendar = startCalendar(root, {
    onChosen: (id) => dialog.open(bars.get(id)),
    onMoved: (id, wish, revert) => dialog.open(bars.get(id), wish, revert),
    onRest: draw,
  });
  await offerPeople(root.dataset.people);
  const source = follow(root.dataset.source, (data) => { setClock(data.now); latest = data; draw(); });

  // What arrives while somebody drags or decides waits: nothing moves under their hand.
  function draw() {
    if (!latest || calendar.isBusy() || dialog.isOpen()) return;
    // A board of today that was left open over midnight is another day's page by now.
    if ("today" in root.dataset && latest.now.slice(0, 10) !== root.dataset.day) return location.reload();
    bars.clear();
    for (const bar of [...latest.pool, ...latest.rows.flatMap((row) => row.bars)]) bars.set(bar.id, bar);
    calendar.show(latest);
    showPages(latest);
    showAlerts(latest, dialog.nameOf, (bar, wish) => dialog.open(bars.get(bar.id) ?? bar, wish));
    latest = null;
  }
}
