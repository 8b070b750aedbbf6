// Requests to the server of this page.

import { by } from "./dom.js";
import { language, t } from "./strings.js";

const KEY = "malmoi.key";

/** A request that failed: a status of HTTP, or 0 if the server was not reached. */
export class Fault extends Error {
  constructor(status, detail = "", seconds = 0) {
    super(detail);
    this.status = status;
    this.seconds = seconds;
  }

  /** The fault in the words of the interface. The server's own are in English. */
  get words() {
    const words = t(`fault_${this.status}`, { seconds: this.seconds || 5 });
    const known = words.startsWith("fault_") ? t("fault_other") : words;
    const isTold = [400, 403, 413, 503].includes(this.status) && this.message;
    if (!isTold) return known;
    return language() === "en" && this.status !== 403
      ? sentence(this.message)
      : `${known} (${this.message})`;
  }
}

const sentence = (text) =>
  text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** The answer to a request, in JSON. `body` is sent in JSON; without one it is a GET. */
export async function ask(path, body, signal) {
  const response = await send(path, body, { signal });
  return response.json();
}

/** Asks the server to remove what is at a path. */
export const remove = (path) => send(path, undefined, { method: "DELETE" });

/** The file that answers a request. */
export async function fetchFile(path, body) {
  const response = await send(path, body);
  return response.blob();
}

/** Sends a request and calls `on` with each server-sent event. Returns at the end of the stream. */
export async function stream(path, body, on, signal) {
  const response = await send(path, { ...body, stream: true }, { signal });
  return events(response, on);
}

/** Calls `on` with each server-sent event of a GET, whose id it also gets. */
export async function follow(path, on, signal) {
  return events(await send(path, undefined, { signal }), on);
}

async function events(response, on) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw unreached(error);
    });
    if (done) return;
    const blocks = (rest + value.replaceAll("\r", "")).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = block
        .split("\n")
        .map((line) => line.match(/^(\w+): ?(.*)$/))
        .filter(Boolean);
      const of = (name) =>
        fields
          .filter((one) => one[1] === name)
          .map((one) => one[2])
          .join("\n");
      if (of("data")) on(of("event"), JSON.parse(of("data")), of("id"));
    }
  }
}

async function send(path, body, { signal, method } = {}) {
  for (;;) {
    const headers = {};
    const key = sessionStorage.getItem(KEY);
    if (key) headers.authorization = `Bearer ${key}`;
    const isForm = body instanceof FormData;
    if (body && !isForm) headers["content-type"] = "application/json";
    const request = {
      method: method ?? (body ? "POST" : "GET"),
      headers,
      body: isForm ? body : body && JSON.stringify(body),
      signal,
    };
    const response = await fetch(path, request).catch((error) => {
      throw unreached(error);
    });
    if (response.ok) return response;
    if (response.status === 401) {
      await askForKey(Boolean(key));
      continue;
    }
    const detail = await response.json().then(
      (answer) => answer.error,
      () => "",
    );
    throw new Fault(response.status, detail, Number(response.headers.get("retry-after")));
  }
}

const unreached = (error) => (error.name === "AbortError" ? error : new Fault(0));

let asking;

/** Asks for the key in a dialog, once for all requests that wait for it. */
function askForKey(isUnknown) {
  asking ??= new Promise((resolve) => {
    const [dialog, form, field] = [by("key-dialog"), by("key-form"), by("key")];
    field.value = "";
    by("key-fault").textContent = isUnknown ? t("key_unknown") : "";
    dialog.showModal();
    const use = (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      sessionStorage.setItem(KEY, field.value.trim());
      form.removeEventListener("submit", use);
      dialog.close();
      asking = undefined;
      resolve();
    };
    form.addEventListener("submit", use);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
  });
  return asking;
}
