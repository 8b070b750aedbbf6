// Files: those that are opened, and those that a result is saved as.

import { h } from "./dom.js";
import { exported } from "./export.js";
import { joined } from "./text.js";

const FORMATS = {
  md: "markdown",
  markdown: "markdown",
  srt: "srt",
  vtt: "vtt",
  html: "html",
  htm: "html",
};

/** Reads a file: `{article, format}`. A text that is not UTF-8 is read as EUC-KR. */
export async function readFile(file) {
  const bytes = await file.arrayBuffer();
  const text = decoded(bytes).replaceAll("\r\n", "\n");
  if (text.includes("\0")) return null;
  const ending = file.name.split(".").pop().toLowerCase();
  return { article: text, format: FORMATS[ending] ?? "text" };
}

function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("euc-kr").decode(bytes);
  }
}

/** The whole text of a result, as it stands now. */
export const whole = (result) =>
  joined(
    result.rows.map((row) => row.target),
    result.glue,
  );

const isTimed = ({ format }) => ["srt", "vtt"].includes(format);

/** Files that this page writes from the words of a result: ending, type and content. */
const WRITTEN = {
  txt: ["text/plain", (result) => (result.format === "text" ? whole(result) : words(result))],
  md: ["text/markdown", markdown],
  html: ["text/html", page],
  jsonl: ["application/jsonl", (result) => result.rows.map((row) => line(result, row)).join("")],
};
/** Files that the server writes: the format that came in, and those of translators' tools. */
const EXPORTED = { source: null, tmx: "tmx", xliff: "xliff" };
const ENDINGS = { html: "html", markdown: "md", srt: "srt", vtt: "vtt" };

/** The ways to save a result, the format that came in first. */
export function kinds({ task, format }) {
  const isTranslation = task === "translate";
  return [
    isTranslation && ENDINGS[format] && "source",
    ...Object.keys(WRITTEN).filter(
      (kind) => !(kind === "md" && format === "markdown" && isTranslation),
    ),
    ...(isTranslation ? ["tmx", "xliff"] : []),
  ].filter(Boolean);
}

/** Saves a result. */
export async function save(result, kind) {
  const isExported = kind in EXPORTED;
  const ending = EXPORTED[kind] ?? ENDINGS[isExported && result.format] ?? kind;
  const blob = isExported
    ? await exported(result, kind)
    : new Blob([WRITTEN[kind][1](result)], { type: `${WRITTEN[kind][0]};charset=utf-8` });
  const name = (result.name || "malmoi").replace(/\.[^.]+$/, "");
  download(blob, `${name}.${result.to}.${ending}`);
}

/** Gives a file to the browser's downloads. */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** The text without the tags of a page or the times of subtitles. */
const words = (result) =>
  result.rows.map((row) => row.target).join(isTimed(result) ? "\n" : "\n\n") + "\n";

function markdown(result) {
  if (result.format === "markdown" || result.style === "bullets") return whole(result);
  const rows = result.rows.map((row) => escaped(row.target));
  return joined(rows, result.format === "text" ? result.glue : null);
}

const escaped = (text) =>
  text
    .replace(/[\\`*_[\]<>#]/g, "\\$&")
    .replace(/^(\d+)\./, "$1\\.")
    .replace(/^([-+])/, "\\$1");

/** A page in the elements that word processors know: a title, paragraphs and lists. */
export function page(result) {
  const made = document.implementation.createHTMLDocument("");
  made.documentElement.lang = result.to;
  made.title = result.rows[0]?.target ?? "";
  made.head.prepend(h("meta", { charset: "utf-8" }));
  for (const block of blocks(result)) {
    const list = block.name === "li" && made.body.lastElementChild;
    const place = block.name !== "li" ? made.body : list?.localName === "ul" ? list : h("ul");
    if (block.name === "li" && place !== list) made.body.append(place);
    place.append(h(block.name, {}, block.text));
  }
  return `<!doctype html>\n${made.documentElement.outerHTML}\n`;
}

/** The paragraphs of a result and the elements for them. */
function blocks(result) {
  const { rows, glue, format, article, task, style } = result;
  const isTitled = task === "translate" && format === "text" && rows.length > 1 && isTitle(article);
  const found = [];
  rows.forEach((row, number) => {
    const before = glue?.[number] ?? "\n\n";
    const sign = before.match(/(?:^|\n)[ \t]*(#{1,6}|[-*+]|\d+\.)[ \t]+$/)?.[1];
    if (number > 0 && !before.includes("\n")) found.at(-1).text += before + row.target;
    else if (sign?.[0] === "#") found.push({ name: `h${sign.length}`, text: row.target });
    else if (sign || style === "bullets")
      found.push({ name: "li", text: row.target.replace(/^\s*[-*•]\s+/, "") });
    else found.push({ name: number === 0 && isTitled ? "h1" : "p", text: row.target });
  });
  return found;
}

/** True for an article whose first line is short and no sentence. */
function isTitle(article) {
  const line = article.trim().split("\n")[0].trim();
  return line.length < 120 && !/[.!?。…]["'”’]?$/.test(line);
}

function line(result, row) {
  const { source, target, status } = row;
  const { from, to, model } = result;
  const findings = row.findings.map(({ check, kind, severity, message, hash }) => ({
    check,
    kind,
    severity,
    message,
    hash,
  }));
  return JSON.stringify({ source, target, from, to, status, model, findings }) + "\n";
}
