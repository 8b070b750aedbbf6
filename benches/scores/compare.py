"""Compares the scores of malmoi with those of sacreBLEU and rouge-score on whole files.

    pip install sacrebleu==2.6.0 rouge-score==0.1.2
    python benches/scores/compare.py PROGRAM FOLDER [--systems FILE]

FOLDER holds references `NAME.en` and `NAME.ko`, and outputs `NAME.SYSTEM.en` and `NAME.SYSTEM.ko`.
`--systems` writes sacreBLEU's scores, for the test `scores`.
"""

import argparse
import json
import subprocess
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF, TER

# Metric, its options, and the options of the command.
SETTINGS = [
    (BLEU, {}, []),
    (BLEU, {"tokenize": "intl"}, ["--tokenize", "intl"]),
    (BLEU, {"tokenize": "char"}, ["--tokenize", "char"]),
    (BLEU, {"lowercase": True, "smooth_method": "floor"}, ["--lowercase", "--smooth", "floor"]),
    (CHRF, {}, []),
    (CHRF, {"word_order": 2}, []),
    (TER, {}, []),
    (TER, {"normalized": True, "asian_support": True}, ["--ter-normalized", "--ter-asian-support"]),
    (TER, {"no_punct": True, "case_sensitive": True}, ["--ter-no-punct", "--ter-case-sensitive"]),
]
KINDS = {"ROUGE-1": "rouge1", "ROUGE-2": "rouge2", "ROUGE-L": "rougeL", "ROUGE-Lsum": "rougeLsum"}


def ask(program, task, output, reference, options):
    """The rows of malmoi for one file."""
    files = ["--reference", reference, "--output", output]
    command = [program, "eval", task, *files, "--json", "--sentences", *options]
    answer = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)["systems"][0]["scores"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--systems", type=Path)
    given = parser.parse_args()
    systems, largest, compared = [], 0.0, 0

    def differ(what, own, theirs):
        nonlocal largest, compared
        largest, compared = max(largest, abs(own - theirs)), compared + 1
        if f"{own:.2f}" != f"{theirs:.2f}":
            print(f"DIFFERENT {what}: {own} here, {theirs} there")

    outputs = [path for path in sorted(given.folder.glob("*.*.??")) if path.suffix in (".en", ".ko")]
    for path in outputs:
        reference = given.folder / (path.name.split(".")[0] + path.suffix)
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        expected = reference.read_text(encoding="utf-8").split("\n")[:-1]
        for kind, options, flags in SETTINGS:
            metric = kind(**options)
            score = metric.corpus_score(lines, [expected])
            signature = str(metric.get_signature()).rsplit("|", 1)[0]
            rows = ask(given.program, "translation", path, reference, flags)
            # The label of BLEU has the tokenizer: BLEU-char.
            (row,) = [row for row in rows if row["metric"].split("-")[0] == score.name]
            differ(f"{path.name} {row['metric']}", row["score"], score.score)
            assert row["signature"].rsplit("|", 1)[0] == signature, (row, signature)
            if kind is CHRF:
                for number, (own, line, target) in enumerate(zip(row["sentences"], lines, expected), 1):
                    theirs = metric.sentence_score(line, [target]).score
                    differ(f"{path.name} {score.name} line {number}", own, theirs)
            name = {BLEU: "BLEU", CHRF: "chrF", TER: "TER"}[kind]
            row = {"output": path.name, "language": path.suffix[1:], "metric": name}
            systems.append(row | {"options": options, "score": score.score})
        for stemmer in (False, True):
            scorer = RougeScorer(list(KINDS.values()), use_stemmer=stemmer)
            scores = [scorer.score(target, output) for output, target in zip(lines, expected)]
            flags = ["--unit", "rouge-score", *(["--stemmer"] if stemmer else [])]
            for row in ask(given.program, "summary", path, reference, flags):
                theirs = [100 * score[KINDS[row["metric"]]].fmeasure for score in scores]
                what = f"{path.name} {row['metric']} stemmer={stemmer}"
                differ(what, row["score"], sum(theirs) / len(theirs))
                for number, (own, score) in enumerate(zip(row["sentences"], theirs, strict=True), 1):
                    differ(f"{what} line {number}", own, score)
    print(f"{compared} scores of {len(outputs)} files compared; largest difference {largest:.2e}")
    if given.systems:
        given.systems.write_text(json.dumps(systems, indent=1) + "\n")


main()
