"""Many texts: a folder of results that can be continued after any interruption."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence

from ._program import Option, flags, run_lines
from ._results import Finding, findings


@dataclass(frozen=True)
class Progress:
    """How far a batch is, about once a second and at the end."""

    #: Items done in this run, with doubts among them, and failed.
    done: int
    doubtful: int
    failed: int
    #: Items known and not done yet; more may come unless ``complete``.
    waiting: int
    complete: bool
    #: The object as the program wrote it.
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Progress:
        """Reads an event ``progress`` or ``end``."""
        counts = event["progress"] if event["event"] == "progress" else event["run"]
        return cls(
            done=counts["done"],
            doubtful=counts["doubtful"],
            failed=counts["failed"],
            waiting=counts.get("waiting", 0),
            complete=event.get("complete", counts.get("complete", False)),
            raw=event,
        )


@dataclass(frozen=True)
class Part:
    """The translation or the summary of an item."""

    text: str
    model: str
    title: str | None
    findings: tuple[Finding, ...]

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """Findings that an editor should look at."""
        return tuple(finding for finding in self.findings if finding.is_doubt)


@dataclass(frozen=True)
class Item:
    """An item of a batch: a file, a record of an archive, an article of a feed."""

    id: str
    #: The file or address that it came from.
    input: str
    title: str | None
    #: The whole text of the source.
    source: str
    translation: Part | None
    summary: Part | None
    #: The object as the program wrote it.
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Item:
        """Reads a line of ``items.jsonl``; unknown keys stay in ``raw``."""

        def part(value: Mapping[str, Any] | None) -> Part | None:
            if value is None:
                return None
            found = findings(value, raw["source"], value["text"])
            return Part(value["text"], value["model"], value.get("title"), found)

        return cls(
            id=raw["id"],
            input=raw["input"],
            title=raw.get("title"),
            source=raw["source"],
            translation=part(raw.get("translation")),
            summary=part(raw.get("summary")),
            raw=raw,
        )


class Batch:
    """A run over files, folders, JSON Lines and CSV, whose results are files in a folder.

    The same batch run again does only what is new or changed, also after it was killed.
    """

    def __init__(
        self,
        inputs: Sequence[str | Path],
        output: str | Path,
        *,
        to: str,
        translate: bool = True,
        summarize: bool = True,
        model: str | None = None,
        sentences: int | None = None,
        glossary: str | Path | None = None,
        at_once: int | None = None,
        threads: int | None = None,
        retry: bool = False,
        download: bool = False,
        arguments: Sequence[str] = (),
    ) -> None:
        """``to`` is ``en`` or ``ko``; ``retry`` does failed items again; ``arguments`` are further
        options of ``malmoi batch``."""
        if not (translate or summarize):
            raise ValueError("a batch translates, summarizes, or both")
        self.inputs = [Path(path) for path in inputs]
        self.output = Path(output)
        options: dict[str, Option] = {
            "to": to,
            "translate": translate and not summarize,
            "summarize": summarize and not translate,
            "model": model,
            "sentences": sentences,
            "glossary": None if glossary is None else str(glossary),
            "at_once": at_once,
            "threads": threads,
            "retry": retry,
            "yes": download,
        }
        self._arguments = [*flags(options), *arguments]

    def run(self, on_progress: Callable[[Progress], None] | None = None) -> Progress:
        """Does what is to do, and returns the last counts.

        An interruption stops the program after it has kept what is done.

        Raises:
            Error: an input that cannot be read, an output folder of another run, a full disk.
        """
        command = ["batch", "--json", "--quiet", *self._arguments, "--output", str(self.output)]
        progress = None
        for line in run_lines([*command, "--", *map(str, self.inputs)]):
            event = json.loads(line)
            if event.get("event") in ("progress", "end"):
                progress = Progress.of(event)
                if on_progress is not None:
                    on_progress(progress)
        assert progress is not None, "a run ends with an event"
        return progress

    def results(self) -> Iterator[Item]:
        """Finished items, in the order of the inputs."""
        with open(self.output / "items.jsonl", encoding="utf-8") as lines:
            yield from (Item.of(json.loads(line)) for line in lines)

    def failures(self) -> Iterator[Mapping[str, Any]]:
        """What could not be read or done, as the program wrote it: place and reason."""
        path = self.output / "failed.jsonl"
        if path.exists():
            with open(path, encoding="utf-8") as lines:
                yield from map(json.loads, lines)
