// The steps before the first trial.

import { button, clicked, element, heading, paragraphs, render } from "./dom.js";
import { call, picture } from "./requests.js";
import { post, session, text } from "./session.js";

export async function consent({ consent: asked }) {
  const said = { lang: asked.language }; // the study's own words, not the catalogue's
  const agree = element("input", { type: "checkbox", id: "agree" });
  const go_on = button(text("consent_go"), () => {}, { kind: "primary" });
  go_on.disabled = true;
  agree.addEventListener("change", () => (go_on.disabled = !agree.checked));
  render(
    heading(asked.title, said),
    ...paragraphs(asked.text, said),
    asked.warning ? element("p", { class: "warning", ...said }, asked.warning) : null,
    element("label", { for: "agree", class: "check" }, agree, text("consent_agree")),
    go_on,
  );
  await clicked(go_on);
  return (await post("consent", { sha256: asked.sha256 })).state; // of what was shown: the server knows what had to be
}

export async function display(_, length) {
  const notes = ["bright", "night", "lit"];
  const boxes = notes.map((name) => element("input", { type: "checkbox", id: `note-${name}`, name }));
  const grays = Array.from({ length: 9 }, (_, n) => element("span", { class: `gray-${n}` }));
  const seen = element("select", { id: "seen" }, ...["", "all", "dark", "bright", "fewer"].map((value) => element("option", { value }, text(`display_seen_${value || "choose"}`))));
  const go_on = button(text("go_on"), () => {}, { kind: "primary" });
  render(
    heading(text("display_title")),
    element("p", {}, text("display_text")),
    ...notes.map((name, place) => element("label", { class: "check", for: `note-${name}` }, boxes[place], text(`display_${name}`))),
    element("div", { class: "grays", role: "img", "aria-label": text("display_grays_alt") }, ...grays),
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
      frame_ms: length,
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

export async function screening() {
  const { plates, choices } = await call("plates", { token: session.token });
  const answers = {};
  for (let number = 0; number < plates; number += 1) {
    const shown = await picture(`plate/${number}`);
    shown.image.alt = text("screening_alt");
    const group = element("div", { class: "plates", role: "group", "aria-label": text("screening_ask") });
    const answer = new Promise((done) => {
      for (const choice of [...choices, ""]) group.append(button(choice || text("screening_nothing"), () => done(choice)));
    });
    render(
      heading(text("screening_title")),
      element("p", {}, text("screening_text", { n: number + 1, of: plates })),
      element("figure", { class: "plate" }, shown.image),
      element("p", {}, text("screening_ask")),
      group,
    );
    answers[number] = await answer;
    shown.free();
  }
  return (await post("screening", { answers })).state;
}

export async function instructions({ asked, mode }) {
  const go_on = button(text("instructions_go", { n: asked.practice }), () => {}, { kind: "primary" });
  const keys = { first: asked.keys[0].toUpperCase(), second: asked.keys[1].toUpperCase() };
  render(
    heading(text("instructions_title")),
    ...paragraphs(text(`instructions_${mode}`, keys)),
    element("p", {}, text(asked.exposure_ms ? "instructions_timed" : "instructions_untimed", { seconds: asked.exposure_ms / 1000 })),
    element("p", {}, text(mode === "prefer" ? "instructions_count_prefer" : "instructions_count", { practice: asked.practice, n: asked.trials })),
    asked.content_warning ? element("p", { class: "warning" }, asked.content_warning) : null,
    go_on,
  );
  await clicked(go_on);
  return (await post("ready")).state;
}
