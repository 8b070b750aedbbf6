#!/usr/bin/env python3
"""Compares two batches of translations of the same items, without repair and with it.

    malmoi batch lines.jsonl --translate --from en --to ko --repair off -o plain
    malmoi batch lines.jsonl --translate --from en --to ko -o repaired
    python benches/checks/repair.py plain repaired --reference lines.ko --malmoi target/release/malmoi

Line n of the reference belongs to the item n of lines.jsonl. Both batches are checked by the same
program. Needs sacrebleu. Prints findings, chrF with a paired bootstrap, and segments that are worse.
"""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
from pathlib import Path

from sacrebleu.metrics import CHRF

WEIGHTS = {"critical": 25, "major": 5, "minor": 1}
SOURCE_ONLY = {"order_in_source"}


def read(folder):
    """The items of a batch, by id."""
    lines = (Path(folder) / "items.jsonl").read_text(encoding="utf-8").splitlines()
    return {item["id"]: item for item in map(json.loads, lines)}


def findings(malmoi, items, ids):
    """The doubts about each translation, by the checks of one program."""
    source, target = items[ids[0]]["from"], items[ids[0]]["to"]
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, text in [("source", lambda item: item["source"]),
                           ("output", lambda item: item["translation"]["text"])]:
            path = Path(folder) / f"{name}.txt"
            path.write_text("".join(one_line(text(items[i])) + "\n" for i in ids), encoding="utf-8")
            names.append(str(path))
        command = [malmoi, "check", "--lines", *names, "--from", source, "--to", target, "--json"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pairs = [json.loads(line) for line in output.splitlines()]
    pairs = [pair for pair in pairs if "findings" in pair]
    assert len(pairs) == len(ids), f"{len(pairs)} pairs for {len(ids)} items"
    return [[f for f in pair["findings"] if f["kind"] not in SOURCE_ONLY] for pair in pairs]


def one_line(text):
    return " ".join(text.split())


def penalty(doubts):
    return sum(WEIGHTS[doubt["severity"]] for doubt in doubts)


def severe(doubts):
    return sum(doubt["severity"] != "minor" for doubt in doubts)


def chrf(statistics_of_lines, metric):
    """chrF of some lines, from their n-gram counts."""
    return metric._compute_f_score([sum(column) for column in zip(*statistics_of_lines)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plain")
    parser.add_argument("repaired")
    parser.add_argument("--reference", required=True)
    parser.add_argument("--malmoi", default="malmoi")
    parser.add_argument("--resamples", type=int, default=1000)
    arguments = parser.parse_args()
    plain, repaired = read(arguments.plain), read(arguments.repaired)
    ids = sorted(plain.keys() & repaired.keys())
    reference = Path(arguments.reference).read_text(encoding="utf-8").split("\n")[: len(ids)]
    metric = CHRF()
    columns = {}
    for name, items in [("plain", plain), ("repaired", repaired)]:
        doubts = findings(arguments.malmoi, items, ids)
        texts = [one_line(items[i]["translation"]["text"]) for i in ids]
        lines = [metric._extract_corpus_statistics([text], [[line]])[0]
                 for text, line in zip(texts, reference)]
        columns[name] = (doubts, texts, lines)
        print(f"{name}: {sum(map(len, doubts))} findings, {sum(map(severe, doubts))} severe, in "
              f"{sum(map(bool, doubts))} of {len(ids)} lines; penalty {sum(map(penalty, doubts))}; "
              f"chrF {chrf(lines, metric):.2f}; "
              f"{sum(items[i]['translation']['tokens']['output'] for i in ids)} tokens")
    before, after = columns["plain"], columns["repaired"]
    changed = [n for n in range(len(ids)) if before[1][n] != after[1][n]]
    worse = [ids[n] for n in changed
             if penalty(after[0][n]) > penalty(before[0][n]) or severe(after[0][n]) > severe(before[0][n])]
    print(f"changed lines: {len(changed)}; worse by the checks: {len(worse)} {worse}")
    random.seed(7)
    gains = []
    for _ in range(arguments.resamples):
        sample = random.choices(range(len(ids)), k=len(ids))
        score = [chrf([column[2][n] for n in sample], metric) for column in (before, after)]
        gains.append(score[1] - score[0])
    gains.sort()
    low, high = gains[len(gains) * 25 // 1000], gains[len(gains) * 975 // 1000]
    wins = sum(gain > 0 for gain in gains) / len(gains)
    print(f"chrF gain: mean {statistics.mean(gains):+.2f}, 95% interval {low:+.2f} to {high:+.2f}, "
          f"better in {wins:.1%} of {len(gains)} resamples")
    kinds = {}
    for column, (doubts, _, _) in enumerate((before, after)):
        for doubt in (doubt for line in doubts for doubt in line):
            kinds.setdefault(doubt["kind"], [0, 0])[column] += 1
    for kind, (was, now) in sorted(kinds.items(), key=lambda row: -row[1][0]):
        print(f"  {kind}: {was} -> {now}")


if __name__ == "__main__":
    main()
