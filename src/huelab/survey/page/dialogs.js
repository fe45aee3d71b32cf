// What somebody may do at any time: report a problem, see and delete their data, stop; and what is shown when nothing goes on.

import { button, code, cut, element, freeText, heading, problem, renderLast, say } from "./dom.js";
import { Refusal, call } from "./requests.js";
import { event, kept, session, text } from "./session.js";

function dialog(title, kind, ...children) {
  const made = element("dialog", { "aria-labelledby": "dialog-title" }, element("h2", { id: "dialog-title" }, title), ...children);
  made.append(button(text("close"), () => made.close(), { kind }));
  made.addEventListener("close", () => made.remove());
  document.body.append(made);
  made.showModal();
  return made;
}

export function report(nonce) {
  const words = freeText({ id: "problem" }, 500);
  const wrong = problem();
  const send = button(text("send"), sent, { kind: "primary" });
  async function sent() {
    const told = cut(words.value.trim(), 500);
    if (!told) return words.focus();
    send.disabled = true;
    if (await event("problem", { text: told, nonce })) {
      opened.close();
      return say(text("report_thanks"));
    }
    send.disabled = false;
    wrong.textContent = text("report_failed");
  }
  const opened = dialog(text("report"), "", element("label", { class: "field", for: "problem" }, text("report_ask"), words), wrong, send);
}

export function myData(state) {
  const wrong = problem();
  const stop = attempt(wrong, async () => {
    if (!window.confirm(text("my_data_stop_sure"))) return;
    await call("withdraw", { token: session.token, body: {}, tries: 5 });
    ended("refused_withdrawn", { title: "stopped_title", own: state.deletion_code });
  });
  dialog(
    text("my_data"),
    "primary",
    element("p", {}, text("my_data_link")),
    element("p", { class: "link" }, `${location.origin}${location.pathname}#${session.token}`),
    code(text("debrief_deletion"), state.deletion_code),
    ...byCode(() => state.deletion_code, wrong, kept.forget),
    state.step === "debrief" ? null : button(text("my_data_stop"), stop),
    wrong,
  );
}

// What is kept of the holder of a code, without a token: also when the study has ended, or they have stopped
export function codeForm() {
  const wrong = problem();
  const field = element("input", { id: "code", type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "characters" });
  return element(
    "section",
    { class: "card", "aria-labelledby": "code-title" },
    element("h2", { id: "code-title" }, text("my_data")),
    element("p", {}, text("code_text")),
    element("label", { class: "field", for: "code" }, text("code_label"), field),
    ...byCode(() => field.value.trim(), wrong),
    wrong,
  );
}

function byCode(code, wrong, deleted = () => {}) {
  return [
    button(text("my_data_export"), attempt(wrong, async () => save(await call("export", { body: { code: code() }, tries: 5 })))),
    button(
      text("my_data_delete"),
      attempt(wrong, async () => {
        if (!code() || !window.confirm(text("my_data_delete_sure"))) return;
        await call("delete", { body: { code: code() }, tries: 5 });
        deleted();
        ended("deleted", { title: "stopped_title" });
      }),
    ),
  ];
}

// A click that may be refused: then the line says why
function attempt(wrong, act) {
  return async () => {
    wrong.textContent = "";
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      wrong.textContent = text(error.word === "unknown" ? "code_unknown" : `refused_${error.word}`);
    }
  };
}

function save(data) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
  element("a", { href: url, download: "my-answers.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// `own`: the deletion code of who has just stopped, to keep
export function ended(word, { title = "ended_title", own = "" } = {}) {
  session.over = true;
  session.token = "";
  document.dispatchEvent(new Event("survey-ended"));
  document.querySelectorAll("dialog").forEach((one) => one.close());
  document.getElementById("footer").replaceChildren();
  const keep = own ? [code(text("debrief_deletion"), own), element("p", {}, text("debrief_deletion_text"))] : [];
  renderLast(heading(text(title)), element("p", {}, text(word)), ...keep, word === "deleted" ? null : codeForm());
}
