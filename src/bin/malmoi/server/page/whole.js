// The whole text of a result: as it will be read, in the clipboard, and in files.

import { by, h, notify } from "./dom.js";
import { exported } from "./export.js";
import { page, save, whole } from "./files.js";
import { frame } from "./preview.js";
import { state } from "./state.js";
import { t } from "./strings.js";

let isPreviewed = false;

/** Goes back to the segments, for another result. */
export function reset() {
  isPreviewed = false;
}

/** Saves the result. */
export async function saved(kind) {
  document.querySelector("details.menu[open]").open = false;
  try {
    await save(state.result, kind);
  } catch (fault) {
    notify(fault.words ?? String(fault));
  }
}

/** Shows the preview, or the segments. */
export function toggle() {
  isPreviewed = !isPreviewed;
  preview();
}

/** Shows the whole text as it will be read in place of the segments, if it was asked for. */
export async function preview() {
  const { result } = state;
  by("preview-button").setAttribute("aria-pressed", isPreviewed);
  for (const id of ["desk", "bar-filter"]) by(id).hidden = isPreviewed;
  by("previewed").hidden = !isPreviewed;
  by("previewed").replaceChildren();
  if (!isPreviewed) return;
  try {
    const isPage = result.task === "translate" && result.format === "html";
    const html = isPage ? await (await exported(result, "source")).text() : page(result);
    if (isPreviewed && state.result === result)
      by("previewed").replaceChildren(frame(html, t("preview")));
  } catch (fault) {
    notify(fault.words ?? String(fault));
  }
}

/** Copies the text, with its title and paragraphs for word processors and content systems. */
export async function copy() {
  const text = whole(state.result);
  try {
    const of = (type, content) => ({ [type]: new Blob([content], { type }) });
    const both = { ...of("text/plain", text), ...of("text/html", page(state.result)) };
    await navigator.clipboard.write([new ClipboardItem(both)]);
  } catch {
    // Browsers give the clipboard to secure origins only; the old way works on all.
    const field = h("textarea", { class: "unseen", "aria-hidden": "true" });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  notify(t("copied"));
}
