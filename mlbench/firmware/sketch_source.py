"""What a sketch is made of: its folder, the template's parts, its libraries."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mlbench.core.firmware import BuildRequest
from mlbench.errors import SketchError, UsageError
from mlbench.firmware import template
from mlbench.firmware.source_tree import SourceFile, read_tree, tree_digest

_ENTRY_POINT = re.compile(r"^[ \t]*void[ \t]+(?:setup|loop)[ \t]*\(", re.MULTILINE)
_LIBRARY_SKIPPED = frozenset({"examples", "extras", "test", "tests", "docs", "doc"})


@dataclass(frozen=True)
class Library:
    """A library's files, under the name its folder has."""

    name: str
    folder: Path
    files: dict[str, SourceFile]


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

    @property
    def digest(self) -> str:
        """Changes with any content that can reach the image."""
        parts = [self.name, tree_digest(self.files)]
        parts += [f"{library.name}:{tree_digest(library.files)}" for library in self.libraries]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_source(request: BuildRequest) -> SketchSource:
    """Read a sketch, whether named by its folder or by its ``.ino``.

    Raises:
        UsageError: there is no such sketch or library.
        SketchError: the folder lacks its ``.ino``, or a template does not allocate.
    """
    folder, name, main = _locate(request.sketch)
    files = read_tree(folder)
    if main != f"{name}.ino":
        files[f"{name}.ino"] = files.pop(main)
    if f"{name}.ino" not in files:
        raise _hollow(folder, files)
    if request.sketch.suffix == ".ino" and folder.name != name:
        files = {key: file for key, file in files.items() if not _other_sketch(key, file, name)}
    files, uses = _as_template(files, request.literal)
    return SketchSource(name, folder, files, tuple(_library(path) for path in _once(request)), uses)


def _locate(sketch: Path) -> tuple[Path, str, str]:
    """(folder, name of the sketch, file name of its main tab)."""
    if sketch.suffix in (".ino", ".pde") and not sketch.is_dir():
        if not sketch.is_file():
            raise UsageError("no such sketch", where=str(sketch), do="correct the path")
        return sketch.parent, sketch.stem, sketch.name
    if not sketch.is_dir():
        raise UsageError(
            "no such sketch", where=str(sketch), do="give a sketch's folder or its .ino, and check the path"
        )
    name = sketch.name or sketch.resolve().name
    if name in (".", ".."):
        name = sketch.resolve().name
    return sketch, name, f"{name}.ino"


def _hollow(folder: Path, files: dict[str, SourceFile]) -> SketchError:
    others = sorted(key for key in files if key.endswith(".ino") and "/" not in key)
    name = folder.resolve().name
    advice = f"give {folder / others[0]} itself" if others else "give the folder of a sketch"
    return SketchError(f"has no {name}.ino, so it is no sketch", where=str(folder), do=advice)


def _other_sketch(key: str, file: SourceFile, name: str) -> bool:
    """Whether a tab beside a loose ``.ino`` is a sketch of its own: it has a setup() or loop()."""
    if "/" in key or not key.endswith((".ino", ".pde")) or key == f"{name}.ino":
        return False
    return _ENTRY_POINT.search(file.read().decode("utf-8", "replace")) is not None


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
    files = read_tree(path, _LIBRARY_SKIPPED)
    if not any(PurePosixPath(key).suffix in template.SOURCE_SUFFIXES for key in files):
        raise UsageError("holds no sources", where=f"library {path}", do="give the library's own folder")
    return Library(path.resolve().name, path, files)
