// The digest of a job as a front page: a card for each article, and filters over them.

import { button, h } from "./dom.js";
import { read } from "./result.js";
import { isDismissed, isNote } from "./state.js";
import { count, dateOf, language, t } from "./strings.js";

/** Doubts that a card tells; the rest are counted. */
const MOST_TOLD = 2;

/** A card of an event: before the results are there, its doubts have no words. */
export const fromEvent = ({ key, id, title, headline, input, findings = [], state, error }) => ({
  key: key ?? id,
  title,
  headline,
  source: input,
  error: state === "failed" ? (error ?? "") : null,
  doubts: findings.map((check) => ({ check })),
});

/** A card of a line of the results. */
export function fromLine(line) {
  const { translation, summary } = line;
  const all = [line, translation, summary].flatMap((part) => part?.findings ?? []);
  return {
    key: line.key,
    line,
    title: line.title,
    headline: translation?.title,
    text: summary?.text ?? beginningOf(line),
    source: hostOf(line.link) ?? line.input,
    link: hostOf(line.link) && line.link,
    published: line.published,
    from: line.from,
    to: line.to,
    error: null,
    doubts: all.filter((finding) => !isNote(finding) && !isDismissed(finding)),
  };
}

/** The host of a link, as the source of an article is called; undefined for other addresses. */
function hostOf(link) {
  if (!/^https?:/i.test(link ?? "") || !URL.canParse(link)) return undefined;
  return new URL(link).hostname.replace(/^www\./, "");
}

/** The first words of a translation, without its headline. */
function beginningOf({ translation, form }) {
  const { text, title } = translation;
  const words = (form === "html" ? text.replace(/<[^>]*>/g, " ") : text)
    .replace(/\s+/g, " ")
    .trim();
  const body = title && words.startsWith(title) ? words.slice(title.length).trim() : words;
  return body.length > 240 ? body.slice(0, 240).replace(/\s+\S*$/, "") + "…" : body;
}

/** The filters over cards that make a difference, with the numbers of cards they leave. */
export function filters(cards, chosen, change) {
  const values = (name) => [...new Set(cards.map((card) => card[name]).filter(Boolean))].sort();
  const kinds = [
    ["all", cards.length],
    ["doubts", cards.filter((card) => card.doubts.length).length],
    ["failed", cards.filter((card) => card.error !== null).length],
  ].filter(([name, number]) => name !== "failed" || number);
  const select = (name, label, words) => {
    const found = values(name);
    if (found.length < 2 && !chosen[name]) return "";
    const options = [["", t(`${label}_all`)], ...found.map((value) => [value, words(value)])];
    const element = h(
      "select",
      {
        id: `cards-${name}`,
        "aria-label": t(label),
        on: { change: (event) => change({ [name]: event.target.value }) },
      },
      options.map(([value, shown]) => h("option", { value }, shown)),
    );
    element.value = chosen[name] ?? "";
    return element;
  };
  return h(
    "div",
    { class: "bar-filter" },
    h(
      "fieldset",
      { class: "choice small" },
      h("legend", { class: "unseen" }, t("filter")),
      kinds.map(([name, number]) =>
        h(
          "label",
          {},
          h("input", {
            id: `cards-${name}`,
            type: "radio",
            name: "cards",
            value: name,
            checked: chosen.kind === name,
            on: { change: () => change({ kind: name }) },
          }),
          h(
            "span",
            {},
            t(name === "failed" ? "filter_failed" : `filter_${name}`),
            " ",
            h("b", {}, number),
          ),
        ),
      ),
    ),
    h(
      "div",
      { class: "selects" },
      select("from", "card_language", (code) => t(code)),
      select("source", "card_source", (name) => name),
    ),
  );
}

/** The cards that the filters leave. */
export const chosenOf = (cards, { kind, from, source }) =>
  cards.filter(
    (card) =>
      (kind === "all" || (kind === "doubts" ? card.doubts.length : card.error !== null)) &&
      (!from || card.from === from) &&
      (!source || card.source === source),
  );

/** Cards as a front page: the first one leads. */
export const page = (cards, open) =>
  cards.length
    ? h(
        "ol",
        { class: "cards" },
        cards.map((card) => element(card, open)),
      )
    : h("p", { class: "meta empty" }, t("cards_none"));

function element(card, open) {
  const { title, headline, text, source, from, to, published, link, error, doubts } = card;
  const meta = [source, from && t(from), dateOf(published)].filter(Boolean).join(" · ");
  const isTold = Boolean(card.line);
  const told = isTold ? doubts.slice(0, MOST_TOLD) : doubts.slice(0, 1);
  const words = ({ message, message_ko }) =>
    isTold ? (language() === "ko" && message_ko) || message : count("doubts", doubts.length);
  return h(
    "li",
    { class: doubts.length ? "card doubtful" : "card" },
    h("p", { class: "meta" }, meta),
    h("h3", { lang: headline ? to : from }, headline ?? title ?? t("untitled")),
    headline && title && h("p", { class: "meta", lang: from }, title),
    text && h("p", { class: "card-text", lang: to }, text),
    error !== null &&
      h("p", { class: "finding", data: { severity: "critical" } }, error || t("failed")),
    told.length > 0 &&
      h(
        "ul",
        { class: "findings" },
        told.map((finding) =>
          h(
            "li",
            { class: "finding", data: { severity: finding.severity } },
            h("span", { class: "unseen" }, `${t("severity_major")}: `),
            h("span", { class: "message" }, words(finding)),
          ),
        ),
      ),
    isTold &&
      doubts.length > told.length &&
      h("p", { class: "meta" }, t("more", { number: doubts.length - told.length })),
    h(
      "p",
      { class: "card-foot" },
      card.line &&
        button(t("open_card"), () => open(card), "quiet", {
          "aria-label": `${t("open_card")}: ${headline ?? title}`,
        }),
      link && h("a", { href: link, target: "_blank", rel: "noreferrer" }, t("original")),
    ),
  );
}

/** The result of a card, for the grid: its translation, or its summary. */
export function resultOf({ line }) {
  const { from, to, source, title, translation, summary } = line;
  const made = translation ?? summary;
  const segments = translation?.pairs.map(({ source, text, memory }) => ({
    source,
    text,
    memory: memory && { reused: memory.reused, examples: memory.examples },
  }));
  const outcome = {
    task: translation ? "translate" : "summarize",
    from,
    to,
    model: made.model,
    seconds: 0,
    text: made.text,
    findings: made.findings,
    support: summary?.support ?? [],
    segments,
  };
  return read(outcome, {
    article: source,
    format: "text",
    name: title ?? "",
    style: "",
    glossary: "",
  });
}
