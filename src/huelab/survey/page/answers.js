// The answers to a trial: buttons, keys, and the first that is given.

import { button, element } from "./dom.js";
import { text } from "./session.js";

const SIDES = { pair: ["left", "right"], prefer: ["left", "right"], single: ["real", "fake"] };

export function answers(mode, asked, layout) {
  const [first, second] = asked.keys.map((key) => key.toLowerCase());
  let settle;
  let opened = false;
  let over = false;
  const given = new Promise((done) => (settle = done));
  const answer = (choice, by) => (event) => {
    if (!opened || over || event.repeat || event.button > 0) return;
    over = true;
    event.preventDefault();
    settle({ choice, by, at: event.timeStamp });
  };
  const names = SIDES[mode];
  const words = mode === "single" ? names : layout === "turns" ? ["first", "second"] : layout === "stacked" ? ["top", "bottom"] : names;
  const arrows = layout === "stacked" ? ["arrowup", "arrowdown"] : ["arrowleft", "arrowright"];
  const keys = new Map([[first, names[0]], [second, names[1]], [arrows[0], names[0]], [arrows[1], names[1]]]);
  if (mode === "prefer") keys.set(" ", "tie");
  const made = [
    [names[0], words[0], first.toUpperCase()],
    ...(mode === "prefer" ? [["tie", "tie", text("space")]] : []),
    [names[1], words[1], second.toUpperCase()],
  ].map(([choice, word, hint]) => {
    const one = button(text(`answer_${mode}_${word}`), () => {}, { kind: "answer", hint });
    one.disabled = true;
    one.addEventListener("pointerdown", answer(choice, "pointer"));
    one.addEventListener("click", answer(choice, "click")); // by the keyboard's Enter, or a screen reader
    return one;
  });
  const listen = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return; // the pictures lie behind it
    const target = event.target.closest?.("button, a, input, textarea, select");
    if (target && (!target.matches("button, a") || event.key === " " || event.key === "Enter")) return; // that press is for the button
    const choice = keys.get(event.key.toLowerCase());
    if (choice) answer(choice, "key")(event);
  };
  document.addEventListener("keydown", listen);
  return {
    given, // {choice, by, at}, or null where the trial was closed before
    buttons: element("div", { class: "answers", role: "group", "aria-label": text("answers") }, ...made),
    open() {
      opened = true;
      if (!over) made.forEach((one) => (one.disabled = false));
    },
    close() {
      over = true;
      document.removeEventListener("keydown", listen);
      made.forEach((one) => (one.disabled = true));
      settle(null);
    },
  };
}
