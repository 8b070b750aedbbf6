// The work on a result: segments are edited, checked, written again and confirmed.

import { ask } from "./api.js";
import { by, notify, say } from "./dom.js";
import { whole } from "./files.js";
import * as context from "./context.js";
import * as grid from "./grid.js";
import { assess, placed, written } from "./result.js";
import { dismiss, doubtsOf, keep, state } from "./state.js";
import { count, t } from "./strings.js";
import * as view from "./view.js";

const CHECK_AFTER = 600;

/** Checks of edited segments that will start or have started, by row. */
const checking = new Map();

export function start() {
  grid.start({ edit, confirm, redo, restore, dismissed, focused });
  context.start({ insert });
  // What was under way when the page was left.
  state.result?.rows.forEach((row, number) => {
    delete row.isBusy;
    if (row.isStale) check(number);
  });
}

function edit(number, target) {
  const row = state.result.rows[number];
  row.target = target;
  row.status = target === row.first.target ? row.first.status : "edited";
  row.isStale = true;
  for (const finding of row.findings) delete finding.inTarget;
  changed(number);
  check(number);
}

function check(number) {
  const before = checking.get(number);
  before?.abort();
  const control = new AbortController();
  checking.set(number, control);
  const timer = setTimeout(() => checkNow(number, control), CHECK_AFTER);
  control.signal.addEventListener("abort", () => clearTimeout(timer));
}

async function checkNow(number, control) {
  const result = state.result;
  const row = result?.rows[number];
  if (!row) return;
  const isSummary = result.task === "summarize";
  const output = isSummary ? whole(result) : row.target;
  if (!output.trim()) return settle(result, number, control);
  const { from, to, register, article } = result;
  const body = {
    source: isSummary ? article : row.source,
    output,
    from,
    to,
    task: isSummary ? "summary" : "translation",
    ...(register && { register }),
  };
  try {
    const answer = await ask("/api/v1/check", body, control.signal);
    if (checking.get(number) !== control || state.result !== result) return;
    const before = doubtsOf(row).length;
    if (isSummary) assess(result, answer);
    else row.findings = answer.findings.map((finding) => placed(finding, row));
    settle(result, number, control);
    if (isSummary) result.rows.forEach((_, other) => grid.paint(other));
    const doubts = doubtsOf(row).length;
    if (doubts !== before)
      say(t("doubts_now", { number: number + 1, doubts: count("doubts", doubts) }));
  } catch (fault) {
    if (fault.name === "AbortError") return;
    settle(result, number, control);
    notify(fault.words ?? String(fault));
  }
}

/** Ends the check of a row, unless a later one has begun. */
function settle(result, number, control) {
  if (checking.get(number) !== control || state.result !== result) return;
  checking.delete(number);
  delete result.rows[number].isStale;
  changed(number);
}

/** Confirms a segment, keeps it in the memory, and goes to the next open one. */
async function confirm(number) {
  const { rows, from, to, task } = state.result;
  const row = rows[number];
  const { source, target } = row;
  if (!target.trim()) return notify(t("no_translation"));
  if (task === "translate" && state.hasMemory) {
    try {
      await ask("/api/v1/memory", { source, target, from, to });
      context.forget();
    } catch (fault) {
      notify(fault.words ?? String(fault));
      // Without a memory to write to, a segment is confirmed on this page only.
      if (![403, 503].includes(fault.status)) return;
    }
  }
  if (row.target !== target) return;
  row.status = "confirmed";
  changed(number);
  const open = [...rows.keys()]
    .map((step) => (number + 1 + step) % rows.length)
    .find((other) => rows[other].status !== "confirmed" && !by(`row-${other}`).hidden);
  if (rows.every((one) => one.status === "confirmed")) return notify(t("all_confirmed"));
  say(t("confirmed_one", { number: number + 1 }));
  if (open !== undefined) grid.focus(open);
}

/** Writes a segment again, another way. */
async function redo(number) {
  const result = state.result;
  const { rows, from, to, register } = result;
  const row = rows[number];
  if (result.task !== "translate" || row.isBusy) return;
  row.isBusy = true;
  grid.paint(number);
  const seed = crypto.getRandomValues(new Uint32Array(1))[0];
  const before = row.target;
  try {
    const body = { text: row.source, from, to, memory: false, seed, ...(register && { register }) };
    const outcome = await ask("/api/v1/translate", body);
    if (row.target !== before || state.result !== result) return;
    const target = outcome.text.trim();
    if (target === before) return notify(t("same_again"));
    const old = { ...row, isBusy: undefined };
    Object.assign(row, written(row.source, target));
    const isOne = outcome.segments.length === 1;
    row.findings = outcome.findings.map((one) => (isOne ? placed(one, row) : one));
    const undo = () => {
      Object.assign(row, old);
      changed(number);
    };
    notify(t("redone", { number: number + 1 }), { label: t("undo"), run: undo });
  } catch (fault) {
    notify(fault.words ?? String(fault));
  } finally {
    delete row.isBusy;
    if (state.result === result) changed(number);
  }
}

/** Puts back what stood there first. */
function restore(number) {
  edit(number, state.result.rows[number].first.target);
  grid.fill(number);
}

/** Puts a translation of the memory into the segment that is being edited. */
function insert(target) {
  edit(state.focus, target);
  grid.fill(state.focus);
  grid.focus(state.focus);
}

function dismissed(number, finding) {
  dismiss(finding.hash);
  view.repaint();
  grid.focus(number);
  const undo = () => {
    dismiss(finding.hash, false);
    view.repaint();
  };
  notify(t("dismissed"), { label: t("undo"), run: undo });
}

function focused(number) {
  state.focus = number;
  keep();
  context.show(state.result, number);
}

/** Goes to the next or the last segment that is shown. */
export function step(by) {
  if (!state.result) return;
  const { rows } = state.result;
  for (let number = state.focus + by; rows[number]; number += by) {
    if (view.isShown(rows[number])) return grid.focus(number);
  }
}

export const confirmFocused = () => state.result && confirm(state.focus);

function changed(number) {
  keep();
  grid.paint(number);
  view.figures();
}
