"""HWP files of folders, read by malmoi and by other readers: text that malmoi does not have.

    cargo build --release --example corpus
    pip install pyhwp six 'setuptools<80'
    npm install kordoc
    python3 benches/corpora/hwp.py FOLDER... [--pyhwp hwp5proc] [--kordoc node_modules/.bin/kordoc]

A piece of text that a reference has and malmoi has not is lost: a paragraph of pyhwp, a line or
table cell of kordoc. Pieces are compared without white space. The references are programs of their
own, and none of their text is part of this repository:

* pyhwp (`hwp5proc models`): the paragraphs of every section, without page headers and footers,
  master pages and hidden comments, which are not the article. It leaves out numbers of captions,
  framed characters and text under ruby. Sections of distribution documents are those of `ViewText`.
* kordoc (`kordoc FILE`): its Markdown, without markup. It writes the numbers of numbered
  paragraphs, names of pictures and the text of page headers, which malmoi leaves out; such pieces
  are counted as "made" if malmoi's text has what is left of them without number and sign, or if
  they are the name of a picture.

HWPX files of the folders are compared with kordoc alone. Two files that differ in their ending
alone must have the same article.
"""

import argparse
import html
import json
import pathlib
import re
import subprocess
import unicodedata

SKIPPED = {"SectionDef", "Header", "Footer", "HiddenComment", "MemoList"}
# Numbers, letters and signs in front of a paragraph.
NUMBER = re.compile(r"^(?:\(?[0-9]{1,3}[.)]|\(?[ivxlcdm]+[.)]|\(?[a-z가-힣][.)]|제[0-9]+[장절항조목]|[^\w(])+", re.IGNORECASE)
# The place of a number that pyhwp does not tell: of a note, a figure, a table.
UNKNOWN = "\1"


def squeezed(text):
    return re.sub(r"[\s\u00ad\u200b]+", "", unicodedata.normalize("NFC", text))


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stdout if done.returncode == 0 else None


def pyhwp(tool, path):
    """The paragraphs of a file, or None if pyhwp cannot read it."""
    streams = run(tool, "ls", path)
    if streams is None:
        return None
    sections = sorted(re.findall(r"^BodyText/Section\d+$", streams, re.MULTILINE))
    sections = [name.replace("Body", "View") if name.replace("Body", "View") in streams else name for name in sections]
    found = []
    for section in sections:
        models = run(tool, "models", "--json", path, section)
        if models is None:
            return None
        skipped = None
        for model in json.loads(models):
            if skipped is not None and model["level"] > skipped:
                continue
            skipped = model["level"] if model["type"] in SKIPPED else None
            if model["type"] == "ParaText":
                words = (chunk for _, chunk in model["content"]["chunks"])
                found.append("".join(chunk if isinstance(chunk, str) else control(chunk) for chunk in words))
    return found


def control(chunk):
    return "-" if chunk["code"] == 24 else UNKNOWN if chunk.get("chid") in {"atno", "tcps", "tdut"} else ""


def kordoc(tool, path):
    """The lines and cells of a file, or None if kordoc cannot read it."""
    markdown = run(tool, path)
    if markdown is None:
        return None
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", markdown)
    text = re.sub(r"<br\s*/?>|</?(?:t[rdh]|table|thead|tbody|p|div|sup|sub|u|b|i)\b[^>]*>", "\n", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?<!\\)\|", "\n", text)
    text = re.sub(r"\\(?=[^\w\s])|(?<!\\)[*~`]{1,3}|^#+ |^> ?|^\[\^\d+\]:?|^- |\[\^\d+\]", "", text, flags=re.MULTILINE)
    return html.unescape(text).split("\n")


def lost(pieces, ours):
    """The pieces that malmoi's text lacks, and the number of those that the reference made."""
    missing, made = [], 0
    for piece in map(squeezed, pieces):
        if not re.search(r"\w", piece) or all(part in ours for part in piece.split(UNKNOWN)):
            continue
        rest = NUMBER.sub("", piece)
        if rest in ours or re.fullmatch(r"[\w-]+\.(?:png|jpg|jpeg|bmp|gif|emf|wmf|ole)", piece, re.IGNORECASE):
            made += 1
        else:
            missing.append(piece)
    return missing, made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=pathlib.Path, nargs="+")
    parser.add_argument("--reader", default="target/release/examples/corpus")
    parser.add_argument("--pyhwp", default="hwp5proc")
    parser.add_argument("--kordoc", default="node_modules/.bin/kordoc")
    options = parser.parse_args()
    for folder in options.folders:
        output = run(options.reader, folder)
        read = {line["file"]: line for line in map(json.loads, output.splitlines())}
        texts, articles = (
            {name: "\n\n".join(item.get(kind, "") for item in line.get("items", [])) for name, line in read.items()}
            for kind in ("whole", "text")
        )
        names = [name for name in read if pathlib.Path(name).suffix.lower() in {".hwp", ".hwpx", ".hml"}]
        count = {"files": len(names), "read": sum(bool(texts[name]) for name in names)}
        count["panics"] = sum(read[name].get("error") == "panic" for name in names)
        for reference, tool, pieces_of in (("pyhwp", options.pyhwp, pyhwp), ("kordoc", options.kordoc, kordoc)):
            compared = total = made = missing = 0
            for name in names:
                if reference == "pyhwp" and not name.lower().endswith(".hwp"):
                    continue
                pieces = pieces_of(tool, folder / name)
                if pieces is None:
                    print(f"{folder.name}/{name}: {reference} cannot read it; malmoi: {read[name].get('error') or 'read'}")
                    continue
                absent, own = lost(pieces, squeezed(texts[name]))
                compared += 1
                total += sum(bool(re.search(r"\w", piece)) for piece in pieces)
                made += own
                missing += len(absent)
                for piece in absent:
                    print(f"{folder.name}/{name}: {reference} has {piece[:80]!r}")
            count[reference] = {"compared": compared, "pieces": total, "lost": missing, "made": made}
        pairs = [name for name in names if name.lower().endswith(".hwp") and name + "x" in read]
        same = [name for name in pairs if articles[name] == articles[name + "x"]]
        count["pairs with HWPX"] = {"files": len(pairs), "same article": len(same)}
        for name in pairs:
            if name not in same:
                print(f"{folder.name}/{name}: the HWPX of the same name has another article")
        print(f"{folder.name}: {json.dumps(count)}")
        for name in names:
            if not texts[name]:
                reason = read[name].get("error") or next((item.get("error") for item in read[name].get("items", [])), "")
                print(f"  not read: {name}: {reason}")


if __name__ == "__main__":
    main()
