"""Firmware that is built on one machine and measured on another: the only place that writes and reads it.

A folder holds one folder for each sketch and board: ``firmware.json`` (``firmware.schema.json``), the plain
image and the one for probes, and below ``upload`` what is put onto a board. A sketch that could not be built
has its failure there, so that none is lost on the way.

Whoever reads it trusts nothing in it: what is named is looked up as plain files of bounded size, and copied
to a place of one's own while it is held against its hash. How a board is talked to comes from the reader's
own definition of it, thresholds from the reader's own suite. What is left to the writer are the images and
what to call them: figures of a stranger's firmware are the stranger's word.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from mlbench.boards import board_for
from mlbench.core import backends
from mlbench.core.execution import Functions, OutputBuffer
from mlbench.core.firmware import BoardImage, BuildKeys, Diagnostic, Firmware, MemoryLimits, Overflow
from mlbench.core.inputs import TypedText
from mlbench.errors import EnvironmentFault, MLBenchError, UsageError
from mlbench.firmware.board_harness import UPLOADED
from mlbench.firmware.workspace import safe_name
from mlbench.pipeline.portable_paths import portable, user_file
from mlbench.pipeline.run import BuildOutcome
from mlbench.results.codec import decode, encode
from mlbench.results.values import Failure
from mlbench.suite.inputs import InputFiles, refused_sensors
from mlbench.suite.suite_file import SketchSpec, Source
from mlbench.util.schema import load_schema, violations
from mlbench.util.strict_json import load
from mlbench.util.text import elide, printable
from mlbench.util.untrusted_dir import NAME, Folder

SCHEMA = "mlbench/firmware/1"
FILE = "firmware.json"
UPLOAD = "upload"
UNFINISHED = ".mlbench-unfinished"
"""In a folder that a build has not finished, or was killed in."""
_ENTRY = re.compile("[0-9]{3}-")
MOST_ENTRIES = 200
MOST_JSON = 1 << 20
MOST_TOTAL = 1 << 30
"""Bytes of all files together; ``firmware.schema.json`` bounds each of them, and their number."""
_MOST_TEXT, _MOST_LISTED, _MOST_DIAGNOSTICS = 2000, 100, 50
_BUILD = "build it anew with `mlbench build --firmware-dir`"
_UNKNOWN = "unknown"
"""Stands for the board of an entry that does not say it in a usable form."""


class Recorded(MLBenchError):
    """What went wrong where it was built."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.diagnostics = failure.diagnostics
        self.exit_status = failure.exit_status


@dataclass(frozen=True)
class Found:
    """One entry of a folder. ``error`` says why it cannot be used, where it cannot."""

    spec: SketchSpec
    folder: str = ""
    overhead: int | None = None
    note: str = ""
    error: MLBenchError | None = None
    data: Mapping[str, Any] | None = None
    """What its ``firmware.json`` says, checked."""

    @property
    def bytes(self) -> int:
        """Size of all its files, as it says."""
        return sum(file["size"] for file in self.data["files"]) if self.data else 0


# --- writing -------------------------------------------------------------------------------------------


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """The folder to write into, made if it is not there. What ends early leaves nothing: half is no bundle.

    What a killed build has left in it is removed. A file marks it as long as it is written to.

    Raises:
        UsageError: there is something in it: a firmware bundle must come from one build.
        EnvironmentFault: it cannot be written, or the disk is full.
    """
    try:
        was_there = path.is_dir()
        path.mkdir(parents=True, exist_ok=True)
        with _mark(path) as marker:
            try:
                yield path
                marker.unlink()
            except BaseException:
                _empty(path)
                marker.unlink(missing_ok=True)
                if not was_there:
                    with suppress(OSError):
                        path.rmdir()
                raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise EnvironmentFault(f"cannot be written ({reason})", where=str(path), do="name another") from error


@contextmanager
def _mark(path: Path) -> Iterator[Path]:
    """Mark an empty folder as one that is being written to: by a locked file, which no process outlives.

    Raises:
        UsageError: there is something in it, or another process writes to it.
    """
    marker = path / UNFINISHED
    theirs = [entry for entry in path.iterdir() if not _ENTRY.match(entry.name) and entry != marker]
    if theirs or (any(path.iterdir()) and not marker.is_file()):
        do = "name a new folder, or empty this one"
        raise UsageError("there is something in it already", where=str(path), do=do)
    handle = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            do = "wait for it, or name another folder"
            raise UsageError("another build writes to it", where=str(path), do=do) from None
        _empty(path)
        yield marker
    finally:
        os.close(handle)


def _empty(path: Path) -> None:
    """Remove the entries: the folder was empty when the mark was put there, so they are ours."""
    for entry in path.iterdir():
        if _ENTRY.match(entry.name):
            shutil.rmtree(entry, ignore_errors=True)


def write_entry(folder: Path, number: int, outcome: BuildOutcome) -> Failure | None:
    """Write one entry; gives its failure, where it has one. Raises OSError."""
    data, files = _data(outcome), _files(outcome.firmware)
    broken = next(violations(data, load_schema("mlbench.pipeline", "firmware.schema.json")), None)
    refused = broken.what if broken is not None else _unhandy(files)
    if refused:
        what = f"{outcome.spec.name} cannot go into a firmware bundle: {refused}"
        failure = Failure(elide(what, _MOST_TEXT), exit_status=2)
        name = elide(outcome.spec.name, 100) or _UNKNOWN
        spec = SketchSpec(name, Path(), outcome.spec.board, outcome.spec.source)
        outcome, files = BuildOutcome(spec, failure=failure), {}
        data = _data(outcome)
    slug = re.sub(r"[^A-Za-z0-9_-]+", "_", outcome.spec.name)[:60]
    entry = folder / f"{number:03}-{slug}"
    entry.mkdir()
    listed = []
    for (upload, name), origin in files.items():
        target = entry / UPLOAD / name if upload else entry / name
        target.parent.mkdir(exist_ok=True)
        content = origin.read_bytes()
        target.write_bytes(content)
        listed.append(
            {
                "name": name,
                "upload": upload,
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    data["files"] = listed
    (entry / FILE).write_text(json.dumps(data, indent=1) + "\n", encoding="ascii")
    return outcome.failure


def _files(firmware: Firmware | None) -> dict[tuple[bool, str], Path]:
    """The files of a firmware: whether below ``upload``, and their names there."""
    if firmware is None:
        return {}
    files = {(False, _elf(firmware)): firmware.elf, (False, _elf(firmware, probe=True)): firmware.probe_elf}
    if firmware.board is not None:
        for path in sorted(firmware.board.folder.iterdir()):
            files[True, path.name] = path
    return files


def _elf(firmware: Firmware, *, probe: bool = False) -> str:
    own = probe and firmware.probe_elf != firmware.elf
    return f"{re.sub('^[^A-Za-z0-9_]', '_', safe_name(firmware.name))[:100]}{'-probe' if own else ''}.elf"


def _unhandy(files: Mapping[tuple[bool, str], Path]) -> str:
    """Why its files could not be read again; empty where they can."""
    schema = load_schema("mlbench.pipeline", "firmware.schema.json")["properties"]["files"]
    most = schema["items"]["properties"]["size"]["maximum"]
    if len(files) > schema["maxItems"]:
        return f"there are more than {schema['maxItems']} files to upload"
    for (upload, name), path in files.items():
        if not NAME.fullmatch(name) or (upload and path.suffix not in UPLOADED):
            return f"a file is called {name!r}"
        if path.stat().st_size > most:
            return f"{name} is larger than {most:,} bytes"
    return ""


def _data(outcome: BuildOutcome) -> dict[str, Any]:
    spec, firmware, failure = outcome.spec, outcome.firmware, outcome.failure
    functions = spec.functions
    return {
        "schema": SCHEMA,
        "name": spec.name,
        "board": spec.board,
        "sketch": _cut(user_file(str(firmware.source), outcome.project) if firmware else str(spec.sketch)),
        "functions": {
            "init": functions.init,
            "inference": functions.inference,
            "outputs": [
                {"symbol": output.symbol, "bytes": output.bytes}
                if output.arg is None
                else {"arg": output.arg, "bytes": output.bytes}
                for output in functions.outputs
            ],
            "returns": functions.returns,
        },
        "marks": spec.marks,
        "inferences": spec.inferences,
        "timeout_us": spec.timeout_us,
        "serial": spec.serial,
        "inputs": {
            "serial": [[text.text, text.after] for text in spec.inputs.serial],
            "sensors": list(spec.inputs.sensors),
        },
        "ram": {
            "search": spec.ram_search,
            "min": spec.ram_min,
            "max": spec.ram_max,
            "expected": spec.ram_expected,
        },
        "build_properties": [_cut(item) for item in spec.build_properties[:_MOST_LISTED]],
        "overhead": outcome.overhead,
        "note": _cut(outcome.note),
        "firmware": _firmware_data(outcome) if firmware is not None else None,
        "failure": _failure_data(failure) if failure is not None else None,
        "files": [],
    }


def _firmware_data(outcome: BuildOutcome) -> dict[str, Any]:
    firmware = outcome.firmware
    assert firmware is not None
    keys, image = firmware.keys, firmware.board
    placed = portable(Failure("", diagnostics=firmware.diagnostics), outcome.project, firmware)
    return {
        "name": firmware.name,
        "elf": _elf(firmware),
        "probe_elf": _elf(firmware, probe=True),
        "is_template": firmware.is_template,
        "keys": {
            "fqbn": keys.fqbn,
            "platform": _cut(keys.platform),
            "compiler": _cut(keys.compiler),
            "builder": _cut(keys.builder),
            "libraries": [_cut(library) for library in keys.libraries[:_MOST_LISTED]],
        },
        "overflows": [encode(overflow) for overflow in firmware.overflows],
        "diagnostics": _diagnostics(placed.diagnostics),
        "notes": [_cut(note) for note in firmware.notes[:_MOST_LISTED]],
        "platform_bytes": firmware.platform_bytes,
        "platform_variables": firmware.platform_variables,
        "limits": encode(firmware.limits),
        "board": {
            "elf": image.elf.name,
            "session": image.session,
            "missing": _cut(image.missing),
            "extra_ram": image.extra_ram,
            "harness": image.harness is not None,
        }
        if image is not None
        else None,
    }


def _failure_data(failure: Failure) -> dict[str, Any]:
    return {
        "message": _cut(failure.message),
        "exit_status": failure.exit_status,
        "diagnostics": _diagnostics(failure.diagnostics),
    }


def _diagnostics(given: Sequence[Diagnostic]) -> list[Any]:
    short = (replace(item, message=_cut(item.message), file=_cut(item.file)) for item in given)
    return [encode(item) for item in list(short)[:_MOST_DIAGNOSTICS]]


def _cut(text: str) -> str:
    """Text that the schema takes. What cannot be printed stays as it is, but for what is no character."""
    clean = re.sub("[\0\ud800-\udfff]", "\ufffd", text)
    return clean if len(clean) <= _MOST_TEXT else f"{clean[: _MOST_TEXT - 3]}..."


# --- reading -------------------------------------------------------------------------------------------


def read_folder(path: Path) -> tuple[Found, ...]:
    """All entries, damaged ones as such. Images are not touched yet: see ``take``.

    Raises:
        UsageError: there is no such folder, nothing in it, or too much.
    """
    with Folder.at(path) as folder:
        names = folder.names(MOST_ENTRIES)
        if UNFINISHED in names:
            raise UsageError("the build of it has not come to its end", where=folder.shown, do=_BUILD)
        if not names:
            raise UsageError("there is no firmware in it", where=folder.shown, do=_BUILD)
        entries, seen, total = [], set(), 0
        for name in names:
            entry = _entry(folder, name)
            total += entry.bytes
            key = (entry.spec.name, entry.spec.board)
            if entry.error is None and total > MOST_TOTAL:
                what = f"the files up to this one have more than {MOST_TOTAL:,} bytes together"
                entry = _damaged(name, UsageError(what, where=f"{folder.shown}/{name}"))
            elif entry.error is None and key in seen:
                what = f"{printable(entry.spec.name)} for {entry.spec.board} is there twice"
                entry = _damaged(name, UsageError(what, where=f"{folder.shown}/{name}", do=_BUILD))
            seen.add(key)
            entries.append(entry)
    return tuple(entries)


def _entry(folder: Folder, name: str) -> Found:
    try:
        with folder.within(name) as entry:
            data = _checked(entry)
    except UsageError as error:
        return _damaged(name, error)
    spec = _spec(data)
    bundle_entry = Found(spec, name, data.get("overhead"), data.get("note", ""), None, data)
    try:
        board_for(spec.board)
    except UsageError as error:
        return replace(bundle_entry, error=error)
    failure = data["failure"]
    return (
        replace(bundle_entry, error=Recorded(decode(failure, Failure)))
        if failure is not None
        else bundle_entry
    )


def _checked(entry: Folder) -> dict[str, Any]:
    """What its ``firmware.json`` says, held against the schema and what a schema cannot say."""
    where = f"{entry.shown}/{FILE}"
    try:
        text = entry.read(FILE, MOST_JSON).decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("is no text", where=where, do=_BUILD) from None
    data = _whole(load(text, where, _BUILD))
    for violation in violations(data, load_schema("mlbench.pipeline", "firmware.schema.json")):
        raise UsageError(f"not as it was written: {elide(violation.what, 200)}", where=where, do=_BUILD)
    document: dict[str, Any] = data
    if wrong := _contradiction(document):
        raise UsageError(wrong, where=where, do=_BUILD)
    return document


def _whole(data: Any) -> Any:
    """The data with whole numbers as such: a schema takes 3.0 for one, and reading a file does not."""
    if isinstance(data, dict):
        return {key: _whole(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_whole(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() else data


def _contradiction(data: Mapping[str, Any]) -> str:
    """What is wrong with data that keeps to the schema; empty: nothing is."""
    firmware, files = data["firmware"], data["files"]
    if (firmware is None) == (data["failure"] is None):
        return "it has to have a firmware, or a failure instead"
    if any("\n" in text for text in (data["board"], *(file["sha256"] for file in files))):
        return "a line break is where none belongs"
    names = [(file["upload"], file["name"]) for file in files]
    if len(set(names)) != len(names):
        return "a file is listed twice"
    for upload, name in names:
        if not NAME.fullmatch(name) or Path(name).suffix not in (UPLOADED if upload else {".elf"}):
            return f"a file is called {elide(name, 80)}, which none is that is measured or uploaded"
    if data["ram"]["max"] is not None and data["ram"]["max"] < data["ram"]["min"]:
        return "ram: max is below min"
    if firmware is None:
        return "" if not files else "it has files, and a failure"
    wanted = {(False, firmware["elf"]), (False, firmware["probe_elf"])}
    wanted |= {(True, firmware["board"]["elf"])} if firmware["board"] is not None else set()
    if missing := wanted - set(names):
        return f"{min(missing)[1]} is not among its files"
    if firmware["board"] is None and any(upload for upload, _ in names):
        return "it has files to upload, and no image for a board"
    return ""


def _spec(data: Mapping[str, Any]) -> SketchSpec:
    functions, ram = data["functions"], data["ram"]
    outputs = tuple(
        OutputBuffer(output.get("arg"), output["bytes"], output.get("symbol", ""))
        for output in functions["outputs"]
    )
    return SketchSpec(
        name=data["name"],
        sketch=_label(data.get("sketch", ""), data["name"]),
        board=data["board"],
        source=Source(),
        backend=backends.of_boards(),
        functions=Functions(
            functions["init"], functions["inference"], outputs, functions.get("returns", True)
        ),
        build_properties=tuple(data.get("build_properties", ())),
        ram_search=ram["search"],
        ram_min=ram["min"],
        ram_max=ram["max"],
        ram_expected=ram.get("expected"),
        inferences=data["inferences"],
        timeout_us=float(data["timeout_us"]),
        serial=data.get("serial", "exact"),
        marks=data.get("marks", ""),
        where=data["name"],
        inputs=_inputs(data),
    )


def _inputs(data: Mapping[str, Any]) -> InputFiles:
    """What is typed.

    Raises:
        UsageError: sensors would have to be fed.
    """
    given = data.get("inputs", {})
    if given.get("sensors"):
        raise refused_sensors(given["sensors"], data["name"])
    return InputFiles(tuple(TypedText(text, after) for text, after in given.get("serial", ())))


def _label(path: str, name: str) -> Path:
    """Where a sketch is said to lie: shown, and never opened."""
    pure = PurePosixPath(path)
    return Path(re.sub(r"[/\0]", "_", name)) if pure.is_absolute() or ".." in pure.parts else Path(pure)


def _damaged(name: str, error: MLBenchError) -> Found:
    spec = SketchSpec(elide(name, 100), Path(), _UNKNOWN, Source(), backend=backends.of_boards())
    return Found(spec, error=error)


def take(path: Path, bundle_entry: Found, place: Path) -> Firmware:
    """Copy an entry's files into a new folder below ``place``, and give what they are.

    Raises:
        Recorded: it was not built.
        UsageError: a file is missing, another one, or no plain file.
        EnvironmentFault: the copy cannot be written.
    """
    if bundle_entry.error is not None:
        raise bundle_entry.error
    data = bundle_entry.data
    assert data is not None
    own = place / bundle_entry.folder
    try:
        (own / UPLOAD).mkdir(parents=True)
    except OSError as error:
        raise EnvironmentFault(f"cannot be written ({error.strerror})", where=str(own)) from error
    with Folder.at(path) as folder, folder.within(bundle_entry.folder) as entry:
        for file in data["files"]:
            if not file["upload"]:
                entry.copy(file["name"], file["size"], file["sha256"], own / file["name"])
        uploads = [file for file in data["files"] if file["upload"]]
        if uploads:
            with entry.within(UPLOAD) as upload:
                for file in uploads:
                    target = own / UPLOAD / file["name"]
                    upload.copy(file["name"], file["size"], file["sha256"], target)
    return _firmware(bundle_entry.spec, data["firmware"], own)


def _firmware(spec: SketchSpec, data: Mapping[str, Any], own: Path) -> Firmware:
    return Firmware(
        name=data["name"],
        source=spec.sketch,
        elf=own / data["elf"],
        probe_elf=own / data["probe_elf"],
        is_template=data["is_template"],
        keys=decode(data["keys"], BuildKeys),
        overflows=tuple(decode(item, Overflow) for item in data["overflows"]),
        diagnostics=tuple(decode(item, Diagnostic) for item in data["diagnostics"]),
        notes=tuple(data["notes"]),
        board=_image(spec, data["board"], own / UPLOAD) if data["board"] is not None else None,
        platform_bytes=data.get("platform_bytes"),
        platform_variables=data.get("platform_variables"),
        limits=decode(data.get("limits", {}), MemoryLimits),
    )


def _image(spec: SketchSpec, data: Mapping[str, Any], folder: Path) -> BoardImage:
    from mlbench.pipeline.services import board_build  # puts services together, this one among them

    # Where its records lie is the board's to say, not the image's.
    harness = board_build(spec).harness if data["harness"] else None
    return BoardImage(
        folder, folder / data["elf"], data["session"], data["missing"], data["extra_ram"], harness
    )
