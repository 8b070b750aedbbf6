// A feed, an archive or several files: the articles to open one by one, or a job over all of them.

import { ask } from "./api.js";
import { button, by, h, notify } from "./dom.js";
import { keep, state } from "./state.js";
import { count, dateOf, onLanguage, t } from "./strings.js";

const ENDINGS = ["rss", "atom", "rdf", "xml", "json", "jsonl", "ndjson", "zip", "warc"];

/** What is offered: its files, their name, and the articles in them; null without. */
let offered = null;
let whenOpened = () => {};

export function start(given) {
  whenOpened = given.opened;
  by("back-to-feed").addEventListener("click", show);
  onLanguage(paint);
}

/** True for a feed, by its name or its first words. */
export function isFeed(text, name = "") {
  const beginning = text.slice(0, 1_000).trimStart();
  return (
    ENDINGS.includes(name.split(".").pop().toLowerCase()) ||
    /^(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?<(rss|feed|rdf:RDF)[\s>]/i.test(beginning) ||
    (beginning.startsWith("{") && /:\\?\/\\?\/jsonfeed\.org\\?\/version/.test(beginning))
  );
}

/** Offers the articles of files, which have a name of their own if one is not given. */
export async function open(files, given) {
  const name = given ?? (files.length === 1 ? files[0].name : count("files", files.length));
  offered = { files, name, articles: [], all: 0, fault: "" };
  if (files.length === 1) {
    const form = new FormData();
    form.append("file", files[0]);
    try {
      Object.assign(offered, await ask("/api/v1/articles", form));
    } catch (fault) {
      // Archives and documents are for jobs; the reason stands beside.
      if (fault.status !== 400) {
        offered = null;
        return notify(fault.words ?? String(fault));
      }
      offered.fault = fault.words;
    }
  }
  show();
}

function show() {
  by("feed").hidden = false;
  by("form").hidden = true;
  paint();
  by("feed-title").focus();
}

/** Goes back to the form. The feed stays at hand. */
export function leave() {
  by("feed").hidden = true;
  by("form").hidden = false;
  by("back-to-feed").hidden = !offered;
  by("back-to-feed").textContent = offered ? t("back_to", { name: offered.name }) : "";
}

function paint() {
  if (!offered) return leave();
  const { name, articles, all, unreadable, fault } = offered;
  by("feed").replaceChildren(
    h(
      "header",
      { class: "bar" },
      h(
        "div",
        { class: "bar-words" },
        h("h2", { id: "feed-title", class: "work-title", tabindex: -1 }, name),
        h("p", { class: "meta" }, all ? count("articles", all) : t("articles_unknown")),
        fault ? h("p", { class: "meta" }, fault) : "",
      ),
      button(t("close"), () => {
        offered = null;
        leave();
        by("article").focus();
      }),
    ),
    state.hasJobs ? form() : "",
    articles.length ? h("ol", { class: "articles", "aria-label": name }, articles.map(entry)) : "",
    all > articles.length
      ? h("p", { class: "meta" }, t("more", { number: all - articles.length }))
      : "",
    unreadable?.length
      ? h(
          "details",
          { class: "meta" },
          h("summary", {}, count("unreadable", unreadable.length)),
          h(
            "ul",
            {},
            unreadable.map(({ place, reason }) => h("li", {}, `${place}: ${reason}`)),
          ),
        )
      : "",
  );
}

function entry(article) {
  const { title, text, published, language: code, characters } = article;
  const meta = [
    dateOf(published),
    code && t(code),
    count("characters", characters.toLocaleString()),
  ];
  const open = () => {
    Object.assign(state, {
      article: text,
      format: article.format,
      name: title ?? "",
      result: null,
    });
    keep();
    leave();
    whenOpened();
  };
  const words = title ?? text.trim().slice(0, 80);
  return h(
    "li",
    {},
    button(words, open, "headline", { lang: code }),
    h("p", { class: "meta" }, meta.filter(Boolean).join(" · ")),
  );
}

/** The choices of a job. */
function form() {
  const select = (name, options) =>
    h(
      "label",
      { class: "field" },
      h("span", {}, t(name)),
      h(
        "select",
        { id: name },
        options.map(([value, words]) => h("option", { value }, words)),
      ),
    );
  const tasks = [
    ["", t("job_both")],
    ["translate", t("translate")],
    ["summarize", t("summarize")],
  ];
  const languages = [
    ["", t("job_to_auto")],
    ["ko", t("ko")],
    ["en", t("en")],
  ];
  const { all } = offered;
  return h(
    "form",
    { class: "options", on: { submit: send } },
    select("job_task", tasks),
    select("job_to", languages),
    h(
      "button",
      { type: "submit", class: "primary" },
      all ? count("job_start", all) : t("job_start_all"),
    ),
  );
}

async function send(event) {
  event.preventDefault();
  const { files, name } = offered;
  const body = new FormData();
  for (const file of files) body.append("file", file);
  const wishes = {
    title: name,
    task: by("job_task").value,
    to: by("job_to").value,
    register: state.register,
    style: state.style,
    sentences: String(state.sentences),
  };
  for (const [field, value] of Object.entries(wishes)) if (value) body.append(field, value);
  const submit = event.submitter;
  submit.disabled = true;
  try {
    const job = await ask("/api/v1/jobs", body);
    offered = null;
    leave();
    location.hash = `#jobs/${job.id}`;
  } catch (fault) {
    submit.disabled = false;
    notify(fault.words ?? String(fault));
  }
}
