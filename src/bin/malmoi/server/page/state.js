// What the page knows, kept in this browser until it is cleared: for a tab, and for the next one.

import { paused } from "./dom.js";

const KEPT = "malmoi.desk.2";

const fresh = () => ({
  article: "",
  format: "text",
  name: "",
  task: "translate",
  pair: "auto",
  register: "",
  style: "paragraph",
  sentences: 3,
  /** Name of a model, or "" for the usual one of the task. */
  model: "",
  /** Id of a glossary, "none", or "" for the desk's. */
  glossary: "",
  /** The result under work: see `result.js`. */
  result: null,
  focus: 0,
  filter: "all",
});

export const state = Object.assign(fresh(), read(KEPT, sessionStorage) ?? read(KEPT, localStorage));

/** Writes the state soon. */
export const keep = paused(keepNow, 300);

/** Writes the state now; a full store is no reason to stop working. */
export function keepNow() {
  const text = JSON.stringify(state);
  for (const store of [sessionStorage, localStorage]) {
    try {
      store.setItem(KEPT, text);
    } catch {
      store.removeItem(KEPT);
    }
  }
}

/** Forgets the article and the result; keeps the choices. */
export function clear() {
  const { article, format, name, result, focus, filter } = fresh();
  Object.assign(state, { article, format, name, result, focus, filter });
  keepNow();
}

/** Checks whose findings are notes on how a text was made, no doubts. */
const NOTES = ["furniture", "repaired", "sampling", "second", "sentences", "short", "split", "tags"];

export const isNote = (finding) => NOTES.includes(finding.check);

/** What the server has dismissed, by hash; null until it has said so. See `dismissals.js`. */
export const dismissed = { all: null };

export const isDismissed = (finding) =>
  dismissed.all ? dismissed.all.has(finding.hash) : Boolean(finding.dismissed);

/** Doubts of a row that nobody has dismissed. */
export const doubtsOf = (row) =>
  row.findings.filter((finding) => !isNote(finding) && !isDismissed(finding));

function read(key, store) {
  try {
    return JSON.parse(store.getItem(key));
  } catch {
    return null;
  }
}

addEventListener("pagehide", keepNow);
