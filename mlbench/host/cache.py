"""What mlbench keeps on a machine: listing it, cleaning it, taking all of it away."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlbench.host import apt
from mlbench.host.cache_dir import (
    APT_LOG,
    APT_RECORD,
    AREAS,
    ENVIRONMENTS,
    TAG,
    Say,
    home_path,
    locked,
    remove_tree,
)


@dataclass(frozen=True)
class CacheEntry:
    """One thing that is kept."""

    area: str
    name: str
    path: Path
    bytes: int
    """What it takes on the disk."""
    in_use: bool = False
    """The environment that runs this very process."""


def entries(areas: Sequence[str] = ()) -> tuple[CacheEntry, ...]:
    """What is kept, by area (default: all) and name. An unreadable part counts as empty."""
    listing = []
    for name in areas or AREAS:
        folder = home_path() / name
        if not folder.is_dir():
            continue
        for path in sorted(folder.iterdir()):
            if path.suffix in {".lock", ".log"} or path.name == "lock":
                continue
            in_use = name == ENVIRONMENTS and path == Path(sys.prefix)
            listing.append(CacheEntry(name, path.name, path, _bytes_of(path), in_use))
    return tuple(listing)


def clean(say: Say, areas: Sequence[str] = ()) -> int:
    """Remove what can be made again (default: all areas), but never the running environment.

    Returns:
        How many bytes that gave back.

    Raises:
        EnvironmentFault: something cannot be removed.
    """
    freed = 0
    for entry in entries(areas):
        if entry.in_use:
            continue
        if entry.area == ENVIRONMENTS:
            # Another start may be making it this moment.
            with locked(entry.path.with_name(f"{entry.name}.lock"), say, "making the Python environment"):
                remove_tree(entry.path)
            entry.path.with_name(f"{entry.name}.log").unlink(missing_ok=True)
        else:
            remove_tree(entry.path)
        freed += entry.bytes
    return freed


def uninstall(say: Say) -> None:
    """Remove all that mlbench made on this machine; name the packages that it had installed.

    Only areas of ours are removed: whatever else is in the folder stays, and the folder with it.

    Raises:
        EnvironmentFault: something cannot be removed.
    """
    folder = home_path()
    if not (folder / TAG).is_file():
        say(f"nothing to remove: {folder} is not there or not made by mlbench")
        return
    packages = apt.recorded()
    # The environment that runs this goes last: what it still has to import must be there until then.
    for name in sorted(AREAS, key=lambda name: name == ENVIRONMENTS):
        remove_tree(folder / name)
    for name in (APT_RECORD, APT_LOG, TAG):
        (folder / name).unlink(missing_ok=True)
    left = sorted(path.name for path in folder.iterdir())
    if left:
        say(f"removed mlbench's files; {folder} stays, for {left[0]} in it is not mlbench's")
    else:
        _remove_empty(folder)
        say(f"removed {folder}")
    if packages:
        command = f"apt-get remove {' '.join(packages)}"
        prefix = "" if os.geteuid() == 0 else "sudo "
        say(f"Debian packages that mlbench had installed stay; to remove them: {prefix}{command}")


def _remove_empty(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    else:
        folder.rmdir()


def _bytes_of(path: Path) -> int:
    """Disk space in bytes; hard links within one entry count once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    paths = [str(path)]
    if path.is_dir() and not path.is_symlink():
        paths += [os.path.join(at, name) for at, dirs, files in os.walk(path) for name in (*dirs, *files)]  # noqa: PTH118 (many)
    for name in paths:
        try:
            status = os.lstat(name)
        except OSError:
            continue
        if (key := (status.st_dev, status.st_ino)) not in seen:
            seen.add(key)
            total += status.st_blocks * 512
    return total
