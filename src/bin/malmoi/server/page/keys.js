// The keyboard, and its help.

import { by, h } from "./dom.js";
import { state } from "./state.js";
import { t } from "./strings.js";
import { cancel } from "./run.js";
import * as terms from "./terms.js";
import * as work from "./work.js";

const HELP = [
  ["Ctrl Enter", "key_confirm"],
  ["Alt ↓", "key_next"],
  ["Alt ↑", "key_previous"],
  ["Alt D", "key_doubt"],
  ["Alt C", "key_copy"],
  ["Alt R", "key_replace"],
  ["Alt S", "key_split"],
  ["Alt J", "key_join"],
  ["Alt T", "key_term"],
  ["Ctrl 1…9", "key_insert"],
  ["Esc", "key_escape"],
  ["?", "key_help"],
];

const ALT = {
  KeyC: work.copySource,
  KeyD: work.nextDoubt,
  KeyJ: work.joinFocused,
  KeyR: work.replaceWords,
  KeyS: work.splitFocused,
  KeyT: terms.ask,
};

export function start() {
  by("help").addEventListener("click", help);
  document.addEventListener("keydown", pressed);
}

function pressed(event) {
  if (document.querySelector("dialog[open]") || event.isComposing) return;
  const isControl = event.ctrlKey || event.metaKey;
  const isTyping = event.target.matches("textarea, select, input:not([type=radio])");
  const run =
    {
      Enter: isControl && confirmed,
      ArrowDown: event.altKey && (() => work.step(1)),
      ArrowUp: event.altKey && (() => work.step(-1)),
      Escape: escaped,
      "?": !isTyping && help,
    }[event.key] ||
    (isControl && /^[1-9]$/.test(event.key) && (() => insert(event.key))) ||
    // By the place of the key: with Alt, or in Korean, it writes another letter.
    (event.altKey && !isControl && event.target.closest("#work") && ALT[event.code]);
  if (run && run(event) !== false) event.preventDefault();
}

function confirmed(event) {
  if (event.target.closest("#compose")) by("form").requestSubmit();
  else if (event.target.closest("#grid") && state.result?.task === "translate")
    work.confirmFocused();
  else return false;
  return true;
}

const insert = (digit) => {
  const button = document.querySelector(`[data-match="${digit}"]`);
  button?.click();
  return Boolean(button);
};

function escaped(event) {
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (!cancel()) {
    event.target.closest("#grid")?.contains(document.activeElement) &&
      document.activeElement.blur();
  }
}

function help() {
  const dialog = by("help-dialog");
  const close = () => dialog.close();
  dialog.replaceChildren(
    h("h2", { id: "help-title" }, t("keyboard")),
    h(
      "dl",
      { class: "keys" },
      HELP.flatMap(([keys, words]) => [
        h(
          "dt",
          {},
          keys.split(" ").map((key) => h("kbd", {}, key)),
        ),
        h("dd", {}, t(words)),
      ]),
    ),
    h(
      "p",
      { class: "dialog-foot" },
      h("button", { type: "button", class: "plain", on: { click: close } }, t("close")),
    ),
  );
  dialog.showModal();
}
