// The desk's glossary: a new term from what is selected in the segment in hand.

import { ask as request, remove } from "./api.js";
import { check } from "./checking.js";
import * as context from "./context.js";
import { button, by, h, notify, openDialog } from "./dom.js";
import { state } from "./state.js";
import { t } from "./strings.js";

const TERMS = "/api/v1/glossaries/desk/terms";

/** Words that were selected in the source last; the page forgets a selection that it leaves. */
let inSource = "";

export function start() {
  document.addEventListener("selectionchange", () => {
    const selection = getSelection();
    const source = selection.anchorNode?.parentElement?.closest(".source");
    if (source && !selection.isCollapsed) inSource = oneLine(String(selection));
    else if (!selection.isCollapsed) inSource = "";
  });
}

const oneLine = (text) => text.replace(/\s+/g, " ").trim();

/** Asks for a term and its translation; what is selected in the segment is there already. */
export function ask() {
  const { result, focus, canAddTerms } = state;
  if (result?.task !== "translate") return false;
  if (canAddTerms === false) return notify(t("terms_off"));
  const area = by(`target-${focus}`);
  const inTarget = oneLine(area.value.slice(area.selectionStart, area.selectionEnd));
  const side = (name, lang, label, value) =>
    h(
      "label",
      { class: "field" },
      h("span", {}, t(label)),
      h("input", {
        id: `term-${name}`,
        lang,
        value,
        maxlength: 200,
        required: true,
        autocomplete: "off",
      }),
    );
  const fault = h("p", { class: "fault", role: "alert" });
  const form = h(
    "form",
    {
      class: "sheet",
      on: {
        submit: async (event) => {
          event.preventDefault();
          const [source, target] = ["source", "target"].map((name) =>
            by(`term-${name}`).value.trim(),
          );
          const note = by("term-note").value.trim();
          try {
            await keep({ source, target, from: result.from, to: result.to, ...(note && { note }) });
            close();
          } catch (failed) {
            fault.textContent = failed.words ?? String(failed);
          }
        },
      },
    },
    side("source", result.from, result.from, inSource),
    side("target", result.to, result.to, inTarget),
    h(
      "label",
      { class: "field" },
      h("span", {}, t("note_of_term")),
      h("input", { id: "term-note", maxlength: 500, autocomplete: "off" }),
    ),
    fault,
    h(
      "p",
      { class: "dialog-foot" },
      button(t("cancel"), () => close()),
      h("button", { type: "submit", class: "primary" }, t("term_keep")),
    ),
  );
  const close = openDialog(t("term_title"), form);
  by(inSource ? (inTarget ? "term-note" : "term-target") : "term-source").focus();
}

async function keep(term) {
  await request(TERMS, term);
  changed(term);
  const undo = async () => {
    const query = new URLSearchParams({ source: term.source, target: term.target });
    await remove(`${TERMS}?${query}`).catch((fault) => notify(fault.words ?? String(fault)));
    changed(term);
  };
  notify(t("term_kept", term), { label: t("undo"), run: undo });
}

/** The glossary has changed: segments with the term are checked again. */
function changed(term) {
  context.forget();
  const { result, focus } = state;
  if (!result) return;
  const source = term.source.toLowerCase();
  for (const row of result.rows) if (row.source.toLowerCase().includes(source)) check(row);
  context.show(result, focus);
}
