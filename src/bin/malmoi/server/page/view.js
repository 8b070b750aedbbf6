// The page of a result: what is coming, then the grid with its tools.

import { button, by, h, notify } from "./dom.js";
import { kinds } from "./files.js";
import * as compose from "./compose.js";
import * as context from "./context.js";
import * as grid from "./grid.js";
import { frame, wordsOf } from "./preview.js";
import { clear, doubtsOf, isDismissed, isNote, keep, state } from "./state.js";
import { count, onLanguage, t } from "./strings.js";
import { beginning } from "./text.js";
import * as whole from "./whole.js";
import { replaceWords } from "./work.js";

let isStreaming = false;

export function start() {
  onLanguage(() => isStreaming || render());
  document.addEventListener("click", (event) => {
    const menu = document.querySelector("details.menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
  });
  render();
}

/** Shows an article beside the text that is coming. */
export function streaming({ task, article, format, name }, cancel) {
  isStreaming = true;
  by("compose").hidden = true;
  by("work").hidden = false;
  by("work").replaceChildren(
    h(
      "header",
      { class: "bar" },
      h("h2", { id: "work-title", class: "work-title" }, titleOf({ article, format, name })),
      h("p", { id: "progress", class: "meta", role: "status" }, t(`running_${task}`)),
      h("button", { type: "button", class: "plain", on: { click: cancel } }, t("stop")),
    ),
    h("progress", { id: "progress-bar", "aria-label": t(`running_${task}`) }),
    h(
      "div",
      { class: "stream" },
      format === "html"
        ? frame(article, t("original"))
        : h("p", { class: "stream-source" }, article),
      h("p", { id: "streamed", class: "stream-text", role: "log", "aria-label": t("result") }),
    ),
  );
  scrollTo(0, 0);
}

/** The name of an article, or its first words. */
const titleOf = ({ article, format, name }) =>
  name ||
  beginning(
    format === "html"
      ? wordsOf(article.replace(/<(head|script|style)[\s>][^]*?<\/\1>/gi, ""))
      : article,
  );

/** Names the browser's tab after the result. */
export function entitle() {
  const title = state.result && titleOf(state.result);
  document.title = title ? `${title} · malmoi` : "malmoi";
}

/** Shows how far it is. */
export function progress({ done, segments }) {
  const bar = by("progress-bar");
  if (!bar || !segments) return;
  bar.max = segments;
  bar.value = done;
  by("progress").textContent = t("progress", { done, segments });
}

/** Shows a result in place of the present one. */
export function show(result) {
  Object.assign(state, { result, focus: 0, filter: "all" });
  whole.reset();
  keep();
  render();
}

/** True for a row that the filter leaves in. */
export const isShown = (row) =>
  state.filter === "all" ||
  (state.filter === "doubts" ? doubtsOf(row).length > 0 : row.status !== "confirmed");

/** Shows the result, or the form if there is none. */
export function render() {
  const { result } = state;
  isStreaming = false;
  by("compose").hidden = Boolean(result);
  by("work").hidden = !result;
  compose.fill();
  if (!result) {
    by("work").replaceChildren();
    return entitle();
  }
  const { task, from, to, model, seconds } = result;
  const title = titleOf(result);
  const way =
    from === to ? t("within", { language: t(from) }) : t("into", { from: t(from), to: t(to) });
  const meta = [t(`made_${task}`), way, model, t("seconds", { number: seconds.toFixed(1) })].join(
    " · ",
  );
  const saves = kinds(result).map((kind) =>
    button(
      t(kind === "source" ? `save_source_${result.format}` : `save_${kind}`),
      () => whole.saved(kind),
      "item",
    ),
  );
  by("work").replaceChildren(
    h(
      "header",
      { class: "bar" },
      h(
        "div",
        { class: "bar-words" },
        h("h2", { id: "work-title", class: "work-title", title }, title),
        h("p", { class: "meta" }, meta),
      ),
      h(
        "div",
        { class: "bar-tools" },
        button(t("replace"), replaceWords, "plain", { "aria-keyshortcuts": "Alt+R" }),
        button(t("preview"), whole.toggle, "plain", { id: "preview-button" }),
        button(t("copy"), whole.copy),
        h(
          "details",
          { class: "menu" },
          h("summary", { class: "plain" }, t("download")),
          h("div", { class: "items" }, saves),
        ),
        button(t("edit_article"), again),
        button(t("new_article"), fresh),
      ),
    ),
    h(
      "div",
      { id: "bar-filter", class: "bar-filter" },
      filters(),
      h("p", { id: "figures", class: "meta" }),
    ),
    h("section", { id: "general", "aria-label": t("whole_text") }),
    h("section", { id: "previewed", "aria-label": t("preview"), hidden: true }),
    h("div", { id: "desk", class: "desk" }, grid.list(result), context.panel()),
  );
  entitle();
  repaint();
  whole.preview();
  grid.mark(state.focus);
  context.show(result, state.focus);
}

function filters() {
  const names = state.result.task === "translate" ? ["all", "doubts", "open"] : ["all", "doubts"];
  return h(
    "fieldset",
    { class: "choice small" },
    h("legend", { class: "unseen" }, t("filter")),
    names.map((name) =>
      h(
        "label",
        {},
        h("input", {
          type: "radio",
          name: "filter",
          value: name,
          checked: state.filter === name,
          on: {
            change: () => {
              state.filter = name;
              keep();
              filterRows();
            },
          },
        }),
        h("span", {}, t(`filter_${name}`), " ", h("b", { id: `figure-${name}` })),
      ),
    ),
  );
}

const filterRows = () => grid.filter((number) => isShown(state.result.rows[number]));

/** Paints everything that findings and filters change. */
export function repaint() {
  const { rows, general } = state.result;
  rows.forEach((_, number) => grid.paint(number));
  filterRows();
  const doubts = general.filter((finding) => !isNote(finding) && !isDismissed(finding));
  const notes = general.filter(isNote);
  by("general").hidden = !doubts.length && !notes.length;
  by("general").replaceChildren(
    h("h3", { class: doubts.length ? "label" : "unseen" }, t("whole_text")),
    grid.findings(doubts, -1),
    notes.length
      ? h(
          "details",
          {},
          h("summary", { class: "meta" }, count("notes", notes.length)),
          grid.findings(notes, -1),
        )
      : "",
  );
  figures();
}

/** Counts the rows again. */
export function figures() {
  const { rows, task } = state.result;
  const confirmed = rows.filter((row) => row.status === "confirmed").length;
  const doubtful = rows.filter((row) => doubtsOf(row).length).length;
  const put = (id, value) => {
    if (by(id)) by(id).textContent = value;
  };
  put("figure-all", rows.length);
  put("figure-doubts", doubtful);
  put("figure-open", rows.length - confirmed);
  put("figures", task === "translate" ? t("confirmed_of", { confirmed, all: rows.length }) : "");
}

function again() {
  by("compose").hidden = false;
  by("article").focus();
  scrollTo(0, 0);
}

function fresh() {
  const before = JSON.stringify(state);
  clear();
  render();
  by("article").focus();
  const undo = () => {
    Object.assign(state, JSON.parse(before));
    keep();
    render();
  };
  notify(t("cleared"), { label: t("undo"), run: undo });
}
