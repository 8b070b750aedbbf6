// The grid: a row for each segment, its source beside its target, with what is in doubt.

import { by, h } from "./dom.js";
import { doubtsOf, isDismissed, isNote, state } from "./state.js";
import { language, t } from "./strings.js";
import { cut } from "./text.js";

let actions;

export function start(given) {
  actions = given;
}

/** The list of rows, below the names of its columns. */
export function list(result) {
  const names =
    result.task === "translate" ? ["original", "translation"] : ["in_article", "summary"];
  return h(
    "div",
    {},
    h(
      "div",
      { class: "columns label", "aria-hidden": "true" },
      names.map((name) => h("span", {}, t(name))),
    ),
    h(
      "ol",
      { id: "grid", class: "grid", "aria-label": t("segments") },
      result.rows.map((_, number) => row(result, number)),
    ),
  );
}

const rowOf = (number) => by(`row-${number}`);
const field = (number) => by(`target-${number}`);

function row(result, number) {
  const isTranslation = result.task === "translate";
  const isBeforeOther = number + 1 < result.rows.length;
  const button = (name, kind, run, keys) =>
    h(
      "button",
      {
        type: "button",
        class: kind,
        "aria-keyshortcuts": keys,
        data: { action: name },
        on: { click: run },
      },
      t(name),
    );
  const target = h("textarea", {
    id: `target-${number}`,
    lang: result.to,
    rows: 1,
    spellcheck: false,
    "aria-label": t(isTranslation ? "target_of" : "sentence_of", { number: number + 1 }),
    "aria-describedby": `state-${number} findings-${number}`,
    on: { input: (event) => actions.edit(number, event.target.value) },
  });
  target.value = result.rows[number].target;
  return h(
    "li",
    {
      id: `row-${number}`,
      class: "row",
      on: {
        focusin: () => {
          mark(number);
          if (state.focus !== number || !by("context")?.dataset.shown) actions.focused(number);
        },
        click: (event) => {
          const isSelecting = !getSelection().isCollapsed;
          if (!isSelecting && !event.target.closest("button, textarea, input, aside"))
            focus(number);
        },
      },
    },
    h(
      "div",
      { class: "row-head" },
      h("span", { class: "number", "aria-hidden": "true" }, number + 1),
      h("span", { id: `state-${number}`, class: "status" }),
    ),
    h("p", { id: `source-${number}`, class: "source", lang: result.from }),
    h(
      "div",
      { class: "target" },
      h("div", { id: `mirror-${number}`, class: "mirror", lang: result.to, "aria-hidden": "true" }),
      target,
    ),
    h(
      "div",
      { class: "below" },
      h("div", { id: `findings-${number}` }),
      h(
        "div",
        { class: "actions" },
        isTranslation &&
          button("confirm", "plain strong", () => actions.confirm(number), "Control+Enter"),
        isTranslation && button("redo", "quiet", () => actions.redo(number)),
        isTranslation && button("split", "quiet", () => actions.split(number), "Alt+S"),
        isTranslation &&
          isBeforeOther &&
          button("join", "quiet", () => actions.join(number), "Alt+J"),
        button("restore", "quiet", () => actions.restore(number)),
      ),
    ),
  );
}

/** Paints a row as it is now. The words in its field stay as they are. */
export function paint(number) {
  const element = rowOf(number);
  const row = state.result?.rows[number];
  if (!element || !row) return;
  const shown = row.findings.filter((finding) => !isDismissed(finding));
  element.dataset.status = row.status;
  element.classList.toggle("doubtful", doubtsOf(row).length > 0);
  element.classList.toggle("stale", Boolean(row.isStale));
  element.setAttribute("aria-busy", Boolean(row.isBusy));
  by(`state-${number}`).textContent = status(row);
  const unsupported = state.result.task === "summarize" && !row.source;
  by(`source-${number}`).replaceChildren(
    ...(unsupported
      ? [h("span", { class: "unsupported" }, t("unsupported"))]
      : marked(row.source, shown, "inSource")),
  );
  by(`mirror-${number}`).replaceChildren(...marked(row.target, shown, "inTarget"), "\u200b");
  by(`findings-${number}`).replaceChildren(findings(shown, number));
  element.querySelector('[data-action="restore"]').hidden = row.target === row.first.target;
  const redo = element.querySelector('[data-action="redo"]');
  if (redo) {
    redo.setAttribute("aria-disabled", Boolean(row.isBusy));
    redo.textContent = t(row.isBusy ? "redoing" : "redo");
  }
  if (field(number).value !== row.target && document.activeElement !== field(number)) fill(number);
}

function status(row) {
  if (row.status === "memory") return t(`memory_${row.origin}`);
  const words = t(`status_${row.status}`);
  if (row.status === "machine" && row.origin === "machine") return `${words} · ${t("seen_before")}`;
  if (row.status === "machine" && row.examples.length) {
    return `${words} · ${t("like_memory", { percent: Math.max(...row.examples) })}`;
  }
  return words;
}

/** A text whose doubtful words are marked. */
function marked(text, findings, where) {
  const ranges = findings
    .filter((finding) => finding[where] && !isNote(finding))
    .map((finding) => ({ ...finding[where], hash: finding.hash, severity: finding.severity }));
  return cut(text, ranges).map(({ text, marks }) =>
    marks.length
      ? h(
          "mark",
          { data: { hashes: marks.map((one) => one.hash).join(" "), severity: marks[0].severity } },
          text,
        )
      : text,
  );
}

/** Findings with their reasons. */
export function findings(list, number) {
  if (!list.length) return "";
  return h(
    "ul",
    { class: "findings" },
    list.map((finding) => {
      const isQuiet = isNote(finding);
      const message = (language() === "ko" && finding.message_ko) || finding.message;
      const spoken = language() === "ko" && !finding.message_ko ? "en" : undefined;
      return h(
        "li",
        {
          class: isQuiet ? "finding note" : "finding",
          data: { severity: finding.severity },
          on: { mouseenter: () => lit(number, finding.hash), mouseleave: () => lit(number, null) },
        },
        h("span", { class: "unseen" }, `${t(isQuiet ? "note" : `severity_${finding.severity}`)}: `),
        h("span", { class: "message", lang: spoken }, message),
        !isQuiet &&
          finding.hash &&
          h(
            "button",
            {
              type: "button",
              class: "quiet",
              "aria-label": t("dismiss_this", { message }),
              on: {
                click: () => actions.dismissed(number, finding),
                focus: () => lit(number, finding.hash),
                blur: () => lit(number, null),
              },
            },
            t("dismiss"),
          ),
      );
    }),
  );
}

/** Shows the words of one finding more strongly. */
function lit(number, hash) {
  for (const mark of rowOf(number)?.querySelectorAll("mark") ?? []) {
    mark.classList.toggle("lit", Boolean(hash) && mark.dataset.hashes.split(" ").includes(hash));
  }
}

/** Shows a row as the one in hand. */
export function mark(number) {
  for (const element of document.querySelectorAll(".row.current"))
    element.classList.remove("current");
  rowOf(number)?.classList.add("current");
}

/** Goes to the target of a row. */
export function focus(number) {
  field(number)?.focus();
  rowOf(number)?.scrollIntoView({ block: "nearest" });
}

/** Puts the target into the field of a row. */
export function fill(number) {
  const [area, { target }] = [field(number), state.result.rows[number]];
  if (area.value === target) return;
  area.value = target;
  paint(number);
}

/** Hides the rows that a filter leaves out. */
export function filter(isShown) {
  document.querySelectorAll(".row").forEach((row, number) => {
    row.hidden = !isShown(number);
  });
}
