"""What a sketch is made of: its folder, the template's parts, its libraries."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from mlbench.core import sketch_project
from mlbench.core.firmware import BuildRequest
from mlbench.core.sketch_files import has_entry_point, is_tab, main_tab, other_name, tabs
from mlbench.errors import SketchError, UsageError
from mlbench.firmware import template
from mlbench.firmware.library_files import library_files, readable
from mlbench.firmware.source_tree import SourceFile, read_tree, tree_digest


@dataclass(frozen=True)
class Library:
    """A library's files, under the name its folder has."""

    name: str
    folder: Path
    files: dict[str, SourceFile]

    @cached_property
    def readable(self) -> dict[str, SourceFile]:
        """Those that a build can read. Raises SourceChanged."""
        return readable(self.files)


@dataclass(frozen=True)
class SketchSource:
    """All that a sketch's image is made of, read once."""

    name: str
    """The sketch's name: ``<name>/<name>.ino``."""
    folder: Path
    files: dict[str, SourceFile]
    libraries: tuple[Library, ...]
    uses: tuple[template.Use, ...]
    """Where ``$alloc_size`` is used; not empty for a template."""

    @cached_property
    def digest(self) -> str:
        """Changes with any content that can reach the image. Raises SourceChanged."""
        parts = [self.name, tree_digest(self.files)]
        parts += [f"{library.name}:{tree_digest(library.readable)}" for library in self.libraries]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_source(request: BuildRequest) -> SketchSource:
    """Read a sketch, whether named by its folder or by its main tab.

    The main tab is called ``<name>.ino`` from here on, also where it is a ``.pde``.

    Raises:
        UsageError: there is no such sketch or library.
        SketchError: the folder lacks its main tab or has two, or a template does not allocate.
    """
    folder, name = _locate(request.sketch)
    loose = not request.sketch.is_dir()
    files = {key: file for key, file in read_tree(folder).items() if key not in sketch_project.NAMES}
    main = request.sketch.name if loose else main_tab(name, files)
    if main is None:
        raise _hollow(folder, files)
    if not loose and f"{name}.pde" in files and main != f"{name}.pde":
        what = f"has two main tabs, {main} and {name}.pde"
        raise SketchError(what, where=str(folder), do="remove or rename one of them")
    files = {
        key: file if "/" in key or not is_tab(Path(key)) else _plain(file) for key, file in files.items()
    }
    files[f"{name}.ino"] = files.pop(main)
    if loose and folder.resolve().name != name:
        files = {key: file for key, file in files.items() if not _other_sketch(key, file, name)}
    files, uses = _as_template(files, request.literal)
    return SketchSource(name, folder, files, tuple(_library(path) for path in _once(request)), uses)


def _locate(sketch: Path) -> tuple[Path, str]:
    """(folder, name of the sketch)."""
    if is_tab(sketch) and not sketch.is_dir():
        if not sketch.is_file():
            raise UsageError("no such sketch", where=str(sketch), do="correct the path")
        return sketch.parent, sketch.stem
    if not sketch.is_dir():
        raise UsageError(
            "no such sketch", where=str(sketch), do="give a sketch's folder or its .ino, and check the path"
        )
    return sketch, sketch.name if sketch.name not in ("", ".", "..") else sketch.resolve().name


def _hollow(folder: Path, files: dict[str, SourceFile]) -> SketchError:
    name = folder.resolve().name
    others = sorted(tabs(files), key=lambda tab: not has_entry_point(files[tab].text()))
    if not others:
        return SketchError(
            f"has no {name}.ino, so it is no sketch", where=str(folder), do="give the folder of a sketch"
        )
    what = f"has no {name}.ino, so it is no sketch: {others[0]} {other_name(name, others[0])}"
    return SketchError(what, where=str(folder), do=f"give {folder / others[0]} itself, or rename it")


def _plain(file: SourceFile) -> SourceFile:
    """A tab without the byte order mark that some editors write: in joined tabs gcc takes it for code."""
    data = file.read()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SketchError(
            "is UTF-16 text, which no compiler reads", where=str(file.origin), do="save it as UTF-8"
        )
    if not data.startswith(codecs.BOM_UTF8):
        return file
    return _generated(file.relative, file.origin, data.removeprefix(codecs.BOM_UTF8))


def _other_sketch(key: str, file: SourceFile, name: str) -> bool:
    """Whether a tab beside a loose ``.ino`` is a sketch of its own: it has a setup() or loop()."""
    if "/" in key or not is_tab(Path(key)) or key == f"{name}.ino":
        return False
    return has_entry_point(file.text())


def _as_template(
    files: dict[str, SourceFile], literal: int | None
) -> tuple[dict[str, SourceFile], tuple[template.Use, ...]]:
    uses: list[template.Use] = []
    changed: dict[str, SourceFile] = {}
    allocates = False
    for key in sorted(files):
        if PurePosixPath(key).suffix not in template.SOURCE_SUFFIXES:
            continue
        data = files[key].read()
        if template.PLACEHOLDER.encode() not in data:
            continue
        text = data.decode("utf-8", "surrogateescape")
        lines = template.uses(text)
        if not lines:
            continue
        uses += [template.Use(key, line) for line in lines]
        allocates = allocates or template.allocates(text)
        content = template.substitute(text, literal).encode("utf-8", "surrogateescape")
        changed[key] = _generated(key, files[key].origin, content)
    if not uses:
        return files, ()
    if not allocates:
        where = f"{files[uses[0].relative].origin}:{uses[0].line}"
        raise SketchError(
            "uses $alloc_size but allocates nothing with it",
            where=where,
            do="write `ptr = (char*) malloc($alloc_size);` as the first act of setup()",
        )
    origin = files[uses[0].relative].origin
    if literal is None:
        name = template.ASSEMBLY_NAME
        changed[name] = _generated(name, origin, template.ASSEMBLY.encode())
    return files | changed, tuple(uses)


def _generated(key: str, origin: Path, content: bytes) -> SourceFile:
    return SourceFile(key, origin, hashlib.sha256(content).hexdigest(), content)


def _once(request: BuildRequest) -> tuple[Path, ...]:
    names: dict[str, Path] = {}
    for path in request.libraries:
        name = path.resolve().name
        if name in names and names[name].resolve() != path.resolve():
            raise UsageError(
                f"has the same folder name as {names[name]}",
                where=f"library {path}",
                do="name one of the two folders differently",
            )
        names[name] = path
    return tuple(names.values())


def _library(path: Path) -> Library:
    if not path.is_dir():
        raise UsageError("no such library", where=str(path), do="give the library's own folder")
    files = library_files(path)
    if not any(PurePosixPath(key).suffix in template.SOURCE_SUFFIXES for key in files):
        raise UsageError("holds no sources", where=f"library {path}", do="give the library's own folder")
    return Library(path.resolve().name, path, files)
