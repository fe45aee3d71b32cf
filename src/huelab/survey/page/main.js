// The survey's page: asks the server which step comes next and shows it, until there is none.

import { button, clicked, element, paragraphs, render, say } from "./dom.js";
import { frameLength } from "./exposure.js";
import { Refusal, call, onTrouble, pause, picture } from "./requests.js";
import { Trials } from "./trial.js";

const link = decodeURIComponent(location.hash.slice(1));
const kept = `huelab survey ${link}`; // an open link makes a new participant: this browser remembers which
let token = "";
let texts = {};
let trials = null;

function text(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const post = (path, body = {}) => call(path, { token, body });
const event = (kind, detail = {}) => call("event", { token, body: { kind, detail }, tries: 3 }).catch(() => {});

async function start() {
  texts = await call(`text/${encodeURIComponent(navigator.language || "en")}`);
  document.documentElement.lang = texts.language;
  document.title = text("title");
  onTrouble((lost) => say(lost ? text("connection_lost") : text("connection_back")));
  if (!link) return ended("no_link");
  const joined = await call("join", { body: { link: remembered() ?? link, language: navigator.language || "en" } });
  token = joined.token;
  try {
    localStorage.setItem(kept, token);
  } catch {
    // a browser that keeps nothing: a single-use link still leads back
  }
  if (joined.state.language !== texts.language) texts = await call(`text/${joined.state.language}`);
  document.addEventListener("visibilitychange", () => event("visibility", { hidden: document.hidden }));
  event("load", { navigation: performance.getEntriesByType("navigation")[0]?.type });
  trials = new Trials({ texts: text, length: await frameLength(), shown: (nonce) => event("shown", { nonce }) });
  await go(joined.state);
}

function remembered() {
  try {
    return localStorage.getItem(kept);
  } catch {
    return null;
  }
}

async function go(first) {
  for (let state = first; state; ) {
    footer(state);
    try {
      state = await steps[state.step](state);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.word === "paused") {
        say(text("refused_paused"));
        await pause(10000);
      } else if (error.word !== "not_now" && error.word !== "unknown") {
        throw error;
      }
      state = await call("state", { token }); // another tab or device was here: go on where it stands
    }
  }
}

const steps = { consent, display, screening, instructions, practice: trial, main: trial, questions, debrief };

async function consent(state) {
  const { consent: asked } = state;
  const agree = element("input", { type: "checkbox", id: "agree" });
  const go_on = button(text("consent_go"), () => {}, { kind: "primary" });
  go_on.disabled = true;
  agree.addEventListener("change", () => (go_on.disabled = !agree.checked));
  render(
    heading(asked.title),
    ...paragraphs(asked.text),
    asked.warning ? element("p", { class: "warning" }, asked.warning) : null,
    element("label", { for: "agree", class: "check" }, agree, text("consent_agree")),
    go_on,
  );
  await clicked(go_on);
  return (await post("consent", { sha256: state.consent_sha256 || asked.sha256 })).state;
}

async function display() {
  const notes = ["bright", "night", "lit"];
  const boxes = notes.map((name) => element("input", { type: "checkbox", id: `note-${name}`, name }));
  const steps_of_gray = element("div", { class: "grays", role: "img", "aria-label": text("display_grays_alt") }, ...Array.from({ length: 9 }, (_, n) => element("span", { class: `gray-${n}` })));
  const seen = element("select", { id: "seen" }, ...["", "all", "dark", "bright", "fewer"].map((value) => element("option", { value }, text(`display_seen_${value || "choose"}`))));
  const go_on = button(text("go_on"), () => {}, { kind: "primary" });
  render(
    heading(text("display_title")),
    element("p", {}, text("display_text")),
    ...notes.map((name, place) => element("label", { class: "check", for: `note-${name}` }, boxes[place], text(`display_${name}`))),
    steps_of_gray,
    element("label", { for: "seen", class: "field" }, text("display_seen"), seen),
    go_on,
  );
  await clicked(go_on);
  const media = (query) => window.matchMedia(query).matches;
  return (
    await post("display", {
      viewport: [window.innerWidth, window.innerHeight],
      pixel_ratio: window.devicePixelRatio,
      touch: media("(pointer: coarse)"),
      gamut: ["rec2020", "p3", "srgb"].find((name) => media(`(color-gamut: ${name})`)) ?? "unknown",
      high_dynamic_range: media("(dynamic-range: high)"),
      frame_ms: trials.length,
      browser: family(),
      grays_seen: seen.value,
      ...Object.fromEntries(boxes.map((box) => [box.name, box.checked])),
    })
  ).state;
}

function family() {
  const brands = navigator.userAgentData?.brands?.map((brand) => brand.brand).filter((name) => !/not.a.brand/i.test(name)) ?? [];
  const guess = ["Firefox", "Edg", "Chrome", "Safari"].find((name) => navigator.userAgent.includes(name)) ?? "other";
  return brands.at(-1) ?? guess;
}

async function screening() {
  const { plates, choices } = await call("plates", { token });
  const answers = {};
  for (let number = 0; number < plates; number += 1) {
    const shown = await picture(`plate/${number}`);
    shown.image.alt = text("screening_alt");
    const group = element("div", { class: "plates", role: "group", "aria-label": text("screening_ask") });
    const answer = new Promise((done) => {
      for (const choice of [...choices, ""]) group.append(button(choice || text("screening_nothing"), () => done(choice)));
    });
    render(heading(text("screening_title")), element("p", {}, text("screening_text", { n: number + 1, of: plates })), element("figure", { class: "plate" }, shown.image), element("p", {}, text("screening_ask")), group);
    answers[number] = await answer;
    shown.free();
  }
  return (await post("screening", { answers })).state;
}

async function instructions(state) {
  const { asked, mode } = state;
  const go_on = button(text("instructions_go", { n: asked.practice }), () => {}, { kind: "primary" });
  const keys = { first: asked.keys[0].toUpperCase(), second: asked.keys[1].toUpperCase() };
  render(
    heading(text("instructions_title")),
    ...paragraphs(text(`instructions_${mode}`, keys)),
    element("p", {}, text(asked.exposure_ms ? "instructions_timed" : "instructions_untimed", { seconds: asked.exposure_ms / 1000 })),
    element("p", {}, text("instructions_count", { practice: asked.practice, n: asked.trials })),
    asked.content_warning ? element("p", { class: "warning" }, asked.content_warning) : null,
    go_on,
  );
  await clicked(go_on);
  return (await post("ready")).state;
}

let rested = -1; // the trial before which the last break was
let trained = false;

async function trial(state) {
  if (state.step === "practice") trained = true;
  if (state.step === "main" && ((state.pause && rested !== state.done) || (state.done === 0 && trained))) {
    rested = state.done;
    trained = false;
    const go_on = button(text("go_on"), () => {}, { kind: "primary" });
    render(heading(text(state.done ? "break_title" : "main_title")), element("p", {}, text(state.done ? "break_text" : "main_text", { n: state.done, of: state.of })), go_on);
    await clicked(go_on);
  }
  const given = await trials.run(state);
  const reply = await post("answer", given);
  if (reply.feedback) await feedback(reply.feedback, state.mode, given.frames.layout);
  return reply.state;
}

const PLACES = { stacked: { left: "top", right: "bottom" }, turns: { left: "first", right: "second" } };

async function feedback({ right, truth }, mode, layout) {
  const place = PLACES[layout]?.[truth] ?? truth;
  const go_on = button(text("go_on"), () => {}, { kind: "primary" });
  const stage = document.getElementById("stage");
  const box = element("div", { class: `feedback ${right ? "right" : "wrong"}`, role: "alert" }, text(right ? "feedback_right" : "feedback_wrong"), " ", text(`feedback_${mode}_${place}`));
  stage.querySelector(".answers").replaceWith(box, go_on);
  go_on.focus();
  await clicked(go_on);
}

async function questions(state) {
  const fields = state.questions.map((asked) => {
    const attributes = { id: `question-${asked.key}`, name: asked.key, required: asked.required };
    const field = asked.choices.length ? element("select", attributes, element("option", { value: "" }, text("choose")), ...asked.choices.map((choice) => element("option", { value: choice }, choice))) : element("textarea", { ...attributes, rows: 3, maxlength: 2000 });
    return { asked, field };
  });
  const problem = element("p", { class: "warning", role: "alert" });
  const send = button(text("send"), () => {}, { kind: "primary" });
  render(heading(text("questions_title")), ...fields.map(({ asked, field }) => element("label", { class: "field", for: field.id }, asked.text + (asked.required ? " *" : ""), field)), problem, send);
  for (;;) {
    await clicked(send);
    const missing = fields.find(({ asked, field }) => asked.required && !field.value.trim());
    if (!missing) break;
    send.disabled = false;
    problem.textContent = text("questions_missing");
    missing.field.focus();
  }
  return (await post("questions", { answers: Object.fromEntries(fields.map(({ asked, field }) => [asked.key, field.value])) })).state;
}

async function debrief(state) {
  render(
    heading(text("debrief_title")),
    element("p", {}, text(`debrief_${state.mode}`)),
    code(text("debrief_completion"), state.completion_code),
    state.completion_url ? element("p", {}, element("a", { href: state.completion_url, rel: "noreferrer noopener", class: "button" }, text("debrief_back"))) : null,
    code(text("debrief_deletion"), state.deletion_code),
    element("p", {}, text("debrief_deletion_text")),
  );
  return null;
}

function code(label, value) {
  return element("p", { class: "code" }, element("span", {}, label), element("output", {}, value));
}

function heading(words) {
  return element("h1", { tabindex: "-1", "data-focus": true }, words);
}

function footer(state) {
  const place = document.getElementById("footer");
  const notes = [state.preview ? text("preview") : null, state.simulated ? text("simulated") : null].filter(Boolean).map((note) => element("strong", {}, note));
  const running = ["practice", "main"].includes(state.step);
  place.replaceChildren(
    ...notes,
    ...(running ? [button(text("report"), report, { kind: "quiet" })] : []),
    ...(state.deletion_code ? [button(text("my_data"), () => myData(state), { kind: "quiet" })] : []),
  );
}

async function report() {
  const told = window.prompt(text("report_ask"));
  if (told) {
    await event("problem", { text: told.slice(0, 500) });
    say(text("report_thanks"));
  }
}

function myData(state) {
  const dialog = element(
    "dialog",
    { "aria-labelledby": "data-title" },
    element("h2", { id: "data-title" }, text("my_data")),
    element("p", {}, text("my_data_link")),
    element("p", { class: "link" }, `${location.origin}${location.pathname}#${token}`),
    code(text("debrief_deletion"), state.deletion_code),
    button(text("my_data_export"), async () => save(await call("export", { body: { code: state.deletion_code } }))),
    button(text("my_data_stop"), async () => {
      if (window.confirm(text("my_data_stop_sure"))) {
        await post("withdraw");
        ended("refused_withdrawn");
      }
    }),
    button(text("my_data_delete"), async () => {
      if (window.confirm(text("my_data_delete_sure"))) {
        await call("delete", { body: { code: state.deletion_code } });
        localStorage.removeItem(kept);
        ended("deleted");
      }
    }),
    button(text("close"), () => dialog.close(), { kind: "primary" }),
  );
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}

function save(data) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
  element("a", { href: url, download: "my-answers.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function ended(word) {
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  document.getElementById("footer").replaceChildren();
  render(heading(text("ended_title")), element("p", {}, text(word)));
  token = "";
}

start().catch((error) => {
  if (error instanceof Refusal) return ended(`refused_${error.word}`);
  say(text("broken"));
  throw error;
});
