// Who this is and what they read; requests in their name; what this browser remembers of them.

import { say } from "./dom.js";
import { Refusal, call, pause } from "./requests.js";

const PAUSED_MS = 5000;

export const session = { link: "", token: "", over: false };
let texts = {};

try {
  session.link = decodeURIComponent(location.hash.slice(1));
} catch {
  // a mangled address is as good as none
}

export async function speak(language) {
  if (texts.language === language) return;
  texts = await call(`text/${encodeURIComponent(language)}`);
  document.documentElement.lang = texts.language;
  document.title = text("title");
}

export function text(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// Asks until the study is no longer paused. `waiting` is told once that it is.
export async function patiently(ask, waiting = () => {}) {
  for (let asked = 0; ; asked += 1) {
    try {
      const reply = await ask();
      if (asked) say(text("resumed"));
      return reply;
    } catch (error) {
      if (!(error instanceof Refusal) || error.word !== "paused") throw error;
    }
    if (!asked) waiting();
    say(text("refused_paused"));
    await pause(PAUSED_MS);
    if (session.over) throw new Refusal("paused", 409);
  }
}

export const post = (path, body = {}) => patiently(() => call(path, { token: session.token, body }));

// Whether it was noted
export async function event(kind, detail = {}) {
  if (!session.token) return false;
  try {
    await call("event", { token: session.token, body: { kind, detail }, tries: 3 });
    return true;
  } catch {
    return false;
  }
}

// An open link makes a new participant, so this browser remembers which it made; and each tab, that it is theirs: a reload goes on at
// once, a new tab asks whether it is the same person. A browser that keeps nothing does neither.
const NAME = () => `huelab survey ${session.link}`;

function keeping(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

export const kept = {
  token: () => keeping(() => localStorage.getItem(NAME())),
  thisTab: () => keeping(() => sessionStorage.getItem(NAME())) !== null,
  keep(token) {
    keeping(() => localStorage.setItem(NAME(), token));
    keeping(() => sessionStorage.setItem(NAME(), "here"));
  },
  forget() {
    keeping(() => localStorage.removeItem(NAME()));
    keeping(() => sessionStorage.removeItem(NAME()));
  },
};
