// The survey's page: asks the server which step comes next and shows it, until there is none.

import { debrief, questions } from "./after.js";
import { consent, display, instructions, screening } from "./before.js";
import { codeForm, ended, myData, report } from "./dialogs.js";
import { button, clicked, element, heading, render, say } from "./dom.js";
import { frameLength } from "./exposure.js";
import { Refusal, call, onTrouble, pause } from "./requests.js";
import { event, kept, patiently, post, session, speak, text } from "./session.js";
import { Trials } from "./trial.js";

let trials = null;

async function start() {
  await speak(navigator.language || "en");
  onTrouble((lost) => say(text(lost ? "connection_lost" : "connection_back")));
  if (!session.link) return ended("no_link");
  const joined = await entered();
  if (!joined) return ended("one_person");
  session.token = joined.token;
  kept.keep(joined.token);
  await speak(joined.state.language);
  document.addEventListener("visibilitychange", () => event("visibility", { hidden: document.hidden }));
  event("load", { navigation: performance.getEntriesByType("navigation")[0]?.type });
  trials = new Trials(await frameLength());
  document.addEventListener("survey-ended", () => trials.stop());
  await go(joined.state);
}

const join = (link) => patiently(() => call("join", { body: { link, language: navigator.language || "en" } }), resting);

// {token, state} of whoever this browser remembers, or of the link; null where somebody else's link was for one person.
async function entered() {
  const own = kept.token();
  if (!own || own === session.link) return join(session.link);
  let joined;
  try {
    joined = await join(own);
  } catch (error) {
    if (!(error instanceof Refusal) || !["unknown", "withdrawn"].includes(error.word)) throw error;
    kept.forget(); // they are gone, the link may lead on
    return join(session.link);
  }
  if (kept.thisTab() || joined.state.step === "consent" || (await same())) return joined;
  const other = await join(session.link);
  if (other.token === joined.token) return null;
  return other;
}

// Whether who comes back is who was here.
function same() {
  return new Promise((done) => {
    const stay = button(text("back_go"), () => done(true), { kind: "primary" });
    render(heading(text("back_title")), element("p", {}, text("back_text")), stay, button(text("somebody_else"), () => done(false)));
  });
}

// Paused before there was anything to show
function resting() {
  if (!session.token) render(heading(text("paused_title")), element("p", {}, text("refused_paused")), codeForm());
}

async function go(first) {
  for (let state = first; state && !session.over; ) {
    footer(state);
    try {
      state = await steps[state.step](state);
    } catch (error) {
      if (!(error instanceof Refusal) || !["not_now", "unknown"].includes(error.word)) throw error;
      if (session.over) return;
      if (error.word === "unknown") await pause(1000); // never in a circle without rest
      state = await patiently(() => call("state", { token: session.token })); // another tab or device was here: go on where it stands
    }
  }
}

const steps = { consent, display: (state) => display(state, trials.length), screening, instructions, practice: trial, main: trial, questions, debrief };

let rested = -1; // the trial before which the last break was
let trained = false;

async function trial(state) {
  if (state.step === "practice") trained = true;
  if (state.step === "main" && ((state.pause && rested !== state.done) || (state.done === 0 && trained))) {
    rested = state.done;
    trained = false;
    const go_on = button(text("go_on"), () => {}, { kind: "primary" });
    const words = text(state.done ? "break_text" : "main_text", { n: state.done, of: state.of });
    render(heading(text(state.done ? "break_title" : "main_title")), element("p", {}, words), go_on);
    await clicked(go_on);
  }
  const given = await trials.run(state);
  if (!given) return null;
  const reply = await post("answer", given);
  if (reply.feedback && !session.over) await feedback(reply.feedback, state.mode, given.frames.layout);
  return reply.state;
}

const PLACES = { stacked: { left: "top", right: "bottom" }, turns: { left: "first", right: "second" } };

async function feedback({ right, truth }, mode, layout) {
  const place = PLACES[layout]?.[truth] ?? truth;
  const go_on = button(text("go_on"), () => {}, { kind: "primary" });
  const stage = document.getElementById("stage");
  const box = element("div", { class: `feedback ${right ? "right" : "wrong"}`, role: "alert" }, text(right ? "feedback_right" : "feedback_wrong"), " ", text(`feedback_${mode}_${place}`));
  stage.querySelector(".answers").replaceWith(box, go_on);
  if (!document.querySelector("dialog[open]")) go_on.focus();
  await clicked(go_on);
}

function footer(state) {
  const place = document.getElementById("footer");
  const notes = [state.preview ? text("preview") : null, state.simulated ? text("simulated") : null].filter(Boolean).map((note) => element("strong", {}, note));
  const quiet = (words, action) => button(words, action, { kind: "quiet" });
  place.replaceChildren(
    ...notes,
    ...(state.trial ? [quiet(text("report"), () => report(state.trial.nonce))] : []),
    ...(state.deletion_code ? [quiet(text("my_data"), () => myData(state))] : []),
    ...(state.step === "debrief" && session.link !== session.token ? [quiet(text("somebody_else"), () => (kept.forget(), location.reload()))] : []),
  );
}

start().catch((error) => {
  if (session.over) return;
  if (error instanceof Refusal) return ended(`refused_${error.word}`, { title: error.word === "withdrawn" ? "stopped_title" : "ended_title" });
  say(text("broken"));
  throw error;
});
