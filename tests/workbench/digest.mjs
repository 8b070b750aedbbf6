// The digest in a browser: `node digest.mjs FILE CHROMIUM [PICTURES]`, with four items of two
// feeds in two languages, two of them doubtful. Screenshots go into the folder PICTURES.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [file, executablePath, pictures] = process.argv.slice(2);
const address = pathToFileURL(file).href;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

/** The page in a width and a scheme of colors. What its console says fails the test. */
async function open(width, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height: 860 }, colorScheme });
  const page = await context.newPage();
  page.on("console", (message) => assert.fail(`console: ${message.text()}`));
  page.on("request", (request) => assert.equal(request.url().split("#")[0], address));
  await page.goto(address);
  return page;
}

const shown = (page, selector) =>
  page.evaluate((of) => [...document.querySelectorAll(of)].filter((one) => one.checkVisibility()).length, selector);

for (const width of [1280, 390]) {
  for (const colors of ["light", "dark"]) {
    const page = await open(width, colors);
    const language = await page.evaluate(() => document.documentElement.lang);
    const name = `digest-${language}-${width}-${colors}`;
    if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run());
    const told = violations.map(
      (one) => `${one.impact} ${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`,
    );
    assert.deepEqual(told, [], name);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is too wide`);
    await page.context().close();
  }
}

// Filters by keyboard alone: doubtful items, then a language, then a source.
const page = await open(1280, "light");
assert.deepEqual([await shown(page, ".card"), await shown(page, "article")], [4, 4]);
await page.keyboard.press("Tab");
await page.keyboard.press("Space");
const doubtful = await page.locator(".card.doubtful").count();
assert.ok(doubtful > 0 && doubtful < 4, `${doubtful} are doubtful`);
assert.deepEqual([await shown(page, ".card"), await shown(page, "article")], [doubtful, doubtful]);
await page.keyboard.press("Space");
await page.keyboard.press("Tab");
await page.keyboard.press("ArrowRight");
assert.equal(await shown(page, '.card[data-from="ko"]'), 0);
assert.equal(await shown(page, ".card"), 2);
await page.keyboard.press("ArrowLeft");
assert.equal(await shown(page, ".card"), 4);
await page.keyboard.press("Tab");
await page.keyboard.press("ArrowDown");
assert.equal(await shown(page, ".card"), 2);
// A card leads to its item.
await page.keyboard.press("Tab");
await page.keyboard.press("Enter");
assert.match(page.url(), /#item-\d+$/);
await browser.close();
