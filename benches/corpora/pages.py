"""Scores what is read of public pages: `pages.py trafilatura FOLDER`, `pages.py mozilla FOLDER`, `pages.py newspaper FOLDER`.

FOLDER is `tests` of a checkout of github.com/adbar/trafilatura (evaldata.json with the pages in cache and eval), or
`test/test-pages` of one of github.com/mozilla/readability, or `tests/data` of one of github.com/AndyTheFactory/newspaper4k
(html with the texts expected in txt). None is part of this repository.

trafilatura: recall is the share of the strings to be found that are in the article, leak the share of those not to be found
that are, white space folded, as in its own tests/evaluate.py. Pages that are no text to us are counted apart.
mozilla, newspaper: recall and precision of the words expected, page by page, and pages of whose words less than a fifth is
found. A Chinese character or a Japanese one counts as a word.
"""

import argparse
import collections
import html.parser
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def fold(text):
    return re.sub(r"\s+", " ", text).strip()


def read(pages, program):
    """The article of each page, or an error; `pages` are names and paths."""
    with tempfile.TemporaryDirectory() as folder:
        for name, path in pages.items():
            shutil.copy(path, pathlib.Path(folder, name))
        command = [program] if program else ["cargo", "run", "--release", "--quiet", "--example", "corpus", "--"]
        lines = subprocess.run(command + [folder], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    texts, errors = {}, {}
    for line in map(json.loads, filter(None, lines.split("\n"))):
        items = line.get("items", [])
        problem = line.get("error") or next((item["error"] for item in items if "error" in item), None)
        if problem:
            errors[line["file"]] = problem
        texts[line["file"]] = "\n".join(item.get("text", "") for item in items)
    return texts, errors


def trafilatura(folder, program, verbose):
    expected = {item["file"]: item for item in json.loads((folder / "evaldata.json").read_text("utf-8")).values()}
    where = lambda name: next(path for path in (folder / "cache" / name, folder / "eval" / name) if path.is_file())
    texts, errors = read({name: where(name) for name in expected}, program)
    unreadable = {name for name, why in errors.items() if "is not text" in why}
    for label, names in (("all pages", set(expected)), ("pages that are text", set(expected) - unreadable)):
        found = wanted = leaked = unwanted = nothing = 0
        for name in sorted(names):
            item, text = expected[name], fold(texts.get(name, ""))
            hits = [part for part in item["with"] if fold(part) in text]
            leaks = [part for part in item["without"] if fold(part) in text]
            found, wanted = found + len(hits), wanted + len(item["with"])
            leaked, unwanted = leaked + len(leaks), unwanted + len(item["without"])
            nothing += not hits
            if verbose and label == "all pages" and (leaks or len(hits) < len(item["with"])):
                missed = [part for part in item["with"] if part not in hits]
                print(f"  {name}: missed {missed} leaked {leaks}")
        score = 2 * found / (2 * found + leaked + wanted - found)
        print(
            f"{label}: {len(names)}, recall {found / wanted:.4f} ({found}/{wanted}), leak {leaked / unwanted:.4f}"
            f" ({leaked}/{unwanted}), F1 {score:.4f}, nothing found on {nothing}"
        )
    crashes = sorted(name for name, why in errors.items() if why == "panic")
    print(f"crashes {len(crashes)} {crashes}, not text {len(unreadable)}, other errors {len(errors) - len(crashes) - len(unreadable)}")


def words(text):
    return re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W\u3040-\u30ff\u4e00-\u9fff]+", text.lower())


class Words(html.parser.HTMLParser):
    """The words of a page."""

    def __init__(self):
        super().__init__()
        self.words = []

    def handle_data(self, data):
        self.words += words(data)


def mozilla(folder, program, verbose):
    pages, expected = {}, {}
    for page in sorted(path for path in folder.iterdir() if path.is_dir()):
        reader = Words()
        reader.feed((page / "expected.html").read_text("utf-8"))
        pages[page.name + ".html"], expected[page.name + ".html"] = page / "source.html", reader.words
    compare(pages, expected, program, verbose)


def newspaper(folder, program, verbose):
    pages = {path.name: path for path in sorted((folder / "html").iterdir())}
    text = lambda path: folder / "txt" / (path.stem + ".txt")
    pages = {name: path for name, path in pages.items() if text(path).is_file()}
    compare(pages, {name: words(text(path).read_text("utf-8")) for name, path in pages.items()}, program, verbose)


def compare(pages, wanted, program, verbose):
    texts, errors = read(pages, program)
    recalls, precisions, nothing = [], [], []
    for name in pages:
        expected = collections.Counter(wanted[name])
        ours = collections.Counter(words(texts.get(name, "")))
        both = sum((expected & ours).values())
        recalls.append(both / max(1, sum(expected.values())))
        precisions.append(both / max(1, sum(ours.values())))
        if recalls[-1] < 0.2:
            nothing.append(name)
        if verbose:
            print(f"  {name}: recall {recalls[-1]:.2f} precision {precisions[-1]:.2f}")
    mean = lambda numbers: sum(numbers) / len(numbers)
    print(f"{len(pages)} pages, recall {mean(recalls):.4f}, precision {mean(precisions):.4f}, next to nothing of {len(nothing)} {nothing}")
    print(f"errors {errors}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", choices=["trafilatura", "mozilla", "newspaper"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", help="the example `corpus`, where it is built already")
    parser.add_argument("--verbose", action="store_true", help="what is wrong on each page")
    given = parser.parse_args()
    {"trafilatura": trafilatura, "mozilla": mozilla, "newspaper": newspaper}[given.corpus](given.folder, given.program, given.verbose)


if __name__ == "__main__":
    main()
