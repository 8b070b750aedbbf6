#!/usr/bin/env python3
"""Compares the list of crates in a wheel with those that cargo builds the program of.

    packaging/check_sbom.py dist/malmoi-….whl
"""

import json
import pathlib
import subprocess
import sys
import zipfile


def main() -> None:
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".cyclonedx.json"))
        bom = json.loads(wheel.read(name))
    listed = {(part["name"], part["version"]) for part in bom["components"]}
    tree = ["cargo", "tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]
    folder = pathlib.Path(__file__).parent
    lines = subprocess.run(
        [*tree, "--target", "x86_64-unknown-linux-gnu"], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    words = (line.split() for line in lines.splitlines() if line.strip())
    built = {(word[0], word[1].removeprefix("v")) for word in words} - {("malmoi", bom["metadata"]["component"]["version"])}
    for crate in sorted(built - listed):
        print("not listed:", *crate)
    if built - listed:
        sys.exit(1)
    print(f"{len(built)} crates are built, and all are listed ({len(listed)} in the list)")


main()
