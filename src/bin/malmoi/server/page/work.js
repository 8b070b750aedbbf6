// The work on a result: segments are edited, checked, written again and confirmed.

import { ask } from "./api.js";
import { check, forget } from "./checking.js";
import * as context from "./context.js";
import { dismiss } from "./dismissals.js";
import { by, notify, say } from "./dom.js";
import * as grid from "./grid.js";
import * as replace from "./replace.js";
import { placed, written } from "./result.js";
import * as segments from "./segments.js";
import { doubtsOf, keep, state } from "./state.js";
import { t } from "./strings.js";
import * as view from "./view.js";

export function start() {
  grid.start({ edit, confirm, redo, restore, dismissed, focused, split, join });
  context.start({ insert, insertTerm });
  // What was under way when the page was left.
  for (const row of state.result?.rows ?? []) {
    delete row.isBusy;
    if (row.isStale) check(row);
  }
}

function edit(number, target) {
  const row = state.result.rows[number];
  row.target = target;
  row.status = target === row.first.target ? row.first.status : "edited";
  for (const finding of row.findings) delete finding.inTarget;
  check(row);
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
  repeat(row);
  const open = [...rows.keys()]
    .map((step) => (number + 1 + step) % rows.length)
    .find((other) => rows[other].status !== "confirmed" && !by(`row-${other}`).hidden);
  if (rows.every((one) => one.status === "confirmed")) return notify(t("all_confirmed"));
  say(t("confirmed_one", { number: number + 1 }));
  if (open !== undefined) grid.focus(open);
}

/** Copies a confirmed translation to equal segments of the text that no editor has changed. */
function repeat({ source, target }) {
  state.result.rows.forEach((row, number) => {
    if (row.source !== source || row.status !== "machine" || row.isBusy) return;
    Object.assign(row, written(source, target, state.hasMemory ? "confirmed" : undefined));
    check(row);
    changed(number);
  });
}

/** Writes a segment again, another way. */
async function redo(number) {
  const result = state.result;
  const { rows, from, to, register, glossary, model } = result;
  const row = rows[number];
  if (result.task !== "translate" || row.isBusy) return;
  row.isBusy = true;
  grid.paint(number);
  const seed = crypto.getRandomValues(new Uint32Array(1))[0];
  const before = row.target;
  try {
    const body = { text: row.source, from, to, model, memory: false, seed };
    if (register) body.register = register;
    if (glossary) body.glossary_id = glossary;
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
  const area = by(`target-${state.focus}`);
  area.focus();
  area.select();
  type(area, target);
}

/** Types words in place of the selection, so that the browser can undo it. */
function type(area, words) {
  area.focus();
  if (document.execCommand("insertText", false, words)) return;
  area.setRangeText(words, area.selectionStart, area.selectionEnd, "end");
  edit(state.focus, area.value);
}

/** Puts the translation of a term where the caret is. */
function insertTerm(target) {
  type(by(`target-${state.focus}`), target);
}

/** Takes the words of the original, where there is nothing to translate. */
export function copySource() {
  if (!isTranslation()) return false;
  insert(state.result.rows[state.focus].source);
}

/** Asks where to split a segment, and splits it. */
function split(number) {
  const result = state.result;
  const row = result.rows[number];
  const caret = by(`target-${number}`).selectionStart;
  segments.askForCut(number, caret, (inSource, inTarget) => {
    if (state.result !== result || result.rows[number] !== row) return;
    rearrange(
      segments.split(result, number, inSource, inTarget),
      [number, number + 1],
      "was_split",
    );
  });
}

/** Joins a segment with the next one. */
async function join(number) {
  const result = state.result;
  if (!result.rows[number + 1]) return notify(t("join_last"));
  const before = result.rows;
  const joined = segments.join(result, number);
  try {
    if (!(await segments.fits(result, joined.rows))) return notify(t("join_apart"));
  } catch (fault) {
    return notify(fault.words ?? String(fault));
  }
  if (state.result === result && result.rows === before) rearrange(joined, [number], "was_joined");
}

/** Puts rows in place of the present ones, checks the new ones, and offers to undo it. */
function rearrange({ rows, glue }, numbers, words) {
  const result = state.result;
  const before = { rows: result.rows, glue: result.glue };
  const put = (next, focus, stale) => {
    for (const row of result.rows) if (!next.rows.includes(row)) forget(row);
    Object.assign(result, next);
    state.focus = focus;
    for (const row of stale) check(row);
    context.forget();
    keep();
    view.render();
    grid.focus(focus);
  };
  put(
    { rows, glue },
    numbers[0],
    numbers.map((number) => rows[number]),
  );
  const undo = () =>
    put(
      before,
      numbers[0],
      before.rows.filter((row) => row.isStale),
    );
  notify(t(words, { number: numbers[0] + 1 }), { label: t("undo"), run: undo });
}

export const splitFocused = () => isTranslation() && (split(state.focus), true);
export const joinFocused = () => isTranslation() && (join(state.focus), true);
const isTranslation = () => state.result?.task === "translate";

function dismissed(number, finding) {
  dismiss(finding, () => {
    view.repaint();
    grid.focus(number);
  });
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

/** Replaces words in all translations. */
export const replaceWords = () =>
  replace.ask((number, target) => {
    edit(number, target);
    grid.fill(number);
  });

/** Goes to the next segment with doubts, from the first one after the last. */
export function nextDoubt() {
  const { rows } = state.result ?? { rows: [] };
  const found = rows
    .map((_, step) => (state.focus + 1 + step) % rows.length)
    .find((number) => doubtsOf(rows[number]).length && view.isShown(rows[number]));
  if (found !== undefined) grid.focus(found);
  else if (state.result) notify(t("no_doubts"));
}

export const confirmFocused = () => state.result && confirm(state.focus);

function changed(number) {
  keep();
  grid.paint(number);
  view.figures();
}
