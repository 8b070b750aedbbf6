"""HWPX files against the schemas of OWPML, with xmllint.

Hancom Office's own files are not quite valid by the published schemas, so a translation may have no
error that its source has not.
"""
import collections
import pathlib
import re
import subprocess
import tempfile
import zipfile

# The namespaces of the standard of 2024, and those that Hancom Office writes.
NAMESPACES = ("http://www.owpml.org/owpml/2024/", "http://www.hancom.co.kr/hwpml/2011/")
XML = """<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
<attribute name="space" type="string"/><attribute name="lang" type="string"/></schema>"""


def prepared(schemas, folder):
    """Copies `Body XML schema.xml` and those that it imports under names that xmllint resolves."""
    for name in ("Body", "ParaList", "Core"):
        text = (schemas / f"{name} XML schema.xml").read_text(encoding="utf-8-sig")
        text = text.replace(*NAMESPACES).replace(' XML schema.xml"', '.xsd"')
        text = text.replace('"http://www.w3.org/2001/xml.xsd"', '"xml.xsd"')
        (folder / f"{name}.xsd").write_text(text, encoding="utf-8")
    (folder / "xml.xsd").write_text(XML, encoding="utf-8")
    return folder / "Body.xsd"


def errors(file, schema):
    """The errors of a file's sections, each with its number."""
    found = collections.Counter()
    package = zipfile.ZipFile(file)
    for name in filter(re.compile(r"Contents/section\d+\.xml").fullmatch, package.namelist()):
        command = ["xmllint", "--noout", "--nonet", "--huge", "--schema", schema, "-"]
        done = subprocess.run(command, input=package.read(name), capture_output=True, timeout=600, check=False)
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        found.update(line.split(": ", 1)[1] for line in lines if "error :" in line)
    return found


def compare(pairs, schemas, counts):
    """The translations with errors that their sources have not."""
    with tempfile.TemporaryDirectory() as folder:
        schema = prepared(schemas, pathlib.Path(folder))
        for source, target in pairs:
            before, after = errors(source, schema), errors(target, schema)
            counts["errors of schema in sources"] += before.total()
            counts["in results"] += after.total()
            if more := after - before:
                yield f"{target.name}: against the schema: {dict(more)}"
