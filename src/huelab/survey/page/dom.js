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

export function paragraphs(text) {
  return text.split(/\n{2,}/).map((part) => element("p", {}, part));
}

export function button(text, action, { kind = "", hint = "" } = {}) {
  const shown = hint ? [text, element("kbd", { "aria-hidden": "true" }, hint)] : [text];
  return element("button", { type: "button", class: kind, onclick: action }, ...shown);
}

export function render(...children) {
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
