"""Which entries a command line means: a suite's, one sketch's, or those of what is found."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from mlbench.core import backends
from mlbench.core.fqbn import starts_by_loader, with_option
from mlbench.core.sketch_files import folder_of, is_sketch, tabs
from mlbench.errors import UsageError
from mlbench.suite.discovery import default_board, discover, find_suite, libraries_for
from mlbench.suite.options import RunOptions
from mlbench.suite.suite_file import SUITE_NAMES, SketchSpec, Source, Suite, load_suite, virtual_us
from mlbench.util.schema import nearest, suggestion


@dataclass(frozen=True)
class Selection:
    """What a command line means."""

    specs: tuple[SketchSpec, ...]
    named: bool = False
    """Whether a sketch was named that no suite lists."""
    suite: Suite | None = None
    """The suite that they come from."""
    notes: tuple[str, ...] = ()
    """What was passed over where sketches were looked for, and why, a line each."""


def select(
    options: RunOptions,
    start: Path | None = None,
    *,
    lenient: bool = False,
    verbs: Collection[str] = (),
) -> Selection:
    """The entries to profile.

    Args:
        options: what is asked for.
        start: stands for the current folder.
        lenient: names that nothing has are passed over.
        verbs: what else a name that nothing has may have been meant as.

    Raises:
        UsageError: there is nothing to profile, or the suite or an option is wrong.
    """
    folder = start or Path.cwd()
    named = False
    notes: tuple[str, ...] = ()
    # Without a start, paths stay as they were written, for messages.
    path = (start / options.sketch if start else Path(options.sketch)) if options.sketch else None
    suite_path = find_suite(folder) if path is None else _suite_at(path)
    suite = load_suite(suite_path) if suite_path is not None else None
    if suite is not None:
        specs = suite.sketches
    elif path is None:
        discovery = discover(folder)
        specs, notes = discovery.specs, discovery.notes
    else:
        specs, suite = _listed(path, options.sketch, folder)
        if suite is None:
            specs, notes = _one(path, options, folder, verbs)
            named = True
    specs = only(specs, options.only, lenient=lenient)
    if len({spec.name for spec in specs}) > 1:
        _refuse_names(options)
    if options.boards:
        pairs = ((spec, board) for spec in specs for board in options.boards)
        specs = tuple(dict.fromkeys(replace(spec, board=name, board_where="--board") for spec, name in pairs))
    backend = options.backend or (backends.of_boards() if options.port else "")
    if backend:
        specs = tuple(replace(spec, backend=backend) for spec in specs)
    # A bundle is for boards; what nothing runs goes along.
    chosen = bool(backend) and not options.firmware_dir
    settled_specs = (settled(spec, chosen=chosen) for spec in specs)
    specs = tuple(dict.fromkeys(linked for spec in settled_specs for linked in in_link_modes(spec)))
    if not lenient:
        for spec in specs:
            if spec.board_where:
                check_board(spec)
            spec.inputs.read(spec.own_folder)
    specs = tuple(_with_build_options(spec, options, folder) for spec in specs)
    return Selection(tuple(with_options(spec, options) for spec in specs), named, suite, notes)


def settled(spec: SketchSpec, *, chosen: bool = False) -> SketchSpec:
    """The entry with its board's FQBN and the backend that it is measured on.

    Where the board's file has nothing for the backend, or no file has the board, the image alone is measured.
    A backend that was ``chosen`` on the command line stays. A board that is not known stays as it is.
    """
    from mlbench.boards import board_for

    try:
        board = board_for(spec.board)
    except UsageError:
        return spec
    fqbn = board.fqbns[0] if spec.board == board.id else spec.board
    backend = backends.find(spec.backend)
    runs = chosen or backend is None or spec.backend in board.backends
    return replace(spec, board=fqbn, backend=spec.backend if runs else backends.of_images())


def in_link_modes(spec: SketchSpec) -> tuple[SketchSpec, ...]:
    """The entry once for each of its link modes, where a loader starts its board's sketches."""
    if not spec.link_modes or not starts_by_loader(spec.board):
        return (spec,)
    return tuple(replace(spec, board=with_option(spec.board, "link_mode", mode)) for mode in spec.link_modes)


def check_board(spec: SketchSpec) -> None:
    """Tell of a board that is not known, or that nothing can be run for, before anything is built for it.

    Raises:
        UsageError: with the file and line that name it.
    """
    from mlbench.boards import board_for

    backend = backends.find(spec.backend)
    try:
        board = board_for(spec.board)
        if not board.listed and backend is not None and backend.runs:
            what = f"no board file has {board.id}, so nothing measures it on the backend {backend.name!r}"
            do = "describe the board (docs/boards.md), or measure flash and static RAM without a backend"
            raise UsageError(what, do=do)
    except UsageError as error:
        where = error.where or spec.board_where or spec.where
        raise UsageError(error.what, where=where, do=error.do) from None


def _suite_at(path: Path) -> Path | None:
    """The suite that a path names: the file itself, or one in a folder that is no sketch."""
    if path.suffix in (".yml", ".yaml"):
        return path
    if path.is_dir() and not is_sketch(path):
        return next((path / name for name in SUITE_NAMES if (path / name).is_file()), None)
    return None


def _listed(path: Path, name: str, start: Path) -> tuple[tuple[SketchSpec, ...], Suite | None]:
    """What the project's own suite says of a sketch that is named by its path, or by its name there.

    Without a suite that says something of it, there is none.
    """
    suite_path = find_suite((path if path.is_dir() else path.parent) if path.exists() else start)
    if suite_path is None:
        return (), None
    suite = load_suite(suite_path)
    if path.exists():
        folder = (path if path.is_dir() else path.parent).resolve()
        specs = tuple(spec for spec in suite.sketches if not spec.source.url and _folder(spec) == folder)
    else:
        specs = tuple(spec for spec in suite.sketches if spec.name == name)
    return specs, suite if specs else None


def _folder(spec: SketchSpec) -> Path:
    place = spec.source.folder / spec.sketch
    return folder_of(place).resolve()


def _one(
    path: Path, options: RunOptions, start: Path, verbs: Collection[str]
) -> tuple[tuple[SketchSpec, ...], tuple[str, ...]]:
    """What a path without a suite means, and what was passed over on the way."""
    if not path.exists():
        close = nearest(str(path), verbs)
        do = f"did you mean `mlbench {close}`?" if close else "name a sketch's folder, an .ino or a suite"
        raise UsageError("there is no such sketch", where=str(path), do=do)
    is_file = path.is_file()
    folder = path.parent if is_file else path
    if not is_file and not tabs(entry.name for entry in path.iterdir()):
        below = discover(path, whole_project=False)
        return below.specs, below.notes
    notes: list[str] = []
    (libraries,) = libraries_for([path], folder.absolute(), notes)
    spec = SketchSpec(
        name=path.stem if is_file else path.resolve().name,
        sketch=path.absolute(),
        board=options.boards[0] if options.boards else default_board(folder),
        source=Source(folder=folder.absolute()),
        libraries=libraries,
        own_folder=start,
    )
    return (spec,), tuple(notes)


def only(
    specs: tuple[SketchSpec, ...], patterns: Sequence[str], *, lenient: bool = False
) -> tuple[SketchSpec, ...]:
    """The sketches that are named, by name or path, as it is or as a pattern such as ``models/*``."""
    if not patterns:
        return specs
    chosen: set[str] = set()
    for pattern in patterns:
        exact = {spec.name for spec in specs if spec.name == pattern}
        matching = exact or {spec.name for spec in specs if _matches(spec, pattern)}
        if not matching and not lenient:
            what = f"no sketch is named {pattern!r}"
            raise UsageError(what, do=suggestion(pattern, {spec.name for spec in specs}))
        chosen |= matching
    return tuple(spec for spec in specs if spec.name in chosen)


def _matches(spec: SketchSpec, pattern: str) -> bool:
    """As git matches paths: ``*`` and ``?`` stop at a slash, ``**`` does not."""
    expression = _pattern(pattern.removeprefix("./").rstrip("/"))
    place = folder_of(spec.sketch)
    return any(expression.fullmatch(text) for text in (spec.name, place.as_posix(), spec.sketch.as_posix()))


@cache
def _pattern(text: str) -> re.Pattern[str]:
    meaning = {"*": "[^/]*", "?": "[^/]", "**": ".*", "**/": "(?:.*/)?"}
    parts = re.split(r"(\*\*/?|\*|\?)", text)
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _refuse_names(options: RunOptions) -> None:
    """Names of functions belong to one sketch; for a suite they would be applied to all."""
    given = {"init": options.init, "inference": options.inference, "output": options.outputs}
    for key, value in given.items():
        if value:
            do = "choose one with --only, or write it into mlbench.yml"
            raise UsageError(f"--{key} is for one sketch, and here are several", do=do)


def _with_build_options(spec: SketchSpec, options: RunOptions, start: Path) -> SketchSpec:
    for item in options.build_properties:
        if "=" not in item:
            raise UsageError(f"--build-property {item!r} is not KEY=VALUE", do="write KEY=VALUE")
    libraries = tuple((start / folder).absolute() for folder in options.libraries)
    # A suite calls libraries of the sketchbook by name: these here stand for theirs.
    names = {Path(folder.name) for folder in libraries}
    return replace(
        spec,
        libraries=(*(folder for folder in spec.libraries if folder not in names), *libraries),
        build_properties=(*spec.build_properties, *options.build_properties),
    )


def with_options(spec: SketchSpec, options: RunOptions) -> SketchSpec:
    """The entry with what the options say of it."""
    functions = replace(
        spec.functions,
        init=options.init or spec.functions.init,
        inference=options.inference or spec.functions.inference,
        outputs=options.outputs or spec.functions.outputs,
    )
    low = spec.ram_min if options.ram_min is None else options.ram_min
    high = spec.ram_max if options.ram_max is None else options.ram_max
    if high is not None and high < low:
        raise UsageError(f"--max {high} is below --min {low}", do="swap them")
    return replace(
        spec,
        functions=functions,
        ram_min=low,
        ram_max=high,
        ram_search=options.ram_search or spec.ram_search,
        inferences=max(1, options.inferences or spec.inferences),
        timeout_us=virtual_us(options.timeout) if options.timeout else spec.timeout_us,
    )
