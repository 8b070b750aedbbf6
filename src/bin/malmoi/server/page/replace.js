// Words replaced in all translations at once, as a name that the model has written wrongly.

import { button, by, h, notify, openDialog } from "./dom.js";
import { state } from "./state.js";
import { count, t } from "./strings.js";

/** Numbers of the rows whose target has words. */
const having = (words) =>
  words
    ? [...state.result.rows.keys()].filter((at) => state.result.rows[at].target.includes(words))
    : [];

/** Asks for words and what to put in their place. `edit` changes the target of a row. */
export function ask(edit) {
  const { result, focus } = state;
  if (!result) return false;
  const area = by(`target-${focus}`);
  const selected = area?.value.slice(area.selectionStart, area.selectionEnd) ?? "";
  const field = (id, label, value) =>
    h(
      "label",
      { class: "field" },
      h("span", {}, t(label)),
      h("input", { id, lang: result.to, value, autocomplete: "off", on: { input: counted } }),
    );
  const told = h("p", { class: "meta", role: "status" });
  const submit = h("button", { type: "submit", class: "primary" }, t("replace"));
  function counted() {
    const found = having(by("replace-from")?.value ?? selected);
    told.textContent = found.length ? count("found_in", found.length) : t("found_none");
    submit.disabled = !found.length;
  }
  const form = h(
    "form",
    {
      class: "sheet",
      on: {
        submit: (event) => {
          event.preventDefault();
          const [from, to] = [by("replace-from").value, by("replace-to").value];
          close();
          replace(from, to, edit);
        },
      },
    },
    field("replace-from", "replace_from", selected),
    field("replace-to", "replace_to", ""),
    told,
    h(
      "p",
      { class: "dialog-foot" },
      button(t("cancel"), () => close()),
      submit,
    ),
  );
  const close = openDialog(t("replace_title"), form);
  counted();
  by(selected ? "replace-to" : "replace-from").focus();
}

function replace(from, to, edit) {
  const { rows } = state.result;
  const before = having(from).map((at) => [at, rows[at].target]);
  for (const [at, target] of before)
    edit(
      at,
      target.replaceAll(from, () => to),
    );
  const undo = () => {
    for (const [at, target] of before) if (rows === state.result?.rows) edit(at, target);
  };
  notify(count("replaced_in", before.length), { label: t("undo"), run: undo });
}
