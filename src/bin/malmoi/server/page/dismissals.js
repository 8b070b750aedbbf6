// Findings that are no errors. The server keeps them, for all editors and for `malmoi check`.

import { ask, remove } from "./api.js";
import { button, h, notify, openDialog } from "./dom.js";
import { dismissed, state } from "./state.js";
import { language, t } from "./strings.js";
import * as view from "./view.js";

/** Asks the server for the list. Without it, results say which findings were dismissed before. */
export async function load() {
  const { dismissals } = await ask("/api/v1/dismissals?limit=20000");
  dismissed.all = new Map(dismissals.map((one) => [one.hash, one]));
}

/** Dismisses a finding, and offers to take that back. */
export async function dismiss(finding, then) {
  const before = dismissed.all;
  const words = (language() === "ko" && finding.message_ko) || finding.message;
  const dismissal = { hash: finding.hash, finding: words };
  put(finding.hash, { ...dismissal, date: new Date().toISOString() });
  then();
  try {
    await ask("/api/v1/dismissals", dismissal);
    notify(t("dismissed"), { label: t("undo"), run: () => end(finding.hash) });
  } catch (fault) {
    dismissed.all = before;
    notify(fault.words ?? String(fault));
    if (state.result) view.repaint();
  }
}

/** Takes a dismissal back. */
export async function end(hash) {
  try {
    await remove(`/api/v1/dismissals/${hash}`);
  } catch (fault) {
    // Somebody else has done it before.
    if (fault.status !== 404) return notify(fault.words ?? String(fault));
  }
  put(hash, null);
  if (state.result) view.repaint();
}

function put(hash, one) {
  const all = new Map(dismissed.all ?? []);
  all.delete(hash);
  dismissed.all = one ? new Map([[hash, one], ...all]) : all;
}

/** The list in a dialog, the latest first, each with a way back. */
export async function show() {
  try {
    await load();
  } catch (fault) {
    return notify(fault.words ?? String(fault));
  }
  paint();
}

function paint() {
  const all = [...dismissed.all.values()];
  const shown = all.slice(0, 200);
  const item = ({ hash, finding, reason, by, date }) => {
    const words = finding ?? hash;
    const when = date && new Date(date).toLocaleDateString(language(), { dateStyle: "medium" });
    const meta = [by, when, reason].filter(Boolean).join(" · ");
    const back = async () => {
      await end(hash);
      paint();
    };
    return h(
      "li",
      { class: "listed" },
      h(
        "div",
        {},
        h("p", { lang: /[가-힣]/.test(words) ? "ko" : "en" }, words),
        meta && h("p", { class: "meta" }, meta),
      ),
      button(t("restore_finding"), back, "quiet", {
        "aria-label": `${t("restore_finding")}: ${words}`,
      }),
    );
  };
  const close = openDialog(
    t("dismissals"),
    h("p", { class: "meta" }, t(all.length ? "dismissals_text" : "dismissals_none")),
    h("ul", { class: "list" }, shown.map(item)),
    all.length > shown.length &&
      h("p", { class: "meta" }, t("more", { number: all.length - shown.length })),
    h(
      "p",
      { class: "dialog-foot" },
      button(t("close"), () => close()),
    ),
  );
}
