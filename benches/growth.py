#!/usr/bin/env python3
"""How the time of a token grows with the text before it, and that of a step with the texts in it: a table and a picture of two curves each.

    pip install matplotlib
    cargo build --release                                                       in the repository
    python growth.py NAME=MODEL [NAME=MODEL …] [--svg growth.svg]

What must come out: a token costs as much as its weights, and a share for every token before it, whose keys and values are read too; a step
costs the same for few texts, whose weights are read once, and then grows with each, once computing takes longer than reading.
"""
import argparse
import json
import pathlib
import subprocess

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

CONTEXTS = [128, 256, 512, 1024, 2048, 4096, 8192, 16384]
TEXTS = [1, 2, 4, 8, 16, 32, 64]


def measured(program, model, runs):
    """Milliseconds a token after so many, and a step with so many texts."""
    command = [program, "bench", "--model", model, "--json", "--runs", runs, "--only", "decode,batch", "--decode", ",".join(map(str, CONTEXTS)),
               "--batch", ",".join(map(str, TEXTS))]
    out = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    tokens, steps = {}, {}
    for line in map(json.loads, out.splitlines()):
        words = line.get("what", "").split()
        if line["part"] == "decode":
            tokens[int(words[-1])] = 1000 / line["median"]
        elif line["part"] == "batch" and "each" in words:
            steps[int(words[0])] = 1000 * int(words[0]) / line["median"]
    return tokens, steps


def line_through(points):
    """The least squares line: its value at 0 and what it rises by."""
    count, xs, ys = len(points), list(points), list(points.values())
    x, y = sum(xs) / count, sum(ys) / count
    rise = sum((a - x) * (b - y) for a, b in points.items()) / sum((a - x) ** 2 for a in xs)
    return y - rise * x, rise


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("models", nargs="+", metavar="NAME=MODEL")
    arguments.add_argument("--malmoi", type=pathlib.Path, default=pathlib.Path(__file__).parents[1] / "target" / "release" / "malmoi")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--svg", type=pathlib.Path, default=pathlib.Path("growth.svg"))
    arguments = arguments.parse_args()
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    print(f"| | {' | '.join(map(str, CONTEXTS))} |\n|---{'|---' * len(CONTEXTS)}|")
    rows = []
    for given in arguments.models:
        name, _, model = given.rpartition("=")
        tokens, steps = measured(arguments.malmoi, model, arguments.runs)
        first, rise = line_through(tokens)
        print(f"| {name}, ms a token | {' | '.join(f'{tokens[at]:.1f}' if at in tokens else '' for at in CONTEXTS)} |")
        rows.append(f"| {name}, ms a step | {' | '.join(f'{steps[at]:.1f}' for at in TEXTS)} |")
        rows.append(f"| {name}, tokens a second | {' | '.join(f'{1000 * at / steps[at]:.0f}' for at in TEXTS)} |")
        left.plot(list(tokens), list(tokens.values()), "o", label=f"{name}: {first:.1f} ms\n+ {1000 * rise:.2f} ms for 1,000 tokens before")
        left.plot([0, max(tokens)], [first, first + rise * max(tokens)], "-", color=left.lines[-1].get_color())
        right.plot(list(steps), list(steps.values()), "o-", label=name)
    print(f"\n| | {' | '.join(map(str, TEXTS))} |\n|---{'|---' * len(TEXTS)}|")
    print("\n".join(rows))
    left.set(xlabel="tokens before", ylabel="milliseconds a token", ylim=0)
    right.set(xlabel="texts at once", ylabel="milliseconds a step", xscale="log", yscale="log", xticks=TEXTS, xticklabels=TEXTS)
    for axes in (left, right):
        axes.legend(frameon=False, fontsize="small")
        axes.grid(alpha=0.3)
    figure.savefig(arguments.svg, metadata={"Date": None})


if __name__ == "__main__":
    main()
