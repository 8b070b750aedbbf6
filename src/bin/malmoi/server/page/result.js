// A result as the page works on it, from what the server sends.

import { whole } from "./files.js";
import { isNote } from "./state.js";
import { between, index, range } from "./text.js";

/** The result of an outcome: its rows, and what stands between them. */
export function read(outcome, asked) {
  const { task, from, to, model, seconds, text } = outcome;
  const result = { ...asked, task, from, to, model, seconds, general: [] };
  if (task === "translate") {
    result.rows = outcome.segments.map(({ source, text, memory }) => ({
      ...written(source, text, memory?.reused),
      examples: memory?.examples ?? [],
    }));
    for (const finding of outcome.findings) {
      const row = result.rows[finding.segment];
      (row?.findings ?? result.general).push(row ? placed(finding, row) : finding);
    }
    result.glue = between(
      text,
      result.rows.map((row) => row.target),
    );
    return result;
  }
  const places = outcome.support.length
    ? outcome.support.map(inWhole)
    : [{ start: 0, end: new Blob([text]).size }];
  result.rows = places.map((place) => {
    const { start, end } = range(text, place);
    const target = text.slice(start, end);
    return written("", target);
  });
  result.glue = between(
    text,
    result.rows.map((row) => row.target),
  );
  assess(result, outcome);
  return result;
}

/** A row as it was written: by the machine, or by people whose words are in the memory. */
export function written(source, target, origin) {
  const status = ["confirmed", "imported"].includes(origin) ? "memory" : "machine";
  return { source, target, origin, status, first: { target, status }, examples: [], findings: [] };
}

/** A place in the whole text. */
const inWhole = ({ output: { start, end, offset } }) => ({
  start: offset ?? start,
  end: (offset ?? start) + end - start,
});

/** A finding with its ranges in the texts of its row. */
export const placed = (finding, row) => ({
  ...finding,
  inSource: finding.source && range(row.source, finding.source),
  inTarget: finding.output && range(row.target, finding.output),
});

/** Gives the rows of a summary the findings and the support of its whole text. */
export function assess(result, { findings, support = [] }) {
  const text = whole(result);
  let at = 0;
  const ends = result.rows.map((row, number) => {
    const start = at + (result.glue?.[number] ?? "").length;
    at = start + row.target.length + (result.glue ? 0 : 2);
    return { start, end: start + row.target.length };
  });
  const rowAt = (place) => {
    const start = index(text, place.offset ?? place.start);
    return ends.findIndex((row) => row.start <= start && start < row.end);
  };
  // A check says nothing of how the text was made.
  result.general = result.general.filter(isNote);
  for (const row of result.rows) Object.assign(row, { findings: [], supports: [] });
  for (const one of support) {
    const row = result.rows[rowAt(one.output)];
    if (row && one.words && !row.supports.includes(one.words)) row.supports.push(one.words);
  }
  for (const row of result.rows) row.source = row.supports.join("\n").replace(/\s*\n\s*/g, "\n");
  for (const finding of findings) {
    const number = finding.output ? rowAt(finding.output) : -1;
    const row = result.rows[number];
    if (!row) {
      result.general.push(finding);
      continue;
    }
    const { start, end, offset } = finding.output;
    const first = index(text, offset ?? start) - ends[number].start;
    const last = index(text, (offset ?? start) + end - start) - ends[number].start;
    row.findings.push({
      ...finding,
      inTarget: { start: first, end: Math.min(last, row.target.length) },
    });
  }
}
