#!/usr/bin/env python3
"""Compares malmoi with fxtranslate on a student of Marian: texts, chrF between them, and seconds.

    pip install fxtranslate==0.5.0 sacrebleu==2.6.0
    cargo build --release --bin lines
    python students.py target/release/lines FOLDER LINES [--count 200] [--runs 7]

FOLDER has the student; its name must say a direction between English and Korean (`model.enko.…`), whatever its languages are.
LINES is a text with a sentence in each line. Both programs take turns, with the model open before; fxtranslate has one thread and
translates line by line, as its Python interface does.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import fxtranslate
import sacrebleu


def peer(folder):
    vocabularies = sorted(folder.glob("*.spm"))
    model = next(folder.glob("model.*.bin"))
    return fxtranslate.Translator(model.read_bytes(), vocabularies[0].read_bytes(), vocabularies[-1].read_bytes(), None)


def ours(program, folder, lines, at_once):
    pair = next(folder.glob("model.*.bin")).name.split(".")[1]
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place, "lines.txt")
        path.write_text("\n".join(lines) + "\n")
        command = [program, folder, path, pair[:2], pair[2:], str(at_once), "1"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("lines", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    lines = [line.strip() for line in options.lines.read_text().splitlines()[:options.count]]
    other = peer(options.folder)
    theirs = [other.translate(line) for line in lines]
    found = ours(options.program, options.folder, lines, 32)["texts"]
    same = sum(a == b.strip() for a, b in zip(found, theirs))
    print(f"the same text in {same} of {len(lines)} lines; chrF between both {sacrebleu.corpus_chrf(found, [theirs]).score:.1f}")
    for at_once in (1, 32):
        ratios, rates = [], []
        for run in range(options.runs):
            part = lines[run * 16:run * 16 + 32]
            began = time.monotonic()
            for line in part:
                other.translate(line)
            took = time.monotonic() - began
            mine = ours(options.program, options.folder, part, at_once)
            rates.append(mine["tokens"] / mine["seconds"])
            ratios.append(took / mine["seconds"])
        print(f"{at_once} at once: {statistics.median(rates):.0f} tokens a second, "
              f"{statistics.median(ratios):.2f} times as fast as fxtranslate ({min(ratios):.2f} to {max(ratios):.2f})")


main()
