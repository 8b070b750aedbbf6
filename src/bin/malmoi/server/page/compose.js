// The form: an article and what is to be done with it.

import { ask } from "./api.js";
import * as dismissals from "./dismissals.js";
import { by, h, notify } from "./dom.js";
import * as feed from "./feed.js";
import { isFeed } from "./feed.js";
import { frame } from "./preview.js";
import { keep, state } from "./state.js";
import { count, onLanguage, t } from "./strings.js";
import { readFile } from "./files.js";

const MOST_BYTES = 16 << 20;
const FIELDS = ["pair", "register", "style", "sentences", "model", "glossary"];

/** Tasks and directions that the server has models for; null until it has said so. */
let served = null;
/** Glossaries of the server. */
let glossaries = [];
let showsSource = false;

export function start(run) {
  by("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!state.article.trim()) {
      notify(t("no_article"));
      by("article").focus();
    } else if (served?.length) {
      run();
    }
  });
  by("article").addEventListener("input", () => {
    if (isFeed(by("article").value)) return offer(by("article").value);
    state.article = by("article").value;
    if (!state.article) {
      Object.assign(state, { format: "text", name: "" });
      paper();
    }
    counted();
    keep();
  });
  by("form").addEventListener("change", changed);
  by("as-source").addEventListener("click", () => {
    showsSource = !showsSource;
    paper();
    if (showsSource) by("article").focus();
  });
  by("open").addEventListener("click", () => by("file").click());
  by("file").addEventListener("change", () => open([...by("file").files]));
  dropping(document.body);
  onLanguage(fill);
  fill();
  load();
}

/** Puts the state into the form. */
export function fill() {
  by("article").value = state.article;
  for (const radio of document.getElementsByName("task")) {
    radio.checked = radio.value === state.task;
    const isServed = !served || served.some((one) => one.task === radio.value);
    radio.closest("label").hidden = !isServed;
  }
  pairs();
  models();
  choice("glossary", [
    ["", count("glossary_desk", glossaries[0]?.terms ?? 0)],
    ...glossaries.slice(1).map(({ id, name }) => [id, name]),
    ["none", t("glossary_none")],
  ]);
  shown("glossary", glossaries.length > 1 || glossaries[0]?.terms > 0);
  paper();
  for (const name of FIELDS) by(name).value = state[name];
  const isSummary = state.task === "summarize";
  shown("register", !state.pair.endsWith("-en"));
  shown("style", isSummary);
  shown("sentences", isSummary && state.style !== "headline");
  by("run").textContent = t(served ? state.task : "opening");
  by("run").disabled = !served?.length;
  counted();
}

function changed(event) {
  const { id, name, value } = event.target;
  if (name === "task") Object.assign(state, { task: value, pair: "auto" });
  else if (id === "sentences")
    state.sentences = Math.min(50, Math.max(1, Math.round(Number(value)) || 3));
  else if (FIELDS.includes(id)) state[id] = value;
  else return;
  fill();
  keep();
}

/** The choice of languages: those that the server has for the task. */
function pairs() {
  const known = (served ?? []).filter((one) => one.task === state.task);
  const options = known.map(({ from, to }) =>
    h(
      "option",
      { value: `${from}-${to}` },
      from === to ? t("within", { language: t(from) }) : t("into", { from: t(from), to: t(to) }),
    ),
  );
  by("pair").replaceChildren(h("option", { value: "auto" }, t(`auto_${state.task}`)), ...options);
  if (!["auto", ...known.map(({ from, to }) => `${from}-${to}`)].includes(state.pair) && served)
    state.pair = "auto";
}

/** The choice of a model, if there are several for the task and the languages. */
function models() {
  const fits = ({ task, from, to }) =>
    task === state.task && ["auto", `${from}-${to}`].includes(state.pair);
  const names = [...new Set((served ?? []).filter(fits).map((one) => one.model))];
  const usual = names[0] ?? "";
  const isOne = new Set((served ?? []).filter(fits).map((one) => `${one.from}-${one.to}`)).size;
  choice("model", [
    ["", isOne > 1 ? t("model_auto") : usual],
    ...names.slice(isOne > 1 ? 0 : 1).map((name) => [name, name]),
  ]);
  shown("model", names.length > 1);
}

/** Fills a choice, and takes the first where what was chosen is not there any more. */
function choice(name, options) {
  by(name).replaceChildren(...options.map(([value, words]) => h("option", { value }, words)));
  if (served && !options.some(([value]) => value === state[name])) state[name] = "";
}

/** Shows the article as text, or a page as it will look. */
function paper() {
  const isPage = state.format === "html" && Boolean(state.article);
  const isShown = isPage && !showsSource;
  by("article").hidden = isShown;
  by("page").hidden = !isShown;
  by("page").replaceChildren(...(isShown ? [frame(state.article, t("page_preview"))] : []));
  by("as-source").hidden = !isPage;
  by("as-source").textContent = t(showsSource ? "as_page" : "as_source");
}

function shown(name, is) {
  document.querySelector(`[data-for="${name}"]`).hidden = !is;
}

function counted() {
  const length = [...state.article].length;
  const format = state.format === "text" ? "" : ` · ${t(`format_${state.format}`)}`;
  const name = state.name ? `${state.name}${format} · ` : "";
  by("count").textContent = length ? name + count("characters", length.toLocaleString()) : "";
}

/** Asks for the models until they are open. */
async function load() {
  try {
    const [answer, all] = await Promise.all([
      ask("/api/v1/models"),
      ask("/api/v1/glossaries"),
      dismissals.load(),
    ]);
    served = answer.served;
    state.hasMemory = answer.memory;
    state.hasJobs = answer.jobs;
    document.querySelector(".parts").hidden = !answer.jobs;
    glossaries = all.glossaries;
    state.canAddTerms = glossaries[0].writable;
    if (!served.some((one) => one.task === state.task)) state.task = served[0]?.task ?? state.task;
  } catch (fault) {
    if (fault.status !== 503) notify(fault.words);
    setTimeout(load, fault.status === 503 ? 1_500 : 5_000);
  }
  fill();
}

function dropping(area) {
  const is = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  area.addEventListener("dragover", (event) => {
    if (!is(event)) return;
    event.preventDefault();
    area.classList.add("dropping");
  });
  area.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) area.classList.remove("dropping");
  });
  area.addEventListener("drop", (event) => {
    area.classList.remove("dropping");
    if (!is(event)) return;
    event.preventDefault();
    open([...event.dataTransfer.files]);
  });
}

/** Offers the articles of a feed that was pasted. */
function offer(text) {
  by("article").value = state.article;
  const ending = text.trimStart().startsWith("{") ? "json" : "xml";
  feed.open([new File([text], `feed.${ending}`)], t("feed_pasted"));
}

async function open(files) {
  by("file").value = "";
  const [file] = files;
  if (!file) return;
  location.hash = "";
  if (files.reduce((bytes, one) => bytes + one.size, 0) > MOST_BYTES)
    return notify(t("file_large"));
  const read = files.length === 1 && (await readFile(file).catch(() => null));
  if (read ? isFeed(read.article, file.name) : state.hasJobs) return feed.open(files);
  if (!read) return notify(t("file_unread", { name: file.name }));
  Object.assign(state, read, { name: file.name });
  keep();
  opened();
}

/** Shows an article that was opened. */
export function opened() {
  feed.leave();
  showsSource = false;
  by("compose").hidden = false;
  by("work").hidden = Boolean(!state.result);
  fill();
  by(by("article").hidden ? "run" : "article").focus();
}
