// The list of jobs, and the parts of the page that the address names: `#jobs`, `#jobs/ID`.

import { ask } from "./api.js";
import { by, h, notify } from "./dom.js";
import * as job from "./job.js";
import { state } from "./state.js";
import { onLanguage, t } from "./strings.js";
import * as view from "./view.js";

/** Seconds after which the list is read again while a job is not done. */
const AGAIN = 3;

let timer;
let all = [];

export function start() {
  addEventListener("hashchange", route);
  onLanguage(route);
  route();
}

/** Shows what the address names. */
function route() {
  clearTimeout(timer);
  const [part, id] = location.hash.slice(1).split("/");
  const isJobs = part === "jobs" && state.hasJobs !== false;
  by("desk-part").hidden = isJobs;
  by("jobs").hidden = !isJobs;
  for (const link of document.querySelectorAll(".parts a")) {
    const isHere = link.hash === "#jobs" ? isJobs : !isJobs;
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  job.leave();
  if (!isJobs) return view.entitle();
  if (id) job.show(id);
  else list();
}

async function list(isAgain = false) {
  document.title = `${t("jobs")} · malmoi`;
  try {
    ({ jobs: all } = await ask("/api/v1/jobs"));
  } catch (fault) {
    notify(fault.words ?? String(fault));
  }
  if (location.hash !== "#jobs") return;
  // A button that is being pressed stays where it is.
  if (!isAgain || !document.activeElement?.closest(".job button")) paint();
  if (all.some((one) => ["waiting", "running"].includes(one.state)))
    timer = setTimeout(list, AGAIN * 1_000, true);
}

function paint() {
  const focused = document.activeElement?.id;
  by("jobs").replaceChildren(
    h(
      "header",
      { class: "bar" },
      h("h2", { id: "jobs-title", class: "work-title" }, t("jobs")),
      h("p", { class: "meta" }, t("jobs_hint")),
    ),
    all.length
      ? h("ul", { class: "job-list" }, all.map(entry))
      : h("p", { class: "meta empty" }, t("jobs_none")),
  );
  if (focused) by(focused)?.focus();
}

const entry = (one) =>
  h(
    "li",
    { class: "job", data: { state: one.state } },
    h(
      "div",
      {},
      h("h3", {}, h("a", { id: `job-${one.id}`, href: `#jobs/${one.id}` }, one.title)),
      h("p", { class: "meta" }, job.told(one)),
    ),
    job.deleter(one, () => list()),
    one.state === "running" ? job.progress(one) : "",
  );
