// Texts without a page: places, the parts of a text, and what stands between them.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The index in a string of an offset in bytes of its UTF-8. */
export function index(text, offset) {
  return decoder.decode(encoder.encode(text).subarray(0, offset)).length;
}

/** The range in a string of a place `{start, end}` in bytes of its UTF-8. */
export function range(text, place) {
  return { start: index(text, place.start), end: index(text, place.end) };
}

/** What stands before, between and after parts of a whole; null if they are not in it in order. */
export function between(whole, parts) {
  const glue = [];
  let at = 0;
  for (const part of parts) {
    const found = whole.indexOf(part, at);
    if (found < 0) return null;
    glue.push(whole.slice(at, found));
    at = found + part.length;
  }
  glue.push(whole.slice(at));
  return glue;
}

/** Parts joined by what stands between them, paragraphs by default. */
export function joined(parts, glue) {
  if (!glue) return parts.join("\n\n") + "\n";
  return parts.reduce((text, part, at) => text + part + glue[at + 1], glue[0]);
}

/** Cuts a text at the ends of ranges: `[{text, marks}]`, where `marks` are the ranges over it. */
export function cut(text, ranges) {
  const inside = ranges.filter(
    (one) => 0 <= one.start && one.start < one.end && one.end <= text.length,
  );
  const ends = new Set([0, text.length]);
  for (const { start, end } of inside) ends.add(start).add(end);
  const order = [...ends].sort((a, b) => a - b);
  return order.slice(0, -1).map((start, at) => ({
    text: text.slice(start, order[at + 1]),
    marks: inside.filter((one) => one.start <= start && order[at + 1] <= one.end),
  }));
}

/** The first words of a text: of its first line that is more than a word or two. */
export function beginning(text, most = 70) {
  const lines = text.trim().split("\n");
  const line = lines.find((one) => one.length > 12) ?? lines[0];
  return line.length <= most ? line : line.slice(0, most).replace(/\s+\S*$/, "") + "…";
}
