// The customer's page while it lies open: asks now and then whether it still says what is so, and is loaded anew where not.
// Owns nothing that is shown; without it the page is right whenever it is opened.

const EVERY = 30_000;
const page = document.getElementById("page");

async function look() {
  if (document.hidden) return;
  const answer = await fetch(page.dataset.ask, { cache: "no-store" }).catch(() => null);
  if (answer?.ok && (await answer.text()) !== page.dataset.mark) location.reload();
}

setInterval(look, EVERY);
document.addEventListener("visibilitychange", look);
