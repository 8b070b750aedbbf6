#!/usr/bin/env python3
"""Whether two versions of malmoi compute the same bits.

    python benches/same_bits.py OLD NEW MODEL...

OLD and NEW are checkouts whose `benches/` has `fingerprint`; each is built and run over every fixture of
NEW and over the MODELs (GGUF files), and their lines are compared: logits by hash, token ids one by one.
Then `malmoi` of both summarizes and translates every example article with each MODEL, and the JSON lines
are compared without `seconds` and without the wording of findings. Exit status 1 and a list of what
differs, or a line that counts.
"""

import json
import os
import pathlib
import subprocess
import sys


def built(checkout: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Builds both programs of a checkout: (`fingerprint`, `malmoi`)."""
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=checkout, check=True)
    subprocess.run(
        ["cargo", "build", "--release", "--quiet", "--bin", "fingerprint"], cwd=checkout / "benches", check=True
    )
    shared = os.environ.get("CARGO_TARGET_DIR")
    target = pathlib.Path(shared) if shared else checkout / "target"
    benches = pathlib.Path(shared) if shared else checkout / "benches/target"
    return benches / "release/fingerprint", target / "release/malmoi"


def fixtures(checkout: pathlib.Path) -> list[str]:
    """Folders and files of `tests/fixtures` that hold a network."""
    root = checkout / "tests/fixtures"
    folders = [path.parent for path in sorted(root.rglob("config.json")) if "pickle" not in path.parts]
    return [str(path) for path in folders + sorted(root.rglob("*.gguf"))]


def fingerprints(program: pathlib.Path, models: list[str]) -> list[str]:
    run = subprocess.run([program, *models], check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    for line in lines:
        # The two kinds of arithmetic come in the same order; their names are words.
        line.pop("precision", None)
    return [json.dumps(line) for line in lines]


def texts(program: pathlib.Path, checkout: pathlib.Path, models: list[str]) -> list[str]:
    """The results of the command line, without the time they took and the wording of findings."""
    lines = []
    for model in models:
        for article in sorted((checkout / "examples/articles").glob("*.txt")):
            for task in (["summarize"], ["translate", "--to", "ko"]):
                command = [program, *task, article, "--model", model, "--json", "--quiet", "--max-tokens", "96"]
                run = subprocess.run(command, capture_output=True, text=True)
                for line in run.stdout.splitlines():
                    result = json.loads(line)
                    result.pop("seconds")
                    for finding in result["findings"]:
                        finding.pop("message")
                    lines.append(json.dumps([pathlib.Path(model).name, article.name, task, result], ensure_ascii=False))
                lines.append(f"{pathlib.Path(model).name} {article.name} {task} exit status {run.returncode}")
    return lines


def main() -> int:
    old, new = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    models = [str(pathlib.Path(path).resolve()) for path in sys.argv[3:]]
    programs = [built(old), built(new)]
    every = fixtures(new) + models
    results = [fingerprints(fingerprint, every) + texts(malmoi, new, models) for fingerprint, malmoi in programs]
    differ = [pair for pair in zip(*results, strict=True) if pair[0] != pair[1]]
    for before, after in differ:
        print(f"- {before}\n+ {after}")
    print(f"{len(results[0])} lines of {len(every)} models, {len(differ)} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
