// One trial: pictures ready, shown, answered once.

import { answers } from "./answers.js";
import { element, render } from "./dom.js";
import { expose, mask } from "./exposure.js";
import { pause, picture } from "./requests.js";
import { event, text } from "./session.js";

const LEAST_CROSS_MS = 400; // it stays long enough to be seen
const SLOW_MS = 3000;

export class Trials {
  constructor(length) {
    this.length = length; // of a frame, ms
    this.ready = new Map(); // picture's name -> promise of it
    this.stopped = false;
    this.answers = null;
  }

  fetch(name) {
    if (!this.ready.has(name)) this.ready.set(name, picture(`picture/${name}`));
    return this.ready.get(name);
  }

  // Ends the trial that is under way: no key answers it any more.
  stop() {
    this.stopped = true;
    this.answers?.close();
  }

  // Gives {nonce, choice, rt_ms, shown_ms, frames, flags}, or null where it was stopped.
  async run(state) {
    const { asked, trial, mode } = state;
    const names = [trial.left, trial.right].filter(Boolean);
    const started = performance.now();
    render(head(state), element("div", { class: "pictures cross", "aria-hidden": "true" }, "+"));
    const pictures = await Promise.all(names.map((name) => this.fetch(name)));
    if (this.stopped) return null;
    const loading = performance.now() - started;
    const { box, layout, scale } = arranged(pictures.map((one) => one.image), asked);
    const given = (this.answers = answers(mode, asked, layout));
    render(head(state), box, given.buttons, element("p", { class: "note" }, text(asked.exposure_ms ? "note_timed" : "note_untimed")));
    await pause(Math.max(0, LEAST_CROSS_MS - loading));

    const ahead = () => state.next.forEach((name) => this.fetch(name)); // not while a timed picture is shown, which it might delay
    const parts = layout === "turns" ? [...box.children] : [box];
    const exposures = [];
    for (const [place, part] of parts.entries()) {
      if (place) await pause(asked.gap_ms);
      const onset = () => {
        if (!place) event("shown", { nonce: trial.nonce });
        if (!asked.exposure_ms) ahead();
        if (place === parts.length - 1 && (asked.answer_while_shown || !asked.exposure_ms)) given.open();
      };
      exposures.push(await expose(part, asked.exposure_ms, { length: this.length, until: given.given, onset }));
      if (asked.exposure_ms && asked.mask) await mask(box);
    }
    given.open();
    ahead();
    const choice = await given.given;
    given.close();
    names.forEach((name) => this.drop(name));
    if (!choice || this.stopped) return null;
    const end = exposures.at(-1);
    return {
      nonce: trial.nonce,
      choice: choice.choice,
      rt_ms: choice.at - (asked.exposure_ms ? end.hidden : end.shown),
      shown_ms: exposures.reduce((sum, one) => sum + one.ms, 0) / exposures.length,
      frames: { length: this.length, missed: exposures.map((one) => one.missed), ms: exposures.map((one) => one.ms), by: choice.by, layout, scale },
      flags: [...new Set([...exposures.flatMap((one) => one.flags), ...(loading > SLOW_MS ? ["slow_load"] : [])])],
    };
  }

  drop(name) {
    this.ready.get(name)?.then((one) => one.free());
    this.ready.delete(name);
  }
}

function head(state) {
  const part = text(state.step === "practice" ? "practice_of" : "trial_of", { n: state.done + 1, of: state.of });
  return element(
    "header",
    { class: "trial" },
    element("h1", { class: "ask", tabindex: "-1", "data-focus": true }, text(`ask_${state.mode}`)),
    element("progress", { max: state.of, value: state.done, "aria-label": part }),
    element("span", { class: "count" }, part),
  );
}

// Side by side where both fit at full size; one above the other where that fits better; else both smaller, by the same factor.
function arranged(images, asked) {
  const wide = document.documentElement.clientWidth - 32;
  const high = window.innerHeight - 260;
  const two = images.length === 2 && asked.presentation === "together";
  const ratio = images[0].naturalHeight / images[0].naturalWidth;
  const full = { width: ratio > 1 ? asked.side / ratio : asked.side, height: ratio > 1 ? asked.side : asked.side * ratio };
  const beside = Math.min(1, (two ? (wide - 16) / 2 : wide) / full.width, Math.max(high, 160) / full.height);
  const stacked = two ? Math.min(1, wide / full.width, Math.max(high - 16, 320) / 2 / full.height) : 0;
  const turns = images.length === 2 && !two;
  const layout = turns ? "turns" : stacked > beside ? "stacked" : "beside";
  const scale = Math.max(beside, stacked);
  const places = { turns: ["first", "second"], stacked: ["top", "bottom"], beside: ["left", "right"] }[layout];
  images.forEach((image, place) => {
    image.width = Math.floor(full.width * scale);
    image.height = Math.floor(full.height * scale);
    image.alt = text(images.length === 1 ? "alt_single" : `alt_${places[place]}`);
    image.draggable = false;
    if (turns) image.classList.add("unseen");
  });
  return { box: element("div", { class: `pictures ${turns ? "turns" : `${layout} unseen`}` }, ...images), layout, scale };
}
