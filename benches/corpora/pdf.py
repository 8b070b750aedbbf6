"""PDF files read by malmoi and by poppler's pdftotext, compared by characters, numbers and order.

    cargo build --release --example corpus
    apt-get install poppler-utils poppler-data
    python3 benches/corpora/pdf.py [FOLDER …] [--make FOLDER] [--reader target/release/examples/corpus]

`--make` prints pages of its own with Chromium and, where it is installed, LibreOffice: Korean and English, one and two columns,
tables, footnotes, running heads. Recall is the share of pdftotext's characters that malmoi has, precision the share of malmoi's
characters that pdftotext has; white space and forms of compatibility aside. A number is intact if its digits stand together in
malmoi's text as they do in pdftotext's. Order is the share of the paragraphs of malmoi, of those found in pdftotext's text, that
follow there in the same order. Exit code 1 if a limit is missed.
"""

import argparse
import bisect
import collections
import html
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import unicodedata

LIMITS = {"recall": 0.98, "precision": 0.98, "numbers": 1.0, "order": 0.95}
# Digits with their separators, and the Korean units within a number.
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*(?:[조억만천백]\d+(?:[.,]\d+)*)*")

KOREAN = [
    "해민시는 오는 5월 12일 옛 항구의 두 번째 방파제 공사를 시작한다고 3일 밝혔다. 공사비는 4억1천200만 원으로, 지난해보다 12.5% 늘었다.",
    "윤서진 해민시장은 “어민 1천240명이 3년 동안 기다린 공사”라며 “2028년 10월까지 끝내겠다”고 말했다. 시는 공사 기간에 배 62척이 댈 곳을 따로 마련한다.",
    "어민들은 공사가 늦어질까 걱정한다. 박하늘 어촌계장은 지난 회의에서 태풍이 오는 8월 전에 바닥을 다져야 한다고 여러 차례 이야기했다. 시는 장비를 7대에서 11대로 늘리기로 했다.",
    "지난해 9월에는 높이 6.4m의 파도가 방파제를 넘어 창고 9동이 물에 잠겼고, 그 피해는 3억2천만 원에 이르렀다. 보험으로 돌려받은 돈은 1억500만 원뿐이었다.",
    "연구진은 바닷물의 높이가 해마다 3.1mm씩 오른다고 보고, 새 방파제의 높이를 1.5m 올리자고 했다. 설계는 세 곳의 회사가 함께 맡았으며 심사는 두 달이 걸렸다.",
    "시의회는 이 사업의 예산을 찬성 14표, 반대 3표로 통과시켰다. 반대한 의원들은 물고기가 알을 낳는 4월과 5월에는 공사를 멈춰야 한다고 주장했다.",
    "시는 물고기 길을 따로 내고, 물이 흐려지는 정도를 하루에 네 번 재서 그 결과를 시민에게 알리기로 했다. 기준을 넘으면 공사는 곧바로 멈춘다.",
    "관광객을 위한 길도 생긴다. 방파제 위에는 길이 820m, 너비 2.4m의 산책로가 놓이고, 끝에는 등대를 본뜬 전망대가 선다. 문을 여는 때는 2029년 봄이다.",
]
ENGLISH = [
    "The city of Haemin said on Thursday that work on a second breakwater would begin on May 12 and cost 412 million won, which is 12.5 percent more than the year before.",
    "Mayor Yun Seo-jin told reporters that 1,240 fishermen had waited for three years, and that the work would be finished by October 2028. Sixty-two boats will move to another quay while it lasts.",
    "Fishermen fear delays. Park Ha-neul, who heads their cooperative, said the sea floor has to be firm before the typhoons of August, and the city agreed to bring 11 machines instead of 7.",
    "Last September a wave of 6.4 meters went over the old wall and flooded nine warehouses; the damage came to 320 million won, of which insurers paid no more than 105 million.",
    "Researchers expect the water to rise by 3.1 millimeters a year and proposed to raise the wall by 1.5 meters. Three companies share the design, and its review took two months.",
    "The council passed the budget by 14 votes to 3. Its opponents wanted the work to stop in April and May, when fish spawn along the northern shore of the harbor.",
    "The city will build a passage for fish and measure how cloudy the water is four times a day. The figures will be published, and the work stops at once if they are too high.",
    "Visitors get a path of 820 meters along the top, 2.4 meters wide, with a platform in the shape of a lighthouse at its end. It is to open in the spring of 2029.",
]
TABLES = {
    "ko": [["구분", "2025년", "2026년"], ["공사비", "3억6천600만 원", "4억1천200만 원"], ["장비", "7대", "11대"], ["배", "58척", "62척"]],
    "en": [["Item", "2025", "2026"], ["Cost", "366 million won", "412 million won"], ["Machines", "7", "11"], ["Boats", "58", "62"]],
}
TITLES = {"ko": "해민항 방파제 공사 5월 착공", "en": "Haemin begins work on a second breakwater"}
NOTES = {"ko": "1) 공사비는 부가가치세를 뺀 금액이다.", "en": "1) Cost without value added tax."}
HEADS = {"ko": "해민시 소식 제42호", "en": "Haemin Bulletin No. 42"}
FONTS = {"ko": ["Noto Serif CJK KR", "Noto Sans CJK KR", "NanumGothic", "NanumMyeongjo"], "en": ["DejaVu Serif", "DejaVu Sans", "Liberation Serif"]}
BREAKS = ["normal", "keep-all"]


def page(language, layout, font, breaks, align):
    words = KOREAN if language == "ko" else ENGLISH
    body = "".join(f"<p>{html.escape(text)}</p>" for text in words * (3 if layout == "long" else 2 if layout == "columns" else 1))
    table = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in TABLES[language])
    style = f"""@page {{ size: A4; margin: 24mm 20mm; }} body {{ font: 10.5pt/1.6 "{font}"; word-break: {breaks}; text-align: {align}; hyphens: auto; }}
        h1 {{ font-size: 19pt; }} .columns {{ column-count: 2; column-gap: 8mm; }} table {{ border-collapse: collapse; width: 100%; }}
        td {{ border: 0.5pt solid black; padding: 2pt 4pt; }} .note {{ font-size: 8pt; border-top: 0.5pt solid black; margin-top: 20mm; }}
        .head {{ position: fixed; top: -14mm; font-size: 8pt; }} .indent p {{ text-indent: 1em; margin: 0; }}"""
    inner = {
        "plain": body, "long": body, "indent": f'<div class="indent">{body}</div>', "columns": f'<div class="columns">{body}</div>',
        "table": f"{body}<table>{table}</table>", "note": f'{body}<p class="note">{NOTES[language]}</p>',
    }[layout]
    return f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{TITLES[language]}</title><style>{style}</style><h1>{TITLES[language]}</h1>{inner}'


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    office = shutil.which("soffice")
    count = 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        pages = []
        for language in ("ko", "en"):
            for number, layout in enumerate(("plain", "long", "indent", "columns", "table", "note")):
                for variant in range(3):
                    font = FONTS[language][(number + variant) % len(FONTS[language])]
                    align = "justify" if variant == 1 else "left"
                    path = scratch / f"{language}-{layout}-{variant}.html"
                    path.write_text(page(language, layout, font, BREAKS[variant % 2], align), encoding="utf-8")
                    pages.append((path, layout, variant))
        for path, layout, variant in pages:
            target = folder / f"chromium-{path.stem}.pdf"
            heads = [] if layout == "long" and variant == 0 else ["--no-pdf-header-footer"]
            command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", *heads, f"--print-to-pdf={target}", f"--user-data-dir={scratch}/profile", str(path)]
            subprocess.run(command, check=True, capture_output=True, timeout=120)
            count += 1
        if office:
            some = [str(path) for path, layout, variant in pages if variant == 0]
            command = [office, "--headless", f"-env:UserInstallation=file://{scratch}/office", "--convert-to", "pdf:writer_web_pdf_Export", "--outdir", str(scratch / "out"), *some]
            subprocess.run(command, check=True, capture_output=True, timeout=600)
            for path in (scratch / "out").glob("*.pdf"):
                shutil.copy(path, folder / f"libreoffice-{path.name}")
                count += 1
        else:
            print("LibreOffice is not installed: its files are left out", file=sys.stderr)
    print(f"{count} files made")


def folded(text):
    # A soft hyphen divides a word at the end of a line.
    text = unicodedata.normalize("NFKC", text.replace("\u00ad\n", "").replace("\u00ad", ""))
    return re.sub(r"[\u200b-\u200f\ufeff\ufffd]", "", text)


def squeezed(text):
    return re.sub(r"[\s\-‐]+", "", folded(text))


def numbers(text):
    return collections.Counter(NUMBER.findall(text))


def order(paragraphs, reference):
    """Share of the paragraphs in the longest run in ascending order of their places."""
    places = []
    for paragraph in paragraphs:
        key = squeezed(paragraph)[:24]
        at = reference.find(key)
        # Words that recur have no place of their own.
        if len(key) >= 12 and at >= 0 and reference.find(key, at + 1) < 0:
            places.append(at)
    longest = []
    for at in places:
        found = bisect.bisect_left(longest, at)
        longest[found : found + 1] = [at]
    return (len(longest), len(places))


def pattern(text):
    return re.sub(r"\d", "#", squeezed(text))


def without_running_heads(reference, boilerplate):
    """malmoi gives running heads once and page numbers together, pdftotext on each page."""
    heads = {pattern(text) for kind, text in boilerplate if kind == "running head"}
    numbers = {squeezed(part) for kind, text in boilerplate if kind == "page number" for part in text.split(", ")}
    lines, after_head = [], False
    for line in reference.splitlines():
        key = line.strip("\f")
        # The number of the page may be in the head, and a line of its own in the reference.
        if after_head and re.fullmatch(r"\d{1,4}", squeezed(key)) and any("#" in head for head in heads):
            continue
        # Several heads of one row may be lines of their own in the reference.
        is_head = len(pattern(key)) >= 2 and any(pattern(key) == head or (len(pattern(key)) >= 4 and pattern(key) in head) for head in heads)
        after_head = is_head or (after_head and not squeezed(key))
        if not is_head and squeezed(key) not in numbers:
            lines.append(line)
    return "\n".join(lines)


def compare(text, path, boilerplate=()):
    command = ["pdftotext", "-enc", "UTF-8", str(path), "-"]
    reference = subprocess.run(command, capture_output=True, text=True, timeout=300, errors="replace").stdout
    reference = without_running_heads(reference, boilerplate)
    for kind, words in boilerplate:
        if kind in ("running head", "page number"):
            text = text.replace(words, "", 1) if text.count(words) == 1 else text.removesuffix(words)
    ours, theirs = collections.Counter(squeezed(text)), collections.Counter(squeezed(reference))
    if sum(theirs.values()) < 20:
        return None
    both = sum((ours & theirs).values())
    # A number that the reference breaks at the end of a line is no number there.
    lines = "\n".join(folded(line) for line in reference.splitlines())
    inner = numbers(lines)
    have = numbers(folded(text))
    # It may be longer here: a line break of the reference can divide it.
    whole = squeezed(text)
    lacking = [number for number, count in inner.items() if have[number] < count and whole.count(number) < count]
    split = [number for number, count in inner.items() if have[number] < count and number not in lacking and not any(number in longer for longer in have)]
    lacking += split
    right, all_paragraphs = order([part for part in text.split("\n\n") if part], squeezed(reference))
    return {
        "recall": both / max(1, sum(theirs.values())), "precision": both / max(1, sum(ours.values())),
        "numbers": 1 - len(lacking) / max(1, len(inner)), "right": right, "paragraphs": all_paragraphs,
        "lacking": lacking[:8], "missing": "".join((theirs - ours).elements())[:40], "added": "".join((ours - theirs).elements())[:40],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=pathlib.Path, nargs="*")
    parser.add_argument("--make", type=pathlib.Path)
    parser.add_argument("--reader", default="target/release/examples/corpus")
    parser.add_argument("--worst", type=int, default=10)
    options = parser.parse_args()
    folders = list(options.folders)
    if options.make:
        make(options.make)
        folders.append(options.make)
    rows, failed = [], collections.Counter()
    for folder in folders:
        output = subprocess.run([options.reader, folder], check=True, capture_output=True, text=True).stdout
        for line in output.splitlines():
            read = json.loads(line)
            path = folder / read["file"]
            if path.suffix.lower() != ".pdf":
                continue
            items = [item for item in read.get("items", []) if "whole" in item]
            if not items:
                failed[read.get("error") or str(read.get("items"))[:100]] += 1
                continue
            row = compare(items[0]["whole"], path, items[0]["boilerplate"])
            if row:
                rows.append((read["file"], row, read["seconds"]))
    for reason, count in failed.most_common():
        print(f"not read: {count} × {reason}")
    if not rows:
        print("no file was compared")
        return 1
    medians = {key: statistics.median(row[key] for _, row, _ in rows) for key in ("recall", "precision")}
    medians["numbers"] = statistics.mean(row["numbers"] for _, row, _ in rows)
    medians["order"] = sum(row["right"] for _, row, _ in rows) / max(1, sum(row["paragraphs"] for _, row, _ in rows))
    print(f"{len(rows)} files compared; slowest {max(row[2] for row in rows):.1f} s")
    print(", ".join(f"{key} {value:.4f}" for key, value in medians.items()))
    for name, row, _ in sorted(rows, key=lambda row: min(row[1]["recall"], row[1]["precision"], row[1]["numbers"]))[: options.worst]:
        print(f"  recall {row['recall']:.3f} precision {row['precision']:.3f} numbers {row['numbers']:.3f} order {row['right']}/{row['paragraphs']} {name}")
        if row["lacking"] or row["missing"] or row["added"]:
            print(f"    numbers {row['lacking']} lacks {row['missing']!r} adds {row['added']!r}")
    missed = [key for key, limit in LIMITS.items() if medians[key] < limit]
    if missed:
        print(f"limits missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
