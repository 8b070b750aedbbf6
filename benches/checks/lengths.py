#!/usr/bin/env python3
"""Fits the length of Korean to the length of English in human translations, for
src/checks/lengths.rs.

    lengths.py ENGLISH.txt KOREAN.txt [ENGLISH.txt KOREAN.txt ...]

The files have one sentence a line. The figures in the source are those of FLORES-200 dev (997
lines) and NTREX-128 (the first 1,000 lines; consecutive lines are also joined to passages).
Printed for both directions: the median of ln(output / source) and its deviation for each class of
source lengths, and the outermost percentiles of the standardized deviations of all classes.
"""
import math
import re
import statistics
import sys

CLASSES = {"en": [25, 40, 60, 80, 110, 140, 180, 250, 400, 800], "ko": [12, 20, 30, 40, 55, 70, 90, 125, 200, 400]}
GLOSS = re.compile(r"[(（][^()（）가-힣]*[A-Za-z][^()（）가-힣]*[)）]")


def length(text):
    return len(re.sub(r"\s+", " ", GLOSS.sub("", text) if re.search("[가-힣]", text) else text).strip())


def pairs(paths):
    for english, korean in zip(paths[::2], paths[1::2]):
        lines = [[line.strip() for line in open(path, encoding="utf-8")] for path in (english, korean)]
        for size in (1, 2, 3, 5, 8) if "ntrex" in english.lower() else (1,):
            for at in range(0, len(lines[0]) - size + 1, size):
                yield tuple(" ".join(side[at : at + size]) for side in lines)


def main():
    both = [(length(english), length(korean)) for english, korean in pairs(sys.argv[1:])]
    for source, classes in CLASSES.items():
        ratios = [(e, math.log(k / e)) if source == "en" else (k, math.log(e / k)) for e, k in both if e and k]
        standardized = []
        print(source)
        for low, high in zip([0] + classes, classes + [10**9]):
            found = [ratio for chars, ratio in ratios if low < chars <= high]
            median = statistics.median(found)
            quartiles = statistics.quantiles(found, n=4)
            deviation = max((quartiles[2] - quartiles[0]) / 1.349, statistics.pstdev(found))
            print(f"    ({high}, {median:.3f}, {deviation:.3f}),  // {len(found)}")
            standardized += [(ratio - median) / deviation for ratio in found]
        standardized.sort()
        for share in (0.001, 0.0015, 0.002, 0.003, 0.005):
            at = int(len(standardized) * share)
            print(f"  {share:.2%}: {standardized[at]:.2f} to {standardized[-1 - at]:.2f}")


main()
