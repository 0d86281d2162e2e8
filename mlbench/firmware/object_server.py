"""Answers the compiler's launchers of one build: an object that is there already, or the word to compile.

A launcher (``launcher.c``) stands in front of each command of the sketch compiler. It asks here, over a
socket that the environment names. Where the object was compiled before, from the same files, for whichever
sketch, it is put into its place. Else the launcher runs the compiler and tells how that ended, and what the
object was made of is looked at again before it is kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from mlbench.firmware.build_inputs import compiler_stamps, hashed, is_of
from mlbench.firmware.compile_command import CompileCommand, NotOurs, read_command
from mlbench.firmware.dependencies import dependencies
from mlbench.firmware.header_search import (
    TICK_NS,
    Folders,
    Mentions,
    Search,
    mentions,
    search_of,
    system_names,
)
from mlbench.firmware.object_store import ObjectStore, Record

VARIABLE = "MLBENCH_OBJECTS"
"""Names the socket to launchers."""

_FORMAT = "1"
"""Part of each key; changes with the meaning of a record."""
_BUILD, _WORKSPACE = "\x01build", "\x01workspace"
_PAUSE_SECONDS = 0.05
_MOST_REQUEST = 1 << 22
_MOST_OBJECT = 64 << 20
_MOST_MESSAGES = 2 << 20
"""Launchers send no more."""


@dataclass(frozen=True)
class ObjectContext:
    """A build whose commands are answered."""

    key: str
    """Of all that its commands read without their lists naming it: the compiler, the platform's files."""
    workspace: Path
    """Ours alone while it builds. Places in it mean the same in each workspace."""
    environment: Mapping[str, str]
    """What the commands get."""
    folders: tuple[Path, ...]
    """Folders whose files the key covers."""
    compilers: tuple[Path, ...]
    """Compilers that the key covers."""
    seconds: float


class _Contents:
    """Digests of files and what their directives mention, read again where a file has changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, int, int, int], str, Mentions]] = {}
        self._lock = threading.Lock()

    def of(self, path: str) -> tuple[str, Mentions]:
        """Raises OSError."""
        about = os.stat(path)  # noqa: PTH116 (many)
        stamp = (about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
        with self._lock:
            known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1], known[2]
        with open(path, "rb") as file:  # noqa: PTH123 (many)
            data = file.read()
        digest, names = hashlib.sha256(data).hexdigest(), mentions(data)
        if time.time_ns() - about.st_ctime_ns > TICK_NS:
            with self._lock:
                self._known[path] = (stamp, digest, names)
        return digest, names


_CONTENTS, _FOLDERS = _Contents(), Folders()
"""What all builds of this process have seen."""


class _PlaceNames:
    """Paths of a workspace as they are in every workspace, and back."""

    def __init__(self, workspace: str, build: str) -> None:
        self._pairs = ((build, _BUILD), (workspace, _WORKSPACE))

    def portable(self, text: str) -> str:
        for folder, name in self._pairs:
            if folder:
                text = text.replace(folder, name)
        return text

    def here(self, text: str) -> str:
        for folder, name in self._pairs:
            if name in text:
                if not folder:
                    raise NotOurs("a place that this command does not name")
                text = text.replace(name, folder)
        return text


@dataclass
class _Request:
    """A command with what there is to know of it before it runs."""

    command: CompileCommand
    places: _PlaceNames
    key: str
    system: frozenset[str]
    extra: tuple[str, ...] = ()
    """Words that the compiler gets besides, so that it lists what it reads."""


@dataclass
class ObjectServer:
    """The answers for one build."""

    store: ObjectStore
    context: ObjectContext
    contents: _Contents = field(default_factory=lambda: _CONTENTS)
    folders: Folders = field(default_factory=lambda: _FOLDERS)
    hits: int = 0
    misses: int = 0
    _counts: threading.Lock = field(default_factory=threading.Lock)
    _stamps: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def serving(self) -> Iterator[dict[str, str]]:
        """Within the context, launchers are answered that get these variables; none where that cannot be."""
        folder = tempfile.mkdtemp(prefix="mlbench-")
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                address = os.path.join(folder, "s")  # noqa: PTH118
                try:
                    listener.bind(address)
                    listener.listen(64)
                except OSError:  # the folder's name is too long for a socket
                    yield {}
                    return
                over = threading.Event()
                thread = threading.Thread(target=self._accept, args=(listener, folder, over), daemon=True)
                thread.start()
                try:
                    yield {VARIABLE: address}
                finally:
                    over.set()
                    with socket.socket(socket.AF_UNIX) as last:
                        last.connect(address)
                    thread.join()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _accept(self, listener: socket.socket, scratch: str, over: threading.Event) -> None:
        for number in count():
            try:
                connection, _ = listener.accept()
            except OSError:  # too many files are open, say
                over.wait(_PAUSE_SECONDS)
                continue
            if over.is_set():
                connection.close()
                return
            listing = os.path.join(scratch, f"{number}.d")  # noqa: PTH118
            threading.Thread(target=self._serve, args=(connection, listing), daemon=True).start()

    def _serve(self, connection: socket.socket, scratch: str) -> None:
        with connection, suppress(OSError, ValueError):
            argv, cwd = _read_request(connection)
            try:
                request = self._request(argv, cwd, scratch)
            except (NotOurs, OSError):
                connection.sendall(b"plain 0\n")
                return
            if self._answer(connection, request):
                return
            with self.store.turn(request.key, self.context.seconds):
                if not self._answer(connection, request):
                    self._compile(connection, request)

    def _request(self, argv: list[str], cwd: str, scratch: str) -> _Request:
        """Raises NotOurs, OSError."""
        command = read_command(argv, cwd)
        workspace = str(self.context.workspace)
        written = command.path(command.listing if command.preprocess else command.output)
        build = re.match(rf"{re.escape(workspace)}/(?:build|cores/sketches/\w+)(?=/)", written)
        places = _PlaceNames(workspace, build[0] if build else "")
        covered = tuple(f"{folder}/" for folder in self.context.folders)
        for option, folder in command.searched:
            # What lies there is on no list.
            if option not in ("-I", "-iquote") and not command.path(folder).startswith(covered):
                raise NotOurs(f"{option} {folder}")
        program = shutil.which(command.program, path=self.context.environment.get("PATH", ""))
        if program is None:
            raise NotOurs("no such compiler")
        extra = () if command.listing else ("-MMD", "-MF", scratch)
        digests = [self.contents.of(name)[0] for name in command.named]
        outside = [
            f"{option}{old}={new}" for option, old, new in command.maps if not old.startswith(workspace)
        ]
        parts = [
            _FORMAT,
            self.context.key,
            program,
            self._stamp(program),
            "preprocess" if command.preprocess else "compile",
            *(places.portable(text) for text in (cwd, command.source, command.output, command.listing)),
            self.contents.of(command.path(command.source))[0],
            str(len(command.words)),
            *map(places.portable, command.words),
            *outside,
            *digests,
        ]
        names = system_names(program, dict(self.context.environment))
        return _Request(command, places, hashed(parts), names, extra)

    def _stamp(self, program: str) -> str:
        """What a compiler is that the context's key may not cover."""
        path = Path(program)
        if any(is_of(path, compiler) for compiler in self.context.compilers):
            return ""
        if any(folder in path.parents for folder in self.context.folders):
            return ""
        if program not in self._stamps:
            self._stamps[program] = hashed(compiler_stamps([path]))
        return self._stamps[program]

    def _answer(self, connection: socket.socket, request: _Request) -> bool:
        """Give what is kept, where it is still true."""
        for record in self.store.records(request.key):
            with suppress(NotOurs, OSError):
                if not self._holds(record, request):
                    continue
                content = self.store.content(record.object) if record.object else b""
                if content is None:
                    continue
                self._place(record, request, content)
                messages = os.fsencode(request.places.here(record.messages))
                with self._counts:
                    self.hits += 1
                connection.sendall(b"done %d\n%b" % (len(messages), messages))
                return True
        return False

    def _holds(self, record: Record, request: _Request) -> bool:
        place, command = request.places.here, request.command
        for name, digest in record.read:
            if self.contents.of(place(name))[0] != digest:
                return False
        if self._called(record.read, request) != record.called:
            return False
        search = Search(record.names, tuple((place(folder), name) for folder, name in record.beside))
        return self._found(search, command, request) == record.found

    def _found(self, search: Search, command: CompileCommand, request: _Request) -> str:
        searched = [(option, command.path(folder)) for option, folder in command.searched]
        return search.outcome(searched, request.system, self.folders, request.places.portable)

    def _called(self, read: tuple[tuple[str, str], ...], request: _Request) -> str:
        command = request.command
        paths = [command.cwd, *(request.places.here(name) for name, _ in read)]
        return hashed(request.places.portable(name) for path in paths for name in command.mapped(path))

    def _place(self, record: Record, request: _Request, content: bytes) -> None:
        """Write what the compiler would. Raises OSError."""
        command = request.command
        if command.listing:
            text = request.places.here(record.listing)
            _write(command.path(command.listing), os.fsencode(text))
        if record.object:
            _write(command.path(command.output), content)

    def _compile(self, connection: socket.socket, request: _Request) -> None:
        """Let the launcher run the compiler, and keep what that gives."""
        begin = time.time_ns()
        words = b"".join(os.fsencode(word) + b"\0" for word in request.extra)
        connection.sendall(b"compile %d\n%b" % (len(words), words))
        line = _line(connection)
        status, size = map(int, line.split())
        if not 0 <= size <= _MOST_MESSAGES:
            raise ValueError(size)
        messages = _exactly(connection, size)
        with self._counts:
            self.misses += 1
        if status == 0:
            with suppress(NotOurs, OSError):
                self._keep(request, messages, begin)
        connection.sendall(b"kept 0\n")

    def _keep(self, request: _Request, messages: bytes, begin: int) -> None:
        """Raises NotOurs, OSError."""
        command, portable = request.command, request.places.portable
        listing = command.path(command.listing) if command.listing else request.extra[-1]
        with open(listing, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
            text = file.read()
        read, files = [], []
        for name in dict.fromkeys((command.source, *dependencies(text))):
            path = command.path(name)
            digest, mentioned = self.contents.of(path)
            self._rests(path, begin)
            if mentioned.unseen:
                return
            read.append((portable(path), digest))
            files.append((path, mentioned))
        search = search_of(files, command.forced)
        for _, folder in command.searched:
            self._rests(command.path(folder), begin)
        content = None
        if not command.preprocess:
            with open(command.path(command.output), "rb") as object_file:  # noqa: PTH123
                content = object_file.read(_MOST_OBJECT + 1)
            # What has the workspace's name in it is of no use in another one.
            if len(content) > _MOST_OBJECT or os.fsencode(self.context.workspace) in content:
                return
        record = Record(
            read=tuple(read),
            names=search.names,
            beside=tuple((portable(folder), name) for folder, name in search.beside),
            found=self._found(search, command, request),
            called=self._called(tuple(read), request),
            object=hashlib.sha256(content).hexdigest() if content is not None else "",
            listing=portable(text) if command.listing else "",
            messages=portable(os.fsdecode(messages)),
            made=begin / 1e9,
        )
        self.store.keep(request.key, record, content)

    def _rests(self, path: str, begin: int) -> None:
        """Raise NotOurs where somebody else has changed a file or folder since the compiler was begun."""
        if path.startswith(f"{self.context.workspace}/"):
            return
        with suppress(FileNotFoundError, NotADirectoryError):
            if os.stat(path).st_ctime_ns >= begin - TICK_NS:  # noqa: PTH116 (many)
                raise NotOurs(f"{path} changes")


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(content)


def _read_request(connection: socket.socket) -> tuple[list[str], str]:
    """The command and the folder that it runs in. Raises OSError, ValueError."""
    size = int(_line(connection))
    if not 0 < size <= _MOST_REQUEST:
        raise ValueError(size)
    cwd, *argv = os.fsdecode(_exactly(connection, size)).removesuffix("\0").split("\0")
    return argv, cwd


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) < 64:
        line += _exactly(connection, 1)
    return line


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = connection.recv(min(size - len(data), 1 << 16))
        if not part:
            raise OSError("the launcher is gone")
        data += part
    return bytes(data)
