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

/** Ends of a sentence, with the marks that close it. */
const END = /[.!?。…]["'”’」』)\]]*\s+$/u;

/** Places where a text can be cut: before each of its words but the first. */
export function cuts(text) {
  const words = [...text.matchAll(/\s+(?=\S)/gu)].map((gap) => gap.index + gap[0].length);
  return words.filter((at) => text.slice(0, at).trim());
}

/** Index of the place that is nearest to another. */
export const nearest = (places, to) =>
  places.reduce(
    (best, place, at) => (Math.abs(place - to) < Math.abs(places[best] - to) ? at : best),
    0,
  );

/** Index in the cuts of a source of the place that a place in its target means: the end of the
    same sentence if both have as many, else the one with the same share of the text. */
export function matchingCut(source, target, at) {
  const all = cuts(source);
  const ends = (text) => cuts(text).filter((place) => END.test(text.slice(0, place)));
  const [inSource, inTarget] = [ends(source), ends(target)];
  const sentence = inTarget.indexOf(at);
  if (sentence >= 0 && inSource.length === inTarget.length) return all.indexOf(inSource[sentence]);
  const share = (at / Math.max(1, target.length)) * source.length;
  const sentences = inSource.filter((place) => Math.abs(place - share) < source.length / 6);
  return nearest(all, sentences.length ? sentences[nearest(sentences, share)] : share);
}
