// One job: how far it is, what is to be had of it, and its digest as cards.

import { ask, fetchFile, follow, remove } from "./api.js";
import * as cards from "./cards.js";
import { button, by, h, notify, paused, say } from "./dom.js";
import { download } from "./files.js";
import { state } from "./state.js";
import { count, dateOf, t } from "./strings.js";
import * as view from "./view.js";

/** Cards on the page; the digest has all. */
const MOST = 500;
/** Seconds after which a stream that broke is asked for again. */
const AGAIN = 3;

let shown = null;

/** Leaves the job that is shown. */
export function leave() {
  shown?.control.abort();
  shown = null;
}

/** Shows a job and follows it to its end. */
export async function show(id) {
  leave();
  const control = new AbortController();
  shown = { id, control, job: null, all: new Map(), last: 0, filter: { kind: "all" } };
  const mine = shown;
  by("jobs").replaceChildren(h("p", { class: "meta", role: "status" }, t("loading")));
  while (shown === mine) {
    try {
      await follow(`/api/v1/jobs/${id}/events?after=${mine.last}`, arrived, control.signal);
      if (isOver(mine.job)) break;
      mine.job ??= await ask(`/api/v1/jobs/${id}`);
      if (isOver(mine.job)) break;
    } catch (fault) {
      if (shown !== mine) return;
      if (fault.status === 404) return gone();
      if (fault.name === "AbortError") return;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN * 1_000));
  }
  if (shown === mine) await loadResults(mine);
}

const isOver = (job) => ["done", "failed"].includes(job?.state);

function gone() {
  by("jobs").replaceChildren(
    h("p", {}, t("job_gone")),
    h("p", {}, h("a", { href: "#jobs" }, t("jobs"))),
  );
}

function arrived(event, data, id) {
  if (!shown) return;
  if (id) shown.last = Math.max(shown.last, Number(id) || 0);
  if (event === "item") {
    const card = cards.fromEvent(data);
    if (shown.all.size >= MOST && !shown.all.has(card.key)) return;
    shown.all.set(card.key, card);
    paintSoon();
  } else {
    shown.job = data;
    paintHead();
  }
}

/** Reads the results: each card gets its text, and its doubts their reasons. */
async function loadResults(mine) {
  try {
    const file = await fetchFile(`/api/v1/jobs/${mine.id}/results`);
    const done = (await firstLines(file)).map((line) => cards.fromLine(JSON.parse(line)));
    const failed = [...mine.all.values()].filter((card) => card.error !== null);
    mine.all = new Map([...done, ...failed].map((card) => [card.key, card]));
  } catch (fault) {
    // A job that failed early has none.
    if (fault.status !== 404) notify(fault.words ?? String(fault));
  }
  if (shown !== mine) return;
  paintHead();
  paintCards();
  say(`${mine.job.title}: ${told(mine.job)}`);
}

/** The first lines of a file, however large it is. */
async function firstLines(file) {
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
  const lines = [];
  let rest = "";
  while (lines.length < MOST) {
    const { done, value = "" } = await reader.read();
    const parts = (rest + value).split("\n");
    rest = done ? "" : parts.pop();
    lines.push(...parts.filter(Boolean));
    if (done) break;
  }
  reader.cancel();
  return lines.slice(0, MOST);
}

function paintHead() {
  const { job } = shown;
  const focused = document.activeElement?.id;
  if (!by("job-head")) {
    by("jobs").replaceChildren(h("div", { id: "job-head" }), h("div", { id: "cards" }));
  }
  by("job-head").replaceChildren(
    h(
      "header",
      { class: "bar" },
      h(
        "div",
        { class: "bar-words" },
        h("p", { class: "back" }, h("a", { id: "to-jobs", href: "#jobs" }, `← ${t("jobs")}`)),
        h("h2", { id: "job-title", class: "work-title" }, job.title),
        h("p", { id: "job-meta", class: "meta" }, told(job)),
        job.error && h("p", { class: "fault" }, job.error),
      ),
      h("div", { class: "bar-tools" }, tools(job)),
    ),
    isOver(job) ? "" : progress(job),
  );
  if (focused) by(focused)?.focus();
  document.title = `${job.title} · malmoi`;
}

const paintSoon = paused(() => shown && paintCards(), 200);

function paintCards() {
  const all = [...shown.all.values()];
  const change = (values) => {
    Object.assign(shown.filter, values);
    paintCards();
  };
  const focused = document.activeElement?.id;
  const left = all.length ? cards.chosenOf(all, shown.filter) : [];
  by("cards").replaceChildren(
    all.length ? cards.filters(all, shown.filter, change) : "",
    all.length || isOver(shown.job) ? cards.page(left, openCard) : "",
    shown.job.items > MOST ? h("p", { class: "meta" }, t("cards_more", { number: MOST })) : "",
  );
  if (focused) by(focused)?.focus();
}

/** Opens the result of a card in the grid. */
function openCard(card) {
  const result = cards.resultOf(card);
  Object.assign(state, { article: result.article, format: "text", name: result.name });
  view.show(result);
  location.hash = "";
}

/** The progress of a job as a bar. */
export const progress = (job) =>
  h("progress", {
    "aria-label": t("progress_of", { title: job.title }),
    max: job.items || 1,
    ...(job.items ? { value: job.done + job.failed } : {}),
  });

/** What there is to say about a job in one line. */
export function told(job) {
  const { state, items, done, doubtful, failed, progress, created, task, to } = job;
  const isRunning = state === "running";
  return [
    t(`job_${state}`),
    isRunning && items
      ? t("items_of", { done: done + failed, items })
      : items && count("articles", items),
    to && task && t(`job_${task}_${to}`),
    doubtful && count("doubtful", doubtful),
    failed && count("failed", failed),
    isRunning && progress?.left > 0 && left(progress.left),
    dateOf(created),
  ]
    .filter(Boolean)
    .join(" · ");
}

const left = (seconds) =>
  seconds < 90
    ? t("left_seconds", { number: Math.ceil(seconds) })
    : t("left_minutes", { number: Math.round(seconds / 60) });

function tools(job) {
  const file = (words, path, ending) =>
    button(t(words), async () => {
      try {
        download(await fetchFile(`/api/v1/jobs/${job.id}/${path}`), `${stem(job.title)}.${ending}`);
      } catch (fault) {
        notify(fault.words ?? String(fault));
      }
    });
  const files = [
    file("job_digest", "digest", "html"),
    file("job_files", "files", "zip"),
    file("job_results", "results", "jsonl"),
  ];
  return [...(isOver(job) ? files : []), deleter(job, () => (location.hash = "#jobs"))];
}

const stem = (title) =>
  title.replace(/\.[^.]{1,5}$/, "").replace(/[\\/:*?"<>|]+/g, " ") || "malmoi";

/** Time for the second press of a button that removes a job, in milliseconds. */
const SURE = 5_000;

/** Jobs whose button was pressed once, which outlives the button. */
const pressed = new Set();

/** A button that removes a job when it is pressed twice. */
export function deleter(job, then) {
  const name = (element) => {
    const words = t(pressed.has(job.id) ? "job_delete_sure" : "job_delete");
    element?.replaceChildren(words);
    element?.setAttribute("aria-label", `${words}: ${job.title}`);
  };
  const press = async () => {
    if (!pressed.has(job.id)) {
      pressed.add(job.id);
      name(one);
      setTimeout(() => {
        pressed.delete(job.id);
        name(by(one.id));
      }, SURE);
      return;
    }
    try {
      await remove(`/api/v1/jobs/${job.id}`);
      notify(t("job_deleted", job));
      then();
    } catch (fault) {
      notify(fault.words ?? String(fault));
    }
  };
  const one = button("", press, "quiet", { id: `delete-${job.id}` });
  name(one);
  return one;
}
