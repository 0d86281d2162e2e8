"""The data folder that arduino-cli is given where platforms of the user's count.

arduino-cli writes into its data folder whatever it is asked: ``inventory.yaml``, indexes that it lacks,
``installed.json`` of an older form. So it gets a folder of ours, which shows the packages of others as links;
it reads no index there, hence changes nothing behind them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SEEDS = {"library_index.json": '{"libraries":[]}', "package_index.json": '{"packages":[]}'}
"""Indexes that say "nothing known": with them arduino-cli opens no socket."""

_BUILTIN = "builtin"


def seed(data: Path) -> None:
    """Make a folder one that arduino-cli can have as its data folder. Raises OSError."""
    for name in ("packages", "staging"):
        (data / name).mkdir(parents=True, exist_ok=True)
    for name, content in SEEDS.items():
        if not (data / name).exists():
            (data / name).write_text(content)


def view_of(sources: Sequence[Path], views: Path, exact: Mapping[str, Path] | None = None) -> Path:
    """A data folder below ``views`` with the packages of all ``sources``; of a name, the first one's.

    There is one for each set of packages, and it is never changed.

    Args:
        sources: data folders.
        views: where it gets a folder.
        exact: ``package/hardware/architecture/version`` of each platform that is to be the only one there of
            its package, with the data folder that has it.

    Raises:
        OSError: it cannot be made.
    """
    exact = exact or {}
    links: dict[str, Path] = {}
    for place, source in exact.items():
        links[place] = source / "packages" / place
        tools = Path(place).parts[0] + "/tools"
        links.setdefault(tools, source / "packages" / tools)
    pinned = {Path(place).parts[0] for place in exact}
    for source in sources:
        for name, entry in _packages(source / "packages").items():
            if name not in pinned:
                links.setdefault(name, entry)
    return _made({f"packages/{name}": target for name, target in links.items()}, views)


def without_libraries(sketchbook: Path, views: Path) -> Path:
    """A sketchbook below ``views`` that has the platforms of another, and nothing else of it.

    Raises:
        OSError: it cannot be made.
    """
    hardware = sketchbook / "hardware"
    return _made({"hardware": hardware} if hardware.is_dir() else {}, views)


def _made(links: dict[str, Path], views: Path) -> Path:
    """The folder below ``views`` that has these links, by their places, beside empty indexes."""
    named = json.dumps([[name, str(links[name])] for name in sorted(links)])
    view = views / hashlib.sha256(named.encode()).hexdigest()[:16]
    if view.is_dir():
        return view
    views.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=views, prefix=".new-"))
    try:
        for name, target in links.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).symlink_to(target)
        seed(new)
        with suppress(OSError):  # another process was quicker
            new.rename(view)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return view


def _packages(folder: Path) -> dict[str, Path]:
    """Packages, and the ``platform.txt`` that holds for them all, by name.

    arduino-cli brings tools of its own package up to date by itself, so that one is not a link as a whole.
    """
    packages = {entry.name: entry for entry in _entries(folder) if entry.is_dir() and entry.name != _BUILTIN}
    for tool in _entries(folder / _BUILTIN / "tools"):
        packages |= {f"{_BUILTIN}/tools/{tool.name}/{entry.name}": entry for entry in _entries(tool)}
    shared = folder / "platform.txt"
    return packages | ({shared.name: shared} if shared.is_file() else {})


def _entries(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError:
        return []
