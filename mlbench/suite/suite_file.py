"""Suites: what ``mlbench.yml`` says, as frozen values."""

from __future__ import annotations

import copy
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mlbench.core import backends
from mlbench.core.execution import Functions, OutputBuffer
from mlbench.core.measures import keys
from mlbench.core.sketch_files import is_tab
from mlbench.errors import UsageError
from mlbench.suite.inputs import InputFiles, files_of
from mlbench.suite.threshold_keys import read_rules
from mlbench.suite.thresholds import Rules
from mlbench.util.schema import load_schema, violations
from mlbench.util.yaml_lines import LocatedYaml, parse, read_text

SUITE_NAMES = ("mlbench.yml", "mlbench.yaml")
"""What a suite's file is called where none is named."""

DEFAULT_BOARD = "mlbench:nrf52840:nano33ble"
"""The board of sketches that name none: the project's own platform, which needs no download."""


@dataclass(frozen=True)
class Source:
    """Where a model project is: a git URL and a ref, or a folder (``url`` empty)."""

    url: str = ""
    ref: str = ""
    folder: Path = Path()
    """The local project folder, or the subdirectory inside the checkout."""
    submodules: bool = True


@dataclass(frozen=True)
class SketchSpec:
    """One sketch of a suite, for one board and backend."""

    name: str
    sketch: Path
    """Folder or .ino, relative to the source's folder."""
    board: str
    """FQBN."""
    source: Source
    backend: str = field(default_factory=backends.default)
    functions: Functions = Functions()
    build_properties: tuple[str, ...] = ()
    libraries: tuple[Path, ...] = ()
    overlay: tuple[Path, ...] = ()
    """Folders whose files are laid over the checkout."""
    prepare: tuple[str, ...] = ()
    """A command, as argument list, run in the model project before compiling."""
    ram_search: str = "replay"
    """``replay``, ``bisect``, ``none``."""
    ram_min: int = 0
    ram_max: int | None = None
    ram_expected: int | None = None
    """Where the search on a board begins, in bytes; None: where its own emulator says, or static RAM."""
    inferences: int = 3
    trace_limit: int | None = None
    """Instructions of a run that are traced and priced, where times come from a trace; None: as usual."""
    timeout_us: float = 60e6
    """Virtual time within which initialization and one inference must finish."""
    build_timeout_s: float = 1200.0
    """Host seconds within which it must be compiled."""
    serial: str = "exact"
    """``exact``: a probe's serial text must equal the reference's; ``ignore``."""
    where: str = ""
    """File and line this entry was read from."""
    own_folder: Path = Path()
    """The suite's own folder: libraries, overlays and scripts are looked for here first."""
    marks: str = ""
    """``library``: the sketch marks its spans itself, and needs no names."""
    thresholds: Rules = ()
    """How far its measures may get worse, the suite's own thresholds included."""
    board_where: str = ""
    """File and line that its board was read from."""
    inputs: InputFiles = InputFiles()
    """What it is given while it runs."""
    asks_for: tuple[str, ...] = ()
    """What its source asks for on the serial line, likeliest first: tried where functions are proposed."""
    link_modes: tuple[str, ...] = ()
    """How it is linked where a loader starts it, a job for each; empty: as its FQBN says."""


@dataclass(frozen=True)
class Suite:
    """A suite file as read: one entry for each sketch, board and backend, in the file's order."""

    path: Path
    sketches: tuple[SketchSpec, ...]
    thresholds: Rules = ()
    """Those of sketches that are not in it."""


def load_suite(path: Path) -> Suite:
    """Read a suite file.

    Raises:
        UsageError: with file and line, for whatever is wrong in it.
    """
    shown = shown_path(path)
    try:
        text = read_text(path, shown)
    except OSError as error:
        what = f"cannot read the suite: {error.strerror or error}"
        raise UsageError(what, where=shown, do="name a file that exists") from None
    return suite_of(text, shown, path)


def suite_of(text: str, file: str, path: Path) -> Suite:
    """The suite of a text that lies, or would lie, at ``path``. ``file`` is its name in messages.

    Raises:
        UsageError: with file and line.
    """
    reader = _reader(text, file, path.absolute().parent)
    return Suite(path, reader.read(), reader.thresholds())


def parse_suite(text: str, file: str, folder: Path) -> tuple[SketchSpec, ...]:
    """The entries of a suite's text. ``file`` is its name in messages, ``folder`` where it lies.

    Raises:
        UsageError: with file and line.
    """
    return _reader(text, file, folder).read()


def _reader(text: str, file: str, folder: Path) -> _Reader:
    document = parse(text, file)
    if document.data is None:
        raise UsageError("the suite is empty", where=f"{file}:1", do="list sketches under 'sketches:'")
    if not isinstance(document.data, dict):
        do = "begin it with 'sketches:' and list the sketches below"
        raise UsageError("a suite must be a mapping", where=f"{file}:1", do=do)
    _check(document)
    return _Reader(document, folder)


def shown_path(path: Path) -> str:
    """A path as messages show it: relative where it lies below the current folder."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def suite_schema() -> dict[str, Any]:
    """The schema of suite files, with each backend and thresholds for each measure that there is."""
    schema = copy.deepcopy(load_schema(__package__, "suite.schema.json"))
    names = backends.names()
    schema["$defs"]["backends"] |= {
        "description": f"{', '.join(names[:-1])} or {names[-1]}, or a list of them",
        "pattern": f"^({'|'.join(names)})$",
    }
    schema["$defs"]["backends"]["items"]["enum"] = list(names)
    limits = {key: {"$ref": "#/$defs/threshold"} for key in keys()}
    schema["$defs"]["thresholds"]["properties"] |= limits
    return schema


def _check(document: LocatedYaml) -> None:
    faults = sorted(
        violations(document.data, suite_schema()),
        key=lambda violation: (document.line(violation.path), str(violation.path), violation.what),
    )
    if faults:
        first = faults[0]
        more = f" ({len(faults) - 1} more below)" if len(faults) > 1 else ""
        raise UsageError(f"{first.what}{more}", where=document.where(first.path), do=first.do)


class _Reader:
    """Turns checked data into entries."""

    def __init__(self, document: LocatedYaml, folder: Path) -> None:
        self._document = document
        self._folder = folder
        self._defaults: Mapping[str, Any] = document.data.get("defaults") or {}

    def read(self) -> tuple[SketchSpec, ...]:
        entries: list[SketchSpec] = []
        names: dict[str, int] = {}
        for index, given in enumerate(self._document.data["sketches"]):
            at = ("sketches", index)
            name, sketch = self._name(given, index)
            line = self._document.line((*at, "name") if "name" in given else at)
            if name in names:
                what = f"two sketches are named {name!r}, in lines {names[name]} and {line}"
                raise UsageError(what, where=f"{self._document.file}:{line}", do="rename one of them")
            names[name] = line
            entries.extend(self._entries({**self._defaults, **given}, name, sketch, index))
        return tuple(entries)

    def thresholds(self) -> Rules:
        """What holds for sketches that the suite does not have."""
        return read_rules(self._document, (), ("defaults",))

    def _name(self, given: Mapping[str, Any], index: int) -> tuple[str, Path]:
        path = given.get("path", given.get("name"))
        if path is None:
            raise self._error(("sketches", index), "a sketch needs its path", "add 'path: FOLDER'")
        sketch = Path(path)
        name = given.get("name")
        if name is None:
            name = sketch.stem if is_tab(sketch) else sketch.name
        if not name or name == "..":
            what = f"no name can be taken from the path {path!r}"
            raise self._error(("sketches", index, "path"), what, "add 'name: NAME'")
        return name, sketch

    def _entries(self, keys: Mapping[str, Any], name: str, sketch: Path, index: int) -> list[SketchSpec]:
        boards = _listed(keys.get("board", DEFAULT_BOARD))
        board_at = self._path(index, "board")
        places = _listed(keys.get("backend", backends.default()))
        ram = keys.get("ram", {})
        low, high = ram.get("min", 0), ram.get("max")
        if high is not None and high < low:
            raise self._error(self._path(index, "ram"), f"ram: max {high} is below min {low}", "swap them")
        if keys.get("marks") and (keys.get("init") or keys.get("inference")):
            what = "'marks: library' and names of functions exclude each other"
            raise self._error(self._path(index, "marks"), what, "keep one of them")
        functions = _functions(keys)
        if any((output.arg is None) != bool(output.symbol) for output in functions.outputs):
            what = "an output names either an argument or a global variable"
            raise self._error(self._path(index, "output"), what, "write `arg` or `symbol`")
        return [
            SketchSpec(
                name=name,
                sketch=sketch,
                board=board,
                source=self._source(keys, index),
                backend=backend,
                functions=functions,
                build_properties=_properties(keys.get("build_properties", [])),
                libraries=tuple(Path(item) for item in _listed(keys.get("libraries", []))),
                overlay=tuple(Path(item) for item in _listed(keys.get("overlay", []))),
                prepare=self._command(keys.get("prepare", []), index),
                ram_search=ram.get("search", "replay"),
                ram_min=low,
                ram_max=high,
                inferences=keys.get("inferences", 3),
                trace_limit=keys.get("trace_limit"),
                timeout_us=virtual_us(keys.get("timeout", "60 s")),
                build_timeout_s=virtual_us(keys.get("build_timeout", "20 min")) / 1e6,
                serial=keys.get("serial", "exact"),
                where=self._document.where(("sketches", index)),
                own_folder=self._folder,
                marks=keys.get("marks", ""),
                thresholds=read_rules(self._document, (), ("defaults",), ("sketches", index)),
                board_where=self._document.where((*board_at, boards.index(board))),
                link_modes=tuple(dict.fromkeys(_listed(keys.get("link_modes", [])))),
                inputs=files_of(keys.get("inputs") or {}, self._document.where(self._path(index, "inputs"))),
            )
            for board in dict.fromkeys(boards)
            for backend in dict.fromkeys(places)
        ]

    def _source(self, keys: Mapping[str, Any], index: int) -> Source:
        given = keys["source"] if "source" in keys else self._document.data.get("source")
        given = given or {}
        url, ref = given.get("url", ""), given.get("ref", "")
        submodules = given.get("submodules", True)
        at = self._path(index, "source")
        if not url:
            if ref:
                raise self._error((*at, "ref"), "source: a ref needs a url", "add 'url: URL'")
            return Source(folder=Path(os.path.normpath(self._folder / given.get("folder", "."))))
        if re.match(r"\.{1,2}(/|$)", url):
            url = os.path.normpath(self._folder / url)
        folder = PurePosixPath(given.get("folder", "."))
        if folder.is_absolute() or ".." in folder.parts:
            what = f"source: folder {str(folder)!r} is outside the checkout"
            raise self._error((*at, "folder"), what, "give a folder inside the repository")
        return Source(url, ref, Path(folder), submodules)

    def _command(self, given: str | list[str], index: int) -> tuple[str, ...]:
        if isinstance(given, list):
            return tuple(given)
        try:
            words = tuple(shlex.split(given))
        except ValueError as error:
            what = f"prepare cannot be split into arguments: {error}"
            raise self._error(self._path(index, "prepare"), what, "give a list of arguments") from None
        return words

    def _path(self, index: int, key: str) -> tuple[str | int, ...]:
        """Where a key of a sketch was really given: by itself, among the defaults, or on top."""
        for at in (("sketches", index, key), ("defaults", key), (key,)):
            if at in self._document.lines:
                return at
        return ("sketches", index)

    def _error(self, path: tuple[str | int, ...], what: str, do: str) -> UsageError:
        return UsageError(what, where=self._document.where(path), do=do)


_UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "min": 60e6}


def virtual_us(text: str) -> float:
    """Microseconds of a time such as ``60 s`` or ``500 ms``.

    Raises:
        UsageError: it has no unit, or is no time.
    """
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(us|ms|s|min)", text)
    if not match:
        raise UsageError(f"{text!r} is not a time", do="write it with its unit, such as '60 s' or '500 ms'")
    return float(match[1]) * _UNITS_US[match[2]]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _functions(keys: Mapping[str, Any]) -> Functions:
    returns = keys.get("returns", "exact") == "exact"
    return Functions(keys.get("init"), keys.get("inference"), _outputs(keys.get("output", [])), returns)


def _outputs(value: str | Mapping[str, Any] | list[Mapping[str, Any]]) -> tuple[OutputBuffer, ...]:
    if isinstance(value, str):
        return ()
    items = [value] if isinstance(value, Mapping) else value
    return tuple(OutputBuffer(item.get("arg"), item["bytes"], item.get("symbol", "")) for item in items)


def _properties(value: Mapping[str, Any] | list[str]) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(f"{key}={item}" for key, item in value.items())
    return tuple(value)
