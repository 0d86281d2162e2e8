"""Which header an ``#include`` finds, as far as it must be the same again for an object to be the same.

A list of dependencies names what was found, not what was looked for before. So the directives of all these
files are read: where each name that they mention lies in the same of the folders that are searched, and
nowhere else, the compiler finds the same files, and passes by the same ``__has_include``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_BLANK = rb"(?:[ \t]|/\*.*?\*/)*"
_DIRECTIVE = re.compile(
    rb"^" + _BLANK + rb"(?:#|%:|\?\?=)" + _BLANK + rb"(?:include|include_next|import)\b" + _BLANK + rb"(.*)$",
    re.MULTILINE,
)
_HAS = re.compile(rb"__has_(?:include(?:_next)?|embed)(?:__)?\s*\(\s*([^\n]*)")
_NAME = re.compile(rb"\"([^\"\n]+)\"|<([^>\n]+)>")
_UNSEEN = re.compile(
    rb"__TIMESTAMP__|\.incbin\b|\.include\b|#[ \t]*embed\b|GCC[ \t]+system_header\b|\\\r?\n[ \t]*include\b"
)
"""What makes an object depend on more than the files of its list: times of files, files that the assembler
reads, headers that are called the system's. The clock of ``__TIME__`` stands still in builds."""
_OPTIONAL = frozenset({"tbb"})
"""What headers of the compiler's own ask for, though it need not be there."""
_PROBE_SECONDS = 20.0
TICK_NS = 50_000_000
"""Times of files are up to a tick of the kernel's clock behind the time of day."""


@dataclass(frozen=True)
class Mentions:
    """The names that a file's directives mention."""

    quoted: tuple[str, ...]
    bracketed: tuple[str, ...]
    computed: bool
    """Whether a directive names a macro."""
    unseen: bool
    """Whether an object of this file may depend on what no list names."""


def mentions(text: bytes) -> Mentions:
    """Read a source file, parts that are left out included."""
    quoted, bracketed = set[str](), set[str]()
    computed = False
    unseen = _UNSEEN.search(text) is not None
    for number, pattern in enumerate((_DIRECTIVE, _HAS)):
        for match in pattern.finditer(text):
            name = _NAME.match(match[1])
            if name is None:
                # A macro that names a header which is there is known by what was found; one of a header
                # that is only asked for is not.
                computed, unseen = True, unseen or number == 1
            elif name[1] is not None:
                quoted.add(os.fsdecode(name[1]))
            else:
                bracketed.add(os.fsdecode(name[2]))
    return Mentions(tuple(sorted(quoted)), tuple(sorted(bracketed)), computed, unseen)


class Folders:
    """What lies in folders, looked at again where one has changed."""

    def __init__(self) -> None:
        self._listed: dict[str, tuple[tuple[int, int], frozenset[str]]] = {}
        self._lock = threading.Lock()

    def names(self, folder: str) -> frozenset[str]:
        """The names in a folder; none where it is not there."""
        try:
            about = os.stat(folder)  # noqa: PTH116 (many)
            stamp = (about.st_ino, about.st_ctime_ns)
            with self._lock:
                known = self._listed.get(folder)
            if known is not None and known[0] == stamp:
                return known[1]
            names = frozenset(os.listdir(folder))  # noqa: PTH208 (many)
        except OSError:
            return frozenset()
        if time.time_ns() - about.st_ctime_ns > TICK_NS:
            with self._lock:
                self._listed[folder] = (stamp, names)
        return names

    def has(self, folder: str, name: str) -> bool:
        """Whether a name of one or more parts is below a folder."""
        first, _, more = name.partition("/")
        if first in ("..", ".", ""):
            return os.path.exists(os.path.join(folder, name))  # noqa: PTH110, PTH118 (many)
        return first in self.names(folder) and (not more or os.path.exists(os.path.join(folder, name)))  # noqa: PTH110, PTH118


@dataclass(frozen=True)
class Search:
    """What a compiler looks for, in which folders.

    Names of folders are ``(option, path)`` and, for what quotes name, the folder of the file that does so.
    """

    names: tuple[str, ...]
    beside: tuple[tuple[str, str], ...]
    """Folders of files with each name that they have in quotes."""

    def outcome(
        self,
        searched: Sequence[tuple[str, str]],
        system: frozenset[str],
        folders: Folders,
        portable: Callable[[str], str],
    ) -> str:
        """A digest that changes with whatever another header could be found by.

        Args:
            searched: the folders of the command.
            system: names at the top of the compiler's own folders, those of folders with a slash as well.
            folders: what lies in folders.
            portable: a path as it is called wherever the build lies.
        """
        lists = [(option, folder, folders.names(folder)) for option, folder in searched]
        places: list[object] = []
        for name in self.names:
            first = name.partition("/")[0]
            if first in ("..", "."):
                hits = [folder for _, folder, _ in lists if folders.has(folder, name)]
            else:
                hits = [folder for _, folder, names in lists if first in names]
                hits = [
                    folder
                    for folder in hits
                    if (folders.has(folder, name) if "/" in name else not _is_folder(folder, name))
                ]
            if hits:
                places.append([name, [portable(folder) for folder in hits]])
        for option, folder, names in lists:
            # A library's folder `utility` hides nothing of <utility>, which is a file.
            hidden = sorted(
                name for name in names & system if f"{name}/" in system or not _is_folder(folder, name)
            )
            if hidden:
                places.append([option, portable(folder), [[name, _below(folder, name)] for name in hidden]])
        places.append([folders.has(folder, name) for folder, name in self.beside])
        return hashlib.sha256(json.dumps(places).encode("utf-8", "surrogateescape")).hexdigest()


def search_of(files: Iterable[tuple[str, Mentions]], forced: Iterable[str]) -> Search:
    """All that the files of an object, each with its path, mention; ``forced`` are named by the command."""
    names, beside = set(forced), set[tuple[str, str]]()
    computed, paths = False, []
    for path, mentioned in files:
        paths.append(path)
        names |= {*mentioned.quoted, *mentioned.bracketed}
        beside |= {(os.path.dirname(path), name) for name in mentioned.quoted}  # noqa: PTH120 (many)
        computed = computed or mentioned.computed
    if computed:
        # One of these files it was, by some of the last parts of its path.
        for path in paths:
            parts = path.split("/")
            names |= {"/".join(parts[-count:]) for count in range(1, min(len(parts), 6))}
    return Search(tuple(sorted(names)), tuple(sorted(beside)))


def _is_folder(folder: str, name: str) -> bool:
    """Whether a name is a folder's, which no directive finds."""
    return os.path.isdir(os.path.join(folder, name))  # noqa: PTH112, PTH118 (many)


def _below(folder: str, name: str) -> list[str]:
    """What a folder that hides one of the compiler's has."""
    top = os.path.join(folder, name)  # noqa: PTH118 (many)
    return sorted(os.path.join(place, file)[len(top) :] for place, _, files in os.walk(top) for file in files)  # noqa: PTH118


def system_names(program: str, environment: dict[str, str]) -> frozenset[str]:
    """Names at the top of the folders that a compiler searches by itself, folders also with a slash behind.

    Raises:
        OSError: it does not run, or says none.
    """
    stamp = os.stat(program).st_mtime_ns  # noqa: PTH116
    return _system_names(program, stamp, environment.get("PATH", ""))


@lru_cache(maxsize=32)
def _system_names(program: str, _stamp: int, path: str) -> frozenset[str]:
    try:
        done = subprocess.run(
            [program, "-E", "-v", "-x", "c++", "/dev/null", "-o", "/dev/null"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
            env={"LC_ALL": "C", "PATH": path},
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(str(error)) from error
    text = os.fsdecode(done.stderr)
    _, _, rest = text.partition("#include <...> search starts here:\n")
    places = [line.strip() for line in rest.partition("End of search list.")[0].splitlines()]
    if not places:
        raise OSError(f"{program} names no folders of headers")
    names = set(_OPTIONAL)
    for place in places:
        if os.path.isdir(place):  # noqa: PTH112
            for entry in os.scandir(place):
                names |= {entry.name, f"{entry.name}/"} if entry.is_dir() else {entry.name}
    return frozenset(names)
