// The canvas for the signature: drawn with signature_pad, kept as strokes in the logical box after every lift of the
// pen, redrawn from them whenever the screen turns. Owns the canvas only.

import SignaturePad from "../../vendor/signature_pad/signature_pad.js";
import { BOX, fromBox, toBox } from "./strokes.js";

/** Starts on `canvas` with `strokes`; `kept(strokes)` is called after every change;
 * `data-strokes` on the canvas counts those that are kept. Resolves {clear, stop}. */
export async function startPad(canvas, strokes, kept) {
  const pad = new SignaturePad(canvas, { minWidth: 1, maxWidth: 3, penColor: "#10203a" });
  let now = strokes;
  let width = 0;
  const lifted = async () => {
    now = toBox(pad.toData(), width);
    await kept(now);
    canvas.dataset.strokes = String(now.length);
  };
  const fit = () => {
    const next = canvas.clientWidth;
    if (!next || next === width) return;
    const turned = width > 0;
    width = next;
    const ratio = Math.max(1, globalThis.devicePixelRatio || 1);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round((width * BOX[1] / BOX[0]) * ratio);
    canvas.getContext("2d").scale(ratio, ratio);
    pad.clear();
    pad.fromData(fromBox(now, width, { minWidth: 1, maxWidth: 3, penColor: "#10203a" }));
    canvas.dataset.strokes = String(now.length);
    if (turned) canvas.scrollIntoView({ block: "center" });
  };
  const watch = new ResizeObserver(fit);
  watch.observe(canvas);
  fit();
  pad.addEventListener("endStroke", lifted);
  return {
    clear: () => {
      pad.clear();
      return lifted();
    },
    stop: () => {
      watch.disconnect();
      pad.off();
    },
  };
}
