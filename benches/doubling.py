#!/usr/bin/env python3
"""How the time of reading, splitting and checking grows with adversarial inputs: a table, and a picture with a line a shape.

    pip install matplotlib
    cargo build --release --example corpus                                      in the repository
    python doubling.py [--svg doubling.svg]

What must come out: each doubling of a shape at most doubles its time, and a little for sorting (exponent below 1.3, where the
largest size takes long enough to be measured), or the reader refuses the shape and says why.
"""
import argparse
import json
import math
import pathlib
import subprocess
import tempfile

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

SIZES = [16 << power for power in range(10, 17)]  # 16 KB to 1 MB
PAGE = "<!doctype html><title>Port</title><article><h1>Port opens</h1><p>The port of Haemin opened on Monday, the city said.</p>{}</article>"
FEED = '<?xml version="1.0"?><rss version="2.0"{}><channel><title>Haemin</title>{}</channel></rss>'
NITF = ('<?xml version="1.0"?><nitf><head><title>Port</title></head><body><body.head><hedline><hl1>Port opens</hl1></hedline></body.head>'
        "<body.content>{}</body.content></body></nitf>")
CUE = "{n}\n00:00:{s:02},000 --> 00:00:{s:02},900\n{text}\n\n"


def repeated(unit, size):
    return unit * (size // len(unit.encode()))


def numbered(form, size):
    units, length = [], 0
    while length < size:
        units.append(form.format(n=len(units), s=len(units) % 60, text="The port opened."))
        length += len(units[-1].encode())
    return "".join(units)


def nested(opening, inner, closing, size):
    count = size // len((opening + closing).encode())
    return opening * count + inner + closing * count


STAGES = {"read": "seconds", "split": "split_seconds", "check": "check_seconds"}

# Name and ending of a shape, and the text of about so many bytes.
SHAPES = {
    "words.txt": lambda size: repeated("The port of Haemin opened on Monday. ", size),
    "one word.txt": lambda size: "a" * size,
    "lines.txt": lambda size: repeated("a\n", size),
    "blank lines.txt": lambda size: "Port opens.\n" + "\n" * size,
    "spaces.txt": lambda size: "Port" + " " * size + "opens.",
    "quote and dots.txt": lambda size: 'He said "well ' + "." * size + ' yes" and left.',
    "brackets.txt": lambda size: nested("(", "x", ")", size),
    "open brackets.txt": lambda size: "A " + "(" * (size // 2) + "x" + "]" * (size // 2) + " end.",
    "quotes.txt": lambda size: repeated("”a?” ", size),
    "korean quotes.txt": lambda size: repeated("“걱정 말라”고 “말했다. ", size),
    "initials.txt": lambda size: repeated("U. S. ", size),
    "numbers.txt": lambda size: numbered("{n} ", size),
    "korean numbers.txt": lambda size: repeated("1억2천만 ", size),
    "names.txt": lambda size: numbered("Mayor Han{n} ", size),
    "accents.txt": lambda size: "e" + repeated("\u0301\u0323", size),
    "bad utf8.txt": lambda size: b"Port \xff\xfe\xf0 opens. " * (size // 20),
    "deep div.html": lambda size: PAGE.format(repeated("<div>", size) + "Deep."),
    "deep bold.html": lambda size: PAGE.format("<p>" + repeated("<b>", size) + "Deep."),
    "closed div.html": lambda size: PAGE.format(nested("<div>", "Deep.", "</div>", size)),
    "tables.html": lambda size: PAGE.format(repeated("<table><tr><td>", size) + "Deep."),
    "bold words.html": lambda size: PAGE.format("<p>" + repeated("<b>a</b> ", size) + "</p>"),
    "attributes.html": lambda size: PAGE.format("<p " + numbered("a{n}=1 ", size) + ">x</p>"),
    "open tags.html": lambda size: PAGE.format(repeated("<a href='", size)),
    "entities.html": lambda size: PAGE.format("<p>" + repeated("&amp", size) + "</p>"),
    "comments.html": lambda size: PAGE.format(repeated("<!--", size)),
    "end tags.html": lambda size: PAGE.format(repeated("</b></p>", size)),
    "items.rss.xml": lambda size: FEED.format("", numbered("<item><title>{n}</title><description>{text}</description></item>", size)),
    "long head.rss.xml": lambda size: FEED.format(
        numbered(' xmlns:n{n}="u"', size // 2), numbered("<item><title>{n}</title></item>", size // 2)),
    "deep item.rss.xml": lambda size: FEED.format("", "<item><title>t</title>" + nested("<x>", "", "</x>", size) + "</item>"),
    "one field.rss.xml": lambda size: FEED.format("", "<item><description>" + repeated("&lt;b&gt;a", size) + "</description></item>"),
    "items.feed.json": lambda size: '{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": ['
    + numbered('{{"id": "{n}", "content_text": "{text}"}},', size)[:-1] + "]}",
    "tags.nitf": lambda size: NITF.format("<p>" + repeated("<em>a</em> ", size) + "</p>"),
    "paragraphs.nitf": lambda size: NITF.format(numbered("<p>{text} {n}</p>", size)),
    "deep.nitf": lambda size: NITF.format(nested("<block>", "<p>a</p>", "</block>", size)),
    "cues.srt": lambda size: numbered(CUE, size),
    "tags.srt": lambda size: CUE.format(n=1, s=1, text=repeated("<i>a</i> ", size)),
    "open tags.srt": lambda size: CUE.format(n=1, s=1, text=repeated("<i>", size)),
    "styles.vtt": lambda size: "WEBVTT\n\n00:01.000 --> 00:02.000\n" + repeated("<c.x><00:01.500>a ", size),
    "quotes.csv": lambda size: 'title,text\nPort,"' + '""' * (size // 2) + '"\n',
    "open quote.csv": lambda size: "title,text\n" + repeated('a,"b\n', size),
    "rows.csv": lambda size: "title,text\n" + numbered("Port {n},{text}\n", size),
    "records.jsonl": lambda size: numbered('{{"id": {n}, "text": "{text}"}}\n', size),
    "deep.jsonl": lambda size: '{"text": "Port opens.", "x": ' + nested("[", "", "]", size) + "}\n",
    "emphasis.md": lambda size: "# Port\n\n" + repeated("*a **b ", size),
    "links.md": lambda size: "# Port\n\n" + repeated("[a](", size),
    "quotes.md": lambda size: ">" * size + " Port opens.",
}


def measured(program, folder):
    """Seconds by stage, and why a file was refused, by file name."""
    out = subprocess.run([program, folder], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line["file"]: line for line in map(json.loads, out.splitlines())}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    root = pathlib.Path(__file__).parents[1]
    arguments.add_argument("--corpus", type=pathlib.Path, default=root / "target" / "release" / "examples" / "corpus")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--svg", type=pathlib.Path, default=pathlib.Path("doubling.svg"))
    arguments.add_argument("--only", help="shapes whose name has this in it")
    arguments = arguments.parse_args()
    figure, axes = pyplot.subplots(figsize=(8, 6), layout="constrained")
    print("| shape | 1 MB: read | split | check | exponent | refused |\n|---|---|---|---|---|---|")
    for name, make in SHAPES.items():
        if arguments.only and arguments.only not in name:
            continue
        stem, _, ending = name.partition(".")
        with tempfile.TemporaryDirectory() as folder:
            for size in SIZES:
                text = make(size)
                path = pathlib.Path(folder) / f"{size:08}.{ending}"
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
            runs = [measured(arguments.corpus, folder) for _ in range(arguments.runs)]
        lines = [[run[f"{size:08}.{ending}"] for run in runs] for size in SIZES]
        best = [{stage: min(line.get(key, 0.0) for line in of) for stage, key in STAGES.items()} for of in lines]
        totals = [sum(one.values()) for one in best]
        # From the size on that takes a millisecond: below, the clock is measured.
        slow = [at for at, total in enumerate(totals) if total > 1e-3]
        first = slow[0] if slow else len(SIZES) - 1
        steps = len(SIZES) - 1 - first
        exponent = math.log(totals[-1] / totals[first], 2) / steps if steps else 0.0
        refused = next((of[0]["error"] for of in reversed(lines) if "error" in of[0]), "")
        last = best[-1]
        print(f"| {stem} ({ending}) | {last['read'] * 1e3:.1f} ms | {last['split'] * 1e3:.1f} | {last['check'] * 1e3:.1f} | "
              f"{exponent:.2f} | {refused[:90]} |", flush=True)
        axes.plot([size / 1024 for size in SIZES], [total * 1e3 for total in totals], "-", alpha=0.6, linewidth=1)
    reach = [size / 1024 for size in SIZES]
    axes.plot(reach, [kilobytes / 10 for kilobytes in reach], "k--", label="linear")
    axes.plot(reach, [kilobytes**2 / 160 for kilobytes in reach], "k:", label="quadratic")
    axes.set(xlabel="KB of a shape", ylabel="milliseconds to read, split and check", xscale="log", yscale="log")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    figure.savefig(arguments.svg, metadata={"Date": None})


if __name__ == "__main__":
    main()
