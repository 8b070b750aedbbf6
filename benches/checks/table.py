"""Measures the checks over correct translations and writes docs/checks.md.

    python table.py malmoi DATA --passages ntrex-dev --lines flores-dev --systems flores-dev

DATA holds NAME.en and NAME.ko, whose lines with the same number belong together, and for --systems
NAME.SYSTEM.en and NAME.SYSTEM.ko, which systems have made of them. The stored systems need
sacrebleu (requirements.txt). The data stays where it is.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import systems

ROOT = Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("malmoi", help="the program to measure")
    parser.add_argument("data", type=Path, help="folder of the data")
    parser.add_argument("--passages", nargs="*", default=[], help="sets whose lines follow each other")
    parser.add_argument("--lines", nargs="*", default=[], help="sets of single lines")
    parser.add_argument("--systems", help="set with the outputs of systems")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/checks.md")
    return parser.parse_args()


def evaluated(args, folder, *options):
    """The JSON of `malmoi eval checks` over the sets."""
    command = [args.malmoi, "eval", "checks", "--json", "--quiet", *options]
    for option, names in [("--pairs", args.passages), ("--lines", args.lines)]:
        for name in names:
            path = Path(folder) / f"{name}.jsonl"
            texts = [systems.lines(args.data / f"{name}.{code}") for code in ("en", "ko")]
            rows = [json.dumps({"en": en, "ko": ko}) for en, ko in zip(*texts, strict=True)]
            path.write_text("\n".join(rows) + "\n")
            command += [option, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def percent(share):
    return f"{100 * share['share']:.1f} ({100 * share['low']:.0f}–{100 * share['high']:.0f})"


def kinds(rows, directions):
    """A row for each kind: recall by direction, and the checks that find most."""
    names = list(dict.fromkeys(row["kind"] for row in rows))
    head = ["kind", *directions, "of", "checks"]
    table = [head, ["---"] * len(head)]
    for name in names:
        of_kind = {row["direction"]: row for row in rows if row["kind"] == name}
        checks = {}
        for row in of_kind.values():
            for check, count in row["by_check"].items():
                checks[check] = checks.get(check, 0) + count
        found = sum(row["found"]["of"] for row in of_kind.values())
        if not found:
            continue
        shares = [
            percent(of_kind[d]["found"]) if d in of_kind and of_kind[d]["found"]["of"] else ""
            for d in directions
        ]
        most = sorted(checks, key=checks.get, reverse=True)[:3]
        table.append([name, *shares, str(found), ", ".join(most)])
    return markdown(table)


def markdown(table):
    return "".join(f"| {' | '.join(row)} |\n" for row in table)


def mean(rows):
    """Mean recall over the kinds, their number, and the number of those with nine of ten."""
    shares = []
    for name in dict.fromkeys(row["kind"] for row in rows):
        found = [row["found"] for row in rows if row["kind"] == name]
        of = sum(share["of"] for share in found)
        if of:
            shares.append(sum(share["count"] for share in found) / of)
    high = sum(share >= 0.9 for share in shares)
    return f"{100 * sum(shares) / len(shares):.1f} % over {len(shares)} kinds; {high} have 90 % or more"


def page(args, table, cost):
    translations = [row for row in table["kinds"] if not row["is_summary"]]
    summaries = [row for row in table["kinds"] if row["is_summary"]]
    alarms = [["pairs", "direction", "with a finding, %", "of", "checks"], ["---"] * 5]
    for row in table["alarms"]:
        share = row["alarms"]
        by = sorted(row["by_check"].items(), key=lambda item: -item[1])
        checks = ", ".join(f"{check} {100 * count / share['of']:.1f}" for check, count in by)
        alarms.append([row["set"], row["direction"], percent(share), str(share["of"]), checks])
    sets = " and ".join(f"`{name}`" for name in [*args.passages, *args.lines])
    by_check = [["check", "ms an item"], ["---"] * 2]
    by_check += [[name, f"{ms:.3f}"] for name, ms in cost["by_check"]]
    growth = [["characters", "ms", "µs a character"], ["---"] * 3]
    growth += [[f"{n:,}", f"{ms:.1f}", f"{1000 * ms / n:.1f}"] for n, ms in cost["growth"]]
    return f"""# Checks: what they find, and what they say of correct texts

Made by `benches/checks/table.py` over {sets}, {table["lines"]:,} lines, seed {table["seed"]}. An
error of a known kind is put into a correct translation, or into two of its lines as the summary of
ten; it is found if a check says what it does not say of the correct pair. In brackets: the 95 %
interval (Wilson). The kinds are in `src/eval/seeds/`; `malmoi eval checks` measures them over any
file of pairs.

## Translations

Mean recall {mean(translations)}.

{kinds(translations, ["en-ko", "ko-en"])}
## Summaries

Mean recall {mean(summaries)}.

{kinds(summaries, ["en-en", "en-ko", "ko-en", "ko-ko"])}
## False alarms

Correct pairs with a finding. The numbers beside the checks are shares in percent.

{markdown(alarms)}
## Cost

{cost["items"]:,} items of three sentences: {cost["per_item"]:.2f} ms an item on one thread.

{markdown(by_check)}
Growth with the length of the source:

{markdown(growth)}"""


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        table = evaluated(args, folder, "--seed", args.seed)
        cost = evaluated(args, folder, "--cost")
    text = page(args, table, cost)
    if args.systems:
        text += "\n" + systems.section(args.malmoi, args.data, args.systems)
    args.out.write_text(text)


if __name__ == "__main__":
    main()
