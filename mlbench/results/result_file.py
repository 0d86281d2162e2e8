"""Result files: the only place that writes and reads them.

What is compared between two runs lies under ``results`` and is the same, byte for byte, whenever
the same firmware was measured. What differs from run to run (when, how long) lies under ``run``.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from mlbench.errors import EnvironmentFault, UsageError
from mlbench.host.streams import lost_output
from mlbench.results.codec import decode, encode
from mlbench.results.schemas import result_schema
from mlbench.results.values import Result
from mlbench.util.own_files import OWN_PREFIX
from mlbench.util.schema import violations
from mlbench.util.strict_json import load

SCHEMA = "mlbench/result/1"
_FAMILY = "mlbench/result/"


@dataclass(frozen=True)
class RunInfo:
    """What is particular to one run and never compared."""

    version: str
    """Version of mlbench."""
    started: str = ""
    """UTC, ISO 8601."""
    seconds: float = 0.0
    """Host time of the whole run."""
    complete: bool = True
    """False while some of the suite is still to be measured, so in the file of a run that was ended."""


@dataclass(frozen=True)
class Document:
    """One result file."""

    results: tuple[Result, ...]
    run: RunInfo


def to_json(document: Document) -> str:
    """The text of a result file: ASCII only, ends with a line break."""
    return _text([_entry(result) for result in document.results], document.run)


def _entry(result: Result) -> tuple[str, str]:
    """A result's texts below ``results`` and below ``jobs``."""
    data = encode(result)
    seconds = dict(data.pop("seconds"))
    key = {"sketch": result.sketch, "board": result.board, "backend": result.backend}
    job = {**key, "seconds": seconds, "cached": data.pop("cached")}
    return _json(data), _json(job)


def _text(entries: Sequence[tuple[str, str]], run: RunInfo) -> str:
    results, jobs = (_listed(texts) for texts in zip(*entries, strict=True)) if entries else ("[]", "[]")
    whole = _indented(_json(encode(run)).removesuffix("\n}") + f',\n  "jobs": {_indented(jobs)}\n}}')
    return f'{{\n  "schema": {_json(SCHEMA)},\n  "results": {_indented(results)},\n  "run": {whole}\n}}\n'


def _listed(texts: Sequence[str]) -> str:
    return "[" + ",".join(f"\n  {_indented(text)}" for text in texts) + "\n]"


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, allow_nan=False)


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")  # within a string of JSON there is no line break


class PartialFile:
    """A result file that holds what is finished while more is measured, written anew with each result.

    Each is put into words once: a suite of hundreds is written hundreds of times. What goes wrong with the
    file is told when all is finished, by ``write``.
    """

    def __init__(self, destination: str, run: Callable[[], RunInfo]) -> None:
        self._path, self._run = Path(destination), run
        self._entries: dict[int, tuple[str, str]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def add(self, number: int, result: Result) -> None:
        """Add a result, at its place among all."""
        entry = _entry(result)
        with self._lock:
            self._entries[number] = entry
            if not self._closed:
                run = replace(self._run(), complete=False)
                with suppress(OSError):
                    _replace(
                        self._path, _text([e for _, e in sorted(self._entries.items())], run), sync=False
                    )

    def close(self) -> None:
        """Write no more; what is being written is finished first."""
        with self._lock:
            self._closed = True


def from_json(text: str, where: str) -> Document:
    """Read a result file's text. ``where`` names it in messages.

    Raises:
        UsageError: it is not JSON, not a result, or of a newer format.
    """
    data = load(text, where, "measure again")
    schema = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(schema, str) or not schema.startswith(_FAMILY):
        raise UsageError("not a result file", where=where, do=f'give a file with "schema": "{SCHEMA}"')
    if schema != SCHEMA:
        what = f"a result file of the format {schema!r}, this version reads {SCHEMA!r}"
        raise UsageError(what, where=where, do="update mlbench")
    for violation in violations(data, result_schema()):
        raise UsageError(f"not a valid result file: {violation.what}", where=where, do="measure again")
    try:
        return _from_data(data)
    except UsageError as error:
        raise UsageError(error.what, where=where, do=error.do) from None


def _from_data(data: dict[str, Any]) -> Document:
    jobs = {(job["sketch"], job["board"], job["backend"]): job for job in data["run"].get("jobs", [])}
    results = []
    for entry in data["results"]:
        result = decode({key: value for key, value in entry.items() if key != "seconds"}, Result)
        job = jobs.get((result.sketch, result.board, result.backend), {})
        seconds = tuple(job.get("seconds", {}).items())
        results.append(replace(result, seconds=seconds, cached=job.get("cached", False)))
    return Document(tuple(results), decode(data["run"], RunInfo))


def read(path: Path) -> Document:
    """Read a result file.

    Raises:
        UsageError: it cannot be read, or is no result file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        what = f"cannot read the results: {error.strerror or error}"
        raise UsageError(what, where=str(path), do="name a file that exists") from None
    except UnicodeDecodeError:
        raise UsageError("not a result file", where=str(path), do="name a result file") from None
    return from_json(text, str(path))


def write(document: Document, destination: str, stdout: TextIO | None = None) -> None:
    """Write a result file; ``-`` stands for standard output.

    A file is replaced in one step: whoever reads it sees the old one or the new one, and when
    writing fails the old one stays.

    Raises:
        EnvironmentFault: it could not be written.
    """
    write_text(to_json(document), destination, stdout)


def write_text(text: str, destination: str, stdout: TextIO | None = None) -> None:
    """Write a report in one step, as ``write`` does.

    Raises:
        EnvironmentFault: it could not be written.
    """
    if destination == "-":
        _print(text, stdout or sys.stdout)
        return
    path = Path(destination)
    try:
        _replace(path, text)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        reassurance = ", the file that was there is unchanged" if path.is_file() else ""
        what = f"cannot write the results: {error.strerror or error}{reassurance}"
        do = "free some space" if full else "choose another place with --json"
        raise EnvironmentFault(what, where=destination, do=do) from None


def _print(text: str, out: TextIO) -> None:
    error: OSError | None = None
    try:
        out.write(text)
        out.flush()
        error = lost_output(out)
    except OSError as raised:
        error = raised
    if error is not None:
        what = f"cannot write the results: {error.strerror or error}"
        raise EnvironmentFault(what, where="standard output", do="name a file with --json") from None


def _replace(path: Path, text: str, *, sync: bool = True) -> None:
    target = path.resolve()  # a symbolic link stays one, its target is replaced
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8") as out:  # /dev/stdout, a pipe: nothing to keep
            out.write(text)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # A run may be reading this folder's sources: whatever has this prefix is none.
    temporary = target.with_name(f"{OWN_PREFIX}{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            if sync:
                os.fsync(out.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
