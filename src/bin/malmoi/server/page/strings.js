// The words of the interface, in the language of the browser or the one that was chosen.

const LANGUAGES = ["en", "ko"];
const KEPT = "malmoi.language";
const fetched = {};
const listeners = [];
let current = "en";

/** The language of the interface. */
export const language = () => current;

/** The language that the interface can be switched to. */
export const otherLanguage = () => LANGUAGES.find((one) => one !== current);

/** Loads the words of a language and puts them into the page. */
export async function speak(code) {
  fetched[code] ??= await (await fetch(`/page/${code}.json`)).json();
  current = code;
  document.documentElement.lang = code;
  translatePage(document);
  for (const run of listeners) run();
}

export function keepLanguage(code) {
  localStorage.setItem(KEPT, code);
  return speak(code);
}

/** The language that was kept, or the first one of the browser's that there is. */
export function preferred() {
  const kept = localStorage.getItem(KEPT);
  const wanted = [kept, ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find((code) => LANGUAGES.includes(code)) ?? "en";
}

/** Runs a function whenever the language changes. */
export const onLanguage = (run) => listeners.push(run);

/** The words for a key, with `{name}` replaced by the values. */
export function t(key, values = {}) {
  const words = fetched[current]?.[key];
  if (words === undefined) return key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** A number with a word for it: `one` for 1, else `many`. */
export const count = (key, number) => t(number === 1 ? `${key}_one` : `${key}_many`, { number });

/** A date in the words of the interface, or as a source has written it. */
export function dateOf(written) {
  const date = new Date(written ?? NaN);
  if (Number.isNaN(date.getTime())) return written;
  return date.toLocaleString(current, { dateStyle: "medium", timeStyle: "short" });
}

function translatePage(root) {
  for (const element of root.querySelectorAll("[data-t]"))
    element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
  for (const element of root.querySelectorAll("[data-t-placeholder]")) {
    element.placeholder = t(element.dataset.tPlaceholder);
  }
}
