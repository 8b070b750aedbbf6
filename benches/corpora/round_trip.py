#!/usr/bin/env python3
"""Translates office files with a scripted model, and holds each result against its source.

    python round_trip.py PROGRAM FOLDER … [--keep OUT] [--hwpxlib LIBRARY] [--owpml SCHEMAS]

PROGRAM is `target/release/malmoi`; each FOLDER holds DOCX, HWPX, PPTX, XLSX, ODT, ODP, ODS and EPUB
files, which are not part of this repository. Of each file, all parts but those with text must be the
same, byte for byte; the parts with text must be XML with the same elements around the words; malmoi
must read the result; and LibreOffice, if it is there, must write a PDF of the result if it writes one
of the source. HWPX and EPUB are not read by LibreOffice; `epubcheck`, if it is there, must find no
more errors in a result than in its source. `mimetype` must come first, and not be compressed, where
it does in the source. With --keep, results and PDFs stay in OUT, to be looked at.

LIBRARY is the JAR or the folder of classes of neolord0/hwpxlib, compiled with
`javac -d classes $(find src/main -name '*.java')`. With it, hwpxlib must read each HWPX that is written, if it reads
the source: with as many paragraphs, and in those that changed, the words of the translation. SCHEMAS is
the folder `DevDoc/OWPML SCHEMA` of airmang/python-hwpx; sections may have no errors that they had not.

Exit status: 1 if anything is wrong.
"""
import argparse
import collections
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile

import hwpxlib
import owpml

KOREAN, ENGLISH = "한빛 항구가 월요일에 문을 열었다.", "The port of Hanbit opened on Monday."
TEXTS = re.compile(
    r"word/.*\.xml|Contents/section\d+\.xml|Preview/PrvText\.txt"
    r"|ppt/(slides|notesSlides|charts|diagrams|comments)/[^/]+\.xml"
    r"|xl/comments[^/]*\.xml|xl/(comments|drawings|charts)/[^/]+\.xml|xl/sharedStrings\.xml|xl/worksheets/[^/]+\.xml"
    r"|(content|styles)\.xml|.*\.(xhtml|html|htm|ncx|opf)"
)
# Elements that a paragraph with new words has in the same number as before.
KEPT = {
    "p", "tbl", "tr", "tc", "drawing", "pict", "footnoteReference", "endnoteReference", "sectPr",
    "bookmarkStart", "bookmarkEnd", "commentReference", "pPr", "sp", "pic", "si", "c", "f", "v",
    "secPr", "footNote", "endNote", "header", "footer", "equation", "oMath", "del",
    "h", "note", "frame", "image", "table-cell", "annotation", "bookmark-start", "list-item",
    "h1", "h2", "h3", "li", "td", "img", "item", "itemref", "navPoint", "style", "svg", "math",
}
KINDS = {"docx", "hwpx", "pptx", "xlsx", "odt", "odp", "ods", "epub"}


def model(folder):
    """A model that says the same sentence whatever it is asked."""
    printable = lambda byte: 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE
    spelled, others = {}, 256
    for byte in range(256):
        spelled[chr(byte) if printable(byte) else chr(others)] = byte
        others += not printable(byte)
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}
    end = {"id": 256, "content": "<|end|>", "single_word": False, "lstrip": False, "rstrip": False,
           "normalized": False, "special": True}
    files = {
        "config.json": {"model_type": "scripted", "vocab_size": 257, "eos_token_id": 256,
                        "max_position_embeddings": 65536,
                        "script": [{"when": "into Korean", "say": KOREAN}, {"say": ENGLISH}]},
        "tokenizer.json": {"version": "1.0", "added_tokens": [end], "pre_tokenizer": level,
                           "decoder": level, "model": {"type": "BPE", "vocab": spelled, "merges": []}},
        "tokenizer_config.json": {
            "chat_template": "{% for message in messages %}{{ message.content }}\n{% endfor %}",
            "eos_token": "<|end|>"},
    }
    for name, value in files.items():
        folder.joinpath(name).write_text(json.dumps(value), encoding="utf-8")


def elements(xml):
    names = (element.tag.rsplit("}", 1)[-1] for element in ElementTree.fromstring(xml).iter()
             if isinstance(element.tag, str))
    return collections.Counter(name for name in names if name in KEPT)


def differences(old, new):
    """What is wrong with a written package, and the number of parts that are other ones."""
    before, after = zipfile.ZipFile(old), zipfile.ZipFile(new)
    if before.namelist() != after.namelist():
        return ["its parts have other names or another order"], 0
    first, other = before.infolist()[0], after.infolist()[0]
    if first.filename == "mimetype" and (first.compress_type, first.header_offset) != (
            other.compress_type, other.header_offset):
        return ["its type is no longer first and plain"], 0
    wrong, changed = [], 0
    for name in before.namelist():
        one, other = before.read(name), after.read(name)
        if one == other:
            continue
        changed += 1
        if not TEXTS.fullmatch(name):
            wrong.append(f"{name} is another one")
        elif not name.endswith(".txt"):
            try:
                if elements(one) != elements(other):
                    lost = (elements(one) - elements(other)) + (elements(other) - elements(one))
                    wrong.append(f"{name} has other elements: {dict(lost)}")
                if name.endswith("html") and ids(one) != ids(other):
                    wrong.append(f"{name} has other ids: {dict(ids(one) - ids(other))}")
            except ElementTree.ParseError as error:
                wrong.append(f"{name} is no XML: {error}")
    return wrong, changed


def ids(xml):
    named = (element.get("id") for element in ElementTree.fromstring(xml).iter())
    return collections.Counter(filter(None, named))


def errors(book):
    """Errors of a book, as epubcheck counts them."""
    done = subprocess.run([*CHECKER, str(book)], capture_output=True, text=True, timeout=600, check=False)
    found = re.findall(r"^(?:ERROR|FATAL)\((\S+)\)", done.stdout + done.stderr, re.MULTILINE)
    return collections.Counter(found)


# As Debian packs it, it is an archive that the shell cannot start everywhere.
CHECKER = ["java", "-jar", shutil.which("epubcheck") or ""]


def pdfs(files, out, profile):
    """Writes PDFs with LibreOffice; returns the stems of those that were written."""
    out.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(files), 25):
        command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to",
                   "pdf", "--outdir", str(out), *map(str, files[start:start + 25])]
        subprocess.run(command, capture_output=True, timeout=900, check=False)
    return {file.stem for file in out.glob("*.pdf")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--hwpxlib", type=pathlib.Path)
    parser.add_argument("--owpml", type=pathlib.Path)
    arguments = parser.parse_args()
    scratch = tempfile.TemporaryDirectory()
    out = (arguments.keep or pathlib.Path(scratch.name, "out")).resolve()
    network = pathlib.Path(scratch.name, "model")
    network.mkdir()
    model(network)
    environment = {"HOME": scratch.name, "MALMOI_DESK": "off", "PATH": os.environ["PATH"]}
    counts, failed = collections.defaultdict(collections.Counter), 0
    written = collections.defaultdict(list)

    def run(file, to, output):
        command = [arguments.program, "translate", file, "--to", to, "--from", "en" if to == "ko" else "ko",
                   "--model", network, "--repair", "off", "-o", output]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment,
                              timeout=600, check=False)

    files = (file for folder in arguments.folders for file in sorted(folder.rglob("*")))
    for file in files:
        kind = file.suffix.lower().lstrip(".")
        if kind not in KINDS or not zipfile.is_zipfile(file):
            continue
        target = out / kind / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        korean = sum("가" <= letter <= "힣" for letter in text_of(file))
        done = run(file, "en" if korean * 3 > len(text_of(file)) else "ko", target)
        if done.returncode != 0:
            counts[kind]["refused"] += 1
            print(f"{file.name}: {done.stderr.strip().splitlines()[-1][:150]}")
            continue
        counts[kind]["translated"] += 1
        wrong, changed = differences(file, target)
        counts[kind]["with new words"] += changed > 0
        written[kind].append((file, target))
        if wrong:
            failed += 1
            counts[kind]["wrong"] += 1
            print(f"{file.name}: {'; '.join(wrong)}")
    if shutil.which("soffice"):
        for kind, pairs in written.items():
            if kind in {"hwpx", "epub"}:
                continue
            profile = pathlib.Path(scratch.name, "office")
            sources = pdfs([old for old, _ in pairs], out / f"{kind}-pdf-before", profile)
            results = pdfs([new for _, new in pairs], out / f"{kind}-pdf-after", profile)
            counts[kind]["PDFs of sources"] = len(sources)
            counts[kind]["PDFs of results"] = len(results)
            for stem in sorted(sources - results):
                failed += 1
                print(f"{stem}.{kind}: LibreOffice opens the source and not the result")
    checks = []
    if arguments.hwpxlib and written["hwpx"]:
        checks.append(hwpxlib.compare(written["hwpx"], arguments.hwpxlib, [KOREAN, ENGLISH], counts["hwpx"]))
    if arguments.owpml and written["hwpx"]:
        checks.append(owpml.compare(written["hwpx"], arguments.owpml, counts["hwpx"]))
    for wrong in itertools.chain(*checks):
        failed += 1
        print(wrong)
    if shutil.which("epubcheck"):
        for old, new in written["epub"]:
            before, after = errors(old), errors(new)
            counts["epub"]["errors of sources"] += before.total()
            counts["epub"]["errors of results"] += after.total()
            if after - before:
                failed += 1
                print(f"{new.name}: epubcheck finds {dict(after - before)}")
    for kind, count in sorted(counts.items()):
        print(kind.upper(), ", ".join(f"{number} {what}" for what, number in count.items()))
    sys.exit(failed > 0)


def text_of(file):
    """The letters of all parts with text."""
    package = zipfile.ZipFile(file)
    names = [name for name in package.namelist() if TEXTS.fullmatch(name) and not name.endswith(".txt")]
    xml = b" ".join(package.read(name) for name in names).decode("utf-8", "replace")
    # Parameters of fields are no text, nor are numbers and marks.
    xml = re.sub(r"<hp:parameters.*?</hp:parameters>", "", xml, flags=re.DOTALL)
    return re.sub(r"<[^>]*>|[\W\d_]", "", xml)


if __name__ == "__main__":
    main()
