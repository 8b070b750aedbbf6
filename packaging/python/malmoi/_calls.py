"""One text, one call."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Sequence

from ._program import flags, run_lines
from ._results import Finding, Result, findings


def summarize(
    text: str,
    *,
    to: str | None = None,
    source: str = "auto",
    model: str | None = None,
    sentences: int | None = None,
    style: str | None = None,
    register: str | None = None,
    glossary: str | Path | None = None,
    prompt: str | None = None,
    max_tokens: int | None = None,
    threads: int | None = None,
    download: bool = False,
    arguments: Sequence[str] = (),
) -> Result:
    """Summarizes an article, in its own language or in ``to`` (``en`` or ``ko``).

    ``source`` is the article's language, ``style`` is ``paragraph``, ``bullets`` or ``headline``,
    ``register`` the style of Korean (``handa``, ``hamnida``, ``haeyo``). ``download`` lets a missing
    model be fetched, however large. ``arguments`` are further options of ``malmoi summarize``.

    Raises:
        Error: no model, no text, an option that does not fit.
    """
    options = {
        "to": to,
        "from": source,
        "model": model,
        "sentences": sentences,
        "style": style,
        "register": register,
        "glossary": None if glossary is None else str(glossary),
        "prompt": prompt,
        "max_tokens": max_tokens,
        "threads": threads,
        "yes": download,
    }
    return _run("summarize", text, [*flags(options), *arguments])


def translate(
    text: str,
    *,
    to: str,
    source: str = "auto",
    model: str | None = None,
    register: str | None = None,
    glossary: str | Path | None = None,
    prompt: str | None = None,
    max_tokens: int | None = None,
    threads: int | None = None,
    download: bool = False,
    arguments: Sequence[str] = (),
) -> Result:
    """Translates an article into ``to`` (``en`` or ``ko``), paragraph by paragraph.

    The options are those of :func:`summarize`; ``arguments`` those of ``malmoi translate``.

    Raises:
        Error: no model, no text, an option that does not fit.
    """
    options = {
        "to": to,
        "from": source,
        "model": model,
        "register": register,
        "glossary": None if glossary is None else str(glossary),
        "prompt": prompt,
        "max_tokens": max_tokens,
        "threads": threads,
        "yes": download,
    }
    return _run("translate", text, [*flags(options), *arguments])


def check(
    source: str,
    output: str,
    *,
    task: str = "translation",
    glossary: str | Path | None = None,
    meaning: str | None = None,
    arguments: Sequence[str] = (),
) -> tuple[Finding, ...]:
    """Compares a translation, or with ``task="summary"`` a summary, with its source.

    ``meaning`` is the model that compares sentences, or ``off``; ``arguments`` are further options of
    ``malmoi check``.

    Raises:
        Error: an option that does not fit.
    """
    options = {
        "task": task,
        "glossary": None if glossary is None else str(glossary),
        "meaning": meaning,
    }
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, "source.txt"), Path(folder, "output.txt")]
        for path, text in zip(paths, (source, output)):
            path.write_text(text, encoding="utf-8")
        command = ["check", "--json", *flags(options), *arguments, *map(str, paths)]
        pairs = [json.loads(line) for line in run_lines(command) if line.strip()]
    # The last line sums up.
    return tuple(
        finding
        for pair in pairs
        if "index" in pair
        for finding in findings(pair, pair.get("source"), pair.get("output"))
    )


def _run(command: str, text: str, arguments: Sequence[str]) -> Result:
    lines = [*run_lines([command, "--json", "--quiet", *arguments, "-"], text)]
    return Result.of(json.loads(lines[-1]))
