// The checks of segments that an editor has changed: they start after a pause.

import { ask } from "./api.js";
import { notify, say } from "./dom.js";
import { whole } from "./files.js";
import * as grid from "./grid.js";
import { assess, placed } from "./result.js";
import { doubtsOf, keep, state } from "./state.js";
import { count, t } from "./strings.js";
import * as view from "./view.js";

const CHECK_AFTER = 600;

/** Checks that will start or have started, by row. */
const checking = new Map();

/** Checks a row soon; one that is under way is given up. */
export function check(row) {
  forget(row);
  row.isStale = true;
  const control = new AbortController();
  checking.set(row, control);
  const timer = setTimeout(() => checkNow(state.result, row, control), CHECK_AFTER);
  control.signal.addEventListener("abort", () => clearTimeout(timer));
}

/** Gives up the check of a row. */
export function forget(row) {
  checking.get(row)?.abort();
  checking.delete(row);
}

async function checkNow(result, row, control) {
  if (!result?.rows.includes(row)) return;
  const isSummary = result.task === "summarize";
  const output = isSummary ? whole(result) : row.target;
  if (!output.trim()) return settle(result, row, control);
  const { from, to, register, glossary, article } = result;
  const body = {
    source: isSummary ? article : row.source,
    output,
    from,
    to,
    task: isSummary ? "summary" : "translation",
    ...(register && { register }),
    ...(glossary && { glossary_id: glossary }),
  };
  try {
    const answer = await ask("/api/v1/check", body, control.signal);
    if (checking.get(row) !== control || state.result !== result) return;
    const before = doubtsOf(row).length;
    if (isSummary) assess(result, answer);
    else row.findings = answer.findings.map((finding) => placed(finding, row));
    settle(result, row, control);
    if (isSummary) result.rows.forEach((_, other) => grid.paint(other));
    const doubts = doubtsOf(row).length;
    const number = result.rows.indexOf(row) + 1;
    if (doubts !== before) say(t("doubts_now", { number, doubts: count("doubts", doubts) }));
  } catch (fault) {
    if (fault.name === "AbortError") return;
    settle(result, row, control);
    notify(fault.words ?? String(fault));
  }
}

/** Ends the check of a row, unless a later one has begun. */
function settle(result, row, control) {
  if (checking.get(row) !== control || state.result !== result) return;
  checking.delete(row);
  delete row.isStale;
  keep();
  grid.paint(result.rows.indexOf(row));
  view.figures();
}
