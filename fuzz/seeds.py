#!/usr/bin/env python3
"""Fills `fuzz/corpus` with the seeds of the targets that read text, from files of this repository: `python3 fuzz/seeds.py`.

A target for several formats takes the format's place in its table from the first byte.
"""
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent


def members(path, table):
    """The modules that a table lists, in its order."""
    block = re.search(table + r" \{(.*?)\}", (ROOT / path).read_text(), re.DOTALL).group(1)
    return re.findall(r"mod (\w+);", block)


def extensions(path, names):
    """The place of a format in its table, by the extensions that its file names."""
    places = {}
    for place, name in enumerate(names):
        source = (ROOT / path / f"{name}.rs")
        source = source if source.exists() else ROOT / path / name / "mod.rs"
        listed = re.search(r"extensions: &\[(.*?)\]", source.read_text(), re.DOTALL)
        for extension in re.findall(r'"(\w+)"', listed.group(1) if listed else ""):
            places.setdefault(extension, place)
    return places


def seed(target, name, data):
    folder = ROOT / "fuzz/corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def main():
    pairs = extensions("src/formats/pairs", members("src/formats/pairs/mod.rs", "pair_formats!"))
    formats = extensions("src/formats", members("src/formats/mod.rs", "formats!"))
    for file in sorted((ROOT / "fuzz/seeds").iterdir()):
        place = pairs[file.suffix[1:]]
        seed("pairs", file.name, bytes([place]) + file.read_bytes())
    files = [file for folder in ("examples", "tests/fixtures") for file in sorted((ROOT / folder).rglob("*")) if file.is_file()]
    for number, file in enumerate(files):
        if file.stat().st_size > 1 << 15:
            continue
        places = [formats[file.suffix[1:]]] if file.suffix[1:] in formats else range(len(formats)) if file.suffix == ".xml" else []
        for place in places:
            seed("formats", f"{number}-{place}-{file.name}", bytes([place]) + file.read_bytes())
    lines = json.loads((ROOT / "tests/fixtures/mecab/golden.json").read_text())["lines"]
    for number, line in enumerate(lines):
        # A change within the trie, and one within the costs of the words.
        changes = b"" if number % 3 == 0 else bytes([5, 0, 80 + number, number]) + bytes([8, 0, 4 + number % 50, 255])
        seed("mecab", f"{number}", changes + b"\0" + line.encode())
    for file in (ROOT / "prompts").glob("*.md"):
        seed("prompts", file.name, file.read_bytes())
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/patterns.md").read_text(), re.DOTALL)
    for number, block in enumerate(blocks):
        seed("patterns", f"{number}.toml", block.encode())


if __name__ == "__main__":
    main()
