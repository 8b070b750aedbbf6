// Segments split and joined, terms, the choice of a model, and files in many formats, in a browser:
// `node segments.mjs ADDRESS CHROMIUM [PICTURES]`, before a server as for `workbench.mjs`.

import assert from "node:assert/strict";
import { browser, expected, gone, look, open, run, save, text } from "./browser.mjs";

const page = await open("en-US", 1280, "light");
const target = (number) => page.inputValue(`#target-${number}`);
const sources = () => page.locator(".row .source").allInnerTexts();

// A split cuts source and target at the ends of their sentences; both halves are checked again.
await run(page, "The council meets on Monday. It votes on the budget.\n\n17 ferries left.");
await page.waitForSelector("#grid");
const whole = "시의회는 월요일에 모인다. 예산을 표결한다.";
assert.equal(await target(0), whole);
await page.evaluate(() => document.getElementById("target-0").setSelectionRange(14, 14));
await page.keyboard.press("Alt+s");
await page.waitForSelector("#dialog[open]");
await look(page, "split");
await page.keyboard.press("Enter");
await page.waitForSelector("#row-2");
assert.deepEqual(await sources(), [
  "The council meets on Monday.",
  "It votes on the budget.",
  "17 ferries left.",
]);
assert.deepEqual(
  [await target(0), await target(1)],
  ["시의회는 월요일에 모인다.", "예산을 표결한다."],
);
await gone(page, ".row.stale");
assert.equal(await page.evaluate(() => document.activeElement.id), "target-0");
assert.ok((await save(page))[1].startsWith(`${whole}\n\n`), "the text is as it was");

// A cut can be moved with the arrow keys, in the source and in the target.
await page.focus("#target-0");
await page.keyboard.press("Alt+s");
await page.waitForSelector("#cut-source");
await page.locator("#cut-source").press("Home");
await page.locator("#cut-target").press("End");
await page.keyboard.press("Enter");
await page.waitForSelector("#row-3");
assert.deepEqual((await sources()).slice(0, 2), ["The", "council meets on Monday."]);
assert.deepEqual([await target(0), await target(1)], ["시의회는 월요일에", "모인다."]);
await page.click("#notice button");
await gone(page, "#row-3");

// A join is the way back; it goes over paragraphs in a text without form.
await page.focus("#target-0");
await page.keyboard.press("Alt+j");
await gone(page, "#row-2");
assert.equal(await target(0), whole);
await page.keyboard.press("Alt+j");
await gone(page, "#row-1");
assert.equal(await target(0), `${whole} 여객선 12척이 떠났다.`);
await page.waitForSelector("#row-0:not(.stale) #findings-0 li");
await page.click("#notice button");
await page.waitForSelector("#row-1");

// The next doubt, and the words of the original, have keys of their own.
await page.keyboard.press("Alt+d");
assert.equal(await page.evaluate(() => document.activeElement.id), "target-1");
await page.keyboard.press("Alt+c");
assert.equal(await target(1), "17 ferries left.");
await page.fill("#target-1", "여객선 17척이 떠났다.");
await page.keyboard.press("Control+Enter");
await page.waitForSelector("#row-1[data-status=confirmed]");

// What a match or a key puts into a segment, the browser takes back.
await page.focus("#target-0");
await page.keyboard.press("Alt+c");
await page.keyboard.press("Control+z");
assert.equal(await target(0), whole);

// Words are replaced in all translations at once, and put back.
await page.keyboard.press("Alt+r");
await page.fill("#replace-from", "월요일");
assert.match(await text(page, "#dialog"), /In 1 segment\./);
await page.fill("#replace-to", "화요일");
await look(page, "replace");
await page.keyboard.press("Enter");
assert.equal(await target(0), whole.replace("월요일", "화요일"));
await page.click("#notice button");
assert.equal(await target(0), whole);

// Files for translators' tools have the segments as they stand.
const [tmxName, tmx] = await save(page, "TMX");
assert.equal(tmxName, "malmoi.ko.tmx");
assert.match(tmx, /<seg>여객선 17척이 떠났다.<\/seg>/);
assert.match((await save(page, "XLIFF"))[1], /state="final"/);
const [, html] = await save(page, "HTML");
assert.match(html, /<p>여객선 17척이 떠났다.<\/p>/);

// A term from the selected words holds at once: its segment is in doubt until it is used.
await page.locator("#source-0").evaluate((source) => {
  getSelection().setBaseAndExtent(source.firstChild, 4, source.firstChild, 11);
});
await page.evaluate(() => document.getElementById("target-0").focus());
await page.evaluate(() => document.getElementById("target-0").setSelectionRange(0, 3));
await page.keyboard.press("Alt+t");
await page.waitForSelector("#dialog[open] #term-source");
assert.equal(await page.inputValue("#term-source"), "council");
assert.equal(await page.inputValue("#term-target"), "시의회");
await page.fill("#term-target", "군의회");
await look(page, "term");
await page.keyboard.press("Enter");
await page.waitForSelector("#terms .term");
assert.equal(await text(page, "#terms .term"), "군의회");
await page.waitForSelector("#row-0:not(.stale) #findings-0 li");
assert.match(await text(page, "#findings-0"), /군의회/);
await look(page, "terms");
await page.evaluate(() => document.getElementById("target-0").setSelectionRange(0, 3));
await page.click("#terms .term");
assert.match(await target(0), /^군의회는/);
await gone(page, "#findings-0 li");

// Word processors get a title and paragraphs.
await page.click("text=New article");
await run(page, "Harbor\n\nThe council meets on Monday. It votes on the budget.");
await page.waitForSelector("#row-1");
await page.fill("#target-0", "항만");
assert.match((await save(page, "HTML"))[1], /<h1>항만<\/h1><p>시의회는/);

// A segment that is confirmed is translated wherever it stands in the text, unless it was edited.
await page.click("text=New article");
await run(page, "The council meets.\n\nThe council meets.\n\nThe council meets.");
await page.waitForSelector("#row-2");
await page.fill("#target-2", "의회가 열린다.");
await page.fill("#target-0", "군의회가 모인다.");
await page.keyboard.press("Control+Enter");
await page.waitForSelector("#row-1[data-status=memory]");
assert.deepEqual([await target(1), await target(2)], ["군의회가 모인다.", "의회가 열린다."]);

// What a request can choose is in the form: the glossary, and a model where there are several.
await page.click("text=New article");
await page.reload();
// The form is there before the server says what can be chosen.
await page.waitForFunction(() => /1 term/.test(document.getElementById("glossary").textContent));
await page.waitForFunction(() => !document.getElementById("run").disabled);
await page.selectOption("#pair", "en-ko");
await page.selectOption("#glossary", "none");
await page.selectOption("#model", "second");
await look(page, "choices");
await run(page, "The council meets today.");
await page.waitForSelector("#grid");
assert.equal(await target(0), "둘째 모델의 글이다.");
assert.equal(await page.locator("#terms .term").count(), 0);
await page.click("text=New article");
await page.selectOption("#glossary", "");
await page.selectOption("#model", "");
await page.selectOption("#pair", "auto");

// A web page is shown without what it could do, is translated in place, and comes back as one.
const html_ = `<html lang="en"><head><style>p { color: red }</style></head><body>
<nav><a href="/">Front page</a></nav><article><h1>17 ferries left</h1>
<p onclick="alert(1)" style="color: red">The council <b>meets</b>.</p><script>throw Error("ran")</script>
<img src="https://example.org/a.png" alt="A ferry"></article></body></html>`;
await page.setInputFiles("#file", { name: "news.html", mimeType: "", buffer: Buffer.from(html_) });
await page.waitForSelector("#page iframe");
const shown = page.frameLocator("#page iframe");
assert.equal(await shown.locator("h1").innerText(), "17 ferries left");
assert.equal(await page.getAttribute("#page iframe", "sandbox"), "");
await look(page, "page");
await page.click("#as-source");
assert.equal(await page.inputValue("#article"), html_);
await page.click("#as-source");
await page.click("#run");
await page.waitForSelector("#grid");
assert.ok((await sources()).includes("The council meets."), String(await sources()));
await page.fill("#target-0", "여객선 17척 출항");
await page.click("#preview-button");
const result = page.frameLocator("#previewed iframe");
await result.locator("h1").waitFor();
assert.equal(await result.locator("h1").innerText(), "여객선 17척 출항");
assert.equal(await result.locator("script, img, [onclick]").count(), 0);
await look(page, "preview");
await page.click("#preview-button");
const [name, saved] = await save(page);
assert.equal(name, "news.ko.html");
assert.match(saved, /<html lang="ko">[^]*<h1>여객선 17척 출항<\/h1>[^]*onclick="alert\(1\)" style/);
// Its paragraphs have a place each: they are not joined.
expected.add("/api/v1/export");
await page.focus("#target-0");
await page.keyboard.press("Alt+j");
await page.waitForFunction(() =>
  document.getElementById("notice").textContent.includes("paragraph"),
);
assert.equal(await page.locator(".row").count(), 2);
expected.clear();

// The same on a narrow screen, in Korean and dark.
const narrow = await open("ko-KR", 390, "dark");
await run(narrow, "The council meets on Monday. It votes on the budget.\n\n17 ferries left.");
await narrow.waitForSelector("#grid");
await narrow.focus("#target-0");
await narrow.waitForSelector("#terms .term");
await look(narrow, "narrow-segments");
await narrow.click("#row-0 [data-action=split]");
await look(narrow, "narrow-split");
await narrow.keyboard.press("Escape");

await browser.close();
console.log("segments, terms and files work");
