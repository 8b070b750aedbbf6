#!/usr/bin/env python3
"""How a real model follows a glossary: 200 sentences with one of 60 terms each, in both directions.

    python benches/terms/terms.py sentences FOLDER
    malmoi batch FOLDER/lines.en.jsonl --translate --from en --to ko --repair off -o FOLDER/plain.ko
    malmoi batch … --glossary FOLDER/terms.tsv --repair off -o FOLDER/shown.ko
    malmoi batch … --glossary FOLDER/terms.tsv -o FOLDER/repaired.ko
    python benches/terms/terms.py table FOLDER --malmoi target/release/malmoi

`table` decides with rules of its own, which know nothing of the check, whether each translation has
its term, and compares that with what the check reports. Sentences and terms are those of
`tests/glossary.rs`.
"""

import argparse
import csv
import json
import re
import subprocess
import tempfile
from pathlib import Path

FIXTURES = Path(__file__).parents[2] / "tests" / "fixtures" / "terms"
RUNS = ["plain", "shown", "repaired"]
# Runs of Hangul that may follow a noun; any other is named for people to read.
PARTICLES = """은 는 이 가 을 를 의 에 에서 와 과 로 으로 도 만 까지 부터 나 이나 들 들은 들이 들을 들의 들에
    들에서 들과 들도 들만 들로 들이나 에는 에서는 에도 으로는 로는 만이 만을 만은 에게 에게서 에서의 과의 와의 이다
    입니다 이었다 였다 이라는 라는 이라고 라고 으로부터 로부터 들에게 들로부터 에만 뿐 뿐이다 인 이며 며""".split()


def table_of(name):
    with open(FIXTURES / name, encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def lines():
    """The sentences, as `lines` of the test makes them without faults."""
    entries, frames = table_of("entries.tsv"), table_of("frames.tsv")
    for at in range(200):
        entry, frame = entries[at * 7 % 60], frames[(at + at // 60) % 10]
        plural = at % 2 == 0 and entry["plural"]
        takes_vowel = entry["sound"] == "V" or (entry["sound"] == "R"
                                                and frame["consonant"].startswith("으"))
        particle = frame["vowel" if takes_vowel else "consonant"]
        yield {
            "entry": entry,
            "en": frame["english"].replace("{}", entry["plural"] if plural else entry["term"]),
            "ko": frame["korean"].replace("{}", entry["translation"] + particle),
        }


def sentences(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for language in ["en", "ko"]:
        items = [json.dumps({"id": f"{at:03}", "text": line[language]}, ensure_ascii=False)
                 for at, line in enumerate(lines())]
        (folder / f"lines.{language}.jsonl").write_text("\n".join(items) + "\n", encoding="utf-8")
    with open(folder / "terms.tsv", "w", encoding="utf-8") as file:
        file.write("source\ttarget\tforbid\tkeep\n")
        for entry in table_of("entries.tsv"):
            keep = "yes" if entry["term"] == entry["translation"] else ""
            file.write(f"{entry['term']}\t{entry['translation']}\t{entry['forbid']}\t{keep}\n")


def is_right(text, entry, to):
    """True, False, or the longer word in which the term stands."""
    if to == "en":
        forms = [entry["term"], entry["plural"] or entry["term"] + "s"]
        words = "|".join(re.escape(form) for form in forms)
        case = 0 if entry["term"] == entry["translation"] else re.IGNORECASE
        found = re.search(rf"(?<![A-Za-z0-9])({words})(?![A-Za-z0-9])", text, case)
        return found is not None
    longer = False
    letters = map(re.escape, entry["translation"].replace(" ", ""))
    for found in re.finditer(r"\s?".join(letters), text):
        before = re.search(r"[가-힣A-Za-z0-9]*$", text[:found.start()]).group()
        after = re.match(r"[가-힣A-Za-z0-9]*", text[found.end():]).group()
        if not before and (not after or after in PARTICLES):
            return True
        longer = before + found.group() + after
    return longer


def check(malmoi, folder, items, to):
    """The findings of the glossary about each item, by one program, with their hit rate."""
    with tempfile.TemporaryDirectory() as scratch:
        names = []
        for name, text in [("a", lambda item: item["source"]),
                           ("b", lambda item: item["translation"]["text"])]:
            path = Path(scratch) / f"{name}.txt"
            lines = [" ".join(text(item).split()) or "-" for item in items]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            names.append(str(path))
        command = [malmoi, "check", "--lines", *names, "--from", "ko" if to == "en" else "en",
                   "--to", to, "--glossary", str(folder / "terms.tsv"),
                   "--only", "glossary", "--json"]
        output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    pairs = [json.loads(line) for line in output.splitlines()]
    pairs = [pair for pair in pairs if "findings" in pair]
    assert len(pairs) == len(items), f"{len(pairs)} pairs for {len(items)} items"
    return [[f["kind"] for f in pair["findings"] if f["check"] == "glossary"] for pair in pairs]


def table(folder, malmoi):
    expected = list(lines())
    for to in ["ko", "en"]:
        for run in RUNS:
            results = folder / f"{run}.{to}" / "items.jsonl"
            if not results.exists():
                continue
            items = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
            items = {item["id"]: item for item in items}
            ids = sorted(items)
            found = check(malmoi, folder, [items[i] for i in ids], to)
            counts = dict.fromkeys(
                ["right", "wrong", "longer", "reported", "silent", "false", "particle"], 0)
            notes = []
            for i, kinds in zip(ids, found):
                entry, text = expected[int(i)]["entry"], items[i]["translation"]["text"]
                right = is_right(text, entry, to)
                lost = [kind for kind in kinds if kind != "glossary_particle"]
                counts["right"] += right is True
                counts["wrong"] += right is False
                counts["longer"] += isinstance(right, str)
                counts["reported"] += right is not True and bool(lost)
                counts["particle"] += "glossary_particle" in kinds
                if right is not True and not lost:
                    counts["silent"] += 1
                    notes.append(("not reported", right, entry["term"], entry["translation"], text))
                if right is True and lost and "glossary_forbidden" not in lost:
                    counts["false"] += 1
                    notes.append(("false alarm", lost, entry["term"], entry["translation"], text))
            print(run, "en-ko" if to == "ko" else "ko-en", len(ids), counts)
            for note in notes:
                print("   ", *note, sep="  ")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["sentences", "table"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--malmoi", default="malmoi")
    arguments = parser.parse_args()
    if arguments.step == "sentences":
        sentences(arguments.folder)
    else:
        table(arguments.folder, arguments.malmoi)


if __name__ == "__main__":
    main()
