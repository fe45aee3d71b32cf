// One trial: pictures ready, shown, answered once.

import { button, element, render } from "./dom.js";
import { expose, frame } from "./exposure.js";
import { pause, picture } from "./requests.js";

const SIDES = { pair: ["left", "right"], prefer: ["left", "right"], single: ["real", "fake"] };

export class Trials {
  constructor({ texts, length, shown }) {
    this.text = texts;
    this.length = length; // of a frame, ms
    this.shown = shown; // tells the server that a trial is on the screen
    this.ready = new Map(); // picture's name -> promise of it
  }

  fetch(name) {
    if (!this.ready.has(name)) this.ready.set(name, picture(`picture/${name}`));
    return this.ready.get(name);
  }

  // Gives {choice, rt_ms, shown_ms, frames, flags}.
  async run(state) {
    const { asked, trial, mode } = state;
    const names = [trial.left, trial.right].filter(Boolean);
    const started = performance.now();
    render(this.head(state), element("div", { class: "pictures cross", "aria-hidden": "true" }, "+"));
    const pictures = await Promise.all(names.map((name) => this.fetch(name)));
    state.next.forEach((name) => this.fetch(name));
    const loading = performance.now() - started;
    const { box, layout, scale } = this.layout(pictures.map((one) => one.image), asked, mode, state.done);
    const answers = this.answers(mode, asked, layout);
    render(this.head(state), box, answers.buttons, this.note(asked));
    await pause(Math.max(0, 400 - loading)); // the cross stays long enough to be seen

    let onset = null;
    const begin = (stamp) => {
      if (onset === null) {
        onset = stamp;
        this.shown(trial.nonce);
        if (asked.answer_while_shown || !asked.exposure_ms) answers.open();
      }
    };
    const parts = asked.presentation === "in_turn" && names.length === 2 ? [...box.children] : [box];
    const exposures = [];
    for (const [place, part] of parts.entries()) {
      if (place) await pause(asked.gap_ms);
      exposures.push(await expose(part, asked.exposure_ms, { length: this.length, until: answers.given, onset: begin }));
    }
    if (asked.exposure_ms && asked.mask) await this.mask(box);
    answers.open();
    const given = await answers.given;
    answers.close();
    names.forEach((name) => this.drop(name));
    const end = exposures.at(-1);
    return {
      nonce: trial.nonce,
      choice: given.choice,
      rt_ms: given.at - (asked.exposure_ms ? end.hidden : onset),
      shown_ms: exposures.reduce((sum, one) => sum + one.ms, 0) / exposures.length,
      frames: { length: this.length, missed: exposures.map((one) => one.missed), ms: exposures.map((one) => one.ms), by: given.by, layout, scale },
      flags: [...new Set([...exposures.flatMap((one) => one.flags), ...(loading > 3000 ? ["slow_load"] : [])])],
    };
  }

  drop(name) {
    this.ready.get(name)?.then((one) => one.free());
    this.ready.delete(name);
  }

  head(state) {
    const part = state.step === "practice" ? this.text("practice_of", { n: state.done + 1, of: state.of }) : this.text("trial_of", { n: state.done + 1, of: state.of });
    const bar = element("progress", { max: state.of, value: state.done, "aria-label": part });
    return element("header", { class: "trial" }, element("h1", { class: "ask", tabindex: "-1", "data-focus": true }, this.text(`ask_${state.mode}`)), bar, element("span", { class: "count" }, part));
  }

  note(asked) {
    return element("p", { class: "note" }, this.text(asked.exposure_ms ? "note_timed" : "note_untimed"));
  }

  // Side by side where both fit at full size; one above the other where that fits better; else both smaller, by the same factor.
  layout(images, asked, mode) {
    const wide = document.documentElement.clientWidth - 32;
    const high = window.innerHeight - 260;
    const two = images.length === 2 && asked.presentation === "together";
    const ratio = images[0].naturalHeight / images[0].naturalWidth;
    const full = { width: ratio > 1 ? asked.side / ratio : asked.side, height: ratio > 1 ? asked.side : asked.side * ratio };
    const beside = Math.min(1, (two ? (wide - 16) / 2 : wide) / full.width, Math.max(high, 160) / full.height);
    const stacked = two ? Math.min(1, wide / full.width, Math.max(high - 16, 320) / 2 / full.height) : 0;
    const layout = stacked > beside ? "stacked" : "beside";
    const scale = Math.max(beside, stacked);
    const places = layout === "stacked" ? ["top", "bottom"] : ["left", "right"];
    images.forEach((image, place) => {
      image.width = Math.floor(full.width * scale);
      image.height = Math.floor(full.height * scale);
      image.alt = this.text(images.length === 1 ? "alt_single" : asked.presentation === "in_turn" ? `alt_${["first", "second"][place]}` : `alt_${places[place]}`);
      image.draggable = false;
    });
    const turns = images.length === 2 && !two;
    if (turns) images.forEach((image) => image.classList.add("unseen"));
    const box = element("div", { class: `pictures ${turns ? "turns" : `${layout} unseen`}` }, ...images);
    return { box, layout: turns ? "turns" : layout, scale };
  }

  answers(mode, asked, layout) {
    const [first, second] = asked.keys;
    let settle;
    let opened = false;
    const given = new Promise((done) => (settle = done));
    const answer = (choice, by) => (event) => {
      if (!opened || event.repeat) return;
      opened = false;
      event.preventDefault();
      settle({ choice, by, at: event.timeStamp });
    };
    const names = SIDES[mode];
    const words = mode === "single" ? names : asked.presentation === "in_turn" ? ["first", "second"] : layout === "stacked" ? ["top", "bottom"] : names;
    const keys = new Map([[first, names[0]], [second, names[1]], [layout === "stacked" ? "arrowup" : "arrowleft", names[0]], [layout === "stacked" ? "arrowdown" : "arrowright", names[1]]]);
    if (mode === "prefer") keys.set(" ", "tie");
    const made = [
      [names[0], words[0], first],
      ...(mode === "prefer" ? [["tie", "tie", this.text("space")]] : []),
      [names[1], words[1], second],
    ].map(([choice, word, key]) => {
      const one = button(this.text(`answer_${mode}_${word}`), () => {}, { kind: "answer", hint: key.toUpperCase() });
      one.disabled = true;
      one.addEventListener("pointerdown", answer(choice, "pointer"));
      one.addEventListener("click", answer(choice, "click")); // by the keyboard's Enter, or a screen reader
      return one;
    });
    const listen = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("input, textarea, select")) return;
      const choice = keys.get(event.key.toLowerCase());
      if (choice) answer(choice, "key")(event);
    };
    document.addEventListener("keydown", listen);
    return {
      given,
      buttons: element("div", { class: "answers", role: "group", "aria-label": this.text("answers") }, ...made),
      open() {
        opened = true;
        made.forEach((one) => (one.disabled = false));
      },
      close() {
        opened = false;
        document.removeEventListener("keydown", listen);
        made.forEach((one) => (one.disabled = true));
      },
    };
  }

  // Gray noise over the pictures for a moment: no after-image to judge by.
  async mask(box) {
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
}
