"""The verb ``init``: writes what a repository needs to be measured, from the sketches found in it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from mlbench.errors import EnvironmentFault
from mlbench.suite.discovery import Discovery, discover, find_suite, project_root
from mlbench.suite.named_core import named_core
from mlbench.suite.suggestions import Suggestion
from mlbench.suite.suite_file import DEFAULT_BOARD, SketchSpec
from mlbench.util.settings import DEFAULT_RESULTS
from mlbench.util.text import printable

MEASURE = ".github/workflows/mlbench.yml"
POST = ".github/workflows/mlbench-post.yml"
SUITE = "mlbench.yml"
RESULTS = DEFAULT_RESULTS
"""What ``run`` writes into a project."""

MEASURE_TEXT = """\
name: mlbench
on: pull_request
permissions: {contents: read, actions: read, pull-requests: write}
jobs:
  mlbench:
    uses: org/mlbench-action/.github/workflows/bench.yml@v1
"""
"""Measures each pull request and comments on it."""

POST_TEXT = """\
name: mlbench-post
on:
  workflow_run:
    workflows: [mlbench]
    types: [completed]
permissions: {}
jobs:
  post:
    if: >-
      github.event.workflow_run.event == 'pull_request' &&
      (github.event.workflow_run.head_repository.full_name != github.repository ||
      github.event.workflow_run.actor.login == 'dependabot[bot]')
    runs-on: ubuntu-latest
    permissions: {contents: read, actions: read, pull-requests: write}
    steps:
      - uses: org/mlbench-action@v1
        with: {mode: report}
"""
"""Posts for pull requests whose own runs may not: those from forks, and Dependabot's."""

_HEAD = """\
# What mlbench measures: all keys are in docs/configuration.md of mlbench-action.
defaults:
  board: {board}
{libraries}
# How far a measure may get worse before a pull request is marked, or fails:
# thresholds:
#   flash: {{warn: 1 KiB, fail: 5 %}}
#   inference_time: {{warn: 2 %, fail: 10 %}}

sketches:
"""
_HINT = """\
    # Without these, only flash and static RAM are measured. `mlbench run {name}` proposes names.
    # init: "Model::Model()"
    # inference: "Model::inference(void*, void*)"
"""
_PROPOSED = "    # Proposed, by what the sketch does when it runs: correct the names if others are meant.\n"
_LEFT_OUT = """\
  # Left out: {why}
  # - name: {name}
  #   path: {path}
"""

Suggest = Callable[[Sequence[SketchSpec]], Sequence[Suggestion]]
"""Gives what to write for each sketch."""


def init(start: Path, *, force: bool = False, suggest: Suggest | None = None) -> tuple[str, ...]:
    """Write the suite and the workflows of the project that ``start`` is in.

    Args:
        start: a folder of the project.
        force: files that are there are written anew.
        suggest: finds names of functions; without it there are hints in their place.

    Returns:
        Lines that say what was written, what was kept, and what to do next.

    Raises:
        UsageError: no sketch is found, and there is no suite.
        EnvironmentFault: a file cannot be written.
    """
    root = project_root(start)
    known = find_suite(root)
    files = {MEASURE: MEASURE_TEXT, POST: POST_TEXT}
    lines: list[str] = []
    suggestions: tuple[Suggestion, ...] = ()
    if known is None or (force and known.parent == root):
        discovery = _on_named_core(discover(root, whole_project=False), root)
        suggestions = tuple(suggest(discovery.specs)) if suggest is not None else ()
        files = {(known or root / SUITE).name: suite_text(discovery.specs, suggestions), **files}
        lines += discovery.notes
        lines += _said(discovery.specs, suggestions)
    else:
        lines.append(f"kept {known.relative_to(root)}")
    written = []
    if _ignore(root):
        lines.append(f"added {RESULTS} to .gitignore")
    for name, text in files.items():
        path = root / name
        if path.exists() and not force:
            lines.append(f"kept {name}; --force writes it anew")
            continue
        _write(path, text)
        lines.append(f"wrote {name}")
        written.append(name)
    return (*lines, *_next(written, named=any(one.inference for one in suggestions)))


def _on_named_core(discovery: Discovery, root: Path) -> Discovery:
    """The sketches on the core that the repository names, where that is installed; else a note of it."""
    core = named_core(root)
    if core is None or all(spec.board != DEFAULT_BOARD for spec in discovery.specs):
        return discovery
    if not core.is_installed:
        note = f"{core.where} names {core.fqbn}, which is not installed: {DEFAULT_BOARD} stands in for it"
        return replace(discovery, notes=(*discovery.notes, note))
    specs = (replace(s, board=core.fqbn) if s.board == DEFAULT_BOARD else s for s in discovery.specs)
    return replace(discovery, specs=tuple(specs))


def suite_text(specs: Sequence[SketchSpec], suggestions: Sequence[Suggestion] = ()) -> str:
    """An ``mlbench.yml`` for sketches that were found, with what was suggested for each."""
    boards = [spec.board for spec in specs]
    common = max(dict.fromkeys(boards), key=boards.count, default=DEFAULT_BOARD)
    libraries = {spec.libraries for spec in specs}
    shared = next(iter(libraries)) if len(libraries) == 1 else ()
    text = _HEAD.format(board=_quoted(common), libraries=_libraries(shared, "  "))
    entries = 0
    left_out = ""
    for spec, suggestion in zip_longest(specs, suggestions, fillvalue=Suggestion()):
        assert isinstance(spec, SketchSpec)
        assert isinstance(suggestion, Suggestion)
        name, path = _quoted(spec.name), _quoted(spec.sketch.as_posix())
        if suggestion.is_elsewhere:
            left_out += _LEFT_OUT.format(why=_line(suggestion.failure), name=name, path=path)
            continue
        entries += 1
        text += f"  - name: {name}\n    path: {path}\n"
        if spec.board != common:
            text += f"    board: {_quoted(spec.board)}\n"
        if spec.libraries != shared:
            text += _libraries(spec.libraries, "    ")
        text += _named(suggestion) if suggestion.inference else _HINT.format(name=spec.name)
    if not entries and left_out:
        # A suite needs an entry: its failure says what the others' do.
        return suite_text(specs[:1])
    return text + left_out


def _named(suggestion: Suggestion) -> str:
    """The keys of functions that were proposed."""
    text = _PROPOSED
    if suggestion.note:
        text += f"    # {_line(suggestion.note)}\n"
    if suggestion.init:
        text += f"    init: {json.dumps(suggestion.init)}\n"
    text += f"    inference: {json.dumps(suggestion.inference)}\n"
    if suggestion.typed:
        text += f"    inputs: {{serial: {json.dumps(suggestion.typed)}}}\n"
    return text


def _said(specs: Sequence[SketchSpec], suggestions: Sequence[Suggestion]) -> Iterator[str]:
    """A line for each sketch that has no proposed functions."""
    for spec, suggestion in zip(specs, suggestions, strict=False):
        if suggestion.failure:
            what = "left out" if suggestion.is_elsewhere else "not built"
            yield f"{spec.name}: {what}: {_line(suggestion.failure)}"
        elif suggestion.note and not suggestion.inference:
            yield f"{spec.name}: no functions proposed: {_line(suggestion.note)}"


def _line(text: str) -> str:
    return " ".join(printable(text).split())


def _libraries(folders: Sequence[Path], indent: str) -> str:
    names = ", ".join(_quoted(folder.as_posix()) for folder in folders)
    return f"{indent}libraries: [{names}]\n" if folders else ""


_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""What YAML takes for something else than text."""


def _quoted(text: str) -> str:
    """A YAML scalar: JSON's strings are YAML's, and plain words need no quotes."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_/.-]*", text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(
            f"cannot be written ({error.strerror or error})", where=str(path), do="check its permissions"
        ) from error


def _ignore(root: Path) -> bool:
    """Have git pass over what ``run`` writes, where it does not yet."""
    path = root / ".gitignore"
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""
    except OSError:
        return False
    if not (root / ".git").exists() or RESULTS in [line.strip().strip("/") for line in text.splitlines()]:
        return False
    end = "" if not text or text.endswith("\n") else "\n"
    try:
        path.write_text(f"{text}{end}/{RESULTS}\n", encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise EnvironmentFault(
            f"cannot be written ({error.strerror or error})", where=str(path), do="check its permissions"
        ) from error
    return True


def _next(written: Sequence[str], *, named: bool) -> Iterator[str]:
    yield "next:"
    if SUITE in written and named:
        yield f"  1. look at the functions in {SUITE}, then at the figures: {_command()} run"
    elif SUITE in written:
        yield f"  1. name the functions in {SUITE}, then look at the figures: {_command()} run"
    else:
        yield f"  1. look at the figures: {_command()} run"
    if MEASURE in written or POST in written:
        yield f"  2. commit the files and open a pull request; {POST} works from the default branch on"


def _command() -> str:
    """How mlbench is started from here: as a rule a checkout's entry point lies outside the project."""
    entry = Path(__file__).parents[2] / "entrypoint.py"
    if not entry.is_file():
        return "mlbench"
    folder = Path.cwd()
    return f"python3 {shlex.quote(str(entry.relative_to(folder) if entry.is_relative_to(folder) else entry))}"
