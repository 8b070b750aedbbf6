// What the desk knows about the segment in hand: matches of the memory, terms, and a search.

import { ask } from "./api.js";
import { button, by, h, notify, paused } from "./dom.js";
import { state } from "./state.js";
import { t } from "./strings.js";
import { ask as askForTerm } from "./terms.js";

const NARROW = matchMedia("(max-width: 60rem)");

let actions;
/** Answers for segments, by their source. */
const known = new Map();
let shownNumber = 0;

export function start(given) {
  actions = given;
  NARROW.addEventListener("change", () => settle(shownNumber));
}

/** Forgets the answers: the memory has changed. */
export const forget = () => known.clear();

/** The panel, empty. */
export function panel() {
  if (state.result.task !== "translate") return "";
  return h(
    "aside",
    { id: "context", class: "context", "aria-label": t("desk") },
    h("section", { id: "matches", "aria-live": "polite", hidden: true }),
    h("section", { id: "terms" }),
    state.hasMemory !== false &&
      h(
        "section",
        {},
        h("h3", { class: "label" }, h("label", { for: "search" }, t("search"))),
        h("input", {
          id: "search",
          type: "search",
          autocomplete: "off",
          placeholder: t("search_hint"),
          on: { input: searched },
        }),
        h("div", { id: "found", "aria-live": "polite" }),
      ),
  );
}

/** Shows what the desk knows about a row. */
export const show = paused(async (result, number) => {
  const row = result?.rows[number];
  const aside = by("context");
  if (!row || !aside) return;
  aside.dataset.shown = "true";
  shownNumber = number;
  settle(number);
  const { from, to } = result;
  const body = { text: row.source, from, to };
  if (!known.has(row.source)) {
    const nothing = () => ({});
    const [similar, terms] = await Promise.all([
      state.hasMemory === false ? {} : ask("/api/v1/memory/similar", body).catch(nothing),
      ask("/api/v1/terms", {
        ...body,
        ...(result.glossary && { glossary_id: result.glossary }),
      }).catch(nothing),
    ]);
    known.set(row.source, { matches: similar.matches ?? [], terms: terms.terms ?? [] });
  }
  if (shownNumber !== number || state.result !== result) return;
  fill(result, row, known.get(row.source));
}, 120);

/** Beside the grid on a wide screen; in the row that is edited on a narrow one. */
function settle(number) {
  const aside = by("context");
  const place = NARROW.matches ? by(`row-${number}`) : document.querySelector(".desk");
  if (aside && place && aside.parentElement !== place) place.append(aside);
}

function fill(result, row, { matches, terms }) {
  const useful = matches.filter((match) => match.target !== row.target).slice(0, 9);
  by("matches").hidden = !useful.length;
  by("matches").replaceChildren(
    h("h3", { class: "label" }, t("matches")),
    h(
      "ol",
      { class: "matches" },
      useful.map((match, at) =>
        h(
          "li",
          { class: "match" },
          h(
            "p",
            { class: "meta" },
            h("b", {}, `${match.percent}%`),
            " ",
            t(`origin_${match.origin}`),
            match.by ? ` · ${match.by}` : "",
          ),
          match.percent < 100 &&
            h("p", { class: "difference", lang: result.from }, difference(match.difference)),
          h("p", { class: "match-target", lang: result.to }, match.target),
          h(
            "button",
            {
              type: "button",
              class: "quiet",
              "aria-keyshortcuts": `Control+${at + 1}`,
              data: { match: at + 1 },
              on: { click: () => actions.insert(match.target) },
            },
            t("insert"),
            " ",
            h("kbd", { "aria-hidden": "true" }, `Ctrl ${at + 1}`),
          ),
        ),
      ),
    ),
  );
  showTerms(result, terms);
}

/** Terms of the glossary in the segment; a click puts a translation where the caret is. */
function showTerms(result, terms) {
  const target = (words) =>
    button(words, () => actions.insertTerm(words), "term", {
      lang: result.to,
      "aria-label": t("insert_term", { words }),
    });
  const rows = terms.flatMap((term) => [
    h("dt", { lang: result.from, title: term.note }, term.source),
    h("dd", {}, [term.target, ...(term.alternatives ?? [])].map(target)),
  ]);
  by("terms").replaceChildren(
    h(
      "div",
      { class: "panel-head" },
      h("h3", { class: "label" }, t("terms")),
      state.canAddTerms !== false &&
        button(t("term_new"), askForTerm, "quiet", { "aria-keyshortcuts": "Alt+T" }),
    ),
    rows.length ? h("dl", { class: "terms" }, rows) : h("p", { class: "meta" }, t("terms_none")),
  );
}

/** What the source of the memory has and this segment has not, and the other way round. */
function difference(changes) {
  const names = { removed: "del", added: "ins" };
  return changes.map(({ kind, text }) => (names[kind] ? h(names[kind], {}, text) : text));
}

const searched = paused(async () => {
  const words = by("search").value.trim();
  const found = by("found");
  if (!words) return found.replaceChildren();
  try {
    const { units } = await ask(
      `/api/v1/memory/search?${new URLSearchParams({ text: words, limit: "20" })}`,
    );
    if (by("search").value.trim() !== words) return;
    found.replaceChildren(
      units.length
        ? h(
            "ul",
            { class: "units" },
            units.map((unit) =>
              h(
                "li",
                {},
                h("p", { lang: unit.from }, highlighted(unit.source, words)),
                h("p", { lang: unit.to }, highlighted(unit.target, words)),
                h(
                  "p",
                  { class: "meta" },
                  t(`origin_${unit.origin}`),
                  unit.by ? ` · ${unit.by}` : "",
                ),
              ),
            ),
          )
        : h("p", { class: "meta" }, t("nothing_found")),
    );
  } catch (fault) {
    notify(fault.words ?? String(fault));
  }
}, 250);

/** A text with the words that were searched for set off. */
function highlighted(text, words) {
  const parts = [];
  const [lower, sought] = [text.toLowerCase(), words.toLowerCase()];
  let at = 0;
  for (
    let found = lower.indexOf(sought);
    found >= 0 && lower.length === text.length;
    found = lower.indexOf(sought, at)
  ) {
    parts.push(text.slice(at, found), h("b", {}, text.slice(found, found + sought.length)));
    at = found + sought.length;
  }
  return [...parts, text.slice(at)];
}
