// The way of an article with real weights: `node real.mjs ADDRESS CHROMIUM`, for a server whose
// model summarizes English and translates it. Asserts on the editor's steps, not on the words.

import assert from "node:assert/strict";
import { browser, gone, open, run, text } from "./browser.mjs";

const TIME = { timeout: 300_000 };
const sentence = "17 ferries left the harbor on Monday.";
const page = await open("en-US", 1280, "light");

// Paste: the summary arrives, each sentence beside what supports it in the article.
await page.click("text=Summarize");
await page.selectOption("#pair", "en-en");
const article = `${sentence} The harbor authority said that a storm had kept the ferries in port
for 2 days. Passengers had waited in the halls of the harbor since Saturday. The mayor thanked the crews and
said that the next ferries would leave on Tuesday morning.`;
await run(page, article);
await page.waitForSelector("#grid", TIME);
assert.ok((await page.inputValue("#target-0")).length > 10);
assert.match(await text(page, "#grid"), /Summary|ferries/);

// A wrong number is found at its segment, and is gone when it is mended.
await page.click("text=New article");
await page.click("text=Translate");
await page.selectOption("#pair", "en-ko");
await run(page, `${sentence}\n\nThe mayor thanked the crews.`);
await page.waitForSelector("#grid", TIME);
assert.match(await page.inputValue("#target-0"), /[가-힣]/);
await page.fill("#target-0", "월요일에 여객선 12척이 항구를 떠났다.");
await page.waitForSelector("#row-0:not(.stale) #findings-0 li", TIME);
assert.equal(await text(page, "#source-0 mark"), "17");
await page.fill("#target-0", "월요일에 여객선 17척이 항구를 떠났다.");
await gone(page, "#findings-0 li");
await page.keyboard.press("Control+Enter");
await page.waitForSelector("#row-0[data-status=confirmed]");

// The same sentence of another article comes from the memory.
await page.click("text=New article");
await run(page, `The storm is over.\n\n${sentence}`);
await page.waitForSelector("#grid", TIME);
assert.equal(await page.inputValue("#target-1"), "월요일에 여객선 17척이 항구를 떠났다.");
assert.equal(await text(page, "#state-1"), "From memory · confirmed");

await browser.close();
console.log("the workbench works with real weights");
