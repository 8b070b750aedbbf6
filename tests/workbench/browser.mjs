// What the tests of the workbench share: a browser, its pages, and a look at each state of a page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [address, executablePath, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

/** Addresses whose answers may be refusals. */
export const expected = new Set();

/** A page in a language, a width and a scheme of colors. What its console says fails the test. */
export async function open(language, width, colorScheme) {
  const context = await browser.newContext({
    locale: language,
    viewport: { width, height: 860 },
    colorScheme,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("console", (message) => {
    const { url } = message.location();
    // A browser logs each answer that is no success; some are asked for.
    if (!expected.has(new URL(url, address).pathname)) assert.fail(`${message.text()} ${url}`);
  });
  page.on("pageerror", (error) => assert.fail(`page: ${error.stack}`));
  page.on("request", (request) =>
    assert.ok(
      request.url().startsWith(address) || request.url().startsWith("blob:"),
      request.url(),
    ),
  );
  await page.goto(address);
  await page.waitForFunction(() => !document.getElementById("run").disabled);
  return page;
}

/** Looks at the page: no violation of accessibility rules, and no need to scroll sideways. */
export async function look(page, name) {
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run());
  const told = violations.map(
    (one) => `${one.impact} ${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`,
  );
  assert.deepEqual(told, [], name);
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    `${name} is too wide`,
  );
}

export async function run(page, article) {
  await page.fill("#article", article);
  await page.keyboard.press("Control+Enter");
}

/** Downloads the result in a way that is offered, the first by default: its name and its text. */
export async function save(page, kind = /./) {
  await page.click(".menu summary");
  const item = page.locator(".item").filter({ hasText: kind }).first();
  const [file] = await Promise.all([page.waitForEvent("download"), item.click()]);
  return [file.suggestedFilename(), readFileSync(await file.path(), "utf8")];
}

export const text = (page, selector) => page.locator(selector).innerText();
export const gone = (page, selector) =>
  page.waitForFunction((which) => !document.querySelector(which), selector);
