// A few words to build a page with. Texts are set as text, never as markup.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function paragraphs(text, attributes = {}) {
  return text.split(/\n{2,}/).map((part) => element("p", attributes, part));
}

export function heading(words, attributes = {}) {
  return element("h1", { tabindex: "-1", "data-focus": true, ...attributes }, words);
}

export function button(text, action, { kind = "", hint = "" } = {}) {
  const shown = hint ? [text, element("kbd", { "aria-hidden": "true" }, hint)] : [text];
  return element("button", { type: "button", class: kind, onclick: action }, ...shown);
}

export function code(label, value) {
  return element("p", { class: "code" }, element("span", {}, label), element("output", {}, value));
}

// A line that is read out when it is filled
export function problem() {
  return element("p", { class: "warning", role: "alert" });
}

// Free text of at most so many characters, counted so that none is cut in two (an emoji is two of what `maxlength` counts)
export function freeText(attributes, most) {
  const field = element("textarea", { rows: 3, ...attributes });
  field.addEventListener("input", () => {
    if ([...field.value].length > most) field.value = cut(field.value, most);
  });
  return field;
}

export function cut(words, most) {
  return [...words].filter((character) => !/^[\ud800-\udfff]$/.test(character)).slice(0, most).join("");
}

let frozen = false;

export function render(...children) {
  if (!frozen) draw(children);
}

// What nothing else may follow but another last: a step that was under way draws nothing over it
export function renderLast(...children) {
  frozen = true;
  draw(children);
}

function draw(children) {
  const stage = document.getElementById("stage");
  stage.replaceChildren(...children.filter(Boolean));
  window.scrollTo(0, 0);
  const focus = stage.querySelector("[data-focus]") ?? stage;
  focus.focus({ preventScroll: true });
}

export function say(text) {
  document.getElementById("status").textContent = text;
}

// Resolves with the first click; the button is dead from then on, so that a second click on it means nothing
export function clicked(target) {
  const stop = () => (target.disabled = true);
  return new Promise((done) => target.addEventListener("click", (event) => done(stop(), event), { once: true }));
}
