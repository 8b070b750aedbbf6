// The workbench in a browser: `node workbench.mjs ADDRESS CHROMIUM [PICTURES]`, before a server with
// the script of `tests/serve.rs`. With a folder for pictures it looks at each state of the page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [address, executablePath, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

/** A page in a language, a width and a scheme of colors. What its console says fails the test. */
async function open(language, width, colorScheme) {
  const context = await browser.newContext({
    locale: language,
    viewport: { width, height: 860 },
    colorScheme,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("console", (message) => assert.fail(`console: ${message.text()}`));
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
async function look(page, name) {
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

async function run(page, article) {
  await page.fill("#article", article);
  await page.keyboard.press("Control+Enter");
}

/** Downloads the result in the first way that is offered: its name and its text. */
async function save(page) {
  await page.click(".menu summary");
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(".item >> nth=0")]);
  return [file.suggestedFilename(), readFileSync(await file.path(), "utf8")];
}

const text = (page, selector) => page.locator(selector).innerText();
const gone = (page, selector) =>
  page.waitForFunction((which) => !document.querySelector(which), selector);

// Paste, and the text streams; a finding stands at its segment; an edit ends it; confirm.
const page = await open("en-US", 1280, "light");
await look(page, "article");
await run(page, "The council meets.\n\n17 ferries left.\n\nThey crawl.");
await page.waitForFunction(() =>
  document.getElementById("streamed")?.textContent.includes("시의회는"),
);
assert.equal(await page.locator("#grid").count(), 0, "the text arrives before the result is whole");
await page.waitForSelector("#grid");
assert.equal(await text(page, "#source-1 mark"), "17");
assert.equal(await page.locator("#mirror-1 mark").textContent(), "12");
assert.match(await text(page, "#findings-1"), /17.*translation/);
assert.equal(await page.locator("#findings-0 li, #findings-2 li").count(), 0);
await look(page, "finding");
await page.fill("#target-1", "여객선 17척이 떠났다.");
await gone(page, "#findings-1 li");
assert.equal(await text(page, "#state-1"), "Edited");
await page.keyboard.press("Control+Enter");
await page.waitForSelector("#row-1[data-status=confirmed]");
await page.waitForFunction(() => document.activeElement.id === "target-2");
await page.keyboard.press("Alt+ArrowUp");
assert.equal(await page.evaluate(() => document.activeElement.id), "target-1");

// The work survives a reload; the whole text has the edit.
await page.waitForTimeout(500);
await page.reload();
await page.waitForSelector("#grid");
assert.equal(await page.inputValue("#target-1"), "여객선 17척이 떠났다.");
const whole = "시의회는 월요일에 모인다.\n\n여객선 17척이 떠났다.\n\n";
assert.ok((await save(page))[1].startsWith(whole));

// The same sentence in a second article comes from the memory; one like it has a match.
await page.click("text=New article");
await run(page, "17 ferries left.\n\n19 ferries left.");
await page.waitForSelector("#grid");
assert.equal(await page.inputValue("#target-0"), "여객선 17척이 떠났다.");
assert.equal(await text(page, "#state-0"), "From memory · confirmed");
await page.focus("#target-1");
await page.waitForSelector(".match");
assert.deepEqual([await text(page, ".match del"), await text(page, ".match ins")], ["17", "19"]);
await look(page, "match");
await page.keyboard.press("Control+1");
assert.equal(await page.inputValue("#target-1"), "여객선 17척이 떠났다.");
await page.waitForSelector("#row-1:not(.stale) #findings-1 li");
await page.fill("#search", "ferries");
await page.waitForSelector(".units li");
await look(page, "search");

// What is dismissed stays away, and can be had back.
const before = await page.locator("#findings-1 li").count();
await page.click("#findings-1 li:first-child button");
assert.equal(await page.locator("#findings-1 li").count(), before - 1);
await page.click("#notice button");
assert.equal(await page.locator("#findings-1 li").count(), before);
await page.focus("#main");
await page.keyboard.press("?");
await page.waitForSelector("#help-dialog[open]");
await look(page, "help");

await page.keyboard.press("Escape");

// Subtitles that are opened keep their times.
const subtitles = "1\n00:00:01,000 --> 00:00:03,000\nThe council meets.\n";
await page.click("text=New article");
await page.setInputFiles("#file", {
  name: "news.srt",
  mimeType: "",
  buffer: Buffer.from(subtitles),
});
await page.click("#run");
await page.waitForSelector("#grid");
await page.fill("#target-0", "시의회가 모인다.");
assert.deepEqual(await save(page), ["news.ko.srt", subtitles.replace(/The.*/, "시의회가 모인다.")]);

// Esc stops; what fails is said, and the article stays.
await page.click("text=New article");
await run(page, "They crawl and crawl.");
await page.waitForSelector("#progress-bar");
await page.keyboard.press("Escape");
await page.waitForFunction(() => document.activeElement.id === "article");
assert.equal(await page.inputValue("#article"), "They crawl and crawl.");
await run(page, "Hear the drums.");
await page.waitForFunction(() => document.getElementById("notice").textContent.includes("failed"));
assert.equal(await page.inputValue("#article"), "Hear the drums.");

// A summary has the sentences of the article beside its own, in Korean on a narrow screen.
const narrow = await open("ko-KR", 390, "dark");
assert.equal(await text(narrow, "#open"), "파일 열기");
await narrow.click("text=요약");
await narrow.selectOption("#pair", "en-ko");
await run(narrow, "The budget is 48 billion won.\n\nThe hall was full on Monday.");
await narrow.waitForSelector("#grid");
assert.match(await text(narrow, "#source-0"), /48 billion won/);
assert.match(await text(narrow, "#source-1"), /근거|뒷받침/);
await look(narrow, "summary");
await narrow.click("#language");
await narrow.waitForSelector("html[lang=en]");
assert.match(await text(narrow, "#source-1"), /No sentence of the article/);
await narrow.click("#theme");
await look(narrow, "summary-light");

await browser.close();
console.log("the workbench works");
