// The page of the workbench: starts its parts.

import { by } from "./dom.js";
import * as compose from "./compose.js";
import * as dismissals from "./dismissals.js";
import * as feed from "./feed.js";
import * as jobs from "./jobs.js";
import * as keys from "./keys.js";
import * as run from "./run.js";
import * as terms from "./terms.js";
import * as view from "./view.js";
import * as work from "./work.js";
import { keepLanguage, onLanguage, otherLanguage, preferred, speak, t } from "./strings.js";

const THEME = "malmoi.theme";
const DARK = matchMedia("(prefers-color-scheme: dark)");

const theme = () => localStorage.getItem(THEME) ?? (DARK.matches ? "dark" : "light");

function paintTools() {
  document.documentElement.dataset.theme = theme();
  by("theme").textContent = t(theme() === "dark" ? "light" : "dark");
  by("language").textContent = t("other_language");
  by("language").lang = otherLanguage();
}

by("theme").addEventListener("click", () => {
  localStorage.setItem(THEME, theme() === "dark" ? "light" : "dark");
  paintTools();
});
by("dismissals").addEventListener("click", dismissals.show);
by("language").addEventListener("click", () => keepLanguage(otherLanguage()));
DARK.addEventListener("change", paintTools);
onLanguage(paintTools);

document.documentElement.dataset.theme = theme();
await speak(preferred());
work.start();
view.start();
compose.start(run.run);
feed.start({ opened: compose.opened });
jobs.start();
terms.start();
keys.start();
