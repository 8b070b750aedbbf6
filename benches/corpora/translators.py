#!/usr/bin/env python3
"""Translates XLIFF and PO files with a scripted model, and holds each result against its source.

    pip install lxml polib saxonche translate-toolkit    and msgfmt of gettext
    python translators.py PROGRAM SCHEMAS FOLDER … [--at-most 400] [--keep OUT]

PROGRAM is `target/release/malmoi`, SCHEMAS is a folder as for `benches/exchange.py`; each FOLDER holds
files, which are not part of this repository. Languages are read as English and Korean. Of each file:
units that should be translated have the words of the model and a state, all others and everything
outside of units is the same; an XLIFF file that is valid stays valid, by schema and constraints;
a PO file that `msgfmt -c` compiles still compiles; polib and translate-toolkit read the result.

Exit status: 1 if anything is wrong.
"""
import argparse
import collections
import copy
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import polib
from lxml import etree
from translate.storage import factory
from translate.storage.xliff2 import Xliff2File

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import exchange  # noqa: E402
from round_trip import KOREAN, model  # noqa: E402

CODES = {"ph", "bpt", "ept", "it"}
XML = etree.XMLParser(no_network=True, resolve_entities=False, remove_blank_text=False, huge_tree=True)


def local(element):
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def words(element, codes):
    """The text of an element without the codes of the original document."""
    if element is None:
        return ""
    text = element.text or ""
    for child in element:
        text += ("" if local(child) in codes else words(child, codes)) + (child.tail or "")
    return text


def child(element, name):
    return next((one for one in element if local(one) == name), None)


def is_protected(element):
    while element is not None:
        if element.get("translate"):
            return element.get("translate") == "no"
        element = element.getparent()
    return False


def is_open(source, target, state, codes):
    """True if a segment should be translated."""
    before, now = words(source, codes), words(target, codes)
    # A text in another language than the file says stays as it is.
    if not any(letter.isascii() and letter.isalpha() for letter in before):
        return False
    if target is None or not any(letter.isalnum() for letter in now):
        return True
    if state in ("new", "needs-translation"):
        return True
    return state in (None, "initial") and before.strip() == now.strip()


def segments(root):
    """The segments of a file: element with the state, source, target, whether to be translated."""
    second = root.get("version", "").startswith("2")
    codes = () if second else CODES
    for element in root.iter():
        if second and local(element) == "segment":
            unit = element.getparent()
            source, target = child(element, "source"), child(element, "target")
            state = element.get("state")
            yield element, source, target, source is not None and not is_protected(unit) and is_open(source, target, state, codes)
        elif not second and local(element) == "trans-unit":
            source, target = child(element, "source"), child(element, "target")
            state = target.get("state") if target is not None else None
            free = element.get("approved") != "yes" and not is_protected(element)
            yield target, source, target, source is not None and free and is_open(source, target, state, codes)


def without_work(root, opened):
    """A copy of a file without what a translation may change: targets, states and malmoi's notes."""
    root = copy.deepcopy(root)
    for name in ("target-language", "trgLang"):
        for element in root.iter():
            element.attrib.pop(name, None)
    for (stated, source, target, _), is_opened in zip(list(segments(root)), opened):
        if not is_opened:
            continue
        if stated is not None:
            stated.attrib.pop("state", None)
            stated.attrib.pop("subState", None)
        if target is not None:
            target.getparent().remove(target)
    for note in [one for one in root.iter() if local(one) == "note"]:
        if note.get("from") == "malmoi" or note.get("category") == "malmoi":
            parent = note.getparent()
            parent.remove(note)
            if local(parent) == "notes" and not len(parent):
                parent.getparent().remove(parent)
    return [(str(one.tag), sorted(one.attrib.items()), (one.text or "").strip(), (one.tail or "").strip()) for one in root.iter()]


def xliff(source, result, standards):
    """What is wrong with a translated XLIFF file, and its numbers."""
    before, after = etree.parse(str(source), XML).getroot(), etree.parse(str(result), XML).getroot()
    old, new = list(segments(before)), list(segments(after))
    opened = [one[3] for one in old]
    numbers, wrong = collections.Counter(segments=len(old), filled=sum(opened)), []
    if len(old) != len(new):
        return [f"{len(old)} segments became {len(new)}"], numbers
    for (_, _, kept, is_opened), (stated, unit, target, _) in zip(old, new):
        if not is_opened:
            continue
        text, place = words(target, ()), f"line {unit.sourceline}"
        if "한빛" not in text:
            wrong.append(f"{place}: has no translation: {text[:60]!r}")
        state = stated.get("state") if stated is not None else None
        numbers["in doubt"] += state == "needs-review-translation" or bool(stated is not None and stated.get("subState"))
        if state not in ("translated", "needs-review-translation"):
            wrong.append(f"{place}: has the state {state}")
        inline = lambda element: collections.Counter(
            (local(one), one.get("id")) for one in element.iter() if one is not element and local(one) not in ("mrk", "sub"))
        if inline(unit) != inline(target):
            numbers["with other codes"] += 1
            wrong.append(f"{place}: has other codes: {inline(unit) - inline(target)}, {inline(target) - inline(unit)}")
    if without_work(before, opened) != without_work(after, opened):
        wrong.append("has changes elsewhere")
    rules = standards.violations(result)
    if rules and not standards.violations(source):
        wrong += [f"is no longer valid: {line}" for line in rules[:3]]
    numbers["valid"] += not rules
    return wrong, numbers


def compiles(path):
    told = subprocess.run(["msgfmt", "-c", "-o", os.devnull, str(path)], capture_output=True, text=True, check=False)
    return told.returncode == 0, told.stderr.strip()


def encoding_of(path):
    data = path.read_bytes()
    try:
        data.decode("utf-8")
        return "utf-8-sig"
    except UnicodeDecodeError:
        return "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else polib.detect_encoding(str(path))


def po(source, result):
    """What is wrong with a translated PO file, and its numbers."""
    # A header may declare another encoding than the file has; malmoi writes UTF-8.
    before, after = (polib.pofile(str(path), encoding=encoding_of(path)) for path in (source, result))
    numbers, wrong = collections.Counter(segments=len(before)), []
    if len(before) != len(after):
        return [f"{len(before)} entries became {len(after)}"], numbers
    for old, new in zip(before, after):
        same = ("msgid", "msgid_plural", "msgctxt", "comment", "occurrences", "obsolete")
        wrong += [f"line {new.linenum}: another {name}" for name in same if getattr(old, name) != getattr(new, name)]
        strings = list(old.msgstr_plural.values()) or [old.msgstr]
        now = list(new.msgstr_plural.values()) or [new.msgstr]
        is_open = not old.obsolete and ("fuzzy" in old.flags or not any(strings))
        if not is_open or not any(letter.isalpha() for letter in old.msgid + old.msgid_plural):
            if strings != now or old.flags != new.flags or old.tcomment != new.tcomment:
                wrong.append(f"line {new.linenum}: a translated entry has changed")
            continue
        numbers["filled"] += 1
        numbers["in doubt"] += "fuzzy" in new.flags
        forms = {at: old.msgid if at == 0 and len(strings) > 1 else old.msgid_plural or old.msgid for at in range(len(strings))}
        if not all("한빛" in one for at, one in enumerate(now) if any(letter.isalpha() for letter in forms[at])):
            wrong.append(f"line {new.linenum}: has no translation")
        if set(new.flags) - {"fuzzy"} != set(old.flags) - {"fuzzy"}:
            wrong.append(f"line {new.linenum}: other flags")
        if old.tcomment not in new.tcomment:
            wrong.append(f"line {new.linenum}: another comment")
    was, told = compiles(source)
    numbers["compiled before"] += was
    is_good, told = compiles(result)
    numbers["compiled"] += is_good
    if was and not is_good:
        wrong.append(f"no longer compiles: {told[:300]}")
    return wrong, numbers


def toolkit(path):
    """The file as translate-toolkit reads it."""
    if not is_po_file(path) and etree.parse(str(path), XML).getroot().get("version", "").startswith("2"):
        return Xliff2File.parsestring(path.read_bytes())
    return factory.getobject(str(path))


def is_comparable(path, is_po):
    """True if the other readers read the source: they do not know all that gettext allows."""
    try:
        polib.pofile(str(path), encoding=encoding_of(path)) if is_po else etree.parse(str(path), XML)
        toolkit(path)
        return True
    except Exception:  # noqa: BLE001, each reader has its own
        return False


def is_po_file(path):
    return path.suffix.lower() in (".po", ".pot")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("schemas", type=pathlib.Path)
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--at-most", type=int, default=400, help="files of each folder")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    standards = exchange.Standards(options.schemas.resolve())
    scratch = tempfile.TemporaryDirectory()
    out = (options.keep or pathlib.Path(scratch.name)).resolve()
    network = out / "model"
    network.mkdir(parents=True, exist_ok=True)
    model(network)
    environment = {"HOME": scratch.name, "MALMOI_DESK": "off", "PATH": os.environ["PATH"]}
    totals, refusals, failed = collections.defaultdict(collections.Counter), collections.Counter(), 0
    for folder in options.folders:
        files = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in exchange.ENDINGS | {".po", ".pot"}]
        random.Random(26).shuffle(files)
        for number, file in enumerate(sorted(files[:options.at_most])):
            is_po = is_po_file(file)
            kind = f"{folder.name} {'PO' if is_po else 'XLIFF'}"
            total = totals[kind]
            total["files"] += 1
            source = out / f"{folder.name}-{number}{file.suffix}"
            result = out / f"{folder.name}-{number}.ko{file.suffix}"
            data = file.read_bytes()
            source.write_bytes(data if is_po else exchange.in_english_and_korean(data))
            command = [options.program, "translate", source, "--from", "en", "--to", "ko", "--model", network, "--repair", "off",
                       "-o", result, "--force"]
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, timeout=600, check=False)
            if done.returncode != 0:
                reason = (done.stderr.strip().splitlines() or ["no reason"])[-1].replace(str(source), "")
                refusals[re.sub(r"\d+", "N", reason.replace(source.name, ""))[:160]] += 1
                total["refused"] += 1
                if "panic" in done.stderr or "left to translate" not in done.stderr:
                    print(f"{file}: {reason[:300]}")
                continue
            total["translated"] += 1
            if not is_comparable(source, is_po):
                total["not compared"] += 1
                continue
            try:
                wrong, numbers = po(source, result) if is_po else xliff(source, result, standards)
                store = toolkit(result)
                total["units of translate-toolkit"] += sum(unit.isheader() is False for unit in store.units)
            except Exception as error:  # noqa: BLE001, what other readers say of a file
                wrong, numbers = [f"is not read: {type(error).__name__}: {str(error)[:200]}"], {}
            total.update(numbers)
            if wrong:
                failed += 1
                total["wrong"] += 1
                print(f"{file} ({result.name}): {'; '.join(wrong[:4])}", flush=True)
    for kind, total in totals.items():
        print(f"{kind}: {', '.join(f'{count} {name}' for name, count in total.items())}")
    for reason, count in refusals.most_common():
        print(f"{count} refused: {reason}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
