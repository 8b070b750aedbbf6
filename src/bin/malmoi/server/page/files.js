// Files: those that are opened, and those that a result is saved as.

import { h } from "./dom.js";
import { joined } from "./text.js";

const FORMATS = { md: "markdown", markdown: "markdown", srt: "srt", vtt: "vtt" };

/** Reads a file: `{article, format}`. A text that is not UTF-8 is read as EUC-KR. */
export async function readFile(file) {
  const bytes = await file.arrayBuffer();
  const text = decoded(bytes).replaceAll("\r\n", "\n");
  if (text.includes("\0")) return null;
  const ending = file.name.split(".").pop().toLowerCase();
  if (["html", "htm"].includes(ending)) return { article: articleOf(text), format: "text" };
  return { article: text, format: FORMATS[ending] ?? "text" };
}

function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("euc-kr").decode(bytes);
  }
}

/** The paragraphs of a page, without its scripts. Nothing of it is loaded or run. */
function articleOf(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const root = page.querySelector("article") ?? page.querySelector("main") ?? page.body;
  const blocks = [
    ...root.querySelectorAll("h1, h2, h3, h4, p, li, blockquote, figcaption, pre, td"),
  ];
  const texts = blocks
    .filter((block) => !block.querySelector("p, li"))
    .map((block) => block.textContent.replace(/\s+/g, " ").trim())
    .filter(Boolean);
  return texts.length ? texts.join("\n\n") : root.textContent.trim();
}

/** The whole text of a result, as it stands now. */
export const whole = (result) =>
  joined(
    result.rows.map((row) => row.target),
    result.glue,
  );

/** The ways to save a result: name of the file's ending, type, and what is written. */
const SAVED = {
  srt: ["application/x-subrip", whole],
  vtt: ["text/vtt", whole],
  txt: ["text/plain", (result) => (isTimed(result) ? words(result) : whole(result))],
  md: [
    "text/markdown",
    (result) =>
      result.format === "markdown" || result.style === "bullets"
        ? whole(result)
        : joined(
            result.rows.map((row) => markdown(row.target)),
            result.glue,
          ),
  ],
  html: ["text/html", page],
  jsonl: ["application/jsonl", (result) => result.rows.map((row) => line(result, row)).join("")],
};

const isTimed = ({ format }) => ["srt", "vtt"].includes(format);

/** The text without the times of its subtitles. */
const words = (result) => result.rows.map((row) => row.target).join("\n") + "\n";

/** The endings that a result can be saved with. Subtitles must have kept their times. */
export const endings = ({ format, glue }) =>
  Object.keys(SAVED).filter((one) => !isTimed({ format: one }) || (one === format && glue));

/** Saves a result with an ending. */
export function save(result, ending) {
  const [type, write] = SAVED[ending];
  const address = URL.createObjectURL(new Blob([write(result)], { type: `${type};charset=utf-8` }));
  const name = (result.name || "malmoi").replace(/\.[^.]+$/, "");
  h("a", { href: address, download: `${name}.${result.to}.${ending}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const markdown = (text) =>
  text
    .replace(/[\\`*_[\]<>#]/g, "\\$&")
    .replace(/^(\d+)\./, "$1\\.")
    .replace(/^([-+])/, "\\$1");

function page(result) {
  const made = document.implementation.createHTMLDocument("");
  made.documentElement.lang = result.to;
  made.title = result.rows[0]?.target ?? "";
  made.head.prepend(h("meta", { charset: "utf-8" }));
  const paragraphs = whole(result)
    .trim()
    .split(/\n{2,}/);
  made.body.append(...paragraphs.map((text) => h("p", {}, text)));
  return `<!doctype html>\n${made.documentElement.outerHTML}\n`;
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
