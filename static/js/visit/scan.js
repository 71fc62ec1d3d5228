// Reading a serial number off a label with the camera, where the browser can. Owns one button; typing always works.

import { $, say, show } from "../lib/dom.js";
import { t } from "../lib/words.js";

/** Shows the scan button under `root` where bar codes can be read; a read code goes into the serial field. */
export function scanner(root) {
  const input = $("[data-scan]", root);
  show(input.closest("label"), "BarcodeDetector" in globalThis);
  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    const code = await decode(file);
    const serial = $("[name=serial]", root);
    if (code) serial.value = code;
    serial.dispatchEvent(new Event("input", { bubbles: true }));
    serial.focus();
    say(code ? t("visit.scan.found", { code }) : t("visit.scan.nothing"));
  });
}

// A picture without a code and a picture that cannot be read end the same: the person types.
async function decode(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const [found] = await new globalThis.BarcodeDetector().detect(bitmap);
    bitmap.close();
    return found?.rawValue?.trim().slice(0, 200) ?? null;
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
