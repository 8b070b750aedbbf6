"""Findings in the outputs of stored systems, against chrF.

    python systems.py malmoi DATA NAME

For each direction: the systems ranked by their findings and by chrF (Kendall's tau), and how well
the findings of a segment, and its estimate where an encoder is installed, tell the worse half of a
system's segments by sentence chrF (AUC).
Entities such as `&#39;`, which some stored outputs have throughout, are decoded first.
"""

import html
import itertools
import json
import subprocess
import sys
from pathlib import Path

LANGUAGES = ("en", "ko")


def lines(path):
    """The lines of a file; only line feeds end one."""
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def checked(malmoi, sources, outputs, direction):
    """The doubts of each pair, and its score."""
    source, target = direction
    rows = [
        json.dumps({"source": s, "output": o, "from": source, "to": target})
        for s, o in zip(sources, outputs, strict=True)
    ]
    command = [malmoi, "check", "--pairs", "-", "--json", "--quiet"]
    ran = subprocess.run(command, input="\n".join(rows), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ran.stdout.split("\n") if line]


def auc(scores, is_bad):
    """Probability that a bad segment has the higher score than a good one; ties count half."""
    ranked = sorted(range(len(scores)), key=lambda index: scores[index])
    ranks = [0.0] * len(scores)
    for _, group in itertools.groupby(enumerate(ranked), key=lambda item: scores[item[1]]):
        group = list(group)
        middle = sum(place for place, _ in group) / len(group) + 1
        for _, index in group:
            ranks[index] = middle
    bad = sum(is_bad)
    good = len(is_bad) - bad
    total = sum(rank for rank, flag in zip(ranks, is_bad, strict=True) if flag)
    return (total - bad * (bad + 1) / 2) / (bad * good)


def tau(first, second):
    """Kendall's tau of two lists of numbers."""
    signs = []
    for i, j in itertools.combinations(range(len(first)), 2):
        product = (first[i] - first[j]) * (second[i] - second[j])
        signs.append((product > 0) - (product < 0))
    return sum(signs) / len(signs)


def measured(malmoi, data, name):
    """For each direction a list of systems: name, chrF, findings, score, AUC of score and estimate."""
    from sacrebleu.metrics import CHRF

    chrf = CHRF()
    found = {}
    for target in LANGUAGES:
        source = LANGUAGES[1 - LANGUAGES.index(target)]
        sources, references = (lines(data / f"{name}.{code}") for code in (source, target))
        rows = []
        for path in sorted(data.glob(f"{name}.*.{target}")):
            outputs = [html.unescape(line) for line in lines(path)]
            pairs = checked(malmoi, sources, outputs, (source, target))
            segments = [
                chrf.sentence_score(o, [r]).score for o, r in zip(outputs, references, strict=True)
            ]
            middle = sorted(segments)[len(segments) // 2]
            is_bad = [segment < middle for segment in segments]
            scores = [pair["score"] for pair in pairs]
            findings = [len(pair["findings"]) for pair in pairs]
            system = path.name.removeprefix(f"{name}.").removesuffix(f".{target}")
            corpus = chrf.corpus_score(outputs, [references]).score
            estimates = [-pair["estimate"] for pair in pairs if "estimate" in pair]
            by_estimate = auc(estimates, is_bad) if len(estimates) == len(pairs) else None
            areas = (auc(scores, is_bad), by_estimate)
            rows.append((system, corpus, sum(findings), sum(scores), *areas))
        found[f"{source}-{target}"] = rows
    return found


def section(malmoi, data, name):
    """The section of docs/checks.md."""
    text = "## Stored systems\n\n"
    text += f"Outputs of systems for `{name}`. Score: the sum of the weights of the findings (critical 4, major 2,\n"
    text += "minor 1). AUC: how well the score tells the worse half of a system's segments by chrF; most segments\n"
    text += "have no finding, and so no order among each other, which bounds it. Entities such as `&#39;`\n"
    text += "are decoded first. The last column is the AUC of `estimate`, with an encoder of sentences.\n\n"
    text += "| direction | system | chrF | findings | score | AUC | of estimate |\n|---|---|---|---|---|---|---|\n"
    taus = []
    for direction, rows in measured(malmoi, data, name).items():
        for system, corpus, findings, score, area, other in sorted(rows, key=lambda row: -row[1]):
            other = "" if other is None else f"{other:.3f}"
            text += f"| {direction} | {system} | {corpus:.1f} | {findings} | {score} | {area:.3f} | {other} |\n"
        chrfs = [row[1] for row in rows]
        by_score = tau([-row[3] for row in rows], chrfs)
        area = sum(row[4] for row in rows) / len(rows)
        line = f"{direction}: Kendall's tau of score and chrF {by_score:.2f}, mean AUC {area:.3f}"
        if all(row[5] is not None for row in rows):
            line += f", of the estimate {sum(row[5] for row in rows) / len(rows):.3f}"
        taus.append(f"{line}.")
    return text + "\n" + "\n".join(taus) + "\n"


if __name__ == "__main__":
    print(section(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
