"""Agency XML and office files of a folder, read by malmoi and by a reference, compared by their words.

    cargo build --release --example corpus
    pip install python-docx
    python3 benches/corpora/documents.py FOLDER [--reader target/release/examples/corpus] [--worst 10]

A file counts as read where malmoi gives at least one article. Recall is the share of the reference's words that are in malmoi's
articles, precision the share of malmoi's words that are in the reference; both are over words as multisets. The references:

* DOCX: python-docx, paragraphs and table cells of the body in order.
* HWPX: every hp:t of every section, by ElementTree.
* NewsML, NITF: the text of body.content, inlineXML, inlineData and DataContent, by ElementTree.
"""

import argparse
import collections
import html
import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile

WORD = re.compile(r"\w+")


def local(tag):
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def docx(path):
    import docx as reader

    def cells(container):
        for part in container.iter_inner_content():
            if hasattr(part, "rows"):
                seen = set()
                for row in part.rows:
                    for cell in row.cells:
                        if cell._tc not in seen:
                            seen.add(cell._tc)
                            yield from cells(cell)
            else:
                yield part.text

    return "\n".join(cells(reader.Document(path)))


def hwpx(path):
    with zipfile.ZipFile(path) as package:
        sections = sorted(name for name in package.namelist() if re.fullmatch(r"Contents/section\d+\.xml", name))
        roots = [ElementTree.fromstring(package.read(name)) for name in sections]
    texts = (node for root in roots for node in root.iter() if local(node.tag) == "t")
    return "\n".join("".join(node.itertext()) for node in texts)


def agency(path):
    root = ElementTree.parse(path).getroot()
    if local(root.tag) not in {"newsItem", "newsMessage", "NewsML", "nitf"}:
        return None
    # What stands within another of these is counted once.
    holders = {"body.content", "inlineXML", "inlineData", "DataContent"}
    found = []

    def visit(node):
        if local(node.tag) in holders:
            found.append(text(node))
        else:
            for child in node:
                visit(child)

    def text(node):
        inside = next((child for child in node.iter() if local(child.tag) == "body.content" and child is not node), None)
        words = " ".join((inside if inside is not None else node).itertext())
        return html.unescape(re.sub(r"<[^>]*>", " ", words)) if "<" in words else words

    visit(root)
    return "\n".join(found)


REFERENCES = {"docx": docx, "hwpx": hwpx, "xml": agency, "nitf": agency, "newsml": agency}


def words(text):
    return collections.Counter(WORD.findall(text.lower()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--reader", default="target/release/examples/corpus")
    parser.add_argument("--worst", type=int, default=10)
    options = parser.parse_args()
    output = subprocess.run([options.reader, options.folder], check=True, capture_output=True, text=True).stdout
    kinds = collections.defaultdict(collections.Counter)
    reasons, scores, slowest = collections.Counter(), collections.defaultdict(list), (0.0, "")
    for line in output.splitlines():
        read = json.loads(line)
        path = options.folder / read["file"]
        ending = path.suffix.lower().lstrip(".")
        if ending not in REFERENCES:
            continue
        slowest = max(slowest, (read["seconds"], read["file"]))
        items = read.get("items", [])
        articles = [item for item in items if "text" in item]
        failed = [item for item in items if "error" in item]
        count = kinds[read["format"]]
        count["files"] += 1
        count["panics"] += read.get("error") == "panic"
        count["read"] += bool(articles)
        if not articles:
            reason = read.get("error") or (failed[0]["error"] if failed else "no articles")
            reasons[re.sub(r"^\S+ ", "", reason)[:100]] += 1
        try:
            reference = REFERENCES[ending](path)
        except Exception as error:  # the reference's own failure is no difference
            count["reference fails"] += 1
            print(f"{read['file']}: the reference fails: {error}", file=sys.stderr)
            continue
        # A record of a picture or a film has a headline and no article.
        if reference is None or not articles or not WORD.search(reference):
            continue
        ours = words("\n".join(item["text"] for item in articles))
        theirs = words(reference)
        both = sum((ours & theirs).values())
        recall = both / max(1, sum(theirs.values()))
        precision = both / max(1, sum(ours.values()))
        scores[read["format"]].append((recall, precision, read["file"], list((theirs - ours).elements())[:12]))
    for kind, count in sorted(kinds.items()):
        print(f"{kind}: {dict(count)}")
        rows = scores[kind]
        if rows:
            recall = sum(row[0] for row in rows) / len(rows)
            precision = sum(row[1] for row in rows) / len(rows)
            print(f"  {len(rows)} compared: recall {recall:.3f}, precision {precision:.3f}")
            for row in sorted(rows)[: options.worst]:
                if row[0] < 0.98:
                    print(f"  {row[0]:.2f} {row[1]:.2f} {row[2]} lacks {' '.join(row[3])}")
    print("not read:")
    for reason, count in reasons.most_common():
        print(f"  {count} {reason}")
    print(f"slowest: {slowest[1]} {slowest[0]:.2f} s")


if __name__ == "__main__":
    main()
