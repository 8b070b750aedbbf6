#!/usr/bin/env python3
"""Reads a folder of feeds with malmoi and with feedparser, and prints where they differ.

    pip install feedparser
    cargo build --release --example corpus
    benches/corpora/feeds.py FOLDER [--program target/release/examples/corpus] [--all]

Folders that were tried: feedparser's `tests` and feed-rs's `fixture`; neither is part of this repository. Titles and bodies are
compared by their letters and digits, so that white space, tags and entities do not count; dates by their moment, links as they are.
"""

import argparse
import collections
import contextlib
import html
import io
import json
import pathlib
import re
import subprocess
import sys
import unicodedata
import warnings
from datetime import datetime, timezone

import feedparser

FIELDS = ("items", "title", "link", "date", "body")


def letters(text):
    """Letters and digits of a text without its tags; tags are what both readers take for such."""
    text = re.sub(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", " ", text or "", flags=re.S | re.I)
    text = html.unescape(re.sub(r"</?[a-zA-Z][^<>]*>", " ", text))
    text = unicodedata.normalize("NFC", html.unescape(text))
    return "".join(c for c in text if c.isalnum()).lower()


def moment(text):
    """The moment a date means, in seconds; in Greenwich where it says no offset."""
    if not text:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()


def reference(path):
    """What feedparser reads."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        kind = {"content-type": "application/feed+json"} if path.suffix == ".json" else {}
        feed = feedparser.parse(path.read_bytes(), response_headers=kind, sanitize_html=True)
    items = []
    for entry in feed.entries:
        contents = [one.get("value", "") for one in entry.get("content", [])]
        contents += [entry.get("summary", ""), entry.get("media_description", "")]
        time = entry.get("published_parsed") or entry.get("issued_parsed") or entry.get("created_parsed")
        time = time or entry.get("updated_parsed")
        date = datetime(*time[:6], tzinfo=timezone.utc).timestamp() if time else None
        bodies = [letters(one) for one in contents if letters(one)]
        title = letters(entry.get("title"))
        shown = re.sub(r"</?[a-z][^<>]*>", "", html.unescape(entry.get("title", "")))
        has_words = bool(shown.strip()) or any(c.isalnum() for one in bodies for c in one)
        items.append({"title": title, "link": entry.get("link"), "date": date, "bodies": bodies, "words": has_words})
    return items


def compare(ours, theirs):
    """Names of fields in which the items of a file differ, with both values."""
    ours = [item for item in ours if "error" not in item]
    # What has no words at all is no article to malmoi.
    theirs = [item for item in theirs if item["words"]]
    if len(ours) != len(theirs):
        yield "items", len(ours), len(theirs)
        return
    for mine, other in zip(ours, theirs):
        title = letters(mine["title"])
        text = letters(mine["text"].removeprefix(mine["title"] or ""))
        if title != other["title"] and other["title"]:
            yield "title", mine["title"], other["title"]
        link = mine["link"]
        if (link or "").rstrip("/") != (other["link"] or "").rstrip("/"):
            yield "link", link, other["link"]
        date = moment(mine["understood"])
        if date != other["date"]:
            yield "date", f"{mine['published']} ({mine['understood']})", other["date"]
        if text not in other["bodies"] and (text or other["bodies"]):
            yield "body", mine["text"][:80], other["bodies"][:1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default="target/release/examples/corpus")
    parser.add_argument("--all", action="store_true", help="also list files that hold no feed to malmoi")
    options = parser.parse_args()
    run = subprocess.run([options.program, options.folder], capture_output=True, text=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    counts, wrong, slowest = collections.Counter(), collections.Counter(), (0, "")
    for line in lines:
        path = options.folder / line["file"]
        theirs = reference(path) if line["format"] == "feed" else []
        counts["files"] += 1
        counts["feeds"] += line["format"] == "feed"
        slowest = max(slowest, (line["seconds"], line["file"]))
        if line.get("error") == "panic":
            counts["crashes"] += 1
            print(f"{line['file']}\tcrash")
        elif line["format"] != "feed":
            if options.all:
                print(f"{line['file']}\tnot a feed\t{line['format']}")
        else:
            found = line.get("items", [])
            counts["items"] += len(found)
            counts["unreadable"] += sum("error" in item for item in found)
            differences = list(compare(found, theirs))
            counts["same"] += not differences
            for field, mine, other in differences:
                wrong[field] += 1
                reasons = [item["error"] for item in found if "error" in item] + [line.get("error")]
                reason = f"\t{'; '.join(filter(None, reasons))}" if field == "items" else ""
                print(f"{line['file']}\t{field}\t{mine!r}\t{other!r}{reason}")
    counts["crashes"] += run.returncode != 0
    order = ("files", "feeds", "items", "unreadable", "crashes", "same")
    print(", ".join(f"{counts[name]} {name}" for name in order), file=sys.stderr)
    print("different: " + ", ".join(f"{wrong[field]} {field}" for field in FIELDS), file=sys.stderr)
    print(f"slowest: {slowest[0]:.3f} s, {slowest[1]}", file=sys.stderr)


if __name__ == "__main__":
    main()
