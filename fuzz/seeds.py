#!/usr/bin/env python3
"""Fills `fuzz/corpus` with the seeds of the targets that read text, from files of this repository: `python3 fuzz/seeds.py`.

A target for several formats takes the format's place in its table from the first byte.
"""
import hashlib
import json
import pathlib
import re
import struct
import tarfile

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


def bundles():
    """Archives of bundles, as they are and in raw blocks of zstd: without and with a model."""
    words = b"words of the port town"
    digest = hashlib.sha256(words).hexdigest()
    whole = hashlib.sha256(f"{digest}  m.gguf\n".encode()).hexdigest()
    model = {
        "name": "o/r", "repo": "o/r@main", "commit": "ab" * 20, "sha256": whole, "license": "MIT",
        "files": [{"name": "m.gguf", "path": "models/m.gguf"}],
    }
    for name, path, role, models in (("text", "licenses/a.txt", "license", []), ("model", "models/m.gguf", "weights", [model])):
        file = {"path": path, "role": role, "bytes": len(words), "sha256": digest}
        manifest = json.dumps({"version": 1, "made_by": "seeds.py", "models": models, "files": [file]}).encode()
        archive = b""
        for path, data in (("manifest.json", manifest), (path, words)):
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), 0o644
            archive += info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)
        archive += bytes(1024)
        yield name, b"\0" + archive
        # Magic, a single segment with a size of four bytes, one raw block that is the last.
        frame = struct.pack("<IBI", 0xFD2FB528, 0xA0, len(archive)) + (len(archive) << 3 | 1).to_bytes(3, "little")
        yield f"{name}.zst", b"\1" + frame + archive


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
    release = (ROOT / "tests/fixtures/press/release.hwp").read_bytes()
    seed("hwp", "release", b"\0" + release)
    # Records: a paragraph, its text with a table, the table, a cell with a paragraph.
    records = [
        (66, 0, b"\2" + bytes(23)), (67, 1, "가\x0bbt l\0\0\0\x0b나".encode("utf-16-le")), (71, 1, b" lbt" + bytes(42)),
        (77, 2, bytes(20)), (72, 2, b"\1" + bytes(33)), (66, 2, bytes(24)), (67, 3, "칸이다.".encode("utf-16-le")),
        (71, 1, b" osg" + bytes(42)), (72, 2, bytes(16)), (66, 2, bytes(24)), (76, 2, b"cer$"), (72, 3, bytes(16)), (66, 3, bytes(24)),
    ]
    packed = b"".join((tag | level << 10 | len(data) << 20).to_bytes(4, "little") + data for tag, level, data in records)
    seed("hwp", "section", b"\7" + packed)
    seed("hwp", "styles", b"\1" + b"".join((tag | 1 << 10 | 54 << 20).to_bytes(4, "little") + bytes(54) for tag in (25, 26)))
    seed("hwp", "xml", b"\4<SECTION><P><TEXT><CHAR>They met<TAB/>.</CHAR><TABLE><ROW><CELL><P/></CELL></ROW></TABLE></TEXT></P>")
    lines = json.loads((ROOT / "tests/fixtures/mecab/golden.json").read_text())["lines"]
    for number, line in enumerate(lines):
        # A change within the trie, and one within the costs of the words.
        changes = b"" if number % 3 == 0 else bytes([5, 0, 80 + number, number]) + bytes([8, 0, 4 + number % 50, 255])
        seed("mecab", f"{number}", changes + b"\0" + line.encode())
    for name, archive in bundles():
        seed("bundle", name, archive)
    for file in (ROOT / "prompts").glob("*.md"):
        seed("prompts", file.name, file.read_bytes())
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/patterns.md").read_text(), re.DOTALL)
    for number, block in enumerate(blocks):
        seed("patterns", f"{number}.toml", block.encode())


if __name__ == "__main__":
    main()
