// A feed in a browser: its articles one by one, a job over all of them, and its digest as cards:
// `node jobs.mjs ADDRESS CHROMIUM [PICTURES]`, before a server as for `workbench.mjs`.

import assert from "node:assert/strict";
import { browser, gone, look, open, text } from "./browser.mjs";

const item = (
  number,
  title,
  words,
  link = "",
) => `<item><guid>${number}</guid><title>${title}</title>
${link && `<link>https://example.org/${link}</link>`}<description>${words}</description></item>`;
const feed = `<?xml version="1.0"?><rss version="2.0"><channel><title>Haemin Harbor News</title>
${item(1, "The council meets", "&lt;p&gt;The council met on &lt;b&gt;Monday&lt;/b&gt;.&lt;/p&gt;", "council")}
${item(2, "Ferries", "17 ferries left. The council counted them.")}
${item(3, "Rain", "The council waits for the rain to end.", "rain")}
</channel></rss>`;

// A pasted feed is a list of articles; each can be worked on, with a way back to the list.
const page = await open("en-US", 1280, "light");
await page.fill("#article", feed);
await page.waitForSelector("#feed .articles li");
assert.deepEqual(await page.locator("#feed .headline").allInnerTexts(), [
  "The council meets",
  "Ferries",
  "Rain",
]);
await look(page, "feed");
await page.click("#feed .headline >> nth=0");
await page.waitForSelector("#page iframe");
await page.click("#run");
await page.waitForSelector("#grid");
assert.equal(await text(page, "#work-title"), "The council meets");
await page.click("text=Edit the article");
await page.click("#back-to-feed");
await page.waitForSelector("#feed .articles li");

// All of them are a job: its progress is followed to the end, and its digest is there as cards.
await page.selectOption("#job_task", "translate");
await page.selectOption("#job_to", "ko");
await page.click("#feed .primary");
await page.waitForSelector("#cards .card-text", { timeout: 60_000 });
assert.equal(await page.locator(".card").count(), 3);
assert.match(await text(page, "#job-meta"), /^Done · 3 articles/);
await look(page, "job");
const doubtful = await page.locator(".card.doubtful").count();
assert.ok(doubtful >= 1 && doubtful < 3, `${doubtful} cards in doubt`);
assert.match(await text(page, ".card.doubtful >> nth=0"), /17/);
await page.click("#cards .choice span:has-text('With doubts')");
assert.equal(await page.locator(".card").count(), doubtful);
await page.click("#cards .choice span:has-text('All')");
await page.selectOption("#cards-source", "example.org");
assert.deepEqual(await page.locator(".card a").count(), 2);
assert.equal(await page.locator(".card").count(), 2);
await page.selectOption("#cards-source", "");
assert.equal(await page.getAttribute(".card a >> nth=0", "href"), "https://example.org/council");
for (const [name, ending] of [
  ["Digest", "html"],
  ["All files", "zip"],
  ["JSONL", "jsonl"],
]) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.click(`#job-head >> text=${name}`),
  ]);
  assert.equal(file.suggestedFilename(), `Pasted feed.${ending}`);
}

// A card is worked on in the grid, as any translation, with what is in doubt.
await page.click(".card.doubtful button >> nth=0");
await page.waitForSelector("#grid .row.doubtful");
assert.equal(await text(page, "#work-title"), "Ferries");
assert.ok(await page.locator("#grid mark").count());

// The list has the job after a reload, and it is deleted by pressing twice.
await page.click(".parts a[href='#jobs']");
await page.waitForSelector(".job");
assert.match(await text(page, ".job"), /Pasted feed[^]*Done · 3 articles/);
await look(page, "jobs");
await page.reload();
await page.waitForSelector(".job");
const remove = page.locator(".job button");
await remove.click();
assert.equal(await remove.innerText(), "Press again to delete");
await remove.click();
await gone(page, ".job");

// The same by keyboard and dark, on a narrow screen and in Korean.
const narrow = await open("ko-KR", 390, "dark");
await narrow.fill("#article", feed);
await narrow.waitForSelector("#feed .articles li");
await look(narrow, "narrow-feed");
await narrow.selectOption("#job_to", "ko");
await narrow.focus("#feed .primary");
await narrow.keyboard.press("Enter");
await narrow.waitForSelector("#cards .card-text");
await look(narrow, "narrow-job");
await narrow.click(".parts a[href='#jobs']");
await narrow.waitForSelector(".job");
await look(narrow, "narrow-jobs");

await browser.close();
console.log("feeds and jobs work");
