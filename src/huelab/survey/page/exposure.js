// Shows an element for a time counted in frames of the screen, and says how long it really was.

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

// Shows `element` for `ms` (0: until `until` resolves). What is changed in a frame's callback is on the screen with that frame, so both
// ends are the stamps of the frames that showed and hid it.
export async function expose(element, ms, { length, until = null, onset = () => {} }) {
  const flags = new Set();
  const leave = () => document.hidden && flags.add(ms ? "hidden" : "blurred");
  document.addEventListener("visibilitychange", leave);
  leave();
  const shown = await frame();
  element.classList.remove("unseen");
  onset(shown);
  let hidden = shown;
  let missed = 0;
  if (ms) {
    for (let last = shown; ; last = hidden) {
      hidden = await frame();
      if (hidden - last > 1.5 * length) missed += Math.round((hidden - last) / length) - 1;
      if (hidden - shown >= ms - length / 2) break;
    }
    element.classList.add("unseen");
    if (Math.abs(hidden - shown - ms) > length) flags.add("late");
  } else {
    await until;
    hidden = performance.now();
  }
  document.removeEventListener("visibilitychange", leave);
  return { shown, hidden, ms: hidden - shown, missed, flags: [...flags] };
}
