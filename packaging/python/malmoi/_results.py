"""What the program says of a result, as typed data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping


@dataclass(frozen=True)
class Finding:
    """A difference between a result and its source, or a note on how the result was made."""

    #: Name of the check: ``numbers``, ``names``, ``negation`` …
    check: str
    #: Kind of the difference: ``number_invented``, ``name_dropped`` …
    kind: str
    #: ``critical``, ``major`` or ``minor``.
    severity: str
    #: A sentence in English, and the same in Korean.
    message: str
    message_ko: str
    #: Index of the segment, if it is about one.
    segment: int | None
    #: The words it is about, in the source and in the output, where they are known.
    source: str | None
    output: str | None
    #: True for a doubt, which an editor should look at.
    is_doubt: bool
    #: The object as the program wrote it: spans in UTF-8 bytes, values, the hash.
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any], source: str | None, output: str | None) -> Finding:
        """Reads a finding about these texts; unknown keys stay in ``raw``."""
        message = raw["message"]
        return cls(
            check=raw["check"],
            kind=raw.get("kind", ""),
            severity=raw["severity"],
            message=message,
            message_ko=raw.get("message_ko", message),
            segment=raw.get("segment"),
            source=_words(source, raw.get("source")),
            output=_words(output, raw.get("output")),
            # Notes have no hash to be dismissed by.
            is_doubt=bool(raw.get("hash")) and not raw.get("dismissed", False),
            raw=raw,
        )


def _words(text: str | None, span: Mapping[str, Any] | None) -> str | None:
    """The words of a span in UTF-8 bytes."""
    if text is None or span is None:
        return None
    return text.encode()[span["start"] : span["end"]].decode(errors="replace")


def findings(
    raw: Mapping[str, Any], source: str | None = None, output: str | None = None
) -> tuple[Finding, ...]:
    """Findings of a result, with the words of its segments, or else of its whole texts."""
    segments = raw.get("segments") or raw.get("pairs") or ()

    def read(finding: Mapping[str, Any]) -> Finding:
        at = finding.get("segment")
        if at is None or at >= len(segments):
            return Finding.of(finding, source, output)
        return Finding.of(finding, segments[at].get("source"), segments[at].get("text"))

    return tuple(map(read, raw.get("findings", ())))


@dataclass(frozen=True)
class Tokens:
    """Tokens of the model: of the article, of the part that it read, and written."""

    input: int
    seen: int
    output: int


@dataclass(frozen=True)
class Result:
    """A summary or a translation, with what the checks found in it."""

    text: str
    model: str
    findings: tuple[Finding, ...]
    tokens: Tokens
    #: Why the last segment ended: ``stop``, or ``length`` if it was cut.
    finish: str
    #: The object as the program wrote it.
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Result:
        """Reads a result; keys that this version does not know stay in ``raw``."""
        tokens = raw["tokens"]
        return cls(
            text=raw["text"],
            model=raw["model"],
            findings=findings(raw, output=raw["text"]),
            tokens=Tokens(tokens["input"], tokens["seen"], tokens["output"]),
            finish=raw["finish"],
            raw=raw,
        )

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """Findings that an editor should look at."""
        return tuple(finding for finding in self.findings if finding.is_doubt)
