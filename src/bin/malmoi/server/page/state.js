// What the page knows, kept in this browser until it is cleared: for a tab, and for the next one.

import { paused } from "./dom.js";

const KEPT = "malmoi.desk.2";
const DISMISSED = "malmoi.dismissed";
const MOST_DISMISSED = 5_000;

const fresh = () => ({
  article: "",
  format: "text",
  name: "",
  task: "translate",
  pair: "auto",
  register: "",
  style: "paragraph",
  sentences: 3,
  /** The result under work: see `result.js`. */
  result: null,
  focus: 0,
  filter: "all",
});

export const state = Object.assign(fresh(), read(KEPT, sessionStorage) ?? read(KEPT, localStorage));

/** Hashes of findings that the editor has dismissed. */
const dismissed = new Set(read(DISMISSED, localStorage) ?? []);

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

export const isDismissed = (finding) => Boolean(finding.dismissed) || dismissed.has(finding.hash);

/** Checks whose findings are notes on how a text was made, no doubts. */
const NOTES = ["furniture", "repaired", "sampling", "sentences", "short", "split", "tags"];

export const isNote = (finding) => NOTES.includes(finding.check);

/** Doubts of a row that nobody has dismissed. */
export const doubtsOf = (row) =>
  row.findings.filter((finding) => !isNote(finding) && !isDismissed(finding));

export function dismiss(hash, is = true) {
  if (is) dismissed.add(hash);
  else dismissed.delete(hash);
  localStorage.setItem(DISMISSED, JSON.stringify([...dismissed].slice(-MOST_DISMISSED)));
}

function read(key, store) {
  try {
    return JSON.parse(store.getItem(key));
  } catch {
    return null;
  }
}

addEventListener("pagehide", keepNow);
