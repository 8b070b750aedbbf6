// Pages of others, shown without what they could do: no scripts, no requests, no links that lead
// away. A frame in a sandbox holds what is left.

import { h } from "./dom.js";

/** Elements that are left out with all that is in them. */
const DROPPED =
  "script, style, link, meta, base, iframe, frame, object, embed, template, noscript, svg, math, " +
  "audio, video, picture, source, track, canvas, dialog, input, select, textarea, button, img, map";
const ATTRIBUTES = ["lang", "dir", "colspan", "rowspan", "start"];

/** A page with its words and their structure only. */
function plain(html) {
  // Styles would be refused by the policy while the page is read, each with a message.
  const unstyled = html
    .replace(/<style[\s>][^]*?<\/style\s*>/gi, "")
    .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/\sstyle\s*=/gi, " data-style="));
  const page = new DOMParser().parseFromString(unstyled, "text/html");
  for (const image of page.querySelectorAll("img[alt]")) image.replaceWith(image.alt);
  for (const element of page.querySelectorAll(DROPPED)) element.remove();
  for (const element of page.querySelectorAll("*")) {
    for (const { name } of [...element.attributes])
      if (!ATTRIBUTES.includes(name)) element.removeAttribute(name);
  }
  return page;
}

/** The words of a piece of a page that is still being written. */
export const wordsOf = (html) =>
  html
    .replace(/<\/(h\d|p|li|td|div|title|figcaption|blockquote)\s*>/gi, "\n")
    .replace(/<[^>]*(>|$)/g, " ")
    .replace(/[ \t]*\n\s*/g, "\n");

/** A frame with a page. */
export function frame(html, title) {
  const page = plain(html);
  const styles = ["design", "preview"].map((name) => {
    const style = page.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL(`/page/${name}.css`, location.href);
    return style;
  });
  page.head.replaceChildren(...styles);
  page.documentElement.dataset.theme = document.documentElement.dataset.theme;
  const shown = h("iframe", { class: "preview", sandbox: "", title });
  shown.srcdoc = `<!doctype html>${page.documentElement.outerHTML}`;
  return shown;
}
