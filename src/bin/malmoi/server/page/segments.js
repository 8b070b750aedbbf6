// Segments that are split and joined, source and target together.

import { button, h, notify, openDialog } from "./dom.js";
import { exported } from "./export.js";
import { state } from "./state.js";
import { t } from "./strings.js";
import { cuts, matchingCut, nearest } from "./text.js";

/** Rows of one text as rows that are the work of an editor, unless a machine wrote all of it. */
function made(source, target, parts) {
  const isMachine = parts.every((row) => row.status === "machine");
  const status = isMachine ? "machine" : "edited";
  const examples = parts.flatMap((row) => row.examples);
  return { source, target, status, first: { target, status }, examples, findings: [] };
}

/** The rows and what stands between them, with a row cut at a place in its source and target. */
export function split({ rows, glue }, number, inSource, inTarget) {
  const row = rows[number];
  const part = (source, target) => made(source.trim(), target.trim(), [row]);
  const first = part(row.source.slice(0, inSource), row.target.slice(0, inTarget));
  const second = part(row.source.slice(inSource), row.target.slice(inTarget));
  const gap = row.target.slice(0, inTarget).match(/\s*$/)[0] || " ";
  return {
    rows: rows.toSpliced(number, 1, first, second),
    glue: glue && glue.toSpliced(number + 1, 0, gap),
  };
}

/** The same with a row and the next one as one. */
export function join({ rows, glue }, number) {
  const parts = rows.slice(number, number + 2);
  const words = (side) =>
    parts
      .map((row) => row[side].trim())
      .filter(Boolean)
      .join(" ");
  return {
    rows: rows.toSpliced(number, 2, made(words("source"), words("target"), parts)),
    glue: glue && glue.toSpliced(number + 1, 1),
  };
}

/** False if the document that came in has no place for rows, as across its paragraphs. */
export async function fits(result, rows) {
  if (result.format === "text") return true;
  try {
    await exported({ ...result, rows }, "source");
    return true;
  } catch (fault) {
    if (fault.status === 400) return false;
    throw fault;
  }
}

/** Asks where to cut a row: at the caret in the target, and where that is in the source. */
export function askForCut(number, caret, then) {
  const { source, target } = state.result.rows[number];
  const places = { source: cuts(source), target: cuts(target) };
  if (!places.source.length) return notify(t("split_short"));
  const chosen = { target: nearest(places.target, caret || target.length / 2) };
  chosen.source = matchingCut(source, target, places.target[chosen.target] ?? 0);
  const side = (name, text, lang, label) => {
    const [before, after] = [h("span"), h("span", { class: "after" })];
    const slider = h("input", {
      id: `cut-${name}`,
      type: "range",
      min: 0,
      max: Math.max(0, places[name].length - 1),
      step: 1,
    });
    slider.value = chosen[name];
    slider.disabled = !places[name].length;
    const paint = () => {
      chosen[name] = Number(slider.value);
      const at = places[name][chosen[name]] ?? text.length;
      before.textContent = text.slice(0, at).trim();
      after.textContent = text.slice(at).trim();
      const ends = [before.textContent.slice(-24), after.textContent.slice(0, 24)];
      slider.setAttribute("aria-valuetext", ends.join(" | "));
    };
    slider.addEventListener("input", paint);
    paint();
    return h(
      "div",
      { class: "cut" },
      h("label", { class: "label", for: slider.id }, t(label)),
      h("p", { lang }, before, h("b", { class: "knife", "aria-hidden": "true" }), after),
      slider,
    );
  };
  const form = h(
    "form",
    {
      class: "cuts",
      on: {
        submit: (event) => {
          event.preventDefault();
          close();
          then(places.source[chosen.source], places.target[chosen.target] ?? target.length);
        },
      },
    },
    side("source", source, state.result.from, "original"),
    side("target", target, state.result.to, "translation"),
    h("p", { class: "meta" }, t("split_text")),
    h(
      "p",
      { class: "dialog-foot" },
      button(t("cancel"), () => close()),
      h("button", { type: "submit", class: "primary" }, t("split")),
    ),
  );
  const close = openDialog(t("split_title", { number: number + 1 }), form);
  form.querySelector("#cut-source").focus();
}
