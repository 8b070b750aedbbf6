// Elements, made without HTML in strings.

/** The element with an id. */
export const by = (id) => document.getElementById(id);

/** An element. Properties: `class`, `on` (listeners), `data`, anything else is an attribute. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") element.className = value;
    else if (key === "on")
      for (const [event, run] of Object.entries(value)) element.addEventListener(event, run);
    else if (key === "data") Object.assign(element.dataset, value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** Runs a function when calls have stopped for a time in milliseconds. */
export function paused(run, time) {
  let timer;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), time);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/** Opens the dialog of the page with a title and what is in it. Returns a function to close it. */
export function openDialog(title, ...content) {
  const dialog = by("dialog");
  dialog.replaceChildren(h("h2", { id: "dialog-title" }, title), ...content.filter(Boolean));
  if (!dialog.open) dialog.showModal();
  return () => dialog.close();
}

/** A button. */
export const button = (label, click, kind = "plain", properties = {}) =>
  h("button", { type: "button", class: kind, on: { click: () => click() }, ...properties }, label);

let fading;

/** Shows a sentence for some seconds, with an action beside it if there is one. */
export function notify(text, action) {
  const notice = by("notice");
  clearTimeout(fading);
  const button =
    action &&
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        on: {
          click: () => {
            notice.replaceChildren();
            action.run();
          },
        },
      },
      action.label,
    );
  notice.replaceChildren(h("span", {}, text), button ?? "");
  fading = setTimeout(() => notice.replaceChildren(), action ? 10_000 : 6_000);
}

/** Says a sentence to screen readers only. */
export function say(text) {
  by("spoken").textContent = text;
}
