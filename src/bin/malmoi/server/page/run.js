// Sends the article, and takes what comes.

import { Fault, stream } from "./api.js";
import { by, notify, say } from "./dom.js";
import * as grid from "./grid.js";
import { wordsOf } from "./preview.js";
import { read } from "./result.js";
import { doubtsOf, state } from "./state.js";
import { count, t } from "./strings.js";
import * as view from "./view.js";

/** The running request, if there is one. */
let running = null;

/** Sends the article and shows what comes. */
export async function run() {
  cancel();
  const control = new AbortController();
  running = control;
  const { task, article, format, name, register, style, sentences, model, glossary } = state;
  const [from, to] = state.pair.split("-");
  const body = { text: article, format, ...(to && { from, to }) };
  if (register && to !== "en") body.register = register;
  if (model) body.model = model;
  if (glossary) body.glossary_id = glossary;
  if (task === "summarize") Object.assign(body, { style, sentences });
  view.streaming(state, cancel);
  let outcome;
  try {
    await stream(
      `/api/v1/${task}`,
      body,
      (event, data) => {
        if (event === "text") by("streamed")?.append(format === "html" ? wordsOf(data) : data);
        else if (event === "progress") view.progress(data);
        else if (event === "outcome") outcome = data;
        else if (event === "error") throw new Fault(data.status, data.error);
      },
      control.signal,
    );
    if (!outcome) throw new Fault(0);
  } catch (fault) {
    if (running !== control) return;
    running = null;
    if (fault.name !== "AbortError") notify(fault.words ?? String(fault));
    view.render();
    by(state.result ? "main" : "article").focus();
    return;
  }
  running = null;
  const before = state.result;
  const result = read(outcome, {
    article,
    format,
    name,
    register: body.register,
    style,
    glossary,
  });
  view.show(result);
  const doubts = result.rows.filter((row) => doubtsOf(row).length).length;
  say(`${t("done")} ${count("segments", result.rows.length)}, ${count("with_doubts", doubts)}`);
  // On a touch screen a field in focus would bring up the keyboard.
  if (matchMedia("(pointer: fine)").matches) grid.focus(0);
  if (before?.rows.some((row) => row.status === "edited")) {
    notify(t("replaced"), { label: t("undo"), run: () => view.show(before) });
  }
}

/** Stops a running request. Returns false if there is none. */
export function cancel() {
  if (!running) return false;
  running.abort();
  return true;
}
