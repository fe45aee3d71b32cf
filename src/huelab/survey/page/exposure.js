// Shows an element for a time counted in frames of the screen, and says how long it really was.

import { element } from "./dom.js";
import { pause } from "./requests.js";

// Frames of this screen, ms; measured once over a few frames.
export async function frameLength(count = 20) {
  const stamps = [];
  for (let n = 0; n <= count; n += 1) stamps.push(await frame());
  const steps = stamps.slice(1).map((stamp, n) => stamp - stamps[n]);
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)];
}

export function frame() {
  return new Promise((done) => requestAnimationFrame(done));
}

// Shows `part` for `ms` (0: until `until` resolves). What is changed in a frame's callback is on the screen with that frame, so both
// ends are the stamps of the frames that showed and hid it.
export async function expose(part, ms, { length, until = null, onset = () => {} }) {
  const flags = new Set();
  const look = () => {
    if (document.hidden) flags.add(ms ? "hidden" : "blurred");
    else if (ms && document.querySelector("dialog[open]")) flags.add("hidden"); // the pictures lie behind it
  };
  document.addEventListener("visibilitychange", look);
  const shown = await frame();
  look();
  part.classList.remove("unseen");
  onset(shown);
  let hidden = shown;
  let missed = 0;
  if (ms) {
    for (let last = shown; ; last = hidden) {
      hidden = await frame();
      look();
      if (hidden - last > 1.5 * length) missed += Math.round((hidden - last) / length) - 1;
      if (hidden - shown >= ms - length / 2) break;
    }
    part.classList.add("unseen");
    if (Math.abs(hidden - shown - ms) > length) flags.add("late");
  } else {
    await until;
    hidden = performance.now();
  }
  document.removeEventListener("visibilitychange", look);
  return { shown, hidden, ms: hidden - shown, missed, flags: [...flags] };
}

// Gray noise over the pictures for a moment: no after-image to judge by.
export async function mask(box) {
  const canvas = element("canvas", { class: "mask", width: 64, height: 64, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  const noise = context.createImageData(64, 64);
  for (let at = 0; at < noise.data.length; at += 4) {
    const level = Math.floor(Math.random() * 256);
    noise.data.set([level, level, level, 255], at);
  }
  context.putImageData(noise, 0, 0);
  box.append(canvas);
  await pause(250);
  await frame();
  canvas.remove();
}
