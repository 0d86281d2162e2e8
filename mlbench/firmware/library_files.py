"""Which files of a library a build can read, so that a line in its README compiles nothing.

The two layouts are those of the Arduino library specification: with ``library.properties`` and a folder
``src``, all that is compiled or included lies below ``src``; else sources and headers lie at the top.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from mlbench.firmware.source_tree import SourceFile, read_tree, tree_digest

SKIPPED_FOLDERS = frozenset({"examples", "extras", "test", "tests", "docs", "doc"})
"""Folders at a library's top that no build looks into."""

_PROPERTIES = "library.properties"
_SOURCE = "src/"
_CODE = frozenset(
    (
        *(".c", ".cc", ".cpp", ".cxx", ".S", ".s", ".asm", ".h", ".hh", ".hpp", ".hxx", ".inc", ".inl"),
        *(".ipp", ".tpp", ".tcc", ".def", ".a", ".o", ".so", ".ld"),
    )
)
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include(?:_next)?[ \t]*[\"<]([^\">\n]+)", re.MULTILINE)


def library_files(folder: Path) -> dict[str, SourceFile]:
    """All files of a library but those of its examples and the like. Raises as ``read_tree``."""
    return read_tree(folder, SKIPPED_FOLDERS)


def readable(files: Mapping[str, SourceFile]) -> dict[str, SourceFile]:
    """Those of a library's files that a build can read.

    Files of other kinds count where a file of the library includes one of that name. What a sketch
    reaches otherwise is seen in the compiler's own lists (``dependencies.outside``).
    """
    recursive = _PROPERTIES in files and any(name.startswith(_SOURCE) for name in files)
    own = {name for name in files if _compiled(name, recursive=recursive)}
    included = set()
    for name in own:
        if PurePosixPath(name).suffix not in (".a", ".o", ".so"):
            for match in _INCLUDE.finditer(files[name].read()):
                path = match[1].decode("utf-8", "replace")
                if not recursive or ".." in path:
                    included.add(PurePosixPath(path).name)
    return {name: file for name, file in files.items() if name in own or PurePosixPath(name).name in included}


def library_digest(folder: Path) -> str:
    """Changes with any file of a library that a build can read. Raises as ``read_tree``."""
    return tree_digest(readable(library_files(folder)))


def _compiled(name: str, *, recursive: bool) -> bool:
    if name == _PROPERTIES or (recursive and name.startswith(_SOURCE)):
        return True
    return not recursive and PurePosixPath(name).suffix in _CODE
