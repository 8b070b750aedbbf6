"""HWPX files and their translations as hwpxlib reads them."""
import json
import pathlib
import subprocess

READER = pathlib.Path(__file__).with_name("HwpxParagraphs.java")


def read(files, library):
    """What hwpxlib finds in each file, or its error. `library` is a JAR or a folder of classes."""
    command = ["java", "-cp", str(library), str(READER), *map(str, files)]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=True).stdout
    return [json.loads(line) for line in lines.splitlines()]


def fault(old, new, said):
    """What is wrong with a translation whose words are all in `said`, or None."""
    if "error" in new:
        return f"hwpxlib reads the source and not the result: {new['error']}"
    before, after = old["paragraphs"], new["paragraphs"]
    if len(before) != len(after):
        return f"hwpxlib finds {len(after)} paragraphs instead of {len(before)}"
    for source, result in zip(before, after):
        rest = result
        for sentence in said:
            rest = rest.replace(sentence, " ")
        # What else is there is kept from the source: numbers, tracked deletions.
        if source != result and any(word not in source for word in rest.split()):
            return f"hwpxlib reads {result!r} for {source!r}"
        # The text of the document has no headers and captions.
        if source.strip() and source in old["text"] and result not in new["text"]:
            return f"hwpxlib's text lacks {result!r}"
    return None


def compare(pairs, library, said, counts):
    """The faults of pairs of a source and its translation."""
    olds, news = (read(files, library) for files in zip(*pairs))
    for (_, target), old, new in zip(pairs, olds, news):
        if "error" in old:
            counts["not read by hwpxlib"] += 1
            continue
        counts["read by hwpxlib"] += 1
        if wrong := fault(old, new, said):
            yield f"{target.name}: {wrong}"
            continue
        counts["paragraphs"] += len(old["paragraphs"])
        counts["of them new"] += sum(one != other for one, other in zip(old["paragraphs"], new["paragraphs"]))
