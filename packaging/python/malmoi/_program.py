"""The program: where it is, how it is run, and what it says when it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Iterator, Mapping, Sequence, Union

#: Value of an option of the program.
Option = Union[str, int, float, bool, None]

#: Exit statuses of a finished run: 1 is "done, and ``--strict`` found something".
_FINISHED = (0, 1)


class Error(Exception):
    """The program refused or failed; the text is its own message, with its hint."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        #: Exit status of the program; negative: the signal that ended it.
        self.status = status


def find_program() -> str:
    """Path of the program: ``MALMOI_PROGRAM``, else the one of this installation, else on ``PATH``.

    Raises:
        FileNotFoundError: there is none.
    """
    named = os.environ.get("MALMOI_PROGRAM")
    if named:
        return named
    name = "malmoi" + (sysconfig.get_config_var("EXE") or "")
    schemes = (None, f"{os.name}_user")
    for scheme in schemes:
        folder = sysconfig.get_path("scripts", scheme) if scheme else sysconfig.get_path("scripts")
        # A folder named by `pip install --target` has its programs in `bin`.
        for candidate in (Path(folder) / name, Path(__file__).parent.parent / "bin" / name):
            if candidate.is_file():
                return str(candidate)
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(
            "the program malmoi was not found; install the wheel again, or set MALMOI_PROGRAM"
        )
    return found


def version() -> str:
    """Version of the program."""
    return "".join(run_lines(["--version"])).split()[-1]


def run_lines(arguments: Sequence[str], text: str | None = None) -> Iterator[str]:
    """Runs the program on ``text`` as standard input, and yields its lines as they come.

    A caller that stops reading, or is interrupted, ends the program.

    Raises:
        Error: the program failed.
    """
    command = [find_program(), *arguments]
    # Files, so that neither side can wait for the other with full pipes.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as notes:
        if text is not None:
            given.write(text.encode())
            given.seek(0)
        process = subprocess.Popen(
            command,
            stdin=given if text is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=notes,
            encoding="utf-8",
        )
        assert process.stdout is not None
        try:
            yield from process.stdout
            status = process.wait()
        finally:
            process.stdout.close()
            if process.poll() is None:
                _stop(process)
        if status not in _FINISHED:
            notes.seek(0)
            raise Error(_message(notes.read().decode(errors="replace"), status), status)


def _stop(process: subprocess.Popen[str]) -> None:
    """Asks the program to stop, as Ctrl-C does, and waits: a batch commits what is done."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _message(notes: str, status: int) -> str:
    """The error and its hint among the notes on standard error."""
    lines = notes.strip().splitlines()
    first = next((at for at, line in enumerate(lines) if line.startswith("error:")), None)
    if first is None:
        return "\n".join(lines[-3:]) or f"malmoi ended with status {status}"
    return "\n".join([lines[first][len("error:") :].strip(), *lines[first + 1 :]])


def flags(options: Mapping[str, Option]) -> list[str]:
    """Options as flags: ``max_tokens=9`` is ``--max-tokens 9``; ``True`` is the flag alone."""
    arguments = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            arguments.append(flag)
        elif value is not None and value is not False:
            # One argument, so that a value can begin with a dash.
            arguments.append(f"{flag}={value}")
    return arguments
