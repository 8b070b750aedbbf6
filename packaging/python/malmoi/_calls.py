"""One text, one call."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Mapping, NamedTuple, Sequence

from ._program import Option, flags, run_lines
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
    return _run(
        "summarize",
        text,
        arguments,
        {"sentences": sentences, "style": style},
        _Common(to, source, model, register, glossary, prompt, max_tokens, threads, download),
    )


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
    return _run(
        "translate",
        text,
        arguments,
        {},
        _Common(to, source, model, register, glossary, prompt, max_tokens, threads, download),
    )


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


class _Common(NamedTuple):
    """Options of both tasks, in the order of their flags."""

    to: str | None
    source: str
    model: str | None
    register: str | None
    glossary: str | Path | None
    prompt: str | None
    max_tokens: int | None
    threads: int | None
    download: bool

    def flags(self) -> list[str]:
        renamed = {"source": "from", "download": "yes"}
        options: dict[str, Option] = {
            renamed.get(name, name): str(value) if isinstance(value, Path) else value
            for name, value in self._asdict().items()
        }
        return flags(options)


def _run(
    command: str,
    text: str,
    arguments: Sequence[str],
    own: Mapping[str, Option],
    common: _Common,
) -> Result:
    given = [*common.flags(), *flags(own), *arguments]
    lines = [*run_lines([command, "--json", "--quiet", *given, "-"], text)]
    return Result.of(json.loads(lines[-1]))
