// The steps after the last trial.

import { button, clicked, code, cut, element, freeText, heading, problem, render } from "./dom.js";
import { Refusal } from "./requests.js";
import { post, text } from "./session.js";

const MOST = 2000; // characters of an answer

export async function questions(state) {
  const fields = state.questions.map((asked) => {
    const attributes = { id: `question-${asked.key}`, name: asked.key, required: asked.required };
    const options = asked.choices.map((choice) => element("option", { value: choice }, choice));
    return { asked, field: asked.choices.length ? element("select", attributes, element("option", { value: "" }, text("choose")), ...options) : freeText(attributes, MOST) };
  });
  const wrong = problem();
  const send = button(text("send"), () => {}, { kind: "primary" });
  const labels = fields.map(({ asked, field }) => element("label", { class: "field", for: field.id }, asked.text + (asked.required ? " *" : ""), field));
  render(heading(text("questions_title")), ...labels, wrong, send);
  for (;;) {
    await clicked(send);
    const missing = fields.find(({ asked, field }) => asked.required && !field.value.trim());
    if (!missing) {
      try {
        return (await post("questions", { answers: Object.fromEntries(fields.map(({ asked, field }) => [asked.key, cut(field.value, MOST)])) })).state;
      } catch (error) {
        if (!(error instanceof Refusal) || error.word !== "too_large") throw error;
      }
    }
    send.disabled = false;
    wrong.textContent = text(missing ? "questions_missing" : "questions_long");
    (missing ?? fields[0]).field.focus();
  }
}

export async function debrief(state) {
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
