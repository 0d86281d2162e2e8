"""Built firmware, kept by what it was built from.

An entry is a folder: the ELF files and ``firmware.json``. It is made beside its place and renamed
into it, so that an entry is whole or not there, also when the disk is full or two processes build
the same sketch.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mlbench.core.firmware import BoardImage, BuildKeys, Diagnostic, Firmware, Harness, MemoryLimits, Overflow
from mlbench.errors import EnvironmentFault, HostTimeout
from mlbench.firmware.library_files import library_digest
from mlbench.firmware.object_store import ObjectStore
from mlbench.util.scratch import ScratchFolder

_HERE = "<sketch>/"
_META = "firmware.json"
_UPLOAD = "upload"
_MADE = "made"
_WORKSPACES_KEPT, _CORES_KEPT, _ENTRIES_KEPT = 24, 24, 400
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class FirmwareCache:
    """The part of the cache folder that builds use."""

    folder: Path
    since: float = 0.0
    """What was made before this time, in seconds since 1970, does not count."""

    @property
    def entries(self) -> Path:
        """Finished firmware, a folder each."""
        return self.folder / "firmware"

    @property
    def workspaces(self) -> Path:
        """Where sketches are compiled."""
        return self.folder / "workspaces"

    @property
    def cores(self) -> Path:
        """Compiled cores, a folder for each set of flags."""
        return self.folder / "cores"

    @property
    def objects(self) -> ObjectStore:
        """Compiled objects, whichever sketch they were compiled for."""
        return ObjectStore(self.folder / "objects", self.since)

    @property
    def launchers(self) -> Path:
        """The program that stands in front of each compile."""
        return self.folder / "launcher"

    @property
    def boards(self) -> Path:
        """What sketch compilers said of boards, a file for each set of flags."""
        return self.folder / "boards"

    def restore_core(self, key: str, target: Path) -> None:
        """Put a copy of the core that was compiled with the same flags into a workspace. Raises OSError.

        A copy, because the sketch compilers write there, and not in one step.
        """
        shared = self.cores / key
        target.mkdir(parents=True, exist_ok=True)
        if self._counts(shared) and not _archives(target):
            shutil.copytree(shared, target, dirs_exist_ok=True)
            with suppress(OSError):
                os.utime(shared)

    def keep_core(self, key: str, origin: Path) -> None:
        """Keep the core that a good build in a workspace left; a disk that is full only costs time later."""
        shared = self.cores / key
        if self._counts(shared) or not _archives(origin):
            return
        with suppress(OSError):
            self.cores.mkdir(parents=True, exist_ok=True)
            with ScratchFolder(".new-", self.cores) as new:
                shutil.copytree(origin, new, dirs_exist_ok=True, ignore=shutil.ignore_patterns("sketches"))
                (new / _MADE).write_text(repr(time.time()))
                self._put(new, shared)

    def recall(self, key: str) -> Any:
        """What ``remember`` was given, None when there is nothing."""
        with suppress(OSError, ValueError):
            file = self.boards / f"{key}.json"
            if file.stat().st_mtime >= self.since:
                return json.loads(file.read_text())
        return None

    def remember(self, key: str, value: Any) -> None:
        """Keep a value of JSON; a disk that is full only costs time later."""
        with suppress(OSError):
            self.boards.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.boards)
            try:
                with os.fdopen(handle, "w") as file:
                    json.dump(value, file)
                Path(name).rename(self.boards / f"{key}.json")
            except OSError:
                Path(name).unlink(missing_ok=True)

    def load(self, key: str, source: Path) -> Firmware | None:
        """The firmware of that key, if it is there, whole, and its libraries have not changed."""
        entry = self.entries / key
        with suppress(OSError, ValueError, KeyError, TypeError):
            meta = json.loads((entry / _META).read_text())
            firmware = _firmware(meta, entry, source)
            images = [*_linked(firmware), *([firmware.board.elf] if firmware.board else [])]
            if meta["once"] or meta["made"] < self.since or not all(image.is_file() for image in images):
                return None
            for folder, digest in meta["libraries_seen"]:
                if library_digest(Path(folder)) != digest:
                    return None
            with suppress(OSError):
                os.utime(entry)
            return firmware
        return None

    def save(
        self, key: str, firmware: Firmware, libraries: Sequence[tuple[Path, str]], *, once: str = ""
    ) -> Firmware:
        """Keep a firmware; returns it with the paths it is kept at.

        ``libraries`` are those that lie outside of the workspace, with their digests: the entry counts only
        while they stay as they are. ``once`` is why it must not be used again, where it must not.

        Raises:
            EnvironmentFault: the entry cannot be written; what was there before stays.
        """
        entry = self.entries / key
        cached = _placed(firmware, entry)
        if firmware.board is not None:
            folder, name = entry / _UPLOAD, firmware.board.elf.name
            cached = replace(cached, board=replace(firmware.board, folder=folder, elf=folder / name))
        # The same sketch may lie elsewhere when the entry is used again.
        own = f"{firmware.source}/"
        located = tuple(
            replace(d, file=f"{_HERE}{d.file[len(own) :]}" if d.file.startswith(own) else d.file)
            for d in firmware.diagnostics
        )
        stored = replace(_placed(cached, Path()), diagnostics=located)
        meta = asdict(stored)
        if stored.board is not None:
            names = replace(stored.board, folder=Path(_UPLOAD), elf=Path(stored.board.elf.name))
            meta["board"] = asdict(names)
        meta["once"] = once
        meta["made"] = time.time()
        meta["libraries_seen"] = [(str(folder), digest) for folder, digest in libraries]
        try:
            self.entries.mkdir(parents=True, exist_ok=True)
            with ScratchFolder(".new-", self.entries) as new:
                for origin in set(_linked(firmware)):
                    shutil.copyfile(origin, new / origin.name)
                if firmware.board is not None:
                    shutil.copytree(firmware.board.folder, new / _UPLOAD)
                (new / _META).write_text(json.dumps(meta, default=str, indent=1))
                self._put(new, entry)
        except OSError as error:
            raise write_fault(error, self.folder) from error
        return cached

    def _counts(self, core: Path) -> bool:
        """Whether a kept core is there and not too old."""
        with suppress(OSError, ValueError):
            return core.is_dir() and (not self.since or float((core / _MADE).read_text()) >= self.since)
        return False

    def _put(self, new: Path, entry: Path) -> None:
        try:
            new.rename(entry)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            # An entry that counts no longer (a library changed), or one that another process made.
            with ScratchFolder(".old-", entry.parent) as old:
                entry.rename(old / "entry")
                new.rename(entry)

    @contextmanager
    def locked_workspace(self, key: str, seconds: float) -> Iterator[Path]:
        """The folder to build in, for one process at a time.

        Raises:
            HostTimeout: another process holds it for longer than ``seconds``.
            EnvironmentFault: the cache cannot be written.
        """
        try:
            self.workspaces.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.workspaces / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise write_fault(error, self.folder) from error
        try:
            self._wait(lock, key, seconds)
            self._prune(key)
            yield self.workspaces / key
        finally:
            os.close(lock)

    def _wait(self, lock: int, key: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > end:
                    raise HostTimeout(
                        f"another process builds here for more than {seconds:.0f} s",
                        where=str(self.workspaces / key),
                        do="wait for it, or end it",
                    ) from None
            time.sleep(_POLL_SECONDS)

    def _prune(self, current: str) -> None:
        """Remove what was not used for the longest time, but for workspaces in use."""
        for folder in _oldest(self.workspaces, _WORKSPACES_KEPT, current):
            with suppress(OSError), (self.workspaces / f"{folder.name}.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        for file in _oldest(self.boards, _CORES_KEPT * 2):
            file.unlink(missing_ok=True)
        for folder in (*_oldest(self.cores, _CORES_KEPT), *_oldest(self.entries, _ENTRIES_KEPT)):
            shutil.rmtree(folder, ignore_errors=True)


def _linked(firmware: Firmware) -> tuple[Path, ...]:
    """The images that are not for boards."""
    canonical = () if firmware.canonical_elf is None else (firmware.canonical_elf,)
    return (firmware.elf, firmware.probe_elf, *canonical)


def _placed(firmware: Firmware, folder: Path) -> Firmware:
    """The same with its images in a folder."""
    canonical = firmware.canonical_elf
    return replace(
        firmware,
        elf=folder / firmware.elf.name,
        probe_elf=folder / firmware.probe_elf.name,
        canonical_elf=None if canonical is None else folder / canonical.name,
    )


def _archives(folder: Path) -> bool:
    """Whether there is a compiled core in a sketch compiler's cache."""
    return any(path.is_file() for path in (*folder.glob("core/*.a"), *folder.glob("cores/*/core.a")))


def _oldest(parent: Path, limit: int, current: str = "") -> list[Path]:
    """What to remove so that ``limit`` stay."""
    dated_folders = []
    with suppress(OSError):
        for folder in parent.iterdir():
            with suppress(OSError):
                if folder.name != current and folder.suffix != ".lock":
                    dated_folders.append((folder.stat().st_mtime, folder))
    return [folder for _, folder in sorted(dated_folders)[: max(0, len(dated_folders) - limit)]]


def write_fault(error: OSError, folder: Path) -> EnvironmentFault:
    """The error for a cache that cannot be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return EnvironmentFault(
        "no space left for built firmware" if full else f"cannot be written: {error.strerror or error}",
        where=str(folder),
        do="free some space, or name another folder in MLBENCH_HOME" if full else "check its permissions",
    )


def _firmware(meta: Any, entry: Path, source: Path) -> Firmware:
    keys = dict(meta["keys"])
    return Firmware(
        name=str(meta["name"]),
        source=source,
        elf=entry / meta["elf"],
        probe_elf=entry / meta["probe_elf"],
        is_template=bool(meta["is_template"]),
        keys=BuildKeys(**(keys | {"libraries": tuple(keys["libraries"])})),
        overflows=tuple(Overflow(**item) for item in meta["overflows"]),
        diagnostics=tuple(
            replace(diagnostic, file=diagnostic.file.replace(_HERE, f"{source}/", 1))
            for diagnostic in (Diagnostic(**item) for item in meta["diagnostics"])
        ),
        seconds=float(meta["seconds"]),
        cached=True,
        notes=tuple(meta["notes"]),
        board=_board_image(meta.get("board"), entry),
        platform_bytes=meta["platform_bytes"],
        platform_variables=meta["platform_variables"],
        limits=MemoryLimits(**meta["limits"]),
        canonical_elf=entry / meta["canonical_elf"] if meta["canonical_elf"] else None,
        no_canonical=str(meta["no_canonical"]),
    )


def _board_image(meta: Any, entry: Path) -> BoardImage | None:
    if meta is None:
        return None
    folder, given = entry / _UPLOAD, meta["harness"]
    harness = None
    if given is not None:
        records = tuple(given["records"]) if given["records"] else None
        outputs = tuple((arg, size) for arg, size in given["outputs"])
        objects = tuple((name, size) for name, size in given["objects"])
        scratch = tuple(given["scratch"])
        harness = Harness(
            **(given | {"records": records, "outputs": outputs, "objects": objects, "scratch": scratch})
        )
    return BoardImage(**(meta | {"folder": folder, "elf": folder / meta["elf"], "harness": harness}))
