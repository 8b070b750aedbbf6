#!/usr/bin/env python3
"""Holds files for translators' tools against their standards, and malmoi's writer against public
files of other tools.

    pip install lxml saxonche
    cargo build --release --example exchange    in the repository
    python exchange.py SCHEMAS FILE.tmx FILE.xliff …
        validates files
    python exchange.py SCHEMAS --convert PROGRAM FOLDER …
        converts all files of folders both ways, and validates what comes out

SCHEMAS is a folder with the schemas, which are not part of this repository. They are in `catalog/`
of github.com/rmraya/OpenXLIFF (tmx14.dtd, xliff_core_2.0.xsd of version 2.1,
xliff-core-1.2-strict.xsd) and in `xliff-21/schemas/` of github.com/oasis-tcs/xliff-xliff-22
(xliff_core_2.1.sch, the constraints that a schema cannot say). A schema that is missing is named,
and what it would check is skipped. PROGRAM is `target/release/examples/exchange`; files are read as
if they were in English and Korean.

What was converted once must come out the same, byte for byte, when it is converted again and again.
Exit status: 1 if anything is invalid.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

from lxml import etree

SCH = "{http://purl.oclc.org/dsdl/schematron}"
XSL = "http://www.w3.org/1999/XSL/Transform"
XLIFF_2 = "urn:oasis:names:tc:xliff:document:2.0"
ENDINGS = {".tmx", ".xlf", ".xliff", ".sdlxliff", ".mxliff", ".mqxliff"}
# A rule of the published constraints that contradicts the standard: it forbids `cp` for U+FFFE and U+FFFF, which XML cannot hold either.
CONTRADICTS = re.compile(r"value of 'hex' attribute")


def found(folder, name, beside=None):
    """The file of that name below a folder, in a folder that has `beside` as well."""
    for path in sorted(folder.rglob(name)):
        if beside is None or (path.parent / beside).exists():
            return path
    print(f"skipped: what {name} checks, which is not in {folder}", file=sys.stderr)
    return None


class Local(etree.Resolver):
    """Finds imported schemas beside the one that imports them, or by name, and opens no connection."""

    def __init__(self, folder):
        self.folder = folder

    def resolve(self, url, _id, context):
        path = pathlib.Path(url)
        if not path.exists():
            path = next(self.folder.rglob(path.name), None)
        return self.resolve_filename(str(path), context) if path else None


def schema(folder, path):
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local(folder))
    metadata = path.parent / "metadata.xsd"
    if not metadata.exists():
        return etree.XMLSchema(etree.parse(str(path), parser))
    both = (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:import namespace="{XLIFF_2}" schemaLocation="{path}"/>'
        f'<xs:import namespace="urn:oasis:names:tc:xliff:metadata:2.0" schemaLocation="{metadata}"/></xs:schema>'
    )
    return etree.XMLSchema(etree.fromstring(both, parser))


def constraints(path):
    """The rules of a Schematron file as a stylesheet that prints a line for each violation; None without Saxon."""
    try:
        import saxonche
    except ImportError:
        print("skipped: what xliff_core_2.1.sch checks; pip install saxonche", file=sys.stderr)
        return None
    rules = etree.parse(str(path), etree.XMLParser(no_network=True, resolve_entities=True)).getroot()
    spaces = {ns.get("prefix"): ns.get("uri") for ns in rules.iter(SCH + "ns")}
    out = etree.Element(f"{{{XSL}}}stylesheet", nsmap={"xsl": XSL, **spaces}, version="2.0")

    def add(parent, tag, **attributes):
        return etree.SubElement(parent, f"{{{XSL}}}{tag}", {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()})

    add(out, "output", method="text")
    start = add(out, "template", match="/")
    patterns = list(rules.iter(SCH + "pattern"))
    for number, pattern in enumerate(patterns):
        add(start, "apply-templates", select="/", mode=f"m{number}")
        own = list(pattern.iter(SCH + "rule"))
        for order, rule in enumerate(own):
            template = add(out, "template", match=rule.get("context"), mode=f"m{number}", priority=str(len(own) - order))
            for child in rule:
                if child.tag == SCH + "let":
                    add(template, "variable", name=child.get("name"), select=child.get("value"))
                elif child.tag in (SCH + "assert", SCH + "report"):
                    is_warning = "warn" in (child.get("role") or rule.get("role") or "")
                    test = child.get("test") if child.tag == SCH + "report" else f"not({child.get('test')})"
                    told = add(template, "if", test=test)
                    words = " ".join("".join(child.itertext()).split())
                    words = f"{'warning' if is_warning else 'error'} {pattern.get('id') or number}: {words}"
                    add(told, "text").text = words
                    add(told, "value-of", select="concat(' [', string-join(for $a in ancestor-or-self::* return concat(local-name($a), "
                                                 "if ($a/@id) then concat('=', $a/@id) else ''), '/'), ']&#10;')".replace("&#10;", "\n"))
            add(template, "apply-templates", mode=f"m{number}", select="node()")
        add(add(out, "template", match="text()|@*", mode=f"m{number}"), "sequence", select="()")
    processor = saxonche.PySaxonProcessor(license=False)
    compiled = processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=etree.tostring(out, encoding="unicode"))

    def check(text):
        lines = compiled.transform_to_string(xdm_node=processor.parse_xml(xml_text=text)) or ""
        return [line for line in lines.splitlines() if line.startswith("error") and not CONTRADICTS.search(line)]

    return check


class Standards:
    def __init__(self, folder):
        dtd = found(folder, "tmx14.dtd")
        first, second = found(folder, "xliff-core-1.2-strict.xsd"), found(folder, "xliff_core_2.0.xsd", "itsm.xsd")
        rules = found(folder, "xliff_core_2.1.sch")
        self.tmx = etree.DTD(str(dtd)) if dtd else None
        self.first = schema(folder, first) if first else None
        self.second = schema(folder, second) if second else None
        self.rules = constraints(rules) if rules else None

    def violations(self, path):
        """What is wrong with a file, by its standard."""
        try:
            tree = etree.parse(str(path), etree.XMLParser(no_network=True, resolve_entities=False, huge_tree=True))
        except etree.XMLSyntaxError as error:
            return [f"is not well-formed: {error}"]
        root = tree.getroot()
        if etree.QName(root).localname == "tmx":
            rules = [self.tmx] if self.tmx else []
        elif root.get("version", "").startswith("1"):
            rules = [self.first] if self.first else []
        else:
            rules = [self.second] if self.second else []
        wrong = []
        for rule in rules:
            if not rule.validate(tree):
                wrong += [f"line {error.line}: {error.message}" for error in rule.error_log]
        if self.rules and root.tag == f"{{{XLIFF_2}}}xliff":
            wrong += self.rules(etree.tostring(root, encoding="unicode"))
        return wrong


def in_english_and_korean(data):
    """A file with its languages replaced: the first one becomes English, all others Korean."""
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if data.startswith(mark):
            return mark + in_text(data[len(mark):].decode(encoding, "surrogateescape")).encode(encoding, "surrogateescape")
    return in_text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def in_text(text):
    header = re.search(r"\b(?:srclang|srcLang|source-language)\s*=\s*[\"']([^\"']*)", text)
    own = header.group(1) if header else ""
    own = own if own and own != "*all*" else next(iter(re.findall(r"\b(?:xml:)?lang\s*=\s*[\"']([^\"']+)", text)), "")

    def language(match):
        name, quote, code = match.groups()
        if name in ("srclang", "srcLang", "source-language"):
            new = code if code == "*all*" else "en"
        elif name in ("trgLang", "target-language"):
            new = "ko"
        else:
            new = "en" if code.lower() == own.lower() else "ko"
        return f"{name}={quote}{new}{quote}"

    text = re.sub(r"\b(srclang|srcLang|source-language|trgLang|target-language|xml:lang|lang)\s*=\s*([\"'])([^\"']*)\2", language, text)
    for element, new in (("source|seg-source", "en"), ("target", "ko")):
        text = re.sub(rf"(<(?:\w+:)?(?:{element})\b[^>]*?xml:lang=)[\"'][^\"']*[\"']", rf'\1"{new}"', text)
    # Files without a language of their targets get one.
    text = re.sub(r"(<(?:\w+:)?file\b(?![^>]*target-language)[^>]*source-language=[\"'][^\"']*[\"'])", r'\1 target-language="ko"', text)
    return re.sub(r"(<(?:\w+:)?xliff\b(?![^>]*trgLang)[^>]*srcLang=[\"'][^\"']*[\"'])", r'\1 trgLang="ko"', text)


def converted(program, source, target):
    """The first number that the program says: units."""
    told = subprocess.run([program, str(source), str(target)], capture_output=True, text=True)
    if told.returncode:
        return None, told.stderr.strip()
    return int(told.stdout.split()[0]), told.stderr.strip()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("schemas", type=pathlib.Path)
    options.add_argument("--convert", metavar="PROGRAM", type=lambda path: pathlib.Path(path).resolve())
    options.add_argument("paths", nargs="+", type=pathlib.Path)
    options = options.parse_args()
    standards = Standards(options.schemas.resolve())
    files = sorted(file for path in options.paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.suffix in ENDINGS)
    figures, kinds = collections.Counter(), collections.Counter()

    def validate(path, name):
        figures["validated"] += 1
        wrong = standards.violations(path)
        figures["invalid"] += bool(wrong)
        for line in wrong[:5]:
            kinds[re.sub(r"\d+", "N", line.split(" [")[0])[:150]] += 1
            print(f"{name}: {line}")

    if not options.convert:
        for file in files:
            validate(file, file)
    else:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            for file in files:
                source = folder / ("a" + file.suffix)
                source.write_bytes(in_english_and_korean(file.read_bytes()))
                figures["files"] += 1
                for form in ("tmx", "xliff"):
                    first, again, third = (folder / f"{name}.{form}" for name in ("first", "again", "third"))
                    units, told = converted(options.convert, source, first)
                    if units is None:
                        figures["refused"] += 1
                        print(f"{file}: {told}")
                        break
                    figures[f"units to {form}"] += units
                    validate(first, f"{file} to {form}")
                    # The second time units have ids; from then on they stay the same.
                    count, _ = converted(options.convert, first, again)
                    converted(options.convert, again, third)
                    if count != units or again.read_bytes() != third.read_bytes():
                        figures["changed"] += 1
                        print(f"{file} to {form}: {units} units became {count}, or others, when they were read and written again")
    for kind, count in kinds.most_common():
        print(f"{count} times: {kind}", file=sys.stderr)
    print(", ".join(f"{name}: {count}" for name, count in figures.items()), file=sys.stderr)
    return 1 if figures["invalid"] or figures["changed"] else 0


if __name__ == "__main__":
    sys.exit(main())
