// The workbench in a browser: `node workbench.mjs ADDRESS CHROMIUM [PICTURES]`, for a server with
// the scripts of `tests/workbench.rs`. Screenshots go into the folder PICTURES.

import assert from "node:assert/strict";
import { browser, gone, look, open, run, save, text } from "./browser.mjs";

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

// What is dismissed stays away, for another editor too, and can be had back in two ways.
const before = await page.locator("#findings-1 li").count();
const finding = await text(page, "#findings-1 li:first-child .message");
const dismiss = async () => {
  await page.click("#findings-1 li:first-child button");
  await page.waitForSelector("#notice:has-text('Dismissed') button");
};
await dismiss();
assert.equal(await page.locator("#findings-1 li").count(), before - 1);
await page.click("#notice button");
await page.waitForFunction(
  (count) => document.querySelectorAll("#findings-1 li").length === count,
  before,
);
await dismiss();
const other = await open("en-US", 1280, "dark");
await other.click("#dismissals");
await other.waitForSelector(".listed");
assert.equal(await text(other, ".listed p >> nth=0"), finding);
await look(other, "dismissals");
await other.click(".listed button");
await gone(other, ".listed");
await other.close();
await page.reload();
await page.waitForSelector("#grid");
await page.waitForFunction(
  (count) => document.querySelectorAll("#findings-1 li").length === count,
  before,
);
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
