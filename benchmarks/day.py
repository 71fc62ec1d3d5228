"""A technician's day on the phone, 12 signed visits and 31 photos recorded offline, then sent over a slow 4G line.

The line is Chromium's own (1.6 Mbit/s down, 750 kbit/s up, 150 ms round trip). The bytes are counted by a relay between
browser and server: requests with headers and bodies as they pass it, without what TLS and TCP would add. The content is
the payloads of the facts and the photos as the phone keeps them.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks import report
from benchmarks.relay import Relay
from tests import cast, processes
from tests.browsers import CHROMIUM, CHROMIUM_ARGS, PHONE
from tests.e2e import phone
from tests.faults import company
from tests.sync.phone import GIVEN

VISITS, PHOTOS = 12, 31
#: Bytes a second, milliseconds.
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
OFFLINE = {**SLOW_4G, "offline": True}
BEFORE = ["kit.checked", "visit.departed", "customer.called", "visit.arrived", "door.checked", "consent.given"]
NOTE = "Laid the fibre to the living room, changed the socket and measured the line at the desk."
ANSWERS = {
    "badge": "yes", "introduced": "yes", "courteous": "yes", "explained": "yes", "shoe_covers": "yes", "cleanup": "yes",
    "supplied_tools": "no", "rating": 5, "comment": "Very polite, and left everything clean.",
}  # fmt: skip
#: A name in two strokes, as the pad keeps it: a point every 16 ms.
STROKES = [
    [[round(30 + 250 * part + 2.7 * n, 1), round(150 + 90 * (n % 23 - 11) / 11, 1), 1600 * part + 16 * n, 0.5]
     for n in range(80)]
    for part in range(2)
]  # fmt: skip
#: One whole visit through the app's own modules, as its screens do it.
WORK = """
const [id, before, photos, note, answers, strokes] = args;
const { append, addPhoto } = await load("sync/journal.js");
const { know } = await load("visit/record.js");
const { manifestOf } = await load("visit/facts.js");
const { statementOf } = await load("signoff/statement.js");
const { bindText, BOX, strokesText } = await load("signoff/strokes.js");
const { sha256 } = await load("lib/ids.js");
const { t } = await load("lib/words.js");
const { clockTime, dateOf, price } = await load("lib/time.js");
// What a camera sees has large shapes, small ones and grain.
const picture = async () => {
  const canvas = new OffscreenCanvas(2000, 1500);
  const brush = canvas.getContext("2d");
  for (const [width, strength] of [[4, 1], [24, 0.5], [120, 0.3], [600, 0.25], [2000, 0.1]]) {
    const grain = new ImageData(width, width * 3 / 4);
    for (let at = 0; at < grain.data.length; at += 65_536) crypto.getRandomValues(grain.data.subarray(at, at + 65_536));
    for (let at = 3; at < grain.data.length; at += 4) grain.data[at] = 255;
    brush.globalAlpha = strength;
    brush.drawImage(await createImageBitmap(grain), 0, 0, 2000, 1500);
  }
  return new File([await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 })], "photo.jpg");
};
for (const [type, data] of before) await append(id, type, data);
for (let turn = 0; turn < photos; turn += 1) await addPhoto(id, turn ? "after" : "before", await picture());
await append(id, "note.added", { text: note });
await append(id, "site.checked", { cleanup: true, belongings: true });
const { visit, facts } = await know(id);
const doc = statementOf(visit, facts, { name: "Chen Wei", code: "T101" }, t, { date: dateOf, time: clockTime, price });
const docHash = await sha256(doc);
const inkHash = await sha256(strokesText(strokes));
await append(id, "statement.presented", { doc_hash: docHash, doc });
await append(id, "answers.given", answers);
await append(id, "signature.captured", {
  doc_hash: docHash, strokes, box: BOX, signer: { name: visit.customer.name, relation: "self" }, shown_ms: 20_000,
  strokes_hash: inkHash, bind: await sha256(bindText(docHash, inkHash, id, visit.customer.name)),
});
await append(id, "visit.completed", { manifest: manifestOf(facts) });
await append(id, "visit.left", {});
"""
#: What lies on the phone, and what became of it.
HELD = """
const { store } = await load("sync/store.js");
const { unseal } = await load("sync/vault.js");
const facts = await store().getAll("outbox");
const photos = await store().getAll("blobs");
const payloads = await Promise.all(facts.map((fact) => unseal("outbox", fact.payload)));
const bytes = (text) => new TextEncoder().encode(text).length;
return {
  facts: facts.length, photos: photos.length,
  factBytes: payloads.reduce((sum, payload) => sum + bytes(payload), 0),
  photoBytes: photos.reduce((sum, photo) => sum + photo.bytes, 0),
  fates: [...new Set([...facts, ...photos].map((one) => one.status))].sort(),
};
"""


def run() -> None:
    """Seconds until all is on the server, and bytes sent over bytes of content."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        place = company.found(Path(folder) / "instance", phones=1, visits=VISITS)
        with processes.serving(place.instance) as port, Relay(port) as relay:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
            context = browser.new_context(
                viewport=PHONE, is_mobile=True, has_touch=True, locale="en-GB", timezone_id=cast.ZONE
            )
            url = f"http://127.0.0.1:{relay.port}"
            context.add_cookies([{"name": "sid", "value": place.people[0].secret, "url": url}])
            page = context.new_page()
            page.goto(f"{url}/m/")
            _measure(page, context.new_cdp_session(page), relay, place.people[0].visits)
            browser.close()


def _measure(page: Any, line: Any, relay: Relay, visits: tuple[str, ...]) -> None:
    page.wait_for_selector("#view .card")
    phone.wait_until_kept(page)
    phone.wait_until_sent(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", OFFLINE)
    for number, visit in enumerate(visits):
        _work(page, visit, photos=PHOTOS // VISITS + (number < PHOTOS % VISITS))
    page.wait_for_selector("#sync[data-tone=here]")
    held = phone.run(page, HELD)
    sent, received = relay.sent, relay.received
    began = time.perf_counter()
    line.send("Network.emulateNetworkConditions", SLOW_4G)
    page.wait_for_selector("#sync[data-tone=done]", timeout=900_000)
    took = time.perf_counter() - began
    while phone.call(page, "sync/engine.js", "syncState")["phase"] != "idle":
        page.wait_for_timeout(50)
    fates = phone.run(page, HELD)["fates"]
    if (held["photos"], fates) != (PHOTOS, ["accepted", "sent"]):
        raise SystemExit(f"not everything was taken: {held['photos']} photos, {fates}")
    _tell(held, took, relay.sent - sent, relay.received - received)


def _work(page: Any, visit: str, photos: int) -> None:
    before = [(kind, GIVEN.get(kind, {})) for kind in BEFORE]
    phone.run(page, WORK, visit, before, photos, NOTE, ANSWERS, STROKES)


def _tell(held: dict[str, Any], took: float, sent: int, received: int) -> None:
    bare = sent / SLOW_4G["uploadThroughput"]
    content = held["factBytes"] + held["photoBytes"]
    print(
        f"  {held['facts']} facts of {held['factBytes'] / 1000:.0f} kB, {held['photos']} photos of"
        f" {held['photoBytes'] / 1000:.0f} kB; sent {sent / 1000:.0f} kB, received {received / 1000:.0f} kB"
    )
    report.line("the day on the server, over slow 4G", took, "s", beside=f"(the bare line: {bare:.3g} s)")
    report.line("the same beside the bare line", took / bare, "times", limit=1.25)
    report.line("bytes sent over bytes of content", sent / content, "times", limit=1.1)
