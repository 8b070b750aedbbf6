#!/usr/bin/env python3
"""Import, look-ups and recall of translation memories by size: two tables, and a picture of size against time.

    pip install matplotlib
    cargo run --release --bin memory -- SOURCES.en TRANSLATIONS.ko 10000 100000 1000000 > memory.jsonl
    python memory.py memory.jsonl [--svg memory.svg]

What must come out: the time of a look-up grows far less than the memory, and hardly a match is missed.
"""
import argparse
import json
import pathlib

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

LANGUAGES = {"en": "English", "ko": "Korean"}
KINDS = {"70": "70 to 84 %", "85": "85 to 99 %", "nearest": "three nearest"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("rows", type=pathlib.Path)
    arguments.add_argument("--svg", type=pathlib.Path, default=pathlib.Path("memory.svg"))
    arguments = arguments.parse_args()
    rows = [json.loads(line) for line in arguments.rows.read_text().splitlines()]
    print("| units | import | file | " + " | ".join(f"{kind}, median | 95 %" for kind in KINDS.values()) + " |")
    print("|---" * (3 + 2 * len(KINDS)) + "|")
    for row in rows:
        slower = [max((other for other in rows if other["units"] == row["units"]), key=lambda other: other[kind]["milliseconds"][0]) for kind in KINDS]
        if row["from"] == "en":
            cells = [f"{row['units']:,}", f"{row['import_seconds']:.1f} s", f"{row['bytes'] / 1e6:.0f} MB"]
            for kind, slow in zip(KINDS, slower):
                cells += [f"{slow[kind]['milliseconds'][at]:.1f} ms" for at in (0, 1)]
            print("| " + " | ".join(cells) + " |")
    print("\n| units | vectors stored | file with them | look-up by meaning, median | 95 % |\n|---|---|---|---|---|")
    for row in (row for row in rows if row["from"] == "en"):
        meaning = row["meaning"]
        times = " | ".join(f"{meaning['milliseconds'][at]:.1f} ms" for at in (0, 1))
        print(f"| {row['units']:,} | {meaning['seconds']:.1f} s | {meaning['bytes'] / 1e6:.0f} MB | {times} |")
    print("\n| units | from | " + " | ".join(KINDS.values()) + " | n-grams shared by those found |\n|---|---" + "|---" * len(KINDS) + "|---|")
    for row in rows:
        shares = [f"{100 * row[kind]['recall']:.0f} %" for kind in KINDS]
        print(f"| {row['units']:,} | {LANGUAGES[row['from']]} | {' | '.join(shares)} | {100 * row['nearest']['overlap']:.1f} % |")
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for kind, label in KINDS.items():
        for language, line in (("en", "o-"), ("ko", "s--")):
            own = [row for row in rows if row["from"] == language]
            medians = [row[kind]["milliseconds"][0] for row in own]
            color = None if language == "en" else axes.lines[-1].get_color()
            axes.plot([row["units"] for row in own], medians, line, color=color, label=f"{label}, {LANGUAGES[language]}")
    own = [row for row in rows if row["from"] == "en"]
    axes.plot([row["units"] for row in own], [row["meaning"]["milliseconds"][0] for row in own], "^-", color="black", label="by meaning")
    axes.set(xlabel="units in the memory", ylabel="milliseconds a look-up (median)", xscale="log", yscale="log")
    axes.legend(frameon=False, fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(arguments.svg, metadata={"Date": None})


if __name__ == "__main__":
    main()
