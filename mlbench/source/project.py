"""A model project ready to compile: checkout or folder, overlays laid over it, its prepare command run."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlbench.core.arduino_config import read_config
from mlbench.core.firmware import Diagnostic
from mlbench.errors import EnvironmentFault, SketchError, UsageError
from mlbench.firmware.source_tree import SourceFile, read_tree, tree_digest
from mlbench.host.cache_dir import locked, remove_tree
from mlbench.source.checkout import checkout
from mlbench.suite.suite_file import SketchSpec
from mlbench.util.progress import Progress
from mlbench.util.subprocesses import run

PREPARE_SECONDS = 3600.0
"""Host time for a prepare command, which may download and generate."""

_OUTPUT_LINES = 20
_TRIES = 3
_DONE = ".mlbench-complete"
_KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "TERM", "NO_COLOR"),
    *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
)
_KEPT_PREFIXES = (
    "LC_",
    "XDG_",
    "SSL_CERT_",
    "PIP_",
    "UV_",
    "CARGO_",
    "RUSTUP_",
    "GO",
    "NPM_CONFIG_",
    "CONDA_",
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy")
_SECRET = re.compile(r"token|secret|passw|credential|auth|api_?key|private|session", re.IGNORECASE)


class PrepareFailed(SketchError):
    """A prepare command failed; ``diagnostics`` are the last lines it printed."""

    def __init__(self, what: str, *, where: str, do: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(what, where=where, do=do)
        self.diagnostics = diagnostics


@dataclass(frozen=True)
class Project:
    """A model project on disk."""

    root: Path
    """Nothing outside is part of the project; the project folder itself where it is a local one."""
    folder: Path
    """The project folder: the root, or ``source.folder`` in it."""
    commit: str = ""
    """Empty for a local folder."""
    bounded: bool = False
    """Whether paths must stay inside the root: for all but local folders used in place."""


def obtain(
    spec: SketchSpec,
    cache: Path,
    progress: Progress,
    *,
    offline: bool = False,
    environ: Mapping[str, str] | None = None,
    seconds: float = PREPARE_SECONDS,
) -> Project:
    """The project of a sketch, fetched, overlaid and prepared. What was done before is not done again.

    Args:
        spec: whose project.
        cache: folder of all checkouts and working copies.
        progress: told of what takes long.
        offline: nothing is fetched.
        environ: variables of this process; a prepare command gets a few of them.
        seconds: host time for the prepare command.

    Raises:
        UsageError: the source, the overlay or a path is wrong.
        PrepareFailed: the prepare command failed.
        EnvironmentFault: git, the network or the disk.
    """
    environ = os.environ if environ is None else environ
    project = _plain(spec, cache, progress, offline, environ)
    if not spec.overlay and not spec.prepare:
        return project
    overlays = [_overlay(spec, project, folder) for folder in spec.overlay]
    command = _command(spec)
    copies = cache / "prepared"
    copies.mkdir(parents=True, exist_ok=True)
    name = spec.source.folder.name if not project.commit else project.root.parent.name.rpartition("-")[0]
    for _ in range(_TRIES):
        origin = _Origin.read(project, overlays)
        target = copies / f"{name or 'project'}-{_key(spec, project, origin, command)}"
        with locked(target.with_suffix(".lock"), progress.note, f"preparing {spec.name}"):
            if not (target / _DONE).is_file():
                remove_tree(target)
                with progress.step(f"preparing {spec.name}"):
                    folder = target / project.folder.relative_to(project.root)
                    if not _copied(spec, project, origin, target, folder):
                        remove_tree(target)
                        continue
                    if command:
                        _prepare(spec, command, folder, environ, seconds, offline)
                (target / _DONE).touch()
        folder = target / project.folder.relative_to(project.root)
        return Project(target, folder, project.commit, bounded=True)
    raise EnvironmentFault(
        f"changed {_TRIES} times while it was copied", where=str(project.root), do="run again when it rests"
    )


def sketch_of(project: Project, spec: SketchSpec) -> Path:
    """The sketch's folder or .ino.

    Raises:
        UsageError: it is not there, or outside the checkout.
    """
    return _inside(project, project.folder / spec.sketch, f"path {str(spec.sketch)!r}", spec.where)


def libraries_of(project: Project, spec: SketchSpec) -> tuple[Path, ...]:
    """The sketch's library folders: beside the suite, else in the project, else by name in the sketchbook.

    Raises:
        UsageError: one is nowhere.
    """
    return tuple(_library(project, spec, folder) for folder in spec.libraries)


def _library(project: Project, spec: SketchSpec, folder: Path) -> Path:
    if folder == Path() and spec.source.url:
        return project.folder  # the suite beside which it is looked for first is no library
    try:
        return _find(project, spec, folder, "library")
    except UsageError as error:
        if len(folder.parts) != 1 or folder.is_absolute():
            raise
        sketchbook = read_config().user / "libraries"
        if (sketchbook / folder).is_dir():
            return sketchbook / folder
        do = f"{error.do}, or get the library by `arduino-cli lib install {json.dumps(str(folder))}`"
        what = f"{error.what}, nor in your sketchbook, {sketchbook}"
        raise UsageError(what, where=error.where, do=do) from None


def _plain(
    spec: SketchSpec, cache: Path, progress: Progress, offline: bool, environ: Mapping[str, str]
) -> Project:
    source = spec.source
    if not source.url:
        if not source.folder.is_dir():
            what = f"the project folder {str(source.folder)!r} does not exist"
            raise UsageError(what, where=spec.where, do="correct 'source'")
        return Project(source.folder, source.folder)
    working_copy = checkout(source, cache, progress, where=spec.where, offline=offline, environ=environ)
    project = Project(working_copy.root, working_copy.root / source.folder, working_copy.commit, bounded=True)
    _inside(project, project.folder, f"folder {str(source.folder)!r}", spec.where)
    return project


def _inside(project: Project, path: Path, what: str, where: str) -> Path:
    """``path`` when it exists and, followed through all links, lies inside a bounded project."""
    real = path.resolve()
    if project.bounded and not real.is_relative_to(project.root.resolve()):
        raise UsageError(f"{what} leads out of the project", where=where, do="give a path inside it")
    if not real.exists():
        place = f"in {project.commit[:12]}" if project.commit else f"in {project.folder}"
        raise UsageError(f"{what} does not exist {place}", where=where, do="correct it")
    return path


def _find(project: Project, spec: SketchSpec, folder: Path, kind: str) -> Path:
    own = spec.own_folder / folder
    if own.is_dir():
        return own
    path = _inside(project, project.folder / folder, f"{kind} {str(folder)!r}", spec.where)
    if not path.is_dir():
        raise UsageError(f"{kind} {str(folder)!r} is no folder", where=spec.where, do="give a folder")
    return path


def _overlay(spec: SketchSpec, project: Project, folder: Path) -> Path:
    return _find(project, spec, folder, "overlay")


def _command(spec: SketchSpec) -> tuple[str, ...]:
    """``{suite}`` and ``{python}`` stand for the suite's folder and for this Python."""
    values = {"suite": str(spec.own_folder), "python": sys.executable}
    return tuple(re.sub(r"\{(suite|python)\}", lambda match: values[match[1]], word) for word in spec.prepare)


@dataclass(frozen=True)
class _Origin:
    """The files that a working copy is made of, read once: its key is of what is copied."""

    own: dict[str, SourceFile]
    """Below the project's root; empty for a checkout, which its commit says all of."""
    overlays: tuple[dict[str, SourceFile], ...]

    @classmethod
    def read(cls, project: Project, overlays: list[Path]) -> _Origin:
        own = {} if project.commit else read_tree(project.root)
        return cls(own, tuple(read_tree(overlay) for overlay in overlays))


def _key(spec: SketchSpec, project: Project, origin: _Origin, command: tuple[str, ...]) -> str:
    """What the working copy is made of, as one digest."""
    digest = hashlib.sha256()

    def add(*texts: str) -> None:
        for text in texts:
            digest.update(text.encode("utf-8", "surrogateescape") + b"\0")

    add(project.commit or tree_digest(origin.own), str(spec.source.submodules))
    add(str(project.folder.relative_to(project.root)))
    add(*(tree_digest(files) for files in origin.overlays))
    add("command", *spec.prepare)
    for word in command:
        path = Path(word)
        if path.is_absolute() and path.is_file() and path.is_relative_to(spec.own_folder):
            add(hashlib.sha256(path.read_bytes()).hexdigest())
    return digest.hexdigest()[:20]


def _copied(spec: SketchSpec, project: Project, origin: _Origin, target: Path, folder: Path) -> bool:
    """Copy the project and its overlays; False where a file is no longer what was read."""
    try:
        if project.commit:
            shutil.copytree(project.root, target, symlinks=True)
        folder.mkdir(parents=True, exist_ok=True)
        for place, files in ((target, origin.own), *((folder, files) for files in origin.overlays)):
            for relative, file in files.items():
                if not _copy(file, place, relative, spec):
                    return False
    except OSError as error:
        what = f"cannot copy the project: {error.strerror or error}"
        raise EnvironmentFault(
            what, where=str(error.filename or target), do="free some space there"
        ) from None
    return True


def _copy(file: SourceFile, folder: Path, relative: str, spec: SketchSpec) -> bool:
    target = folder / relative
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        what = f"overlay file {relative!r} would be written outside the project, through a link in it"
        raise UsageError(what, where=spec.where, do="take it out of the overlay")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        shutil.copy2(file.origin, target)
    except FileNotFoundError:
        return False
    return hashlib.sha256(target.read_bytes()).hexdigest() == file.digest


def _prepare(
    spec: SketchSpec,
    command: tuple[str, ...],
    folder: Path,
    environ: Mapping[str, str],
    seconds: float,
    offline: bool,
) -> None:
    variables = prepare_environment(environ) | {"MLBENCH_SUITE": str(spec.own_folder)}
    if offline:
        variables["MLBENCH_OFFLINE"] = "true"
    program = shutil.which(command[0], path=variables.get("PATH", os.defpath))
    beside = folder / command[0]
    if "/" in command[0] and not Path(command[0]).is_absolute() and beside.is_file():
        program = str(beside)
    if not program:
        what = f"prepare: the program {command[0]!r} is not there"
        raise EnvironmentFault(what, where=spec.where, do="install it, or correct 'prepare'")
    argv = [program, *command[1:]]
    done = run(argv, cwd=folder, environment=variables, seconds=seconds, supervised=True)
    if done.status:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-_OUTPUT_LINES:]
        raise PrepareFailed(
            f"prepare ended with status {done.status}",
            where=spec.where,
            do="see what it printed",
            diagnostics=tuple(Diagnostic("output", line) for line in lines),
        )


def prepare_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables a prepare command gets: known ones, none that may hold a secret."""
    return {
        name: value
        for name, value in environ.items()
        if (name in _KEPT or name.startswith(_KEPT_PREFIXES) or name.lower() in _PROXIES)
        and not _SECRET.search(name)
    }
