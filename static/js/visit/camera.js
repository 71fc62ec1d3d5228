// The camera on the page. Owns one dialog: a live picture, a shutter, a way back. Keeps nothing: whoever opened it does.

import { $, clone, say } from "../lib/dom.js";
import { t } from "../lib/words.js";

const WANTED = { audio: false, video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1440 } } };

/** No camera, or it was refused. */
export class NoCamera extends Error {
  constructor() {
    super("no_camera");
    this.code = "no_camera";
  }
}

/** Opens the camera; resolves a JPEG, or null when the person went back. Raises NoCamera. */
export async function shoot() {
  const stream = await started();
  const dialog = clone("camera");
  document.body.append(dialog);
  const video = $("video", dialog);
  video.srcObject = stream;
  dialog.showModal();
  try {
    return await decided(dialog, video);
  } finally {
    for (const track of stream.getTracks()) track.stop();
    dialog.remove();
  }
}

async function started() {
  say(t("visit.camera.opening"));
  try {
    const stream = await navigator.mediaDevices.getUserMedia(WANTED);
    say("");
    return stream;
  } catch (error) {
    if (error instanceof DOMException) throw new NoCamera();
    throw error;
  }
}

function decided(dialog, video) {
  return new Promise((resolve) => {
    const shutter = $("[data-shoot]", dialog);
    video.addEventListener("loadeddata", () => { shutter.disabled = false; });
    shutter.addEventListener("click", async () => resolve(await still(video)));
    $("[data-back]", dialog).addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => resolve(null));
  });
}

function still(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}
