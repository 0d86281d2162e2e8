"""Libraries that bring archives of compiled code, for sketch compilers that pass them over.

Arduino's library specification, "Precompiled binaries": with ``precompiled=true`` or ``full``, archives lie
in ``src/<build.mcu>/<build.fpu>-<build.float-abi>``, else in ``src/<build.mcu>``. They are linked by
``compiler.libraries.ldflags``, with the library's own ``ldflags``. arduino-cli does so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from mlbench.firmware.compiler import UsedLibrary, expand

LDFLAGS = "compiler.libraries.ldflags"
_KEY = re.compile(r"^(precompiled|ldflags)=(.*)$", re.MULTILINE)


def precompiled(libraries: Iterable[UsedLibrary]) -> tuple[Path, ...]:
    """The folders of those libraries that say that they have archives."""
    folders = (library.folder for library in libraries)
    return tuple(folder for folder in folders if _keys(folder).get("precompiled") in ("true", "full"))


def link_flags(folders: Iterable[Path], properties: Mapping[str, str]) -> str:
    """What links the archives of libraries for a board; empty where none has any for it."""
    flags = []
    for folder in folders:
        place = _archives(folder / "src", properties)
        if place is not None:
            names = sorted(path.stem[3:] for path in place.glob("lib*.a"))
            flags += [f'"-L{place}"', _keys(folder).get("ldflags", ""), *(f"-l{name}" for name in names)]
    return " ".join(filter(None, flags))


def _archives(source: Path, properties: Mapping[str, str]) -> Path | None:
    mcu, fpu, abi = (
        expand(properties.get(f"build.{key}", ""), properties) for key in ("mcu", "fpu", "float-abi")
    )
    if not mcu:
        return None
    places = [source / mcu / f"{fpu}-{abi}"] if fpu and abi else []
    return next((place for place in (*places, source / mcu) if any(place.glob("*.a"))), None)


def _keys(folder: Path) -> dict[str, str]:
    try:
        text = (folder / "library.properties").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return {key: value.strip() for key, value in _KEY.findall(text)}
